//! Where cargo puts the example programs.

use std::path::PathBuf;

/// The example `name`, built with the profile that this test was built with.
pub(crate) fn program(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("the path of this test");
    let path = this
        .ancestors()
        .nth(2)
        .expect("target/<profile>")
        .join("examples")
        .join(name);
    assert!(
        path.exists(),
        "{} is missing: `cargo build --examples` makes it",
        path.display()
    );
    path
}
