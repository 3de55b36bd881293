//! Deadlocks: reported with the reason of every wait and status 2, and only when nobody can ever
//! run again (GS-75, GS-76, GS-91, GS-99 to GS-103). Ports TestSimpleDeadlock, TestGoexitDeadlock
//! and TestLockedDeadlock of runtime/crash_test.go.

use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::runtime::{goexit, lock_os_thread};
use gort::sync::{Mutex, WaitGroup};

use crate::Loud;
use crate::support::child::{self, Outcome};

const ASLEEP: &str = "fatal error: all goroutines are asleep - deadlock!\n\n";
const PAUSE: Duration = Duration::from_millis(100);

/// A deadlock with the main goroutine waiting for `reason`, found at once.
#[track_caller]
fn deadlocked(out: Outcome, reason: &str) -> Outcome {
    assert!(out.elapsed < crate::LONG, "found late: {out:#?}");
    out.expect_code(2).expect_stdout("").expect_stderr(&[
        ASLEEP,
        &format!("goroutine 1 [{reason}]:\n"),
        file!(),
    ])
}

pub(crate) fn chan_receive() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        chan!(<-ch);
    }
    deadlocked(child::run(main), "chan receive");
}

/// GS-17
pub(crate) fn chan_send() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        chan!(ch <- 1);
    }
    deadlocked(child::run(main), "chan send");
}

pub(crate) fn chan_send_to_a_full_buffer() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32, 1);
        chan!(ch <- 1);
        let _ = ch.send(2);
    }
    deadlocked(child::run(main), "chan send");
}

pub(crate) fn ranging() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        for _ in &ch {}
    }
    deadlocked(child::run(main), "chan receive");
}

pub(crate) fn select() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        select! {
            <-ch => {}
            ch <- 1 => {}
        }
    }
    deadlocked(child::run(main), "select");
}

/// As in Go: it is the plain operation.
pub(crate) fn select_of_one() {
    fn receives() {
        #[gort::main]
        fn main() {
            let ch = chan!(i32);
            select! { Some(_) = <-ch => {} }
        }
        main();
    }
    fn sends() {
        #[gort::main]
        fn main() {
            let ch = chan!(i32);
            let mut value = Some(1);
            go!([ch] { select! { ch <- 1 => {} } });
            select! { ch <- take value => {}, else => {} }
        }
        main();
    }
    fn nil() {
        #[gort::main]
        fn main() {
            select! { <-None::<Receiver<()>> => {} }
        }
        main();
    }
    deadlocked(child::run(receives), "chan receive");
    let out = deadlocked(child::run(sends), "chan send");
    assert_eq!(out.stderr.matches(" [chan send]:\n").count(), 2, "{out:#?}");
    deadlocked(child::run(nil), "chan receive (nil chan)");
}

pub(crate) fn select_of_nil_channels() {
    #[gort::main]
    fn main() {
        select! {
            <-None::<Receiver<()>> => {}
            None::<Sender<()>> <- () => {}
        }
    }
    deadlocked(child::run(main), "select");
}

pub(crate) fn select_no_cases() {
    #[gort::main]
    fn main() {
        select! {}
    }
    deadlocked(child::run(main), "select (no cases)");
}

pub(crate) fn receive_from_nil() {
    #[gort::main]
    fn main() {
        let nil: Option<Receiver<()>> = None;
        chan!(<-nil);
    }
    deadlocked(child::run(main), "chan receive (nil chan)");
}

pub(crate) fn send_to_nil() {
    #[gort::main]
    fn main() {
        let nil: Option<Sender<()>> = None;
        chan!(nil <- ());
    }
    deadlocked(child::run(main), "chan send (nil chan)");
}

/// GS-103: gort's own word.
pub(crate) fn future() {
    #[gort::main]
    fn main() {
        gort::future::wait(std::future::pending::<()>());
    }
    deadlocked(child::run(main), "future");
}

pub(crate) fn wait_group() {
    #[gort::main]
    fn main() {
        let wg = WaitGroup::new();
        wg.add(1);
        wg.wait();
    }
    deadlocked(child::run(main), "sync.WaitGroup.Wait");
}

pub(crate) fn mutex() {
    #[gort::main]
    fn main() {
        let mutex = Mutex::new(());
        let _held = mutex.lock();
        drop(mutex.lock());
    }
    deadlocked(child::run(main), "sync.Mutex.Lock");
}

/// A goroutine that waits for itself, by way of another.
pub(crate) fn joining_somebody_who_waits() {
    #[gort::main]
    fn main() {
        let never = chan!(());
        let rx = never.rx();
        go!({
            chan!(<-rx);
        })
        .join()
        .unwrap();
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&[ASLEEP, "goroutine 1 [", "[chan receive]:\n"]);
}

/// One paragraph for each goroutine, with its name, its number and the place where it was started.
pub(crate) fn everybody_is_listed() {
    #[gort::main]
    fn main() {
        let (ch, wg) = (chan!(i32), WaitGroup::new());
        wg.add(1);
        let _a = go!(name = "sender"; [ch] { chan!(ch <- 1) });
        gort::time::sleep(Duration::from_millis(1));
        let _b = go!(name = "waiter"; [wg] { wg.wait() });
        select! {}
    }
    let out = child::run(main).expect_code(2).expect_stderr(&[ASLEEP]);
    assert_eq!(out.stderr.matches("\ngoroutine ").count(), 3, "{}", out.stderr);
    let paragraph = |reason: &str| {
        let mut all = out.stderr.split("\n\n");
        all.find(|p| p.contains(reason))
            .unwrap_or_else(|| panic!("nobody waits for {reason}:\n{}", out.stderr))
            .to_string()
    };
    assert!(paragraph("[select (no cases)]:").starts_with("goroutine 1 "));
    for (name, reason) in [("sender", "[chan send]:"), ("waiter", "[sync.WaitGroup.Wait]:")] {
        let text = paragraph(reason);
        assert!(text.contains(name) && text.contains(file!()), "{text}");
    }
}

pub(crate) fn found_on_one_worker() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        go!([ch] {
            for _ in 0..3 {
                chan!(<-ch);
            }
            select! {}
        });
        for i in 0..4 {
            chan!(ch <- i);
        }
    }
    let out = child::Child::default().env("GOMAXPROCS", 1).run(main);
    deadlocked(out, "chan send").expect_stderr(&["[select (no cases)]:"]);
}

pub(crate) fn found_when_locked_to_a_thread() {
    #[gort::main]
    fn main() {
        lock_os_thread();
        select! {}
    }
    deadlocked(child::run(main), "select (no cases), locked to thread");
}

pub(crate) fn goexit_in_main_when_the_others_end() {
    #[gort::main]
    fn main() {
        let _value = Loud("main's value");
        go!(|| {
            gort::time::sleep(PAUSE);
            println!("the last one");
        });
        defer! { println!("main's defer") }
        goexit();
    }
    child::run(main)
        .expect_code(2)
        .expect_stdout("main's defer\nmain's value\nthe last one\n")
        .expect_stderr(&["fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n"]);
}

pub(crate) fn goexit_in_main_when_the_others_wait() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        go!([ch] { chan!(<-ch); });
        goexit();
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["all goroutines are asleep - deadlock!\n", "[chan receive]:\n"]);
}

/// Those that wait in the middle of a panic sleep like any others, and their thread for panics does
/// not count.
pub(crate) fn waiting_while_unwinding() {
    #[gort::main]
    fn main() {
        let never = chan!(());
        let (entered, all) = gort::channel(0);
        for _ in 0..20 {
            go!([never, entered] {
                defer! {
                    chan!(entered <- ());
                    chan!(<-never);
                }
                goexit();
            });
        }
        (0..20).for_each(|_| assert!(chan!(<-all).is_some()));
        defer! { chan!(<-never); }
        panic!("main's own");
    }
    deadlocked(child::run(main), "chan receive");
}

/// Only the program is silent about it that ends in time: a partial deadlock is none (as in Go).
pub(crate) fn some_asleep_is_no_deadlock() {
    #[gort::main]
    fn main() {
        go!(|| select! {});
        gort::time::sleep(PAUSE);
    }
    child::run(main).expect_code(0).expect_silent_stderr();
}

pub(crate) fn sleeping_is_no_deadlock() {
    #[gort::main]
    fn main() {
        let begin = Instant::now();
        gort::time::sleep(PAUSE);
        assert!(begin.elapsed() >= PAUSE);
    }
    child::run(main).expect_code(0).expect_silent_stderr();
}

pub(crate) fn waiting_for_a_timer_is_no_deadlock() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        select! {
            <-ch => {}
            <-gort::time::after(PAUSE) => println!("timeout"),
        }
        assert!(ch.recv_timeout(PAUSE).is_err());
    }
    child::run(main)
        .expect_code(0)
        .expect_stdout("timeout\n")
        .expect_silent_stderr();
}

/// Nor does a ticker, or a timer, that nobody receives from; a function that is still to be called
/// does (GS-100).
pub(crate) fn tickers_count_for_nothing_and_functions_count() {
    #[gort::main]
    fn main() {
        let ticker = gort::time::Ticker::new(PAUSE);
        ticker.recv();
        let _timer = gort::time::Timer::new(crate::LONG);
        gort::time::after_func(PAUSE, || println!("called"));
        chan!(i32).recv();
    }
    let out = child::run(main)
        .expect_code(2)
        .expect_stdout("called\n")
        .expect_stderr(&[ASLEEP, "goroutine 1 [chan receive]:\n"]);
    assert!(out.elapsed < crate::LONG, "found late: {out:#?}");
}

/// A timer nobody waits for any more does not keep the program from being found out (GS-100).
pub(crate) fn an_abandoned_timer_counts_for_nothing() {
    #[gort::main]
    fn main() {
        let timer = gort::time::after(crate::LONG);
        select! {
            <-timer => {}
            default => {}
        }
        drop(timer);
        let ch = chan!(i32);
        chan!(<-ch);
    }
    deadlocked(child::run(main), "chan receive");
}

/// Nor does one that is kept, while nobody receives from it (GS-100).
pub(crate) fn a_timer_nobody_waits_for_counts_for_nothing() {
    #[gort::main]
    fn main() {
        let timer = gort::time::after(crate::LONG);
        let ch = chan!(i32);
        chan!(<-ch);
        drop(timer);
    }
    deadlocked(child::run(main), "chan receive");
}

/// GS-101
pub(crate) fn a_blocking_call_is_no_deadlock() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        go!([ch] {
            gort::blocking(|| std::thread::sleep(PAUSE));
            chan!(ch <- 7);
        });
        assert_eq!(chan!(<-ch), Some(7));
    }
    child::run(main).expect_code(0).expect_silent_stderr();
}

/// A plain thread that has used a channel may use it again.
pub(crate) fn a_foreign_thread_may_still_act() {
    #[gort::main]
    fn main() {
        let ch = chan!(i32);
        let tx = ch.tx();
        let thread = std::thread::spawn(move || {
            chan!(tx <- 1);
            std::thread::sleep(PAUSE);
            chan!(tx <- 2);
        });
        assert_eq!((chan!(<-ch), chan!(<-ch)), (Some(1), Some(2)));
        thread.join().unwrap();
    }
    child::run(main).expect_code(0).expect_silent_stderr();
}

pub(crate) fn the_last_wait_may_come_after_much_work() {
    #[gort::main]
    fn main() {
        let ch = chan!(u64, 3);
        let rx = ch.rx();
        let sum = go!(move || (0..10_000).map(|_| chan!(<-rx).unwrap()).sum::<u64>());
        for i in 0..10_000 {
            chan!(ch <- i);
        }
        assert_eq!(sum.join().unwrap(), 49_995_000);
        chan!(<-ch);
    }
    deadlocked(child::run(main), "chan receive");
}

/// Without `#[gort::main]`: a thread that waits in `run`.
pub(crate) fn in_run() {
    child::run(|| gort::run(|| select! {}))
        .expect_code(2)
        .expect_stderr(&[ASLEEP, "[select (no cases)]:\n"]);
}
