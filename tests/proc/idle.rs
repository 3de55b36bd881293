//! Programs that wait use no processor time.

use std::time::Duration;

use gort::prelude::*;

use crate::support::CpuTime;
use crate::support::child::{self, Child, Outcome};

/// Waits until in two seconds all threads together have woken less than a hundred times, and have used less than a twentieth of
/// them. How long a wake-up takes depends on the machine, and on what it does otherwise.
///
/// The first ones may cost more: pools shrink, threads end. Who asks every 10 ms whether there is
/// something to do never gets there, and who spins neither.
fn measure(wait: impl Fn(Duration)) {
    let length = Duration::from_secs(2);
    let busy: Vec<_> = std::iter::repeat_with(|| {
        let (times, woken) = (CpuTime::now(), wake_ups());
        wait(length);
        (wake_ups().saturating_sub(woken), times.elapsed())
    })
    .take(15)
    .take_while(|&(woken, used)| woken >= 100 || used >= length / 20)
    .collect();
    println!("two seconds with more than a hundred wake-ups: {busy:?}");
    assert!(busy.len() < 15, "it is never idle");
}

/// How often the threads of this process have gone to sleep. (Not counted are those that have ended.)
fn wake_ups() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let of_each = tasks.map(|task| {
        let status = task.expect("a thread").path().join("status");
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let count = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count
            .and_then(|count| count.trim().parse::<u64>().ok())
            .unwrap_or(0)
    });
    of_each.sum()
}

#[track_caller]
fn idle(out: Outcome) {
    let out = out.expect_code(0).expect_silent_stderr();
    println!("{}", out.stdout.trim());
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

/// The thread that keeps the panics of those that wait: while many do, and when nobody does any
/// more.
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

/// What the runtime needs it has from the start: no descriptor comes later, while the program does
/// nothing.
pub(crate) fn with_the_descriptors_that_it_had() {
    fn descriptors() -> usize {
        std::fs::read_dir("/proc/self/fd").expect("Linux").count()
    }
    #[gort::main]
    fn main() {
        let _listener = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let before = descriptors();
        // Several times as long as it takes everybody, the monitor too, to fall asleep.
        gort::time::sleep(Duration::from_secs(1));
        assert_eq!(descriptors(), before);
    }
    idle(child::run(main));
}
