//! `#[gort::test]` that hangs: it fails with the report of everybody, and the tests beside it go
//! on. The cases are tests that do nothing, but in a child of this binary.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gort::prelude::*;

const CASES: &str = "GORT_GIVEN_UP_CASES";

/// Whether this is the child that runs the cases of this name.
fn runs(cases: &str) -> bool {
    std::env::var(CASES).is_ok_and(|wanted| wanted == cases)
}

/// Goes on for as long as the child lives.
fn waits_for_ever() {
    let ch = chan!(i32);
    go!(name = "helper"; [ch] { chan!(<-ch) });
    chan!(<-ch);
}

#[gort::test]
fn case_deadlock() {
    if runs("deadlock") {
        waits_for_ever();
    }
}

#[gort::test]
#[should_panic]
fn case_deadlock_that_should_panic() {
    if runs("deadlock") {
        waits_for_ever();
    }
    panic!("as it should");
}

#[gort::test]
#[cfg_attr(all(), should_panic)]
fn case_deadlock_that_should_panic_on_a_condition() {
    if runs("deadlock") {
        waits_for_ever();
    }
    panic!("as it should");
}

#[gort::test(timeout = "none")]
fn case_deadlock_without_a_limit() {
    if runs("deadlock") {
        waits_for_ever();
    }
}

#[inline(never)]
fn computes_for_ever() {
    static NEVER: AtomicBool = AtomicBool::new(false);
    while !NEVER.load(Ordering::Relaxed) {
        std::hint::black_box(0);
    }
}

#[gort::test(timeout = "1s")]
fn case_hang() {
    if runs("hang") {
        let ch = chan!(i32);
        go!(name = "busy"; computes_for_ever());
        chan!(<-ch);
    }
}

#[gort::test(timeout = "1s")]
#[should_panic]
fn case_hang_that_should_panic() {
    if runs("hang") {
        gort::time::sleep(Duration::from_secs(3600));
    }
    panic!("as it should");
}

#[gort::test]
fn case_sleep_with_the_default() {
    if runs("default") {
        gort::time::sleep(Duration::from_secs(3600));
    }
}

#[gort::test]
fn case_goexit() {
    if runs("goexit") {
        gort::runtime::goexit();
    }
}

/// It ends after the others have been given up, and finds a runtime that works.
#[gort::test(timeout = "10m")]
fn case_that_goes_on() {
    if runs("hang") {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            go!(gort::runtime::gosched()).join().unwrap();
            gort::time::sleep(Duration::from_millis(10));
        }
    }
}

/// Runs the cases in a child.
fn child(cases: &str, filter: &str, threads: usize) -> (Output, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .arg(format!("given_up::{filter}"))
        .arg(format!("--test-threads={threads}"))
        .env(CASES, cases)
        .env(
            "GORT_TEST_TIMEOUT",
            if cases == "default" { "300ms" } else { "10m" },
        )
        .env("RUST_BACKTRACE", "0")
        .env_remove("RUST_TEST_NOCAPTURE")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

/// What libtest printed of one test.
fn section<'t>(text: &'t str, case: &str) -> &'t str {
    let head = format!("---- given_up::{case} stdout ----");
    let Some((_, rest)) = text.split_once(&head) else {
        panic!("nothing of {case}:\n{text}");
    };
    rest.split("\n---- ").next().unwrap()
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some(at) = rest.find(part) else {
            panic!("{part:?} is missing, or comes too early:\n{text}");
        };
        rest = &rest[at + part.len()..];
    }
}

/// Found out at once, whether the test runs on the main thread, or beside the harness.
#[test]
fn a_deadlock_is_reported() {
    for threads in [1, 3] {
        let (output, text) = child("deadlock", "case_", threads);
        assert_eq!(output.status.code(), Some(101), "{output:?}");
        has(&text, &["test result: FAILED", " 4 failed;"]);
        for case in ["case_deadlock", "case_deadlock_without_a_limit"] {
            has(
                section(&text, case),
                &[
                    "all goroutines are asleep - deadlock!\n\ngoroutine ",
                    " [chan receive]:\n",
                    "tests/system/given_up.rs:",
                    "created by go! outside of goroutines\n\ttests/system/given_up.rs:",
                    "\"helper\" [chan receive]:\n",
                    "tests/system/given_up.rs:",
                    "panicked at tests/system/given_up.rs:",
                    "all goroutines are asleep - deadlock!",
                ],
            );
        }
        for case in [
            "case_deadlock_that_should_panic",
            "case_deadlock_that_should_panic_on_a_condition",
        ] {
            has(
                section(&text, case),
                &[
                    "all goroutines are asleep - deadlock!",
                    "test did not panic as expected",
                ],
            );
        }
    }
}

#[test]
fn a_hang_is_reported_and_other_tests_go_on() {
    let (output, text) = child("hang", "case_", 4);
    assert_eq!(output.status.code(), Some(101), "{output:?}");
    has(&text, &["test result: FAILED", " 2 failed;"]);
    has(&text, &["test given_up::case_that_goes_on ... ok"]);
    let stack = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    let hang = section(&text, "case_hang");
    has(
        hang,
        &[
            "test timed out after 1s\n\ngoroutine ",
            " [chan receive]:\n",
            "tests/system/given_up.rs:",
            "\nthread 'given_up::case_hang' ",
            "test timed out after 1s",
        ],
    );
    has(
        hang,
        &[
            "\"busy\" [running]:\n",
            if stack { "computes_for_ever" } else { "" },
            "\ttests/system/given_up.rs:",
        ],
    );
    assert!(
        !hang.contains("sched::entry") && !hang.contains("g::job"),
        "{hang}"
    );
    has(
        section(&text, "case_hang_that_should_panic"),
        &[
            "test timed out after 1s",
            "[sleep]:",
            "test did not panic as expected",
        ],
    );
}

#[test]
fn the_environment_says_for_how_long() {
    let (output, text) = child("default", "case_sleep", 2);
    assert_eq!(output.status.code(), Some(101), "{output:?}");
    has(
        section(&text, "case_sleep_with_the_default"),
        &["test timed out after 300ms", "[sleep]:"],
    );
}

#[test]
fn goexit_does_not_hang() {
    let (output, text) = child("goexit", "case_goexit", 2);
    assert_eq!(output.status.code(), Some(101), "{output:?}");
    has(section(&text, "case_goexit"), &["called goexit"]);
}
