//! What goroutines print in tests: on the process's own standard error and output, not in what is
//! captured of the test that happened to use gort first.

use std::process::Command;

const CHILD: &str = "GORT_CAPTURED_CHILD";

/// Panics in a goroutine, as a test whose output is captured.
#[test]
fn a_panic_in_a_goroutine_is_seen() {
    if std::env::var_os(CHILD).is_some() {
        return gort::run(|| {
            gort::go!(|| panic!("who hears this")).join().unwrap_err();
            gort::go!(|| println!("and this")).join().unwrap();
        });
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "captured::a_panic_in_a_goroutine_is_seen"])
        .env(CHILD, "1")
        .env_remove("RUST_TEST_NOCAPTURE")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(stderr.matches("who hears this").count(), 1, "{output:?}");
    assert_eq!(stdout.matches("and this").count(), 1, "{output:?}");
}
