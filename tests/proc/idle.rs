//! Programs that wait use no processor time.

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::Duration;

use gort::prelude::*;

use crate::support::child::{self, Child, Outcome};

/// The processor time of each thread of this process so far, to the nanosecond.
fn cpu_times() -> HashMap<OsString, Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let times = tasks.map(|task| {
        let task = task.expect("a thread");
        let stat = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let nanos = stat.split(' ').next().and_then(|field| field.parse().ok());
        (task.file_name(), Duration::from_nanos(nanos.unwrap_or(0)))
    });
    times.collect()
}

/// Prints the processor time of five seconds, in microseconds, after things have settled.
fn measure(wait: impl Fn(Duration)) {
    wait(Duration::from_millis(300));
    let before = cpu_times();
    wait(Duration::from_secs(5));
    // A thread may end meanwhile: a stand-in that has nothing to do.
    let used = cpu_times().into_iter().map(|(thread, time)| {
        let then = before.get(&thread).copied().unwrap_or_default();
        time.saturating_sub(then)
    });
    println!("{}", used.sum::<Duration>().as_micros());
}

#[track_caller]
fn idle(out: Outcome) {
    let out = out.expect_code(0).expect_silent_stderr();
    let micros: u64 = out.stdout.trim().parse().expect("a number");
    println!("{micros} µs of processor time in 5 s");
    assert!(micros < 10_000, "an idle program used {micros} µs in 5 s");
}

pub(crate) fn sleeping_main_with_parked_goroutines() {
    #[gort::main]
    fn main() {
        let never = chan!(());
        for _ in 0..100 {
            let rx = never.rx();
            go!({
                chan!(<-rx);
            });
        }
        measure(gort::time::sleep);
    }
    idle(child::run(main));
}

/// Many workers, once busy, with timers, blocking calls and joins behind them.
pub(crate) fn after_much_work_on_eight_workers() {
    #[gort::main]
    fn main() {
        let ch = chan!(u64, 8);
        for i in 0..16 {
            go!([ch] {
                for j in 0..200 {
                    chan!(ch <- i * j);
                    if j % 50 == 0 {
                        gort::time::sleep(Duration::from_micros(200));
                        gort::blocking(|| ());
                    }
                }
            });
        }
        for _ in 0..16 * 200 {
            chan!(<-ch);
        }
        let far = gort::time::after(Duration::from_secs(1000));
        measure(|d| {
            select! {
                <-far => {}
                <-gort::time::after(d) => {}
            }
        });
    }
    idle(Child::default().env("GOMAXPROCS", 8).run(main));
}

/// Nobody in the runtime at all: the thread that used it sleeps outside.
pub(crate) fn between_two_runs() {
    idle(child::run(|| {
        gort::run(|| go!(|| 1).join().unwrap());
        measure(std::thread::sleep);
        gort::run(|| go!(|| 1).join().unwrap());
    }));
}

/// The thread that keeps the panics of those that wait: while many do, and when nobody does any more.
pub(crate) fn beside_and_after_waits_while_unwinding() {
    #[gort::main]
    fn main() {
        let (hold, held) = gort::channel::<()>(0);
        let (enter, entered) = gort::channel(0);
        for _ in 0..500 {
            go!([held, enter] {
                defer! {
                    chan!(enter <- ());
                    chan!(<-held);
                }
                gort::runtime::goexit();
            });
        }
        (0..500).for_each(|_| assert!(chan!(<-entered).is_some()));
        if std::env::var("WHEN").is_ok_and(|when| when == "after") {
            drop(hold);
            gort::time::sleep(Duration::from_secs(2));
        }
        measure(gort::time::sleep);
    }
    for when in ["beside", "after"] {
        idle(Child::default().env("WHEN", when).run(main));
    }
}
