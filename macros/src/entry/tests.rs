//! `#[gort::main]` and `#[gort::test]`.

use proc_macro2::TokenStream;

use super::{Kind, expand};
use crate::tests::assert_same;

fn lex(text: &str) -> TokenStream {
    text.parse().expect("these tokens lex")
}

#[test]
fn the_function_moves_inside() {
    assert_same(
        &expand(
            Kind::Main,
            lex(""),
            lex("#[allow(x)] pub fn main() { #![allow(y)] f(); }"),
        ),
        "#[allow(x)] pub fn main() { fn main() { #![allow(y)] f(); } ::gort::__private::main(main) }",
    );
    assert_same(
        &expand(
            Kind::Test,
            lex("crate = a::b"),
            lex("#[ignore] fn t() -> Result<(), E> { f() }"),
        ),
        "#[::core::prelude::v1::test] #[ignore] fn t() -> ::std::process::ExitCode {
            fn t() -> Result<(), E> { f() }
            a::b::__private::test(a::b::__private::Timeout::Default, || ::std::process::Termination::report(t()))
        }",
    );
    assert_same(
        &expand(
            Kind::Test,
            lex("timeout = \"1m30s\", crate = c"),
            lex("#[should_panic(expected = \"x\")] fn t() {}"),
        ),
        "#[::core::prelude::v1::test] #[should_panic(expected = \"x\")] fn t() {
            fn t() {}
            c::__private::test_that_panics(c::__private::Timeout::Nanos(90000000000u64), t)
        }",
    );
    assert_same(
        &expand(
            Kind::Test,
            lex("crate = c"),
            lex("#[cfg_attr(x, allow(y), cfg_attr(z = \"1\", should_panic = \"w\"))] #[cfg_attr(v, should_panic)] fn t() {}"),
        ),
        "#[::core::prelude::v1::test]
        #[cfg_attr(x, allow(y), cfg_attr(z = \"1\", should_panic = \"w\"))] #[cfg_attr(v, should_panic)] fn t() {
            fn t() {}
            if ::core::cfg!(any(all(z = \"1\", x), all(v))) {
                c::__private::test_that_panics(c::__private::Timeout::Default, t)
            } else {
                c::__private::test(c::__private::Timeout::Default, t)
            }
        }",
    );
    assert_same(
        &expand(Kind::Test, lex("timeout = \"none\""), lex("fn t() {}")),
        "#[::core::prelude::v1::test] fn t() { fn t() {} ::gort::__private::test(::gort::__private::Timeout::Never, t) }",
    );
    assert_same(
        &expand(Kind::Test, lex("schedules = 10_000"), lex("fn t() {}")),
        "#[::core::prelude::v1::test] fn t() { fn t() {} ::gort::__private::test(::gort::__private::Timeout::Default,
            || ::gort::__private::explored(10000u64, t)) }",
    );
    assert_same(
        &expand(Kind::Test, lex("leaks = \"deny\""), lex("fn t() {}")),
        "#[::core::prelude::v1::test] fn t() { fn t() {} ::gort::__private::test(::gort::__private::Timeout::Default,
            || ::gort::__private::leak_free(t)) }",
    );
    assert_same(
        &expand(Kind::Test, lex("bubble"), lex("fn t() {}")),
        "#[::core::prelude::v1::test] fn t() { fn t() {} ::gort::__private::test(::gort::__private::Timeout::Default,
            || ::gort::__private::bubbled(t)) }",
    );
    assert_same(
        &expand(Kind::Main, lex("crate = \"c\""), lex("fn main() {}")),
        "fn main() { fn main() {} c::__private::main(main) }",
    );
}

#[test]
fn mistakes_say_what_to_write_and_keep_the_function() {
    for (kind, arguments, item, parts) in [
        (
            Kind::Main,
            "",
            "async fn main() { body().await }",
            &["remove `async`"][..],
        ),
        (
            Kind::Main,
            "",
            "fn main(args: Vec<String>) { body(args) }",
            &["std::env::args()"],
        ),
        (
            Kind::Main,
            "",
            "fn main<T>() { body() }",
            &["remove the generics"],
        ),
        (Kind::Main, "", "fn start() { body() }", &["belongs to `fn main`"]),
        (
            Kind::Main,
            "threads = 4",
            "fn main() { body() }",
            &["unknown option"],
        ),
        (
            Kind::Main,
            "timeout = \"30s\"",
            "fn main() { body() }",
            &["unknown option"],
        ),
        (
            Kind::Test,
            "time_limit = 3",
            "fn t() { body() }",
            &["`timeout = \\\"30s\\\"`", "did you mean `timeout`?"],
        ),
        (
            Kind::Test,
            "schedules = \"many\"",
            "fn t() { body() }",
            &["no whole number", "`schedules = 1000`"],
        ),
        (
            Kind::Test,
            "leaks = \"never\"",
            "fn t() { body() }",
            &["denied or allowed", "`leaks = \\\"deny\\\"`"],
        ),
        (
            Kind::Test,
            "leaks",
            "fn t() { body() }",
            &["an option has a value"],
        ),
        (
            Kind::Test,
            "bubble = true",
            "fn t() { body() }",
            &["`bubble` has no value"],
        ),
        (
            Kind::Test,
            "synctest",
            "fn t() { body() }",
            &["did you mean `bubble`?"],
        ),
        (
            Kind::Test,
            "schedules = 0",
            "fn t() { body() }",
            &["shows nothing"],
        ),
        (
            Kind::Test,
            "schedule = 7",
            "fn t() { body() }",
            &["did you mean `schedules`?"],
        ),
        (
            Kind::Test,
            "should_panic",
            "fn t() { body() }",
            &["an attribute of its own"],
        ),
        (
            Kind::Test,
            "timeout",
            "fn t() { body() }",
            &["an option has a value"],
        ),
        (
            Kind::Test,
            "timeout = ",
            "fn t() { body() }",
            &["the value of `timeout` is missing"],
        ),
        (
            Kind::Test,
            "timeout = 30",
            "fn t() { body() }",
            &["timeout = \\\"30s\\\""],
        ),
        (
            Kind::Test,
            "timeout = LIMIT",
            "fn t() { body() }",
            &["known when the test is compiled"],
        ),
        (
            Kind::Test,
            "timeout = \"1s\" timeout = \"2s\"",
            "fn t() { body() }",
            &["separated by commas"],
        ),
        (
            Kind::Test,
            "timeout = \"1s\", timeout = \"2s\"",
            "fn t() { body() }",
            &["given twice"],
        ),
        (
            Kind::Main,
            "crate",
            "fn main() { body() }",
            &["write `crate = path`"],
        ),
        (
            Kind::Main,
            "crate = 5",
            "fn main() { body() }",
            &["write `crate = path`"],
        ),
        (
            Kind::Main,
            "a, b(1)",
            "async unsafe fn f(x: u8) { body() }",
            &["remove `async`", "remove `unsafe`", "std::env", "belongs"],
        ),
        (Kind::Test, "", "#[test] fn t() { body() }", &["would run twice"]),
        (
            Kind::Test,
            "",
            "fn t(x: u8) { body(x) }",
            &["a test takes no arguments"],
        ),
        (Kind::Main, "", "struct body;", &["stands on a function"]),
        (
            Kind::Main,
            "",
            "mod m { fn body() {} }",
            &["stands on a function"],
        ),
    ] {
        let output = expand(kind, lex(arguments), lex(item)).to_string();
        assert!(output.contains("body"), "{output}");
        for part in parts {
            assert!(output.contains(part), "{part}: {output}");
        }
    }
}
