//! Eight producers and eight consumers that all use `select!` on the same four channels, sends and
//! receives mixed: every value is received exactly once and none is lost, at every worker count and
//! in every migration mode (GS-25, GS-62, GS-63).
//!
//! Everybody sends and receives. A producer sends its own values and may be handed somebody else's,
//! which it puts back later; a consumer keeps what it receives or, now and then, puts it back as
//! well. A value has arrived when a consumer keeps it. Values are heap tokens that count
//! themselves, so that one dropped twice or forgotten shows too.
//!
//! `GORT_SEED` replays the choices of a run (not its timing), `GORT_STRESS_SECS` sets how long each
//! configuration runs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gort::prelude::*;

use crate::support::seed::{Rng, seed};
use crate::support::stress::in_every_mode;

const PRODUCERS: usize = 8;
const CONSUMERS: usize = 8;
/// Unbuffered, unbuffered, and two small buffers.
const CAPACITIES: [usize; 4] = [0, 0, 1, 7];
/// How long nothing may arrive before the run counts as stuck.
const STUCK: Duration = Duration::from_secs(60);

/// What all goroutines of a run share.
#[derive(Default)]
struct Ledger {
    /// Tokens in existence, in channels, queues and select arms.
    alive: AtomicI64,
    sent: AtomicU64,
    kept: AtomicU64,
    stop: AtomicBool,
}

/// A value: number `seq` of producer `from`.
struct Token {
    from: usize,
    seq: u64,
    ledger: Arc<Ledger>,
}

impl Token {
    fn new(from: usize, seq: u64, ledger: &Arc<Ledger>) -> Box<Token> {
        ledger.alive.fetch_add(1, Ordering::Relaxed);
        Box::new(Token {
            from,
            seq,
            ledger: ledger.clone(),
        })
    }

    /// Another token with the same value: for a select arm, which drops what it does not send.
    fn again(&self) -> Box<Token> {
        Token::new(self.from, self.seq, &self.ledger)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.ledger.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

type Channels = [Chan<Box<Token>>; 4];

/// What a round of select did.
enum Did {
    Sent,
    Received(Box<Token>),
    Nothing,
    Stop,
}

/// A producer's select with `value` to send, over the channels in the order of `p`; which form it
/// takes is up to `form`. Each can send somewhere, so that any waiting consumer lets it go on.
fn offer(ch: &Channels, p: [usize; 4], form: usize, value: &Token) -> Did {
    let [a, b, c, d] = p.map(|i| &ch[i]);
    match form {
        // Sends to two and receives from two.
        0 => select! {
            a <- value.again() => Did::Sent,
            b <- value.again() => Did::Sent,
            Some(v) = <-c => Did::Received(v),
            v = <-d => Did::Received(v.expect("never closed")),
        },
        // Sends to all four.
        1 => select! {
            a <- value.again() => Did::Sent,
            b <- value.again() => Did::Sent,
            c <- value.again() => Did::Sent,
            d <- value.again() => Did::Sent,
        },
        // Both ways on the same two channels.
        2 => select! {
            a <- value.again() => Did::Sent,
            v = <-a => Did::Received(v.expect("never closed")),
            b <- value.again() => Did::Sent,
            v = <-b => Did::Received(v.expect("never closed")),
        },
        // Does not wait.
        3 => select! {
            a <- value.again() => Did::Sent,
            v = <-b => Did::Received(v.expect("never closed")),
            default => Did::Nothing,
        },
        // In source order.
        4 => select! {
            biased;
            a <- value.again() => Did::Sent,
            v = <-b => Did::Received(v.expect("never closed")),
            c <- value.again() => Did::Sent,
        },
        // Gives up after a moment.
        _ => select! {
            a <- value.again() => Did::Sent,
            v = <-b => Did::Received(v.expect("never closed")),
            <-gort::time::after(Duration::from_micros(50)) => Did::Nothing,
        },
    }
}

/// A consumer's select. Each that waits without limit receives from all four channels: whoever
/// sends can go on.
fn receive(ch: &Channels, p: [usize; 4], form: usize, stop: &Receiver<()>) -> Did {
    let [a, b, c, d] = p.map(|i| &ch[i]);
    match form {
        0 | 1 => select! {
            v = <-a => Did::Received(v.expect("never closed")),
            v = <-b => Did::Received(v.expect("never closed")),
            v = <-c => Did::Received(v.expect("never closed")),
            v = <-d => Did::Received(v.expect("never closed")),
            <-stop => Did::Stop,
        },
        // Two arms on one channel; a patient and a refutable pattern.
        2 => select! {
            Some(v) = <-a => Did::Received(v),
            Some(v) = <-b => Did::Received(v),
            Some(v) = <-a => Did::Received(v),
            v = <-c => Did::Received(v.expect("never closed")),
            v = <-d => Did::Received(v.expect("never closed")),
            <-stop => Did::Stop,
        },
        // Does not wait.
        3 | 4 => select! {
            v = <-a => Did::Received(v.expect("never closed")),
            v = <-c => Did::Received(v.expect("never closed")),
            <-stop => Did::Stop,
            default => Did::Nothing,
        },
        // Gives up after a moment.
        _ => select! {
            v = <-d => Did::Received(v.expect("never closed")),
            <-gort::time::after(Duration::from_micros(50)) => Did::Nothing,
            <-stop => Did::Stop,
        },
    }
}

/// A consumer's select with `value` to put back.
fn put_back(ch: &Channels, p: [usize; 4], form: usize, value: &Token) -> Did {
    let [a, b, c, d] = p.map(|i| &ch[i]);
    match form {
        0..3 => select! {
            a <- value.again() => Did::Sent,
            v = <-a => Did::Received(v.expect("never closed")),
            v = <-b => Did::Received(v.expect("never closed")),
            v = <-c => Did::Received(v.expect("never closed")),
            v = <-d => Did::Received(v.expect("never closed")),
        },
        3 => select! {
            biased;
            a <- value.again() => Did::Sent,
            b <- value.again() => Did::Sent,
            c <- value.again() => Did::Sent,
            d <- value.again() => Did::Sent,
            v = <-a => Did::Received(v.expect("never closed")),
            v = <-b => Did::Received(v.expect("never closed")),
            v = <-c => Did::Received(v.expect("never closed")),
            v = <-d => Did::Received(v.expect("never closed")),
        },
        _ => select! {
            a <- value.again() => Did::Sent,
            b <- value.again() => Did::Sent,
            default => Did::Nothing,
        },
    }
}

fn order(rng: &mut Rng) -> [usize; 4] {
    let mut p = [0, 1, 2, 3];
    rng.shuffle(&mut p);
    p
}

/// Sends its own values until told to stop, and puts back what it is handed meanwhile; returns how
/// many it sent.
fn produce(me: usize, ch: Channels, ledger: Arc<Ledger>, mut rng: Rng) -> u64 {
    let mut own = 0;
    let mut queue = VecDeque::new();
    loop {
        if queue.is_empty() {
            if ledger.stop.load(Ordering::Relaxed) {
                return own;
            }
            queue.push_back(Token::new(me, own, &ledger));
            own += 1;
            ledger.sent.fetch_add(1, Ordering::Relaxed);
        }
        // With much put back, only send: the queue stays short, and ends.
        let form = if queue.len() > 8 || ledger.stop.load(Ordering::Relaxed) {
            1
        } else {
            rng.below(6)
        };
        let first = queue.front().expect("filled above");
        match offer(&ch, order(&mut rng), form, first) {
            Did::Sent => drop(queue.pop_front()),
            Did::Received(token) => queue.push_back(token),
            Did::Nothing => gort::runtime::gosched(),
            Did::Stop => unreachable!("producers are not stopped that way"),
        }
    }
}

/// Keeps what it receives, or puts it back; returns what it kept.
fn consume(ch: Channels, ledger: Arc<Ledger>, stop: Receiver<()>, mut rng: Rng) -> Vec<(usize, u64)> {
    let mut kept = Vec::new();
    let mut back: Option<Box<Token>> = None;
    loop {
        let (p, form) = (order(&mut rng), rng.below(6));
        let did = match &back {
            Some(token) => put_back(&ch, p, form, token),
            None => receive(&ch, p, form, &stop),
        };
        match did {
            Did::Sent => back = None,
            Did::Received(token) if back.is_none() && rng.below(8) == 0 => back = Some(token),
            Did::Received(token) => {
                kept.push((token.from, token.seq));
                ledger.kept.fetch_add(1, Ordering::Relaxed);
            }
            Did::Nothing => gort::runtime::gosched(),
            Did::Stop => return kept,
        }
    }
}

/// One run; panics with what went wrong.
fn stress(time: Duration, rng: &Rng) {
    let ledger = Arc::new(Ledger::default());
    let ch: Channels = CAPACITIES.map(|capacity| chan!(Box<Token>, capacity));
    let stop = chan!(());
    let consumers: Vec<_> = (0..CONSUMERS)
        .map(|i| {
            go!(consume(
                ch.clone(),
                ledger.clone(),
                stop.rx(),
                rng.fork(100 + i as u64)
            ))
        })
        .collect();
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|i| go!(produce(i, ch.clone(), ledger.clone(), rng.fork(i as u64))))
        .collect();

    let begin = Instant::now();
    watch(&ledger, || begin.elapsed() >= time);
    ledger.stop.store(true, Ordering::Relaxed);
    watch(&ledger, || producers.iter().all(JoinHandle::is_finished));
    let sent: Vec<u64> = producers
        .into_iter()
        .map(|p| p.join().expect("a producer that does not panic"))
        .collect();
    let all: u64 = sent.iter().sum();
    watch(&ledger, || ledger.kept.load(Ordering::Relaxed) >= all);
    stop.close();

    let mut arrived: Vec<Vec<u32>> = sent.iter().map(|&n| vec![0; n as usize]).collect();
    for consumer in consumers {
        for (from, seq) in consumer.join().expect("a consumer that does not panic") {
            arrived[from][seq as usize] += 1;
        }
    }
    for (from, counts) in arrived.iter().enumerate() {
        for (seq, &n) in counts.iter().enumerate() {
            assert_eq!(n, 1, "value {seq} of producer {from} was received {n} times");
        }
    }
    assert!(ch.iter().all(Chan::is_empty));
    assert_eq!(
        ledger.alive.load(Ordering::Relaxed),
        0,
        "tokens forgotten (or dropped twice, if negative)"
    );
    println!("{all} values");
}

/// Waits until `done`; panics if meanwhile no value arrives for long.
fn watch(ledger: &Ledger, done: impl Fn() -> bool) {
    let (mut last, mut since) = (0, Instant::now());
    while !done() {
        let kept = ledger.kept.load(Ordering::Relaxed);
        if kept != last {
            (last, since) = (kept, Instant::now());
        }
        let sent = ledger.sent.load(Ordering::Relaxed);
        assert!(
            since.elapsed() < STUCK,
            "stuck: {kept} values of {sent} have arrived, for {STUCK:?} no more"
        );
        gort::time::sleep(Duration::from_millis(2));
    }
}

fn seconds() -> f64 {
    crate::support::stress::seconds(0.7)
}

fn program(seconds: f64) {
    let rng = Rng::new(seed());
    gort::run(move || stress(Duration::from_secs_f64(seconds), &rng));
}

in_every_mode!(program(seconds()), patience = 120.0 + 2.0 * seconds());
