//! Signals that processes send to themselves (GS-101, GS-157 to GS-160). Ports TestSignal, TestStress, TestStop, TestIgnore, TestReset,
//! TestAtomicStop and the TestNotifyContext family of os/signal. What must end a child is SIGTERM or SIGUSR1: a shell may have had SIGINT and
//! SIGHUP ignored.

use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use gort::context::{self, Error};
use gort::prelude::*;
use gort::signal::{self, Received, Signal, SignalError};

use crate::LONG;
use crate::support::child::{self, Outcome};

/// Fails unless the child was ended by `signal`, after it had printed `stdout`.
#[track_caller]
fn killed(out: Outcome, signal: Signal, stdout: &str) {
    assert_eq!(out.status.signal(), Some(signal.as_raw()), "{out:#?}");
    out.expect_stdout(stdout).expect_silent_stderr();
}

#[track_caller]
fn next(signals: &Receiver<Signal>) -> Option<Signal> {
    signals.recv_timeout(LONG).expect("a signal, or the end").into()
}

#[track_caller]
fn nothing(signals: &Receiver<Signal>) {
    gort::time::sleep(Duration::from_millis(50));
    assert!(signals.is_empty(), "{:?}", signals.try_recv());
}

/// GS-157
pub(crate) fn everybody_who_listens_gets_it() {
    child::run(|| {
        gort::run(|| {
            let (a, b) = (
                signal::notify(&[Signal::HUP]),
                signal::notify(&[Signal::USR1, Signal::HUP]),
            );
            let all = signal::notify(&[]);
            Signal::HUP.raise().unwrap();
            for signals in [&a, &b, &all] {
                assert_eq!(next(signals), Some(Signal::HUP));
            }
            Signal::USR1.raise().unwrap();
            assert_eq!(next(&b), Some(Signal::USR1));
            assert_eq!(next(&all), Some(Signal::USR1));
            // The default of this one is to do nothing.
            Signal::WINCH.raise().unwrap();
            assert_eq!(next(&all), Some(Signal::WINCH));
            assert!(a.is_empty());
        });
    })
    .expect_code(0)
    .expect_silent_stderr();
}

/// GS-157
pub(crate) fn a_full_channel_drops_it() {
    child::run(|| {
        gort::run(|| {
            let (narrow, none) = (
                signal::notify_buffered(1, &[Signal::USR1, Signal::USR2]),
                signal::notify_buffered(0, &[Signal::USR1, Signal::USR2]),
            );
            let wide = signal::notify(&[Signal::USR1, Signal::USR2]);
            for signal in [Signal::USR1, Signal::USR2, Signal::USR1] {
                signal.raise().unwrap();
                assert_eq!(next(&wide), Some(signal));
            }
            assert_eq!(next(&narrow), Some(Signal::USR1));
            nothing(&narrow);
            nothing(&none);
        });
    })
    .expect_code(0)
    .expect_silent_stderr();
}

/// No goroutine in sight.
pub(crate) fn a_plain_thread_may_listen() {
    child::run(|| {
        let signals = signal::notify(&[Signal::USR1]);
        std::thread::spawn(|| Signal::USR1.raise().unwrap())
            .join()
            .unwrap();
        assert_eq!(signals.recv(), Some(Signal::USR1));
    })
    .expect_code(0)
    .expect_silent_stderr();
}

/// GS-158
pub(crate) fn the_second_one_ends_the_program() {
    #[gort::main]
    fn main() {
        let signals = signal::notify(&[Signal::TERM]);
        let also = signals.clone();
        Signal::TERM.raise().unwrap();
        println!("{}", next(&signals).unwrap());
        drop(signals);
        Signal::TERM.raise().unwrap();
        println!("{}", next(&also).unwrap());
        drop(also);
        Signal::TERM.raise().unwrap();
        std::thread::sleep(LONG);
        println!("still there");
    }
    killed(child::run(main), Signal::TERM, "terminated\nterminated\n");
}

/// GS-158
pub(crate) fn reset_brings_the_default_back() {
    #[gort::main]
    fn main() {
        let signals = signal::notify(&[Signal::TERM, Signal::HUP]);
        signal::reset(&[Signal::HUP]);
        Signal::TERM.raise().unwrap();
        println!("{}", next(&signals).unwrap());
        // Once more, by name of all.
        signal::reset(&[]);
        assert_eq!(signals.recv(), None, "no signal is left");
        let signals = signal::notify(&[Signal::TERM]);
        Signal::TERM.raise().unwrap();
        println!("{}", next(&signals).unwrap());
        signal::reset(&[Signal::TERM]);
        Signal::TERM.raise().unwrap();
        std::thread::sleep(LONG);
    }
    killed(child::run(main), Signal::TERM, "terminated\nterminated\n");
}

/// GS-158
pub(crate) fn ignored_ones_do_nothing() {
    #[gort::main]
    fn main() {
        let signals = signal::notify(&[Signal::USR1]);
        signal::ignore(&[Signal::USR1, Signal::USR2]);
        assert_eq!(signals.recv(), None, "no signal is left");
        assert!(signal::ignored(Signal::USR1) && signal::ignored(Signal::USR2));
        Signal::USR1.raise().unwrap();
        Signal::USR2.raise().unwrap();
        // A listener undoes it, and leaves behind what was before.
        let signals = signal::notify(&[Signal::USR1]);
        assert!(!signal::ignored(Signal::USR1));
        Signal::USR1.raise().unwrap();
        println!("{}", next(&signals).unwrap());
        drop(signals);
        assert!(!signal::ignored(Signal::USR1));
        signal::reset(&[Signal::USR2]);
        Signal::USR2.raise().unwrap();
        std::thread::sleep(LONG);
    }
    killed(child::run(main), Signal::USR2, "user defined signal 1\n");
}

/// Rust ignores SIGPIPE: so it is again when nobody listens, and the program lives.
pub(crate) fn what_was_ignored_is_ignored_again() {
    #[gort::main]
    fn main() {
        let signals = signal::notify(&[Signal::PIPE]);
        assert!(!signal::ignored(Signal::PIPE));
        Signal::PIPE.raise().unwrap();
        println!("{}", next(&signals).unwrap());
        drop(signals);
        assert!(signal::ignored(Signal::PIPE));
        Signal::PIPE.raise().unwrap();
    }
    child::run(main)
        .expect_code(0)
        .expect_stdout("broken pipe\n")
        .expect_silent_stderr();
}

/// GS-101: everybody waits, but a signal may come. When nobody listens any more, it is a deadlock.
pub(crate) fn no_deadlock_while_anybody_listens() {
    #[gort::main]
    fn main() {
        let signals = signal::notify(&[Signal::USR1]);
        let never = chan!(());
        // A process and not a thread, which the check would see.
        let mut bell = Command::new("/bin/sh")
            .args(["-c", "sleep 0.5; kill -USR1 $PPID"])
            .spawn()
            .expect("a shell");
        println!("{}", signals.recv().unwrap());
        gort::blocking(|| bell.wait().unwrap());
        drop(signals);
        chan!(<-never);
    }
    child::run(main)
        .expect_code(2)
        .expect_stdout("user defined signal 1\n")
        .expect_stderr(&[
            "fatal error: all goroutines are asleep - deadlock!\n\n",
            "goroutine 1 [chan receive]:\n",
        ]);
}

/// The last who listens leaves while it is being told: what the signal brings about is still to come.
pub(crate) fn no_deadlock_while_somebody_is_told() {
    /// Takes its time on the signal thread, and only then lets the main goroutine go on.
    struct Slow(AtomicBool, Sender<&'static str>);

    impl Wake for Slow {
        fn wake(self: Arc<Slow>) {
            self.0.store(true, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(300));
            self.1.try_send("told").expect("room");
        }
    }

    #[gort::main]
    fn main() {
        let (ctx, _stop) = signal::notify_context(context::background(), &[Signal::USR1]);
        let done = ctx.done();
        let (tell, told) = gort::channel(1);
        let slow = Arc::new(Slow(AtomicBool::new(false), tell));
        let waker = Waker::from(Arc::clone(&slow));
        let mut future = pin!(done.recv_async());
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        Signal::USR1.raise().unwrap();
        while !slow.0.load(Ordering::SeqCst) {
            gort::time::sleep(Duration::from_millis(1));
        }
        signal::reset(&[Signal::USR1]);
        println!("{}", chan!(<-told).unwrap());
        // And when that is over, it is a deadlock again.
        chan!(<-told);
    }
    child::run(main)
        .expect_code(2)
        .expect_stdout("told\n")
        .expect_stderr(&[
            "fatal error: all goroutines are asleep - deadlock!\n\n",
            "goroutine 1 [chan receive]:\n",
        ]);
}

/// The last who listens leaves by a context that is cancelled elsewhere, while everybody is parked already.
pub(crate) fn a_deadlock_once_a_context_stops_listening() {
    #[gort::main]
    fn main() {
        let (ctx, stop) = signal::notify_context(context::background(), &[Signal::USR1]);
        let never = chan!(());
        gort::time::after_func(Duration::from_millis(100), move || {
            stop();
            let _ = &ctx;
        });
        chan!(<-never);
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["fatal error: all goroutines are asleep - deadlock!\n\n"]);
}

/// GS-159
pub(crate) fn a_context_ends_with_the_first() {
    #[gort::main]
    fn main() {
        let (ctx, stop) = signal::notify_context(context::background(), &[Signal::TERM, Signal::USR1]);
        let (child, _) = context::with_cancel(&ctx);
        assert_eq!(
            ctx.to_string(),
            "signal.NotifyContext(context.Background, [terminated user defined signal 1])"
        );
        // The later ones are caught too, until it is told to stop.
        for _ in 0..10 {
            Signal::TERM.raise().unwrap();
            chan!(<-child.done());
        }
        Signal::USR1.raise().unwrap();
        assert_eq!(
            (ctx.err(), child.err()),
            (Some(Error::Canceled), Some(Error::Canceled))
        );
        let cause = context::cause(&child).unwrap();
        assert_eq!(cause.downcast_ref(), Some(&Received(Signal::TERM)));
        println!("{cause}");
        stop();
        stop();
        Signal::TERM.raise().unwrap();
        std::thread::sleep(LONG);
    }
    killed(child::run(main), Signal::TERM, "terminated signal received\n");
}

/// GS-159: TestNotifyContextStop, …CancelParent, …PrematureCancelParent.
pub(crate) fn a_context_may_end_otherwise() {
    #[gort::main]
    fn main() {
        let by_others = |end: &dyn Fn(&context::Context) -> context::Context| {
            let (parent, cancel) = context::with_cancel_cause(context::background());
            let ctx = end(&parent);
            cancel.cancel("the parent's");
            chan!(<-ctx.done());
            context::cause(&ctx).unwrap().to_string()
        };
        println!(
            "{}",
            by_others(&|parent| signal::notify_context(parent, &[Signal::TERM]).0)
        );
        println!(
            "{}",
            by_others(&|parent| {
                let (ctx, stop) = signal::notify_context(parent, &[Signal::TERM]);
                stop();
                ctx
            })
        );
        let (done, cancel) = context::with_cancel(context::background());
        cancel();
        let (ctx, stop) = signal::notify_context(done, &[Signal::TERM]);
        assert_eq!(ctx.err(), Some(Error::Canceled));
        stop();
        // Nobody holds this one when its parent ends.
        let (parent, cancel) = context::with_cancel(context::background());
        let done = signal::notify_context(parent, &[Signal::TERM]).0.done();
        cancel();
        chan!(<-done);
        // None of them listens any more.
        Signal::TERM.raise().unwrap();
        std::thread::sleep(LONG);
    }
    killed(child::run(main), Signal::TERM, "the parent's\ncontext canceled\n");
}

/// Neither the function nor the context is held, but somebody listens to its channel; then nobody does.
pub(crate) fn a_context_that_nobody_can_notice_stops_listening() {
    #[gort::main]
    fn main() {
        let done = signal::notify_context(context::background(), &[Signal::TERM])
            .0
            .done();
        Signal::TERM.raise().unwrap();
        chan!(<-done);
        println!("done");
        let (ctx, stop) = signal::notify_context(context::background(), &[Signal::TERM]);
        let done = ctx.done();
        drop((ctx, stop));
        drop(done);
        // The first one leaves when the signal thread has told it.
        let begin = Instant::now();
        while begin.elapsed() < LONG {
            Signal::TERM.raise().unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    killed(child::run(main), Signal::TERM, "done\n");
}

/// GS-158: listeners come and go all the time; one that stays sees every signal.
pub(crate) fn none_is_lost_while_others_leave() {
    child::run(|| {
        gort::run(|| {
            let witness = signal::notify(&[Signal::USR1]);
            let over = std::sync::Arc::new(AtomicBool::new(false));
            let others: Vec<_> = (0..4)
                .map(|_| {
                    let over = over.clone();
                    go!({
                        while !over.load(Ordering::Relaxed) {
                            drop(signal::notify_buffered(1, &[Signal::USR1, Signal::WINCH]));
                            gort::runtime::gosched();
                        }
                    })
                })
                .collect();
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_secs(1) {
                // Nobody sees this one for sure; its default is to do nothing.
                Signal::WINCH.raise().unwrap();
                Signal::USR1.raise().unwrap();
                assert_eq!(next(&witness), Some(Signal::USR1));
            }
            over.store(true, Ordering::Relaxed);
            others.into_iter().for_each(|other| other.join().unwrap());
        });
    })
    .expect_code(0)
    .expect_silent_stderr();
}

/// TestAtomicStop: a signal that comes while nobody is to listen any more is delivered or does what it did before. The first one that
/// does ends the child.
fn atomic_stop(tries: usize, stop: fn()) {
    gort::run(move || {
        for _ in 0..tries {
            let signals = signal::notify_buffered(1, &[Signal::TERM]);
            let sender = std::thread::spawn(|| Signal::TERM.raise().unwrap());
            stop();
            sender.join().unwrap();
            // It is closed, so this does not wait.
            if signals.recv().is_none() {
                println!("lost");
            }
        }
    });
}

/// GS-158
pub(crate) fn none_is_lost_while_it_is_reset() {
    for _ in 0..10 {
        let out = child::run(|| atomic_stop(50, || signal::reset(&[Signal::TERM])));
        let ended = out.status.signal() == Some(Signal::TERM.as_raw());
        assert!(ended || out.status.success(), "{out:#?}");
        out.expect_stdout("").expect_silent_stderr();
    }
    // Nothing may end it that is ignored, so all of them may come to nothing; but the listener does not wait for ever.
    child::run(|| {
        gort::run(|| {
            for _ in 0..200 {
                let signals = signal::notify_buffered(1, &[Signal::TERM]);
                let sender = std::thread::spawn(|| Signal::TERM.raise().unwrap());
                signal::ignore(&[Signal::TERM]);
                sender.join().unwrap();
                while signals.recv().is_some() {}
            }
        });
    })
    .expect_code(0)
    .expect_silent_stderr();
}

/// GS-158: what came before its listener left ends nobody, also if nobody has handed it on by then.
pub(crate) fn what_came_before_ends_nobody() {
    child::run(|| {
        gort::run(|| {
            for i in 0..2000 {
                let signals = signal::notify(&[Signal::TERM]);
                let (ctx, stop) = signal::notify_context(context::background(), &[Signal::USR1]);
                Signal::TERM.raise().unwrap();
                Signal::USR1.raise().unwrap();
                if i % 2 == 0 {
                    drop(signals);
                    stop();
                } else {
                    signal::reset(&[Signal::TERM, Signal::USR1]);
                    // Once for this round, and maybe for the one before.
                    assert!((1..=2).contains(&signals.iter().count()));
                    let cause = context::cause(&ctx).unwrap();
                    assert_eq!(cause.downcast_ref(), Some(&Received(Signal::USR1)));
                }
            }
            let signals = signal::notify(&[Signal::TERM]);
            Signal::TERM.raise().unwrap();
            signal::ignore(&[Signal::TERM]);
            assert_eq!(signals.try_recv(), Ok(Signal::TERM));
        });
    })
    .expect_code(0)
    .expect_silent_stderr();
}

/// GS-160
pub(crate) fn signals_have_gos_words() {
    let words = [
        (1, "hangup"),
        (2, "interrupt"),
        (3, "quit"),
        (5, "trace/breakpoint trap"),
        (6, "aborted"),
        (10, "user defined signal 1"),
        (12, "user defined signal 2"),
        (13, "broken pipe"),
        (14, "alarm clock"),
        (15, "terminated"),
        (17, "child exited"),
        (18, "continued"),
        (20, "stopped"),
        (28, "window changed"),
        (31, "bad system call"),
        (64, "signal 64"),
    ];
    for (raw, word) in words {
        let signal = Signal::from_raw(raw).unwrap();
        assert_eq!((signal.as_raw(), signal.to_string().as_str()), (raw, word));
    }
    for raw in [4, 7, 8, 11] {
        assert_eq!(Signal::from_raw(raw), Err(SignalError::Fault(raw)));
    }
    for raw in [9, 19] {
        assert_eq!(Signal::from_raw(raw), Err(SignalError::Uncatchable(raw)));
    }
    for raw in [-1, 0, 32, 65, i32::MAX] {
        assert_eq!(Signal::from_raw(raw), Err(SignalError::Unknown(raw)));
    }
}
