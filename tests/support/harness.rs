//! A test harness that runs a child's program on the process's main thread, as a program of its own
//! would.
//!
//! Rust's own harness keeps the main thread for itself and waits there for its tests. To gort that
//! is a thread it knows nothing of, which might still hold a channel: no deadlock could ever be
//! reported. So the binaries about the ends of processes have `harness = false` and list their
//! tests; a test left out of the list is dead code, which the compiler tells.

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Names a module's tests.
macro_rules! list {
    ($module:ident: $($test:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($test)), $module::$test as fn())),*]
    };
}
pub(crate) use list;

pub(crate) type Test = (&'static str, fn());

/// Enough for children that mostly sleep; two processors bear it.
const PARALLEL: usize = 4;

/// The main function: in a child its one program, else all tests whose names contain one of the
/// arguments.
pub(crate) fn main(lists: &[&[Test]]) -> ExitCode {
    let tests: Vec<Test> = lists.iter().flat_map(|list| list.iter().copied()).collect();
    if let Some(name) = crate::support::child::wanted() {
        let (_, test) = tests
            .iter()
            .find(|(test, _)| *test == name)
            .expect("a listed test");
        test();
        return ExitCode::SUCCESS;
    }
    let chosen: Vec<Test> = tests
        .into_iter()
        .filter(|(name, _)| crate::support::filter::wants(name))
        .collect();
    if std::env::args().any(|arg| arg == "--list") {
        chosen.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }

    println!("\nrunning {} tests", chosen.len());
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|s| {
        for _ in 0..PARALLEL {
            s.spawn(|| {
                while let Some((name, test)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let passed = catch_unwind(test).is_ok();
                    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
                    if !passed {
                        failed.lock().unwrap().push(*name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!(
        "\ntest result: {} passed; {} failed {failed:?}\n",
        chosen.len() - failed.len(),
        failed.len()
    );
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
