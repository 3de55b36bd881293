//! `future::wait` with futures written by hand, wakers of every bad habit, and `JoinHandle` as a
//! future.

use crate::support;
use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use gort::JoinError;
use gort::context::{self, Error};
use gort::future::{Elapsed, wait, wait_context, wait_timeout, wait_until};
use gort::prelude::*;

use crate::support::seed::{Rng, seed};
use crate::support::{MaxProcs, eventually};

const LONG: Duration = Duration::from_secs(60);

/// Ready when somebody opens it; keeps the waker of its last poll, and everybody's before.
#[derive(Clone, Default)]
struct Gate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    open: AtomicBool,
    polls: AtomicUsize,
    wakers: Mutex<Vec<Waker>>,
}

impl Gate {
    fn open(&self) {
        self.0.open.store(true, Ordering::Relaxed);
        self.wake();
    }

    fn wake(&self) {
        let wakers = self.0.wakers.lock().unwrap().clone();
        wakers.iter().for_each(Waker::wake_by_ref);
    }

    fn polls(&self) -> usize {
        self.0.polls.load(Ordering::Relaxed)
    }
}

impl Future for Gate {
    type Output = &'static str;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
        self.0.wakers.lock().unwrap().push(cx.waker().clone());
        self.0.polls.fetch_add(1, Ordering::Relaxed);
        if self.0.open.load(Ordering::Relaxed) {
            Poll::Ready("open")
        } else {
            Poll::Pending
        }
    }
}

gort::goroutine_local! {
    static WHO: Cell<u32> = Cell::new(0);
}

/// Never ready. Tells who dropped it.
struct Drops(Arc<AtomicUsize>);

impl Future for Drops {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for Drops {
    fn drop(&mut self) {
        self.0.store(WHO.with(Cell::get) as usize, Ordering::SeqCst);
    }
}

/// Counts.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Counter>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Counter {
    fn new() -> (Arc<Counter>, Waker) {
        let counter = Arc::new(Counter::default());
        (Arc::clone(&counter), Waker::from(counter))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

#[gort::test]
fn what_is_ready_does_not_wait() {
    assert_eq!(wait(ready(7)), 7);
    assert_eq!(wait(async { wait(async { 7 }) }), 7);
}

/// Ready before the poll, between poll and park, and long after the park.
#[gort::test]
fn woken_by_a_thread() {
    for pause in [0, 1, 50, 5_000] {
        let gate = Gate::default();
        let theirs = gate.clone();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_micros(pause));
            theirs.open();
        });
        assert_eq!(wait(gate), "open");
        thread.join().unwrap();
    }
}

#[test]
fn a_plain_thread_waits_too() {
    let gate = Gate::default();
    let theirs = gate.clone();
    let opener = go!({
        eventually("a poll", LONG, || theirs.polls() > 0);
        theirs.open();
    });
    assert_eq!(wait(gate), "open");
    opener.join().unwrap();
    assert_eq!(
        wait_timeout(pending::<()>(), Duration::from_millis(2)),
        Err(Elapsed)
    );
}

/// One worker: while one waits for the other, the worker runs the other.
#[gort::test]
fn the_worker_is_free_meanwhile() {
    let _one = MaxProcs::set(1);
    let gate = Gate::default();
    let opener = go!([gate] {
        while gate.polls() == 0 {
            gort::runtime::gosched();
        }
        gate.open();
    });
    assert_eq!(wait(gate), "open");
    opener.join().unwrap();
}

/// A future that wakes itself in every poll gives way to others.
#[gort::test]
fn who_wakes_itself_gives_way() {
    let _one = MaxProcs::set(1);
    let stop = Arc::new(AtomicBool::new(false));
    let stopper = go!([stop] stop.store(true, Ordering::Relaxed));
    wait(poll_fn(|cx| {
        if stop.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    stopper.join().unwrap();
}

/// Woken in vain, many times; each is a poll at most, and none ends the wait.
#[gort::test]
fn woken_in_vain() {
    let gate = Gate::default();
    let theirs = gate.clone();
    let thread = thread::spawn(move || {
        for n in 1..100 {
            theirs.wake();
            theirs.wake();
            eventually("another poll", LONG, || theirs.polls() >= n.min(2));
        }
        theirs.open();
    });
    assert_eq!(wait(gate.clone()), "open");
    thread.join().unwrap();
    assert!(gate.polls() >= 3, "{}", gate.polls());
}

/// The wakers of a wait that is over do nothing, to a later wait either.
#[gort::test]
fn wakers_outlive_the_wait() {
    let first = Gate::default();
    let opener = go!([first] {
        eventually("a poll", LONG, || first.polls() > 0);
        first.open();
    });
    assert_eq!(wait(first.clone()), "open");
    opener.join().unwrap();
    let second = Gate::default();
    let (early, late) = (first.clone(), second.clone());
    let thread = thread::spawn(move || {
        eventually("a poll", LONG, || late.polls() > 0);
        let polls = late.polls();
        for _ in 0..100 {
            early.wake();
        }
        assert_eq!(late.polls(), polls, "woken by somebody else's waker");
        late.open();
    });
    assert_eq!(wait(second), "open");
    thread.join().unwrap();
    // A goroutine that parks for something else, and one that is gone.
    gort::time::sleep(Duration::from_millis(1));
    first.wake();
    let gone = Gate::default();
    go!([gone] {
        gone.0.open.store(true, Ordering::Relaxed);
        wait(gone)
    })
    .join()
    .unwrap();
    gone.wake();
}

#[gort::test]
fn a_panic_of_the_future_comes_out() {
    let dropped = Arc::new(AtomicUsize::new(9));
    let inner = Drops(Arc::clone(&dropped));
    let message = support::panic_message(|| {
        wait(async move {
            let _inner = inner;
            gort::future::wait_timeout(pending::<()>(), Duration::from_millis(1)).unwrap_err();
            panic!("the future's")
        })
    });
    assert_eq!(message, "the future's");
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
}

#[gort::test]
fn a_timeout_drops_the_future_here() {
    WHO.with(|who| who.set(3));
    let dropped = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let limit = Duration::from_millis(20);
    assert_eq!(wait_timeout(Drops(Arc::clone(&dropped)), limit), Err(Elapsed));
    assert!(begin.elapsed() >= limit);
    assert_eq!(dropped.load(Ordering::SeqCst), 3, "dropped by another goroutine");
    // In time, or past the deadline but ready.
    let gate = Gate::default();
    let opener = go!([gate] {
        eventually("a poll", LONG, || gate.polls() > 0);
        gate.open();
    });
    assert_eq!(wait_timeout(gate, LONG), Ok("open"));
    opener.join().unwrap();
    assert_eq!(
        wait_until(ready(1), Instant::now() - Duration::from_secs(1)),
        Ok(1)
    );
    assert_eq!(wait_timeout(ready(1), Duration::MAX), Ok(1));
}

#[gort::test]
fn a_context_ends_the_wait() {
    WHO.with(|who| who.set(4));
    let dropped = Arc::new(AtomicUsize::new(0));
    let (ctx, cancel) = context::with_cancel(context::background());
    let canceller = go!({
        gort::time::sleep(Duration::from_millis(5));
        cancel();
    });
    assert_eq!(
        wait_context(&ctx, Drops(Arc::clone(&dropped))),
        Err(Error::Canceled)
    );
    assert_eq!(dropped.load(Ordering::SeqCst), 4, "dropped by another goroutine");
    canceller.join().unwrap();
    let polled = AtomicBool::new(false);
    let future = poll_fn(|_| {
        polled.store(true, Ordering::Relaxed);
        Poll::Ready(())
    });
    assert_eq!(wait_context(&ctx, future), Err(Error::Canceled));
    assert!(!polled.into_inner(), "polled though the context was done");
    let (ctx, _cancel) = context::with_timeout(context::background(), Duration::from_millis(5));
    assert_eq!(wait_context(&ctx, pending::<()>()), Err(Error::DeadlineExceeded));
    assert_eq!(wait_context(context::background(), ready(1)), Ok(1));
}

#[gort::test]
fn channels_and_goroutines_as_futures() {
    let numbers = chan!(u64);
    let (tx, rx) = numbers.split();
    let producer = go!(wait(async move {
        for n in 0..100 {
            tx.send_async(n).await.unwrap();
        }
    }));
    let sum = wait(async {
        let mut sum = 0;
        while let Some(n) = rx.recv_async().await {
            sum += n;
        }
        producer.await.unwrap();
        sum
    });
    assert_eq!(sum, 4950);
}

#[gort::test]
fn a_handle_gives_what_join_does() {
    let value = wait(go!({
        gort::time::sleep(Duration::from_millis(2));
        String::from("value")
    }));
    assert_eq!(value.unwrap(), "value");
    let panicked = wait(go!(|| -> () { panic!("boom") }));
    assert_eq!(panicked.unwrap_err().into_panic().unwrap().message(), "boom");
    let ended = wait(go!({
        gort::runtime::goexit();
    }));
    assert!(matches!(ended, Err(JoinError::Goexit)));
}

#[gort::test]
fn a_handle_that_was_ready_is_taken() {
    let mut handle = go!(|| 7);
    assert_eq!(wait(&mut handle).unwrap(), 7);
    assert!(matches!(wait(&mut handle), Err(JoinError::Taken)));
    assert!(chan!(<-handle).is_none());
    assert!(matches!(handle.join(), Err(JoinError::Taken)));
}

/// Only the waker of the last poll is woken; the others are let go.
#[gort::test]
fn the_last_waker_counts() {
    let gate = chan!(());
    let rx = gate.rx();
    let mut handle = go!(chan!(<-rx));
    let (first, one) = Counter::new();
    let (second, two) = Counter::new();
    assert!(poll(&mut handle, &one).is_pending());
    assert!(poll(&mut handle, &two).is_pending());
    drop((one, two));
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 2));
    gate.close();
    eventually("the second is woken", LONG, || second.count() == 1);
    assert_eq!(first.count(), 0);
    assert!(matches!(poll(&mut handle, Waker::noop()), Poll::Ready(Ok(None))));
}

/// Dropped after a poll it detaches, and keeps nobody's waker.
#[gort::test]
fn dropped_after_a_poll() {
    let gate = chan!(());
    let rx = gate.rx();
    let done = chan!(&str);
    let tx = done.tx();
    let mut handle = go!({
        chan!(<-rx);
        chan!(tx <- "went on");
    });
    let (counter, waker) = Counter::new();
    assert!(poll(&mut handle, &waker).is_pending());
    drop((handle, waker));
    assert_eq!(Arc::strong_count(&counter), 1, "its waker is still held");
    gate.close();
    assert_eq!(chan!(<-done), Some("went on"));
    assert_eq!(counter.count(), 0);
}

/// Polled and an operand of `<-`, in every order; joined in the end, or not.
#[gort::test]
fn polled_and_received() {
    for order in 0..6 {
        for joined in [false, true] {
            let gate = chan!(());
            let rx = gate.rx();
            let mut handle = go!({
                chan!(<-rx);
                7
            });
            let (counter, waker) = Counter::new();
            let select = |handle: &JoinHandle<i32>| {
                select! {
                    _ = <-handle => panic!("it has not ended"),
                    default => {}
                }
            };
            for step in [order & 1, order >> 1, 1 - (order & 1)] {
                match step {
                    0 => select(&handle),
                    _ => assert!(poll(&mut handle, &waker).is_pending()),
                }
            }
            if joined {
                gate.close();
                assert_eq!(handle.join().unwrap(), 7);
                continue;
            }
            let closer = go!({
                gort::time::sleep(Duration::from_millis(1));
                gate.close();
            });
            // The call of the source is still registered, whatever was polled since.
            assert_eq!(chan!(<-handle).unwrap().unwrap(), 7);
            eventually("the waker is woken", LONG, || counter.count() == 1);
            closer.join().unwrap();
            assert!(matches!(
                poll(&mut handle, &waker),
                Poll::Ready(Err(JoinError::Taken))
            ));
        }
    }
}

/// Goroutines and threads that wait for what threads wake at random moments, with spurious wakes
/// from everywhere. Children, one for each migration mode and worker count.
mod stress {
    use super::*;

    fn program() {
        let rng = Rng::new(seed());
        let end = Instant::now() + Duration::from_secs_f64(support::stress::seconds(0.5));
        let gates: Arc<Mutex<Vec<Gate>>> = Arc::default();
        let over = Arc::new(AtomicBool::new(false));
        let wakers: Vec<_> = (0..3)
            .map(|n| {
                let (gates, over, mut rng) = (gates.clone(), over.clone(), rng.fork(n));
                thread::spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let gate = {
                            let mut gates = gates.lock().unwrap();
                            if gates.is_empty() {
                                drop(gates);
                                thread::yield_now();
                                continue;
                            }
                            let at = rng.below(gates.len());
                            if rng.below(3) == 0 {
                                gates[at].clone()
                            } else {
                                gates.swap_remove(at)
                            }
                        };
                        for _ in 0..rng.below(200) {
                            std::hint::spin_loop();
                        }
                        gate.wake();
                        if rng.below(2) == 0 {
                            gate.open();
                            gate.wake();
                        } else {
                            gates.lock().unwrap().push(gate);
                        }
                    }
                })
            })
            .collect();
        let waiters: Vec<_> = (0..16)
            .map(|n| {
                let (gates, mut rng) = (gates.clone(), rng.fork(100 + n));
                go!({
                    let mut waits = 0_u64;
                    while Instant::now() < end {
                        let gate = Gate::default();
                        gates.lock().unwrap().push(gate.clone());
                        match rng.below(3) {
                            0 => drop(wait_timeout(gate, Duration::from_micros(rng.below(100) as u64))),
                            1 => assert_eq!(wait(go!(wait(gate))).unwrap(), "open"),
                            _ => assert_eq!(wait(gate), "open"),
                        }
                        waits += 1;
                    }
                    waits
                })
            })
            .collect();
        let waits: u64 = waiters.into_iter().map(|waiter| waiter.join().unwrap()).sum();
        over.store(true, Ordering::Relaxed);
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        println!("{waits} waits");
    }

    support::stress::in_every_mode!(gort::run(program), patience = 60.0);
}
