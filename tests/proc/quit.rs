//! SIGQUIT and `GORT_TRACEBACK`: what is printed of the goroutines at the end of a process, and of
//! whose (GS-104).

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gort::prelude::*;
use gort::signal::{self, Signal};

use crate::support::child::{self, Child};

/// Frames of goroutines that wait are read on one kind of system only.
const STACKS: bool = crate::stall::STACKS;

fn stack(function: &str) -> &str {
    if STACKS { function } else { "" }
}

#[inline(never)]
fn waits_at_the_gate(gate: &Chan<()>) {
    chan!(<-gate);
    std::hint::black_box(gate);
}

#[inline(never)]
fn first_way(gate: &Chan<()>) {
    waits_at_the_gate(gate);
    std::hint::black_box(1);
}

#[inline(never)]
fn second_way(gate: &Chan<()>) {
    waits_at_the_gate(gate);
    std::hint::black_box(2);
}

#[inline(never)]
fn computes_for_ever(begun: &AtomicBool) -> ! {
    begun.store(true, Ordering::SeqCst);
    loop {
        std::hint::black_box(begun);
    }
}

/// Sends it to this process, as a terminal does.
fn quit() {
    let mut kill = Command::new("/bin/sh");
    kill.args(["-c", "kill -QUIT $PPID"]).status().expect("a shell");
    std::thread::sleep(crate::LONG);
}

/// Nothing runs but the one that asks: the others wait, at the same line of one helper.
pub(crate) fn everybody_is_shown() {
    #[gort::main]
    fn main() {
        let gate = chan!(());
        let (one, other) = (gate.clone(), gate.clone());
        gort::SpawnOptions::new().name("one").go(move || first_way(&one));
        go!(move || second_way(&other));
        while gort::debug::goroutines_without_frames()
            .iter()
            .filter(|goroutine| matches!(goroutine.status(), gort::debug::Status::Waiting(_)))
            .count()
            < 2
        {
            gort::runtime::gosched();
        }
        quit();
    }
    for (procs, migration) in [(1, "stealing"), (2, "pinned"), (4, "always")] {
        Child::default()
            .env("GOMAXPROCS", procs)
            .env("GORT_MIGRATION", migration)
            .run(main)
            .expect_code(2)
            .expect_stdout("")
            .expect_stderr(&[
                "SIGQUIT: quit\n\ngoroutine 1 [running]:\n",
                "created by go! outside of goroutines\n\ttests/proc/quit.rs:",
                " \"one\" [chan receive]:\n",
                stack("waits_at_the_gate(...)\n\t./tests/proc/quit.rs:"),
                stack("first_way(...)\n\t./tests/proc/quit.rs:"),
                "created by go! in goroutine 1\n\ttests/proc/quit.rs:",
                " [chan receive]:\n",
                stack("waits_at_the_gate(...)\n"),
                stack("second_way(...)\n"),
                "created by go! in goroutine 1\n",
            ])
            .expect_not_stderr("gort_runtime::")
            .expect_not_stderr("gort_channels::");
    }
}

/// Everybody sleeps, and a timer keeps that from being a deadlock.
pub(crate) fn when_nothing_runs() {
    #[gort::main]
    fn main() {
        std::thread::spawn(|| {
            let is_asleep =
                |goroutine: &gort::debug::Goroutine| goroutine.id() == 1 && goroutine.waiting_for().is_some();
            while !gort::debug::goroutines_without_frames().iter().any(is_asleep) {
                std::thread::yield_now();
            }
            quit();
        });
        gort::time::sleep(crate::LONG);
    }
    child::run(main).expect_code(2).expect_stderr(&[
        "SIGQUIT: quit\n\ngoroutine 1 [sleep]:\n",
        // Where it was inlined it has no path.
        stack("main(...)\n\t./tests/proc/quit.rs:"),
    ]);
}

/// Every worker is kept by a goroutine that never waits, or that blocks its thread.
pub(crate) fn when_every_worker_is_kept() {
    #[gort::main]
    fn main() {
        static BEGUN: AtomicBool = AtomicBool::new(false);
        std::thread::spawn(|| {
            while !BEGUN.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            quit();
        });
        go!(|| std::thread::sleep(crate::LONG));
        computes_for_ever(&BEGUN);
    }
    for procs in [1, 2] {
        Child::default()
            .env("GOMAXPROCS", procs)
            .run(main)
            .expect_code(2)
            .expect_stderr(&[
                "SIGQUIT: quit\n\ngoroutine 1 [running]:\n",
                stack("computes_for_ever"),
            ]);
    }
}

pub(crate) fn after_goexit_in_main() {
    #[gort::main]
    fn main() {
        go!(|| {
            // The process's first thread is on its way to wait again.
            gort::time::sleep(Duration::from_millis(1));
            quit();
        });
        gort::runtime::goexit();
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["SIGQUIT: quit\n\ngoroutine ", " [running]:\n"]);
}

/// Whether these tests were started with SIGQUIT ignored, as a shell does in the background: then nothing but a handler can bring it
/// back, and what it does by default cannot be seen.
fn is_ignored_from_the_start() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = u64::from_str_radix(mask.expect("a mask").trim(), 16).expect("a number");
    mask >> (Signal::QUIT.as_raw() - 1) & 1 == 1
}

/// A shell that runs a program in the background ignores SIGQUIT for it; Go catches it nevertheless.
pub(crate) fn also_in_the_background() {
    #[gort::main]
    fn main() {
        quit();
    }
    Child::default()
        .in_background()
        .run(main)
        .expect_code(2)
        .expect_stderr(&["SIGQUIT: quit\n\ngoroutine 1 [running]:\n"]);
}

/// What the environment asks for, and what the program asks for, goes before.
pub(crate) fn it_may_be_left_alone() {
    let ends = {
        #[gort::main]
        fn main() {
            quit();
        }
        main
    };
    if !is_ignored_from_the_start() {
        let out = Child::default()
            .env("GORT_SIGQUIT", "off")
            .limit("-c 0")
            .run(ends);
        assert_eq!(out.status.signal(), Some(Signal::QUIT.as_raw()), "{out:#?}");
        out.expect_silent_stderr();
    }
    Child::default()
        .env("GORT_SIGQUIT", "of")
        .run(ends)
        .expect_code(2)
        .expect_stderr(&[
            "gort: GORT_SIGQUIT is ignored: `of` is not one of dump, off\n",
            "SIGQUIT: quit\n",
        ]);

    #[gort::main]
    fn main() {
        let came = signal::notify(&[Signal::QUIT]);
        Signal::QUIT.raise().unwrap();
        assert_eq!(came.recv(), Some(Signal::QUIT));
        println!("heard");
        drop(came);
        quit();
    }
    child::run(main)
        .expect_code(2)
        .expect_stdout("heard\n")
        .expect_stderr(&["SIGQUIT: quit\n"]);
}

/// Without `#[gort::main]` the signal does what it does.
pub(crate) fn not_in_run() {
    if is_ignored_from_the_start() {
        return;
    }
    let out = Child::default().limit("-c 0").run(|| gort::run(quit));
    assert_eq!(out.status.signal(), Some(Signal::QUIT.as_raw()), "{out:#?}");
}

pub(crate) fn levels_of_the_signal() {
    #[gort::main]
    fn main() {
        quit();
    }
    let none = Child::default().env("GORT_TRACEBACK", "none").run(main);
    assert_eq!(none.expect_code(2).stderr, "SIGQUIT: quit\n");
    Child::default()
        .env("GORT_TRACEBACK", "full")
        .run(main)
        .expect_code(2)
        .expect_stderr(&["SIGQUIT: quit\n\ngoroutine 1 ", stack("gort_runtime::")]);
    Child::default()
        .env("GORT_TRACEBACK", "some")
        .run(main)
        .expect_code(2)
        .expect_stderr(&["gort: GORT_TRACEBACK is ignored: `some` is not one of none, single, all, full\n"]);
}

#[inline(never)]
fn panics() {
    panic!("boom");
}

/// What the levels show of a program in which one panics and one waits.
#[track_caller]
fn levels(main: impl FnOnce() + Copy) {
    let with = |level: &str| {
        Child::default()
            .env("GORT_TRACEBACK", level)
            .run(main)
            .expect_code(2)
            .expect_stderr(&[
                "panic: boom\n\ngoroutine ",
                " [running]:\n\tpanicked at tests/proc/quit.rs:",
            ])
    };
    with("none")
        .expect_not_stderr("quit::panics")
        .expect_not_stderr("beside");
    with("single")
        .expect_stderr(&["quit::panics"])
        .expect_not_stderr("\"beside\"");
    with("all")
        .expect_stderr(&[
            "quit::panics",
            "\n\ngoroutine ",
            " \"beside\" [",
            "created by go! in goroutine 1\n",
        ])
        .expect_not_stderr("gort_runtime::");
    with("full").expect_stderr(&["gort_runtime::", "\n\ngoroutine ", " \"beside\" ["]);
}

pub(crate) fn levels_of_a_panic_of_main() {
    #[gort::main]
    fn main() {
        let gate = chan!(());
        go!(name = "beside"; move || waits_at_the_gate(&gate));
        gort::runtime::gosched();
        panics();
    }
    levels(main);
}

pub(crate) fn levels_of_a_panic_of_another() {
    #[gort::main]
    fn main() {
        let gate = chan!(());
        let at = gate.clone();
        go!(name = "beside"; move || waits_at_the_gate(&at));
        gort::runtime::gosched();
        go!(panics);
        chan!(<-gate);
    }
    levels(main);
}

/// Frames of those that are asleep, from their own functions to the call that waits.
pub(crate) fn levels_of_a_deadlock() {
    #[gort::main]
    fn main() {
        let gate = chan!(());
        let (one, other) = (gate.clone(), gate.clone());
        go!(name = "one"; move || first_way(&one));
        go!(name = "other"; move || second_way(&other));
        waits_at_the_gate(&gate);
    }
    const HEAD: &str = "fatal error: all goroutines are asleep - deadlock!\n";
    let none = Child::default().env("GORT_TRACEBACK", "none").run(main);
    assert_eq!(none.expect_code(2).stderr, HEAD);
    let out = child::run(main).expect_code(2).expect_stderr(&[
        HEAD,
        "\ngoroutine 1 [chan receive]:\n",
        stack("waits_at_the_gate(...)\n\t./tests/proc/quit.rs:"),
        "created by go! outside of goroutines\n",
    ]);
    let out = out
        .expect_stderr(&["\"one\" [chan receive]:\n", stack("first_way(...)\n"), "\n\n"])
        .expect_stderr(&["\"other\" [chan receive]:\n", stack("second_way(...)\n")])
        .expect_not_stderr("gort_runtime::")
        .expect_not_stderr("generator::");
    drop(out);
}

pub(crate) fn levels_of_thread_exhaustion() {
    fn program() {
        gort::runtime::Builder::new()
            .max_threads(16)
            .run(|| {
                for _ in 0..32 {
                    go!(|| gort::blocking(|| std::thread::sleep(crate::LONG)));
                }
                gort::time::sleep(crate::LONG);
            })
            .unwrap();
    }
    const HEAD: &str = "fatal error: thread exhaustion\n";
    // First: the program of the second run comes by here, too.
    let none = Child::default().env("GORT_TRACEBACK", "none").run(program);
    assert!(none.expect_code(2).stderr.ends_with(HEAD));
    child::run(program)
        .expect_code(2)
        .expect_stderr(&[HEAD, "\ngoroutine ", "created by go! "]);
}
