//! How a program ends when nothing went wrong: main returns, `goexit`, `exit` (GS-5, GS-90, GS-92,
//! GS-104).

use std::process::ExitCode;
use std::time::Duration;

use gort::prelude::*;
use gort::runtime::goexit;

use crate::support::child;
use crate::{LONG, Loud};

/// When main returns, the process ends at once: other goroutines are gone without a word, wherever
/// they are.
pub(crate) fn main_returning_ends_everybody() {
    #[gort::main]
    fn main() {
        let never = chan!(());
        go!([never] {
            let _value = Loud("not dropped");
            defer! { println!("not deferred") }
            chan!(<-never);
        });
        go!(|| {
            let _value = Loud("not dropped");
            gort::time::sleep(LONG);
        });
        go!(|| {
            loop {
                std::hint::spin_loop();
            }
        });
        gort::time::sleep(Duration::from_millis(20));
        println!("main returns");
    }
    // One worker is lost to the loop; if main were bound to that worker, it could not return.
    let out = child::Child::default()
        .env("GOMAXPROCS", 4)
        .env("GORT_MIGRATION", "stealing")
        .run(main)
        .expect_code(0)
        .expect_silent_stderr()
        .expect_stdout("main returns\n");
    assert!(out.elapsed < LONG, "somebody was waited for: {out:#?}");
}

/// `gort::run` ends with its closure; a process that returns from its main function then takes
/// everybody along.
pub(crate) fn a_process_ends_with_goroutines_about() {
    child::run(|| {
        gort::run(|| {
            for i in 0..100 {
                go!(move || {
                    let _value = Loud("not dropped");
                    gort::time::sleep(LONG + Duration::from_millis(i));
                });
            }
        });
        println!("run returns");
    })
    .expect_code(0)
    .expect_silent_stderr()
    .expect_stdout("run returns\n");
}

/// The status of what `main` returns is that of an ordinary `main` with this type.
pub(crate) fn main_has_a_result() {
    child::run(|| {
        #[gort::main]
        fn main() -> ExitCode {
            let three = go!(|| 3).join().unwrap();
            ExitCode::from(three)
        }
        assert_eq!(main(), ExitCode::from(3));
    })
    .expect_code(0)
    .expect_silent_stderr();

    child::run(|| {
        #[gort::main]
        fn main() -> Result<(), String> {
            let v: u32 = "x".parse().map_err(|_| "not a number".to_string())?;
            unreachable!("{v}");
        }
        assert_eq!(main(), ExitCode::FAILURE);
    })
    .expect_code(0)
    .expect_stderr(&["Error: \"not a number\""]);
}

pub(crate) fn exit_is_immediate() {
    #[gort::main]
    fn main() {
        let _value = Loud("not dropped");
        defer! { println!("not deferred") }
        go!(|| std::process::exit(3));
        gort::time::sleep(LONG);
    }
    child::run(main)
        .expect_code(3)
        .expect_silent_stderr()
        .expect_stdout("");
}

/// `goexit` runs destructors and deferred calls, passes `recover`, prints nothing and stops nobody
/// else.
pub(crate) fn goexit_unwinds_quietly() {
    #[gort::main]
    fn main() {
        let done = chan!(());
        let handle = go!([done] {
            let _a = Loud("first value");
            defer! { println!("defer") }
            let _b = Loud("second value");
            let _ = gort::recover(|| {
                let _c = Loud("inside recover");
                deep(3);
            });
            println!("not reached");
            chan!(done <- ());
        });
        let error = handle.join().unwrap_err();
        println!("panic: {}", error.is_panic());
        drop(go!(|| goexit()));
        gort::time::sleep(Duration::from_millis(20));
        println!("main goes on");
    }

    fn deep(n: u32) {
        let _frame = Loud("frame");
        if n == 0 { goexit() } else { deep(n - 1) }
    }

    child::run(main)
        .expect_code(0)
        .expect_silent_stderr()
        .expect_stdout(concat!(
            "frame\nframe\nframe\nframe\n",
            "inside recover\nsecond value\ndefer\nfirst value\n",
            "panic: false\nmain goes on\n",
        ));
}

/// A deferred call that panics and recovers while the goroutine is exiting does not stop it from
/// exiting.
pub(crate) fn goexit_survives_a_recovered_panic() {
    #[gort::main]
    fn main() {
        let handle = go!(|| {
            defer! {
                let caught = gort::recover(|| panic!("while exiting")).unwrap_err();
                println!("recovered: {caught}");
            }
            goexit();
        });
        assert!(!handle.join().unwrap_err().is_panic());
    }
    child::run(main)
        .expect_code(0)
        .expect_silent_stderr()
        .expect_stdout("recovered: while exiting\n");
}

/// Deferred calls may wait, while panicking and while exiting.
pub(crate) fn destructors_may_park() {
    #[gort::main]
    fn main() {
        let ch = chan!(u32);
        let handles: Vec<_> = (0..20)
            .map(|i| {
                go!([ch] {
                    defer! {
                        gort::time::sleep(Duration::from_micros(100));
                        chan!(ch <- i);
                    }
                    match i % 3 {
                        0 => goexit(),
                        1 => panic!("boom"),
                        _ => {}
                    }
                })
            })
            .collect();
        let sum: u32 = (0..20).map(|_| chan!(<-ch).unwrap()).sum();
        assert_eq!(sum, 190);
        let ends: Vec<_> = handles
            .into_iter()
            .map(|h| h.join().map_err(|e| e.is_panic()))
            .collect();
        for (i, end) in ends.into_iter().enumerate() {
            assert_eq!(end, [Err(false), Err(true), Ok(())][i % 3]);
        }
    }
    let out = child::run(main).expect_code(0);
    // Each panic is printed as it happens; goexit says nothing.
    assert_eq!(out.stderr.matches("panic: boom\n").count(), 7, "{out:#?}");
    assert_eq!(out.stderr.matches("panic: ").count(), 7, "{out:#?}");
}

/// A send nobody can receive ends the goroutine quietly; in main it is a panic.
pub(crate) fn a_send_without_receivers() {
    #[gort::main]
    fn main() {
        let (tx, rx) = gort::channel(0);
        drop(rx);
        let handle = go!([tx] {
            let _value = Loud("dropped");
            chan!(tx <- 1);
            println!("not reached");
        });
        assert!(!handle.join().unwrap_err().is_panic());
        assert_eq!(tx.send(2).unwrap_err().0, 2);
        chan!(tx <- 3);
    }
    child::run(main)
        .expect_code(2)
        .expect_stdout("dropped\n")
        .expect_stderr(&["panic: ", "goroutine 1 [running]:"]);
}
