//! Code that is not ours may wait wherever it runs, and stops nobody else: wakers, functions of
//! timers, destructors.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use gort::prelude::*;

use gort::signal::{self, Signal};

use crate::LONG;
use crate::support::child::Child;

/// Sends on a full channel: as a waker, and when it is dropped.
struct Blocks(Sender<&'static str>);

impl Wake for Blocks {
    fn wake(self: Arc<Blocks>) {
        let _ = self.0.send("waker");
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        let _ = self.0.send("destructor");
    }
}

/// A full channel. What is in it can be taken out by [`let_go`] only.
fn full() -> Chan<&'static str> {
    let ch = chan!(&str, 1);
    chan!(ch <- "full");
    ch
}

/// Others go on meanwhile: timers ring, goroutines run. Then whoever waits is let go.
fn others_go_on(full: &Chan<&'static str>, expected: &[&str]) {
    for _ in 0..20 {
        gort::time::sleep(Duration::from_millis(1));
        assert_eq!(go!(|| 7).join().unwrap(), 7);
        select! {
            <-gort::time::after(Duration::from_millis(1)) => {}
        }
    }
    for text in ["full"].iter().chain(expected) {
        assert_eq!(chan!(<-full).as_ref(), Some(text));
    }
    println!("others went on");
}

#[track_caller]
fn on_few_and_many<F: Fn() + Copy>(program: F) {
    for procs in [1, 2, 4] {
        for mode in ["stealing", "always"] {
            Child::default()
                .env("GOMAXPROCS", procs)
                .env("GORT_MIGRATION", mode)
                .run(program)
                .expect_code(0)
                .expect_silent_stderr()
                .expect_stdout("others went on\n");
        }
    }
}

/// The waker of somebody who waits for a timer is woken by whoever expires it: a worker that has
/// nothing else to do, or, while all compute, the monitor.
pub(crate) fn a_waker_of_a_timer() {
    fn program(compute: bool) {
        let full = full();
        let waker = Waker::from(Arc::new(Blocks(full.tx())));
        // On a slow machine the time may be up before the first poll.
        let pending = (0..10).map(|n| Duration::from_millis(5 << n)).find(|&delay| {
            let timer = Box::leak(Box::new(gort::time::after(delay)));
            let future = Box::leak(Box::new(timer.recv_async()));
            pin!(future).poll(&mut Context::from_waker(&waker)).is_pending()
        });
        assert!(pending.is_some());
        std::mem::forget(waker);
        if compute {
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_millis(30) {
                std::hint::spin_loop();
            }
        }
        others_go_on(&full, &["waker"]);
    }
    on_few_and_many(|| gort::run(|| program(false)));
    on_few_and_many(|| gort::run(|| program(true)));
}

/// What a timer's function holds is dropped by whoever has it last: mostly the call, but the owner
/// of the timer if that is slow to let go of it. That is a goroutine of its own here, because main
/// must not wait.
pub(crate) fn what_a_function_of_a_timer_holds() {
    on_few_and_many(|| {
        gort::run(|| {
            let full = full();
            let held = Blocks(full.tx());
            let timer = gort::time::after_func(Duration::from_millis(5), move || {
                let _ = &held;
            });
            go!(move || drop(timer));
            others_go_on(&full, &["destructor"]);
        });
    });
}

/// A timer's function may wait.
pub(crate) fn a_function_of_a_timer() {
    on_few_and_many(|| {
        gort::run(|| {
            let full = full();
            let tx = full.tx();
            drop(gort::time::after_func(Duration::from_millis(1), move || {
                let _ = tx.send("function");
            }));
            others_go_on(&full, &["function"]);
        });
    });
}

/// The thread that tells of signals wakes those who listen.
pub(crate) fn a_waker_of_a_signal() {
    on_few_and_many(|| {
        gort::run(|| {
            let full = full();
            let (first, second) = (signal::notify(&[Signal::USR1]), signal::notify(&[Signal::USR1]));
            let mut future = pin!(first.recv_async());
            let waker = Waker::from(Arc::new(Blocks(full.tx())));
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
            std::mem::forget(waker);
            for _ in 0..2 {
                Signal::USR1.raise().unwrap();
                assert!(second.recv_timeout(LONG).is_ok());
            }
            others_go_on(&full, &["waker"]);
        });
    });
}
