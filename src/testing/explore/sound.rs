//! What is left out because it commutes, on real programs: with and without it, the same outcomes
//! are found. So what operations announce (`gort_runtime::explore`) is enough.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::chooser::Chooser;
use super::exhaustive::Exhaustive;
use super::run;
use crate::prelude::*;
use crate::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use crate::sync::{Cond, Mutex, Once, RwLock, Semaphore, WaitGroup};

/// More schedules than any of these has without anything left out.
const MOST: usize = 400_000;

type Found = std::sync::Mutex<BTreeSet<String>>;

/// All outcomes, and how many schedules that took.
fn outcomes(mut chooser: Box<dyn Chooser>, program: fn() -> String) -> (BTreeSet<String>, usize) {
    let found: Arc<Found> = Arc::default();
    let note = Arc::clone(&found);
    let body = Arc::new(move || {
        let outcome = program();
        note.lock().expect("nobody panics with it").insert(outcome);
    });
    let mut schedules = 0;
    while chooser.begin() {
        let (back, ran) = run::run(chooser, 10_000, true, &body);
        chooser = back;
        schedules += 1;
        assert!(schedules < MOST, "a smaller program, please");
        if let Some(broken) = ran.broken {
            let mut found = found.lock().expect("nobody panics with it");
            found.insert(broken.kind.to_string());
        }
    }
    let found = std::mem::take(&mut *found.lock().expect("nobody panics with it"));
    (found, schedules)
}

/// With each bound, nothing is lost; and several outcomes there are.
#[track_caller]
fn same(program: fn() -> String) {
    for bound in [0, 1, 2] {
        let (all, plain) = outcomes(Box::new(Exhaustive::plain(bound)), program);
        let (found, pruned) = outcomes(Box::new(Exhaustive::new(bound, u64::MAX)), program);
        assert_eq!(found, all, "bound {bound}: {pruned} schedules instead of {plain}");
        assert!(pruned <= plain);
        assert!(bound < 2 || all.len() > 1, "it always does the same: {all:?}");
    }
}

#[test]
fn locks() {
    same(|| {
        let (a, b) = (Arc::new(Mutex::new(String::new())), Arc::new(RwLock::new(0)));
        let other = go!([a, b] {
            a.lock().push('1');
            *b.write() += 1;
            a.lock().push('2');
        });
        let tried = a.try_lock().map(|text| text.len());
        let read = *b.read();
        a.lock().push('m');
        other.join().unwrap();
        format!("{tried:?} {read} {}", *a.lock())
    });
}

#[test]
fn channels_that_close() {
    same(|| {
        let (tx, rx) = crate::channel::<u32>(1);
        let second = tx.clone();
        go!(move || second.try_send(1).is_ok());
        go!(move || drop(tx));
        let (len, closed) = (rx.len(), rx.is_closed());
        let all: Vec<u32> = rx.into_iter().collect();
        format!("{len} {closed} {all:?}")
    });
}

#[test]
fn receivers_that_go() {
    same(|| {
        let (tx, rx) = crate::channel::<u32>(0);
        let second = rx.clone();
        let first = go!(move || rx.try_recv().ok());
        let other = go!(move || drop(second));
        let sent = tx.try_send(7);
        let again = tx.send(8).is_ok();
        other.join().unwrap();
        format!("{} {again} {:?}", sent.is_ok(), first.join().unwrap())
    });
}

#[test]
fn selects() {
    same(|| {
        let (a, b) = (chan!(u32, 1), chan!(u32));
        let other = go!([a, b] {
            chan!(a <- 1);
            b.try_send(2).is_ok()
        });
        let first = select! {
            v = <-a => format!("a{v:?}"),
            v = <-b => format!("b{v:?}"),
            default => "nothing".to_owned(),
        };
        let second = select! {
            v = <-b => format!("b{v:?}"),
            v = <-a => format!("a{v:?}"),
            <-crate::time::after(Duration::from_secs(1)) => "late".to_owned(),
        };
        format!("{first} {second} {}", other.join().unwrap())
    });
}

#[test]
fn ends_of_goroutines() {
    same(|| {
        let (n, wg) = (Arc::new(AtomicUsize::new(0)), WaitGroup::new());
        let first = go!([n] { n.fetch_add(1, SeqCst) });
        go!(wg => [n] { n.fetch_add(10, SeqCst) });
        let finished = first.is_finished();
        let seen = select! {
            _result = <-first => true,
            default => false,
        };
        let before = n.load(SeqCst);
        wg.wait();
        format!("{finished} {seen} {before}")
    });
}

#[test]
fn conditions_and_once() {
    same(|| {
        let (lock, changed, once) = (
            Arc::new(Mutex::new(0)),
            Arc::new(Cond::new()),
            Arc::new(Once::new()),
        );
        let who = Arc::new(AtomicUsize::new(0));
        let other = go!([lock, changed, once, who] {
            once.call_once(|| who.store(2, SeqCst));
            *lock.lock() += 1;
            changed.notify_one();
        });
        let completed = once.is_completed();
        let mut n = lock.lock();
        let waited = *n == 0 && changed.wait_timeout(&mut n, Duration::from_secs(1));
        drop(n);
        once.call_once(|| who.store(1, SeqCst));
        other.join().unwrap();
        format!("{completed} {waited} {}", who.load(SeqCst))
    });
}

#[test]
fn permits_and_contexts() {
    same(|| {
        let permits = Arc::new(Semaphore::new(1));
        let (ctx, cancel) = crate::context::with_cancel(crate::context::background());
        let other = go!([permits, ctx] {
            let got = permits.try_acquire(1);
            let cancelled = ctx.err().is_some();
            if got {
                permits.release(1);
            }
            (got, cancelled)
        });
        permits.acquire(1);
        cancel();
        let left = permits.available();
        permits.release(1);
        format!("{left} {:?}", other.join().unwrap())
    });
}

#[test]
fn timers_of_one_moment() {
    same(|| {
        let log = chan!(u32, 4);
        for i in 0..2 {
            go!([log] {
                crate::time::sleep(Duration::from_secs(1));
                chan!(log <- i);
            });
        }
        let timed = log.recv_timeout(Duration::from_secs(1)).ok();
        let next = chan!(<-log);
        format!("{timed:?} {next:?}")
    });
}

#[test]
fn the_end_of_one_goroutine() {
    same(|| {
        let worker = go!({});
        let seen = select! {
            _result = <-worker => true,
            default => false,
        };
        seen.to_string()
    });
}
