//! Every operation at once: plain, with a time limit, as a future that is awaited or abandoned, in
//! selects of every form; from goroutines and from plain threads; with handles that come and go,
//! channels that are closed early, and receivers that leave. In every round each value that was
//! sent is received exactly once (or dropped with its channel, once nobody receives), and every
//! value is dropped exactly once (GS-25, GS-32, GS-62, GS-63).
//!
//! `GORT_SEED` replays the choices of a run (not its timing), `GORT_STRESS_SECS` sets how long each
//! configuration runs.
// The closure inside a test is how the child knows which test it is for.
#![allow(clippy::redundant_closure)]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::{Select, SendTimeoutError, TryRecvError, TrySendError};

use crate::support::seed::{Rng, seed};
use crate::support::stress::in_every_mode;

/// What all values of a round share.
#[derive(Default)]
struct Ledger {
    alive: AtomicI64,
    /// Sends that said that they succeeded.
    sent: AtomicU64,
    /// Sends of which nobody knows: abandoned futures.
    perhaps: AtomicU64,
    received: AtomicU64,
    stop: AtomicBool,
}

/// A value that notices if it arrives twice or is dropped twice.
struct Token {
    ledger: Arc<Ledger>,
    arrived: bool,
    /// Larger than a few words, so that a half-moved one shows.
    check: [u64; 5],
}

impl Token {
    fn new(ledger: &Arc<Ledger>) -> Box<Token> {
        ledger.alive.fetch_add(1, Ordering::Relaxed);
        Box::new(Token {
            ledger: ledger.clone(),
            arrived: false,
            check: [1, 2, 3, 4, 5],
        })
    }

    fn arrive(mut self) {
        assert!(
            !self.arrived && self.check == [1, 2, 3, 4, 5],
            "a value that arrived before"
        );
        self.arrived = true;
        self.ledger.received.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        assert_eq!(self.check, [1, 2, 3, 4, 5], "dropped twice");
        self.check = [0; 5];
        self.ledger.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

type Value = Box<Token>;
type Senders = [Sender<Value>; 2];
type Receivers = [Receiver<Value>; 2];

/// Wakes through a channel, so that the waiting works in goroutines and on threads.
struct Bell(Sender<()>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.try_send(());
    }
}

/// Polls with a new waker each time; gives up after `polls`.
fn block_on<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for i in 0..polls {
        let (ring, rung) = gort::channel(1);
        let waker = Waker::from(Arc::new(Bell(ring)));
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return Some(output),
            Poll::Pending if i + 1 == polls => return None,
            Poll::Pending => {}
        }
        if polls == usize::MAX {
            rung.recv();
        } else {
            // Not woken in time: polled again with another waker.
            let _ = rung.recv_timeout(Duration::from_micros(50));
        }
    }
    None
}

/// One send, in one of many ways. `false`: nobody can receive there any more, or the channel is
/// closed.
fn send(tx: &Senders, ledger: &Arc<Ledger>, rng: &mut Rng) -> bool {
    let at = rng.below(2);
    let (one, other) = (&tx[at], &tx[1 - at]);
    let short = Duration::from_micros(rng.below(100) as u64);
    let mut value = Token::new(ledger);
    let sent = match rng.below(9) {
        0 | 1 => one.send(value).is_ok(),
        2 => loop {
            match one.try_send(value) {
                Ok(()) => break true,
                Err(TrySendError::Full(back)) => value = back,
                Err(_) => break false,
            }
            gort::runtime::gosched();
        },
        3 => loop {
            match one.send_timeout(value, short) {
                Ok(()) => break true,
                Err(SendTimeoutError::Timeout(back)) => value = back,
                Err(_) => break false,
            }
        },
        4 => block_on(one.clone().send_async(value), usize::MAX).is_some_and(|sent| sent.is_ok()),
        5 => match block_on(one.send_async(value), 1 + rng.below(3)) {
            Some(sent) => sent.is_ok(),
            None => {
                ledger.perhaps.fetch_add(1, Ordering::Relaxed);
                return true;
            }
        },
        6 => {
            let mut set = Select::new();
            set.send(one, value);
            set.send(other, Token::new(ledger));
            let Ok(chosen) = set.select() else { return false };
            let to = [one, other][chosen.index()];
            chosen.send(to).is_ok()
        }
        7 => {
            let mut set = Select::new();
            let index = set.send(one, value);
            loop {
                match set.select_timeout(short) {
                    Ok(chosen) => break chosen.send(one).is_ok(),
                    Err(error) if error.is_timeout() => {}
                    Err(_) => return false,
                }
                if rng.below(4) == 0 {
                    let back = set.take_unsent(index, one).expect("not sent yet");
                    set.remove(index);
                    return one.send(back).is_ok() && count(ledger);
                }
            }
        }
        // Panics where the channel is closed: caught, the value is dropped.
        _ => gort::recover(|| {
            select! {
                one <- value => true,
                other <- Token::new(ledger) => true,
                else => false,
            }
        })
        .unwrap_or(false),
    };
    sent && count(ledger)
}

fn count(ledger: &Ledger) -> bool {
    ledger.sent.fetch_add(1, Ordering::Relaxed);
    true
}

/// One receive, in one of many ways. `None`: both channels have ended, as far as this receive
/// looked.
fn receive(rx: &Receivers, rng: &mut Rng) -> Option<usize> {
    let at = rng.below(2);
    let (one, other) = (&rx[at], &rx[1 - at]);
    let short = Duration::from_micros(rng.below(100) as u64);
    let value = match rng.below(10) {
        0 => select! { Some(v) = <-one => Some(v), Some(v) = <-other => Some(v), else => None },
        1 => {
            select! { biased; Some(v) = <-one => Some(v), Some(v) = <-one => Some(v), Some(v) = <-other => Some(v), else => None }
        }
        2 => select! {
            Some(v) = <-one => Some(v),
            Some(v) = <-other => Some(v),
            <-gort::time::after(short) => return Some(0),
        },
        3 => select! { v = <-one => v, v = <-other => v, default => return Some(0) },
        4 => match one.try_recv() {
            Ok(v) => Some(v),
            Err(TryRecvError::Empty) => return Some(0),
            Err(TryRecvError::Closed) => other.recv(),
        },
        5 => match one.recv_timeout(short) {
            Ok(v) => Some(v),
            Err(error) if error.is_timeout() => return Some(0),
            Err(_) => block_on(other.recv_async(), usize::MAX).flatten(),
        },
        6 => match block_on(one.clone().recv_async(), 1 + rng.below(3)) {
            Some(Some(v)) => Some(v),
            // Abandoned: a value that was handed to it is not lost.
            None => return Some(0),
            Some(None) => block_on(other.recv_async(), usize::MAX).flatten(),
        },
        7 => {
            let got = one.try_iter().take(3).map(|token| token.arrive()).count();
            return Some(got);
        }
        _ => {
            let mut set = Select::new();
            set.recv(one);
            set.recv(other);
            match set.select_timeout(short) {
                Ok(chosen) => {
                    let from = [one, other][chosen.index()];
                    chosen.recv(from)
                }
                Err(_) => return Some(0),
            }
        }
    };
    match value {
        Some(value) => {
            value.arrive();
            Some(1)
        }
        // One of the two has ended; have both?
        None => (!(ended(one) && ended(other))).then_some(0),
    }
}

/// Whether a channel is closed and drained; a value that is there is taken.
fn ended(rx: &Receiver<Value>) -> bool {
    match rx.try_recv() {
        Ok(value) => {
            value.arrive();
            false
        }
        Err(TryRecvError::Empty) => false,
        Err(TryRecvError::Closed) => true,
    }
}

/// Sends until told to stop.
fn sender(tx: Senders, ledger: Arc<Ledger>, mut rng: Rng) {
    while !ledger.stop.load(Ordering::Relaxed) {
        // Now and then through other handles.
        if rng.below(8) == 0 {
            let other = tx.clone();
            if !send(&other, &ledger, &mut rng) {
                return;
            }
        } else if !send(&tx, &ledger, &mut rng) && rng.below(4) == 0 {
            return;
        }
    }
}

/// Receives until both channels have ended, or `patience` is used up.
fn receiver(rx: Receivers, mut patience: usize, mut rng: Rng) {
    while patience > 0 && receive(&rx, &mut rng).is_some() {
        patience -= 1;
    }
}

/// Somebody who works: a goroutine or a plain thread.
enum Worker {
    Goroutine(JoinHandle<()>),
    Thread(std::thread::JoinHandle<()>),
}

impl Worker {
    fn start(thread: bool, work: impl FnOnce() + Send + 'static) -> Worker {
        if thread {
            Worker::Thread(std::thread::spawn(work))
        } else {
            Worker::Goroutine(go!(work))
        }
    }

    fn join(self) {
        match self {
            Worker::Goroutine(handle) => handle.join().expect("a goroutine that does not panic"),
            // Joining a thread blocks; only a helper may do that.
            Worker::Thread(handle) => gort::blocking(|| handle.join()).expect("a thread that does not panic"),
        }
    }
}

/// How a round ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The last senders go.
    SendersGo,
    /// The channels are closed while senders wait.
    Close,
    /// The receivers go first.
    ReceiversGo,
}

fn round(rng: &mut Rng) {
    let capacities = [[0, 1, 2, 7][rng.below(4)], [0, 0, 1, 3][rng.below(4)]];
    let end = [End::SendersGo, End::Close, End::ReceiversGo][rng.below(3)];
    let (senders, receivers) = (1 + rng.below(5), 1 + rng.below(5));
    let ledger = Arc::new(Ledger::default());
    let channels = capacities.map(gort::channel::<Value>);
    let tx = channels.each_ref().map(|(tx, _)| tx.clone());
    let rx = channels.map(|(_, rx)| rx);
    let mut workers = Vec::new();
    for i in 0..receivers {
        let patience = if end == End::ReceiversGo {
            rng.below(60)
        } else {
            usize::MAX
        };
        let (rx, rng) = (rx.clone(), rng.fork(i as u64));
        workers.push(Worker::start(i % 3 == 2, move || receiver(rx, patience, rng)));
    }
    for i in 0..senders {
        let (tx, ledger, rng) = (tx.clone(), ledger.clone(), rng.fork(100 + i as u64));
        workers.push(Worker::start(i % 3 == 2, move || sender(tx, ledger, rng)));
    }
    let while_busy = Duration::from_micros(rng.below(3000) as u64);
    let rest = match end {
        End::SendersGo => {
            drop(tx);
            gort::time::sleep(while_busy);
            ledger.stop.store(true, Ordering::Relaxed);
            Some(rx)
        }
        End::Close => {
            gort::time::sleep(while_busy);
            tx.iter().for_each(Sender::close);
            ledger.stop.store(true, Ordering::Relaxed);
            Some(rx)
        }
        End::ReceiversGo => {
            drop((tx, rx));
            gort::time::sleep(while_busy);
            ledger.stop.store(true, Ordering::Relaxed);
            None
        }
    };
    workers.into_iter().for_each(Worker::join);
    if let Some(rx) = &rest {
        // Values that came back from abandoned futures after everybody else had left.
        rx.iter()
            .flat_map(Receiver::try_iter)
            .for_each(|token| token.arrive());
    }
    drop(rest);
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (sent, perhaps, received) = (
        count(&ledger.sent),
        count(&ledger.perhaps),
        count(&ledger.received),
    );
    let what =
        format!("{end:?} {capacities:?} {senders}:{receivers}: {sent} + {perhaps} sent, {received} received");
    assert_eq!(
        ledger.alive.load(Ordering::Relaxed),
        0,
        "forgotten values: {what}"
    );
    assert!(received <= sent + perhaps, "more than was sent: {what}");
    assert!(end == End::ReceiversGo || received >= sent, "lost values: {what}");
}

fn stress(time: Duration, mut rng: Rng) {
    let begin = Instant::now();
    let mut rounds = 0;
    while begin.elapsed() < time {
        round(&mut rng);
        rounds += 1;
    }
    println!("{rounds} rounds");
}

fn seconds() -> f64 {
    crate::support::stress::seconds(0.4)
}

fn program() {
    let rng = Rng::new(seed());
    gort::run(move || stress(Duration::from_secs_f64(seconds()), rng));
}

in_every_mode!(program(), patience = 60.0 + 2.0 * seconds());
