//! Bugs around channels, select, contexts and the clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gort::context;
use gort::prelude::*;
use gort::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use gort::sync::{Mutex, WaitGroup};
use gort::time;

/// Whoever closes does not wait for whoever sends.
pub(super) fn send_after_close() {
    let jobs = chan!(u32, 4);
    let producer = go!([tx = jobs.tx()] {
        for job in 0..2 {
            if tx.send(job).is_err() {
                panic!("a job is lost");
            }
        }
    });
    gort::runtime::gosched();
    let first = chan!(<-jobs);
    assert_eq!(first, Some(0));
    // "It has one more, and that is in the buffer by now."
    jobs.close();
    producer.join().unwrap();
}

/// Looks whether it is closed, then closes it.
pub(super) fn double_close() {
    let done = chan!(());
    let stop = |done: &Chan<()>| {
        if !done.is_closed() {
            done.close();
        }
    };
    let other = go!([done] { stop(&done) });
    stop(&done);
    other.join().unwrap();
}

/// Looks whether it is closed, then sends.
pub(super) fn close_against_send() {
    let ch = chan!(u32, 1);
    let closer = go!([ch] { ch.close() });
    if !ch.is_closed() {
        chan!(ch <- 1);
    }
    closer.join().unwrap();
}

/// The worker looks at the flag, then waits for a job; the flag is raised in between, and no job
/// comes.
pub(super) fn stop_and_send() {
    let (jobs, stopping) = (chan!(u32, 1), Arc::new(AtomicBool::new(false)));
    let worker = go!([jobs, stopping] {
        while !stopping.load(SeqCst) {
            chan!(<-jobs);
        }
    });
    chan!(jobs <- 1);
    stopping.store(true, SeqCst);
    worker.join().unwrap();
}

/// Looks at the context, then waits without it.
pub(super) fn missed_cancellation() {
    let (ctx, cancel) = context::with_cancel(context::background());
    let answers = chan!(u32);
    let waiter = go!([ctx, answers] {
        if ctx.err().is_none() {
            chan!(<-answers);
        }
    });
    cancel();
    waiter.join().unwrap();
}

/// Both arms are ready, and the wrong one is taken.
pub(super) fn stale_arm() {
    let (quit, data) = (chan!(()), chan!(u32, 1));
    let stopped = Arc::new(AtomicBool::new(false));
    let worker = go!([quit, data, stopped] {
        select! {
            <-quit => {}
            <-data => assert!(!stopped.load(SeqCst), "worked after the stop"),
        }
    });
    chan!(data <- 1);
    stopped.store(true, SeqCst);
    quit.close();
    worker.join().unwrap();
}

/// The answer and the timeout come at the same moment; nobody takes the answer.
pub(super) fn timeout_against_success() {
    let answer = chan!(u32);
    go!([answer] {
        time::sleep(Duration::from_secs(1));
        chan!(answer <- 1);
    });
    let rx = answer;
    let _ = rx.recv_timeout(Duration::from_secs(1));
}

/// The first error ends it; the other worker's answer has nobody to take it.
pub(super) fn early_return() {
    let answers: Chan<Result<u32, ()>> = chan!(Result<u32, ()>);
    go!([answers] { chan!(answers <- Ok(1)) });
    go!([answers] { chan!(answers <- Err(())) });
    for _ in 0..2 {
        if let Some(Err(())) = chan!(<-answers) {
            return;
        }
    }
}

/// Looks at the length, then receives; another one does too.
pub(super) fn len_then_recv() {
    let items = chan!(u32, 2);
    chan!(items <- 1);
    let take = |items: &Chan<u32>| {
        if !items.is_empty() {
            chan!(<-items);
        }
    };
    let other = go!([items] { take(&items) });
    take(&items);
    other.join().unwrap();
}

/// `done` and the last item are ready together.
pub(super) fn lost_item() {
    let (items, done) = (chan!(u32, 4), chan!(()));
    go!([items, done] {
        for item in 0..2 {
            chan!(items <- item);
        }
        done.close();
    });
    let mut seen = 0;
    loop {
        select! {
            <-items => seen += 1,
            <-done => break,
        }
    }
    assert_eq!(seen, 2, "an item is lost");
}

/// Whoever drains takes an empty channel for the end.
pub(super) fn drained_too_early() {
    let items = chan!(u32, 4);
    let producer = go!([tx = items.tx()] {
        for item in 0..3 {
            chan!(tx <- item);
        }
    });
    gort::runtime::gosched();
    let drained = items.try_iter().count();
    producer.join().unwrap();
    assert_eq!(drained, 3, "it was not over");
}

/// Sends with the lock held; the receiver wants the lock first.
pub(super) fn send_under_lock() {
    let (state, news) = (Arc::new(Mutex::new(0)), chan!(u32));
    let reader = go!([state, news] {
        let before = *state.lock();
        let value = chan!(<-news);
        assert!(value.is_some() && before <= 1);
    });
    {
        let mut state = state.lock();
        *state = 1;
        chan!(news <- *state);
    }
    reader.join().unwrap();
}

/// An entry expires at the moment in which it is renewed.
pub(super) fn renewed_and_expired() {
    let entries: Arc<Mutex<HashMap<&str, u32>>> = Arc::default();
    entries.lock().insert("key", 1);
    go!([entries] {
        time::sleep(Duration::from_secs(10));
        entries.lock().remove("key");
    });
    time::sleep(Duration::from_secs(10));
    entries.lock().insert("key", 2);
    gort::runtime::gosched();
    assert_eq!(entries.lock().get("key"), Some(&2), "the new entry is gone");
}

/// A counter of those inside of a limit, looked at before it is raised.
pub(super) fn over_the_limit() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let wg = WaitGroup::new();
    for _ in 0..3 {
        go!(wg => [running, most] {
            while running.load(SeqCst) >= 2 {
                gort::runtime::gosched();
            }
            let now = running.fetch_add(1, SeqCst) + 1;
            most.fetch_max(now, SeqCst);
            gort::runtime::gosched();
            running.fetch_sub(1, SeqCst);
        });
    }
    wg.wait();
    assert!(most.load(SeqCst) <= 2, "three at once");
}

/// Two stages that each wait until the other one takes something, once both buffers are full.
pub(super) fn full_circle() {
    let (there, back) = (chan!(u32, 1), chan!(u32, 1));
    let echo = go!([there, back] {
        for _ in 0..3 {
            if let Some(value) = chan!(<-there) {
                chan!(back <- value);
            }
        }
    });
    let sender = go!([there] {
        for value in 0..3 {
            chan!(there <- value);
        }
    });
    // Takes what is there, and leaves when there seems to be nothing.
    let mut got = 0;
    while back.try_recv().is_ok() {
        got += 1;
    }
    sender.join().unwrap();
    for _ in got..3 {
        if got == 1 {
            break;
        }
        chan!(<-back);
    }
    echo.join().unwrap();
}
