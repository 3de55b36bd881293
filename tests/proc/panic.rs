//! Panics: who learns of them, what is printed, and what goes on (GS-6, GS-7, GS-73, GS-88).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gort::prelude::*;
use gort::runtime::Builder;

use crate::support::child::{self, Child, Outcome};
use crate::support::eventually;
use crate::{LONG, Loud};

/// This file, as reports name it.
const HERE: &str = file!();

/// The place of line `offset` after the call.
#[track_caller]
fn line(offset: u32) -> String {
    format!("{HERE}:{}:", std::panic::Location::caller().line() + offset)
}

/// The first lines of all reports.
pub(crate) fn heads(out: &Outcome) -> Vec<&str> {
    out.stderr
        .lines()
        .filter(|line| line.starts_with("panic: "))
        .collect()
}

pub(crate) fn detached() {
    let spawned = line(4);
    let panicked = line(4);
    #[gort::main]
    fn main() {
        go!({
            panic!("boom {}", 7);
        });
        gort::time::sleep(LONG);
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&[
            "panic: boom 7\n\ngoroutine ",
            " [running]:\n",
            &panicked,
            &spawned,
        ])
        .expect_not_stderr("thread '");
}

pub(crate) fn handle_dropped_later() {
    #[gort::main]
    fn main() {
        let handle = go!(|| panic!("late"));
        eventually("the goroutine ends", LONG, || handle.is_finished());
        println!("finished");
        drop(handle);
        println!("not reached");
        gort::time::sleep(LONG);
    }
    child::run(main)
        .expect_code(2)
        .expect_stdout("finished\n")
        .expect_stderr(&["panic: late\n", "[running]:"]);
}

pub(crate) fn in_main() {
    #[gort::main]
    fn main() {
        defer! { println!("deferred") }
        panic!("a problem");
    }
    child::run(main)
        .expect_code(2)
        .expect_stdout("deferred\n")
        .expect_stderr(&["panic: a problem\n\ngoroutine 1 [running]:\n", HERE]);
}

pub(crate) fn a_named_goroutine_is_called_by_its_name() {
    #[gort::main]
    fn main() {
        go!(name = "the culprit"; || panic!("boom"));
        gort::time::sleep(LONG);
    }
    child::run(main).expect_code(2).expect_stderr(&[
        "panic: boom\n\ngoroutine ",
        "the culprit",
        "[running]:",
    ]);
}

pub(crate) fn what_is_joined_is_a_value() {
    #[gort::main]
    fn main() {
        let number = std::hint::black_box(7);
        let error = go!(move || -> u32 { panic!("boom {number}") })
            .join()
            .unwrap_err();
        assert!(error.is_panic());
        let panic = error.into_panic().unwrap();
        assert_eq!(panic.to_string(), "boom 7");
        assert_eq!(panic.into_payload().downcast_ref::<String>().unwrap(), "boom 7");

        let error = go!(|| std::panic::panic_any(42)).join().unwrap_err();
        assert_eq!(
            error.into_panic().unwrap().into_payload().downcast_ref(),
            Some(&42)
        );

        // Joined long after the fact.
        let handle = go!(|| panic!("boom"));
        eventually("the goroutine ends", LONG, || handle.is_finished());
        gort::time::sleep(Duration::from_millis(5));
        handle.join().unwrap_err();
    }
    let out = child::run(main).expect_code(0);
    assert_eq!(
        heads(&out),
        [
            "panic: boom 7",
            "panic: a value that is neither &str nor String",
            "panic: boom"
        ]
    );
}

pub(crate) fn run_hands_it_to_its_caller() {
    child::run(|| {
        let caught = catch_unwind(AssertUnwindSafe(|| gort::run(|| panic!("to the caller"))));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"to the caller"));
        assert_eq!(gort::run(|| 7), 7);
        println!("caller has it");
    })
    .expect_code(0)
    .expect_stdout("caller has it\n")
    .expect_stderr(&["panic: to the caller\n\ngoroutine 1 [running]:\n"]);
}

/// The policy sees what would have been printed, and the process goes on.
pub(crate) fn a_policy_replaces_the_end_of_the_process() {
    child::run(|| {
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        let run = Builder::new()
            .on_panic(move |report| {
                eprintln!("policy: {}", report.to_string().lines().next().unwrap());
                count.fetch_add(1, Ordering::SeqCst);
            })
            .run(|| {
                for i in 0..2 {
                    let (tx, ended) = gort::channel::<()>(0);
                    go!(move || {
                        defer! { drop(tx) }
                        panic!("number {i}");
                    });
                    chan!(<-ended);
                    eventually("the policy sees it", LONG, || {
                        seen.load(Ordering::SeqCst) == i + 1
                    });
                }
                println!("went on");
            });
        run.unwrap();
    })
    .expect_code(0)
    .expect_stdout("went on\n")
    .expect_stderr(&["policy: panic: number 0\n", "policy: panic: number 1\n"]);
}

/// Destructors and deferred calls of the goroutine that panics run, those of all others do not.
pub(crate) fn only_the_panicking_goroutine_is_unwound() {
    #[gort::main]
    fn main() {
        let _mine = Loud("main's value");
        defer! { println!("main's defer") }
        let never = chan!(());
        go!([never] {
            let _other = Loud("another's value");
            chan!(<-never);
        });
        gort::time::sleep(Duration::from_millis(5));
        go!({
            let _a = Loud("first value");
            defer! { println!("defer") }
            let _b = Loud("second value");
            panic!("boom");
        });
        gort::time::sleep(LONG);
    }
    child::run(main)
        .expect_code(2)
        .expect_stdout("second value\ndefer\nfirst value\n")
        .expect_stderr(&["panic: boom"]);
}

/// `recover` catches what happens in its own goroutine, and nothing else.
pub(crate) fn recover_is_local() {
    #[gort::main]
    fn main() {
        let caught = gort::recover(|| panic!("mine")).unwrap_err();
        println!("recovered: {caught}");
        let _ = gort::recover(|| {
            go!(|| panic!("another's"));
            gort::time::sleep(LONG);
        });
    }
    child::run(main)
        .expect_code(2)
        .expect_stdout("recovered: mine\n")
        .expect_not_stderr("mine\n")
        .expect_stderr(&["panic: another's\n"]);
}

pub(crate) fn send_on_closed_channel() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        ch.close();
        chan!(ch <- 1);
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["panic: send on closed channel\n\ngoroutine 1 [running]:"]);
}

/// GS-74
pub(crate) fn close_of_closed_channel() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        ch.close();
        ch.close();
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["panic: close of closed channel\n\ngoroutine 1 [running]:"]);
}

pub(crate) fn backtrace_when_asked_for() {
    #[gort::main]
    fn main() {
        go!(|| panic!("boom"));
        gort::time::sleep(LONG);
    }
    let out = Child::default().env("RUST_BACKTRACE", 1).run(main).expect_code(2);
    out.expect_stderr(&["panic: boom\n", "[running]:", "backtrace_when_asked_for"]);
}

/// Of a backtrace the user's functions are shown, unless everything was asked for: in a goroutine,
/// in main, and where gort panics on somebody's behalf.
pub(crate) fn backtraces_begin_and_end_with_the_users_functions() {
    #[inline(never)]
    fn innermost(ch: &Chan<i32>) {
        chan!(ch <- 1);
    }
    fn in_a_goroutine() {
        #[gort::main]
        fn main() {
            let ch = chan!(i32, 1);
            ch.close();
            go!(move || innermost(&ch));
            gort::time::sleep(LONG);
        }
        main();
    }
    fn in_main() {
        #[gort::main]
        fn main() {
            let ch = chan!(i32, 1);
            ch.close();
            innermost(&ch);
        }
        main();
    }
    fn first_frame(out: &child::Outcome) -> &str {
        out.stderr
            .lines()
            .find(|line| line.starts_with("   0: "))
            .unwrap_or_else(|| panic!("no frames: {out:#?}"))
    }
    for (setting, is_full) in [("1", false), ("full", true)] {
        let child = || Child::default().env("RUST_BACKTRACE", setting);
        for out in [child().run(in_a_goroutine), child().run(in_main)] {
            let out = out.expect_code(2).expect_stderr(&[
                "panic: send on closed channel\n",
                "[running]:",
                "innermost",
            ]);
            assert_eq!(first_frame(&out).contains("innermost"), !is_full, "{out:#?}");
            assert_eq!(out.stderr.contains("rust_begin_unwind"), is_full, "{out:#?}");
            assert_eq!(out.stderr.contains("::fiber::"), is_full, "{out:#?}");
            assert_eq!(out.stderr.contains("`RUST_BACKTRACE=full`"), !is_full, "{out:#?}");
        }
    }
}

/// On a thread that is no goroutine, Rust's own report is printed, as ever.
pub(crate) fn plain_threads_panic_as_ever() {
    #[gort::main]
    fn main() {
        let thread = std::thread::spawn(|| panic!("on a thread"));
        gort::blocking(|| thread.join()).unwrap_err();
    }
    child::run(main)
        .expect_code(0)
        .expect_stderr(&["thread '", "panicked at", "on a thread"]);
}

/// GS-6: what ends the program does so although main returns as soon as the goroutine's deferred
/// calls let it.
pub(crate) fn one_under_way_is_not_lost_when_main_returns() {
    #[gort::main]
    fn main() {
        let done = chan!(());
        go!([done] {
            defer! { done.close(); }
            panic!("boom");
        });
        chan!(<-done);
    }
    for procs in [1, 2, 4] {
        for backtrace in ["0", "1"] {
            for _ in 0..5 {
                let out = Child::default()
                    .env("GOMAXPROCS", procs)
                    .env("RUST_BACKTRACE", backtrace)
                    .run(main)
                    .expect_code(2);
                assert_eq!(heads(&out), ["panic: boom"]);
            }
        }
    }
}

/// A deferred call may wait for ever: main does not wait for it for ever.
pub(crate) fn one_that_stays_under_way_does_not_keep_main() {
    #[gort::main]
    fn main() {
        let waits = chan!(());
        go!([waits] {
            defer! {
                waits.close();
                gort::time::sleep(LONG);
            }
            panic!("boom");
        });
        chan!(<-waits);
    }
    let out = child::run(main).expect_code(0);
    assert_eq!(heads(&out), ["panic: boom"]);
    assert!(out.elapsed < LONG, "{out:#?}");
}

/// Caught or joined in the last moment, a panic does not end the program.
pub(crate) fn one_that_is_observed_does_not_end_the_program() {
    #[gort::main]
    fn main() {
        let done = chan!(());
        let handle = go!([done] {
            let _ = gort::recover(|| {
                defer! { done.close(); }
                panic!("recovered");
            });
        });
        chan!(<-done);
        handle.join().unwrap();
        go!(|| panic!("joined")).join().unwrap_err();
    }
    for procs in [1, 4] {
        let out = Child::default().env("GOMAXPROCS", procs).run(main).expect_code(0);
        assert_eq!(heads(&out), ["panic: joined"]);
    }
}

/// Also if somebody would join later, who never comes to it.
pub(crate) fn one_is_printed_when_it_happens() {
    #[gort::main]
    fn main() {
        let (never, go_on) = (chan!(()), chan!(()));
        let handle = go!([never, go_on] {
            defer! {
                eprintln!("deferred");
                go_on.close();
                chan!(<-never);
            }
            panic!("boom");
        });
        chan!(<-go_on);
        eprintln!("main goes on");
        never.close();
        let error = handle.join().unwrap_err().into_panic().unwrap();
        // Handed on, it is the same one.
        go!(move || error.resume()).join().unwrap_err();
        gort::recover(|| go!(|| panic!("another's")).join())
            .unwrap()
            .unwrap_err();
    }
    let out = child::run(main).expect_code(0).expect_stderr(&[
        "panic: boom\n\ngoroutine ",
        "[running]:",
        "deferred\n",
        "main goes on\n",
        "panic: another's\n",
    ]);
    assert_eq!(heads(&out), ["panic: boom", "panic: another's"]);
}

/// What comes out of `recover` after all is printed then, with the place where it happened.
pub(crate) fn a_recovered_one_that_goes_on_is_printed() {
    let panicked = line(5);
    #[gort::main]
    fn main() {
        let caught = gort::recover(|| {
            gort::recover(|| {
                panic!("goes on");
            })
            .unwrap_err()
            .resume()
        });
        eprintln!("recovered twice");
        let caught: gort::Panic = Result::<(), _>::unwrap_err(caught);
        caught.resume();
    }
    let out = child::run(main).expect_code(2).expect_stderr(&[
        "recovered twice\npanic: goes on\n\ngoroutine 1 [running]:\n",
        &panicked,
    ]);
    assert_eq!(heads(&out), ["panic: goes on"]);
}
