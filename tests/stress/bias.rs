//! Channels whose locks one worker takes without barriers, while plain threads, timers, futures and
//! selects come in between: every value that was sent arrives, once, and what one sender put into
//! one channel arrives in its order.
//!
//! Three parts share the channels: goroutines that send and receive all the time, so that a worker
//! is favoured; goroutines and threads that come now and then, in every way there is; and locks of
//! `sync`, whose queues stand behind the same lock.
//!
//! `GORT_SEED` replays the choices of a run (not its timing), `GORT_STRESS_SECS` sets how long each
//! configuration runs.
// The closure inside a test is how the child knows which test it is for.
#![allow(clippy::redundant_closure)]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::sync::{Mutex, Semaphore, WaitGroup};
use gort::{Select, SendTimeoutError, TrySendError};

use crate::support::seed::{Rng, seed};
use crate::support::stress::in_every_mode;

const CHANNELS: usize = 5;
const CAPACITIES: [usize; CHANNELS] = [0, 0, 1, 3, 16];
/// Goroutines that send all the time, and as many that receive.
const BUSY: usize = 4;
/// Goroutines and threads that send now and then.
const GUESTS: usize = 4;
const SENDERS: usize = BUSY + GUESTS;

/// Who sent it, and how many this one had sent before.
type Value = (usize, u64);

/// Wakes through a channel, so that the waiting works in goroutines and on threads.
struct Bell(Sender<()>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.try_send(());
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let (ring, rung) = gort::channel(1);
        let waker = Waker::from(Arc::new(Bell(ring)));
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        rung.recv();
    }
}

/// What `sync` guards: sections under a semaphore of one, and under a mutex.
struct Guarded {
    semaphore: Semaphore,
    under_semaphore: [AtomicU64; 2],
    mutex: Mutex<u64>,
    sections: AtomicU64,
}

impl Guarded {
    fn section(&self, yields: bool) {
        let permit = self.semaphore.permit(1);
        let mut count = self.mutex.lock();
        // Not one addition: somebody else inside would be lost, or seen.
        let before = self
            .under_semaphore
            .each_ref()
            .map(|half| half.load(Ordering::Relaxed));
        assert_eq!(before[0], before[1], "two in a section");
        self.under_semaphore[0].store(before[0] + 1, Ordering::Relaxed);
        if yields {
            gort::runtime::gosched();
        }
        *count += 1;
        self.under_semaphore[1].store(before[1] + 1, Ordering::Relaxed);
        drop(count);
        drop(permit);
        self.sections.fetch_add(1, Ordering::Relaxed);
    }
}

struct World {
    channels: [Chan<Value>; CHANNELS],
    guarded: Guarded,
    stop: AtomicBool,
    sent: AtomicU64,
}

/// Sends `value` in one of many ways, for as long as it takes.
fn send(world: &World, value: Value, rng: &mut Rng, plain: bool) {
    let at = rng.below(CHANNELS);
    let one = &world.channels[at];
    let short = Duration::from_micros(rng.below(60) as u64);
    let mut value = value;
    match if plain { 0 } else { rng.below(6) } {
        0 | 1 => one.send(value).expect("open"),
        2 => loop {
            match one.try_send(value) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) => value = back,
                Err(error) => panic!("{error}"),
            }
            gort::runtime::gosched();
        },
        3 => loop {
            match one.send_timeout(value, short) {
                Ok(()) => break,
                Err(SendTimeoutError::Timeout(back)) => value = back,
                Err(error) => panic!("{error}"),
            }
        },
        4 => block_on(one.send_async(value)).expect("open"),
        _ => {
            let mut set = Select::new();
            // The same value for each: one of them is sent.
            for channel in &world.channels {
                set.send(channel, value);
            }
            let chosen = set.select().expect("open");
            let to = &world.channels[chosen.index()];
            chosen.send(to).expect("open");
        }
    }
}

/// Receives from one of the channels, in one of many ways. `None`: nothing came in time, or all is
/// over.
fn receive(world: &World, rng: &mut Rng, plain: bool) -> (usize, Option<Value>) {
    let at = rng.below(CHANNELS);
    let one = &world.channels[at];
    let short = Duration::from_micros(rng.below(60) as u64);
    match if plain { 0 } else { rng.below(5) } {
        0 => {
            let [a, b, c, d, e] = &world.channels;
            select! {
                v = <-a => (0, v),
                v = <-b => (1, v),
                v = <-c => (2, v),
                v = <-d => (3, v),
                v = <-e => (4, v),
            }
        }
        1 => (at, one.try_recv().ok()),
        2 => (at, one.recv_timeout(short).ok()),
        3 => (at, block_on(one.recv_async())),
        _ => {
            let mut set = Select::new();
            for channel in &world.channels {
                set.recv(channel);
            }
            match set.select_timeout(short) {
                Ok(chosen) => {
                    let index = chosen.index();
                    (index, chosen.recv(&world.channels[index]))
                }
                Err(_) => (at, None),
            }
        }
    }
}

fn sender(world: &World, who: usize, mut rng: Rng, guest: bool) {
    let mut number = 0;
    while !world.stop.load(Ordering::Relaxed) {
        let plain = !guest && rng.below(4) > 0;
        send(world, (who, number), &mut rng, plain);
        world.sent.fetch_add(1, Ordering::Relaxed);
        number += 1;
        between(world, &mut rng, guest);
    }
}

/// Returns how many it got.
fn receiver(world: &World, mut rng: Rng, guest: bool) -> u64 {
    let mut last = [[None; SENDERS]; CHANNELS];
    let mut received = 0;
    // Until there is nothing left in a closed channel, whichever it is: the main goroutine takes
    // what is left in the others.
    loop {
        let plain = !guest && rng.below(4) > 0;
        match receive(world, &mut rng, plain) {
            (channel, Some((who, number))) => {
                let before = last[channel][who].replace(number);
                assert!(
                    before < Some(number),
                    "channel {channel}: {number} of sender {who} comes after {before:?}"
                );
                received += 1;
            }
            (_, None) if world.channels[0].is_closed() => return received,
            (_, None) => {}
        }
        between(world, &mut rng, guest);
    }
}

fn between(world: &World, rng: &mut Rng, guest: bool) {
    if rng.below(if guest { 4 } else { 64 }) == 0 {
        world.guarded.section(rng.below(4) == 0);
    }
    if guest {
        // Not always there: else no worker is alone for long enough.
        gort::time::sleep(Duration::from_micros(rng.below(400) as u64));
    }
}

fn stress(time: Duration, rng: &Rng) {
    let world = Arc::new(World {
        channels: CAPACITIES.map(Chan::new),
        guarded: Guarded {
            semaphore: Semaphore::new(1),
            under_semaphore: Default::default(),
            mutex: Mutex::new(0),
            sections: AtomicU64::new(0),
        },
        stop: AtomicBool::new(false),
        sent: AtomicU64::new(0),
    });
    let senders = WaitGroup::new();
    let (mut goroutines, mut threads) = (Vec::new(), Vec::new());
    for who in 0..SENDERS {
        let (guest, thread) = (who >= BUSY, who >= BUSY + GUESTS / 2);
        let (for_sender, for_receiver) = (rng.fork(who as u64), rng.fork(100 + who as u64));
        senders.add(1);
        let (mine, done) = (world.clone(), senders.clone());
        let sends = move || {
            sender(&mine, who, for_sender, guest);
            done.done();
        };
        let mine = world.clone();
        let receives = move || receiver(&mine, for_receiver, guest);
        if thread {
            std::thread::spawn(sends);
            threads.push(std::thread::spawn(receives));
        } else {
            go!(sends);
            goroutines.push(go!(receives));
        }
    }
    // One that always looks at all channels: the others may all wait at one where nobody sends.
    let mine = world.clone();
    let mut for_this = rng.fork(200);
    goroutines.push(go!(move || {
        let mut received = 0;
        while let (_, Some(_)) = receive(&mine, &mut for_this, true) {
            received += 1;
        }
        received
    }));
    gort::time::sleep(time);
    world.stop.store(true, Ordering::Relaxed);
    senders.wait();
    world.channels.iter().for_each(Chan::close);
    let mut received: u64 = 0;
    for goroutine in goroutines {
        received += goroutine.join().expect("a receiver that does not panic");
    }
    for thread in threads {
        received += gort::blocking(|| thread.join()).expect("a receiver that does not panic");
    }
    received += world
        .channels
        .iter()
        .map(|channel| channel.try_iter().count() as u64)
        .sum::<u64>();
    let sent = world.sent.load(Ordering::Relaxed);
    assert_eq!(received, sent, "values are lost, or came twice");
    let sections = world.guarded.sections.load(Ordering::Relaxed);
    assert_eq!(*world.guarded.mutex.lock(), sections);
    println!("{sent} values, {sections} sections");
}

fn seconds() -> f64 {
    crate::support::stress::seconds(0.3)
}

fn program() {
    let rng = Rng::new(seed());
    let (begin, time) = (Instant::now(), Duration::from_secs_f64(seconds()));
    let mut round = 0;
    while begin.elapsed() < time {
        let rng = rng.fork(1000 * round);
        gort::run(move || stress(time.min(Duration::from_millis(500)), &rng));
        round += 1;
    }
}

in_every_mode!(program(), patience = 60.0 + 2.0 * seconds());
