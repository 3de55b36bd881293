//! Programs that wait use no processor time.

use std::time::Duration;

use gort::prelude::*;

use crate::support::child::{self, Child, Outcome};
use crate::support::cpu_time;

/// Prints the processor time of five seconds, in microseconds, after things have settled.
fn measure(wait: impl Fn(Duration)) {
    wait(Duration::from_millis(300));
    let before = cpu_time();
    wait(Duration::from_secs(5));
    println!("{}", (cpu_time() - before).as_micros());
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
