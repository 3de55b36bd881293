//! What the macros accept and what they say about mistakes: `tests/ui/pass` compiles and runs, every file in
//! `tests/ui/fail` gives exactly the messages stored beside it.
//!
//! After a change of messages: `TRYBUILD=overwrite cargo test -p gort-messages --test ui`, then *read* the changed `.stderr` files. A
//! message must tell a person what to write.

#[test]
fn trybuild_cases() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/**/*.rs");
}
