//! Thousands of goroutines that panic, call `goexit` or are refused (nobody receives what they
//! send), and whose destructors and `defer!` wait on everything there is to wait on: channels,
//! selects, locks, timers, sockets, other goroutines. Between them run others that do the same
//! without unwinding (GS-6, GS-9, GS-63).
//!
//! * Nobody sees another's unwinding: who does not unwind asserts that around each of its waits,
//!   and who does asserts that it still does after each, however many panics it is in the middle
//!   of.
//! * Whoever is refused ends: nothing behind its send is run.
//! * No mutex of std is poisoned by one that did not panic.
//! * Every value arrives, or is dropped by whoever was refused, once.
//!
//! `GORT_SEED` replays the choices of a run (not its timing), `GORT_STRESS_SECS` sets how long each
//! configuration runs.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread::panicking;
use std::time::{Duration, Instant};

use gort::net::{TcpListener, TcpStream, UnixStream};
use gort::prelude::*;
use gort::runtime::{goexit, gosched};
use gort::sync::{Cond, Mutex, RwLock, Semaphore, WaitGroup};
use gort::time::{after, sleep};

use crate::support::seed::{Rng, seed};
use crate::support::stress::{at_every_worker_count, in_every_mode};

/// So many at most unwind at a time.
const VICTIMS: usize = 150;
const BYSTANDERS: usize = 12;
const SERVERS: usize = 4;
const SOCKETS: usize = 3;

/// What becomes of the values.
#[derive(Default)]
struct Ledger {
    alive: AtomicI64,
    made: AtomicU64,
    arrived: AtomicU64,
    /// Dropped by a send or a select that nobody received from.
    refused: AtomicU64,
    /// How many waits there were in the middle of a panic.
    waits: AtomicU64,
    /// Sends that nobody could receive from, and that returned all the same.
    returned: AtomicU64,
}

/// A value on its way.
struct Token {
    ledger: Arc<Ledger>,
    arrived: bool,
}

impl Token {
    fn arrive(mut self) {
        self.arrived = true;
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let end = if self.arrived {
            &self.ledger.arrived
        } else {
            &self.ledger.refused
        };
        end.fetch_add(1, Ordering::Relaxed);
        self.ledger.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A value, and where the one who took it says so.
type Letter = (Box<Token>, Sender<()>);

/// What everybody waits on.
struct World {
    ledger: Arc<Ledger>,
    inbox: Sender<Letter>,
    basket: Chan<Box<Token>>,
    lock: Mutex<u64>,
    table: RwLock<u64>,
    gate: Semaphore,
    bell: (Mutex<()>, Cond),
    unix: Vec<Mutex<UnixStream>>,
    tcp: Vec<Mutex<TcpStream>>,
    /// Nobody waits with it, and nobody who panics takes it.
    plain: std::sync::Mutex<u64>,
    stop: AtomicBool,
}

impl World {
    fn token(&self) -> Box<Token> {
        self.ledger.made.fetch_add(1, Ordering::Relaxed);
        self.ledger.alive.fetch_add(1, Ordering::Relaxed);
        Box::new(Token {
            ledger: self.ledger.clone(),
            arrived: false,
        })
    }
}

/// A channel that nobody receives from.
fn dead() -> Sender<Box<Token>> {
    gort::channel(0).0
}

fn unwinds() {
    assert!(panicking(), "it waited, and does not unwind any more");
}

#[track_caller]
fn innocent() {
    assert!(!panicking(), "somebody else's panic");
}

/// Both ends of the conversation with a server behind a socket.
fn talk(mut stream: impl Read + Write, number: u64, check: fn()) {
    stream.write_all(&number.to_le_bytes()).expect("an open socket");
    check();
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).expect("an open socket");
    check();
    assert_eq!(u64::from_le_bytes(answer), number);
}

/// A wait of some kind; `check` after every single one.
fn wait(world: &Arc<World>, rng: &mut Rng, check: fn()) {
    let moment = Duration::from_micros(rng.below(200) as u64);
    match rng.below(16) {
        0 => gosched(),
        1 => sleep(moment),
        2 => drop(chan!(<-after(moment))),
        3 => {
            let (took, taken) = gort::channel(rng.below(2));
            chan!(world.inbox <- (world.token(), took));
            check();
            assert_eq!(chan!(<-taken), Some(()));
        }
        4 => {
            let (took, taken) = gort::channel(0);
            let sent = select! {
                world.inbox <- (world.token(), took) => true,
                <-after(moment) => false,
            };
            check();
            if sent {
                select! {
                    Some(()) = <-taken => {}
                    <-after(Duration::from_secs(3600)) => unreachable!("the servers answer"),
                }
            }
        }
        5 => {
            let mut guard = world.lock.lock();
            check();
            *guard += 1;
            gosched();
            check();
        }
        6 if rng.below(2) == 0 => *world.table.write() += 1,
        6 => {
            let guard = world.table.read();
            check();
            sleep(moment);
            std::hint::black_box(*guard);
        }
        7 => {
            let _permit = world.gate.permit(1 + rng.below(2));
            check();
            gosched();
        }
        8 => {
            let mut guard = world.bell.0.lock();
            check();
            world.bell.1.wait_timeout(&mut guard, moment);
        }
        9 => {
            let all = WaitGroup::new();
            for _ in 0..3 {
                all.add(1);
                go!([all] {
                    innocent();
                    gosched();
                    innocent();
                    all.done();
                });
            }
            all.wait();
        }
        10 => talk(&*world.unix[rng.below(SOCKETS)].lock(), rng.next(), check),
        11 => talk(&*world.tcp[rng.below(SOCKETS)].lock(), rng.next(), check),
        12 => {
            let inner = go!({
                innocent();
                sleep(moment);
                innocent();
                7
            });
            assert_eq!(inner.join().expect("it does not panic"), 7);
        }
        13 => {
            chan!(world.basket <- world.token());
            check();
            // As many are received as were sent.
            chan!(<-world.basket).expect("never closed").arrive();
        }
        14 => {
            gort::blocking(|| innocent());
        }
        // A cell of one's own, across a wait: std's mutex is poisoned if one of two looks is
        // another's.
        _ => {
            let own = std::sync::Mutex::new(0);
            let guard = own.lock().expect("new");
            gosched();
            check();
            drop(guard);
            assert!(!own.is_poisoned());
        }
    }
    check();
}

/// Waits when it is dropped, in the middle of a panic; `depth` more panics happen meanwhile.
struct Waits {
    world: Arc<World>,
    rng: Rng,
    depth: usize,
}

impl Drop for Waits {
    fn drop(&mut self) {
        unwinds();
        for _ in 0..1 + self.rng.below(3) {
            wait(&self.world, &mut self.rng, unwinds);
            self.world.ledger.waits.fetch_add(1, Ordering::Relaxed);
        }
        if self.depth > 0 {
            let inner = Waits {
                world: self.world.clone(),
                rng: self.rng.fork(1),
                depth: self.depth - 1,
            };
            let caught = catch_unwind(AssertUnwindSafe(|| {
                let _inner = inner;
                resume_unwind(Box::new(5));
            }));
            assert!(caught.is_err());
            unwinds();
            wait(&self.world, &mut self.rng, unwinds);
        }
        // It cannot end a second time: the value is dropped, and it goes on.
        if self.rng.below(4) == 0 {
            chan!(dead() <- self.world.token());
            unwinds();
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Panics,
    Recovers,
    Exits,
    Refused,
    RefusedInSelect,
}

/// Comes to its fate, and waits while it unwinds.
fn victim(world: Arc<World>, mut rng: Rng, fate: Fate) {
    let depth = rng.below(4).saturating_sub(1);
    let waits = Waits {
        world: world.clone(),
        rng: rng.fork(2),
        depth,
    };
    let mut late = rng.fork(3);
    let watched = world.clone();
    defer! { wait(&watched, &mut late, if fate == Fate::Recovers { innocent } else { unwinds }); }
    if rng.below(2) == 0 {
        wait(&world, &mut rng, innocent);
    }
    match fate {
        Fate::Panics => {
            let _waits = waits;
            if rng.below(2) == 0 {
                panic!("a victim");
            }
            resume_unwind(Box::new("a victim"));
        }
        Fate::Recovers => {
            let caught = gort::recover(|| {
                let _waits = waits;
                panic!("a victim");
            });
            innocent();
            assert_eq!(caught.expect_err("it panicked").message(), "a victim");
            wait(&world, &mut rng, innocent);
        }
        Fate::Exits => {
            let _waits = waits;
            goexit();
        }
        Fate::Refused => {
            let _waits = waits;
            chan!(dead() <- world.token());
            world.ledger.returned.fetch_add(1, Ordering::Relaxed);
        }
        Fate::RefusedInSelect => {
            let _waits = waits;
            let closed = chan!(());
            closed.close();
            let (tx, other) = (dead(), dead());
            select! {
                tx <- world.token() => {}
                other <- world.token() => {}
                Some(()) = <-closed => {}
            }
            world.ledger.returned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Waits like those that unwind, and never sees any of it.
fn bystander(world: Arc<World>, mut rng: Rng) {
    while !world.stop.load(Ordering::Relaxed) {
        wait(&world, &mut rng, innocent);
        let mut guard = world.plain.lock().expect("nobody panics with it");
        *guard += 1;
        innocent();
    }
}

/// Sends everything back.
fn echo(mut stream: impl Read + Write) {
    let mut bytes = [0; 8];
    while stream.read_exact(&mut bytes).is_ok() {
        innocent();
        stream.write_all(&bytes).expect("an open socket");
        innocent();
    }
}

fn sockets() -> (Vec<Mutex<UnixStream>>, Vec<Mutex<TcpStream>>) {
    let unix = (0..SOCKETS).map(|_| {
        let (near, far) = UnixStream::pair().expect("a pair");
        go!(echo(far));
        Mutex::new(near)
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let tcp = (0..SOCKETS).map(|_| {
        let near = TcpStream::connect(address).expect("a listener");
        let (far, _) = listener.accept().expect("a connection");
        go!(echo(far));
        Mutex::new(near)
    });
    (unix.collect(), tcp.collect())
}

/// One run; panics with what went wrong.
fn stress(time: Duration, mut rng: Rng) {
    let (inbox, letters) = gort::channel::<Letter>(0);
    let (unix, tcp) = sockets();
    let world = Arc::new(World {
        ledger: Arc::default(),
        inbox,
        basket: chan!(Box<Token>, 3),
        lock: Mutex::new(0),
        table: RwLock::new(0),
        gate: Semaphore::new(2),
        bell: (Mutex::new(()), Cond::new()),
        unix,
        tcp,
        plain: std::sync::Mutex::new(0),
        stop: AtomicBool::new(false),
    });
    let ledger = world.ledger.clone();
    let servers: Vec<_> = (0..SERVERS)
        .map(|_| {
            go!([letters] {
                for (token, took) in letters {
                    innocent();
                    token.arrive();
                    chan!(took <- ());
                    innocent();
                }
            })
        })
        .collect();
    let bystanders: Vec<_> = (0..BYSTANDERS)
        .map(|i| go!(bystander(world.clone(), rng.fork(i as u64))))
        .collect();

    let (begin, mut victims, mut ended) = (Instant::now(), VecDeque::new(), 0);
    let mut end = |(fate, handle): (Fate, JoinHandle<()>)| {
        innocent();
        let result = handle.join();
        innocent();
        ended += 1;
        let expected = match fate {
            Fate::Recovers => result.is_ok(),
            Fate::Panics => matches!(&result, Err(gort::JoinError::Panicked(p)) if p.message() == "a victim"),
            _ => matches!(result, Err(gort::JoinError::Goexit)),
        };
        assert!(expected, "{fate:?}: {result:?}");
    };
    while begin.elapsed() < time {
        let fate = [
            Fate::Panics,
            Fate::Recovers,
            Fate::Exits,
            Fate::Refused,
            Fate::RefusedInSelect,
        ][rng.below(5)];
        let (world, rng) = (world.clone(), rng.fork(rng.clone().next()));
        victims.push_back((fate, go!(victim(world, rng, fate))));
        if victims.len() > VICTIMS {
            victims.drain(..VICTIMS / 2).for_each(&mut end);
        }
    }
    victims.into_iter().for_each(&mut end);
    world.stop.store(true, Ordering::Relaxed);
    for one in bystanders {
        one.join().expect("a bystander");
    }
    assert!(!world.plain.is_poisoned());
    let World { basket, .. } = &*world;
    assert!(basket.is_empty());
    drop(world);
    for one in servers {
        one.join().expect("a server");
    }
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (made, arrived, refused) = (read(&ledger.made), read(&ledger.arrived), read(&ledger.refused));
    assert_eq!(made, arrived + refused);
    assert_eq!(
        ledger.alive.load(Ordering::Relaxed),
        0,
        "tokens that nobody dropped"
    );
    assert_eq!(
        read(&ledger.returned),
        0,
        "a send that nobody receives from returned"
    );
    println!(
        "{ended} ended, {} waits in a panic, {made} values",
        read(&ledger.waits)
    );
}

fn seconds() -> f64 {
    crate::support::stress::seconds(0.7)
}

fn program(seconds: f64) {
    let rng = Rng::new(seed());
    gort::run(move || stress(Duration::from_secs_f64(seconds), rng));
}

in_every_mode!(program(seconds()), patience = 120.0 + 2.0 * seconds());

#[test]
fn never_favoured() {
    at_every_worker_count("stealing", "off", 120.0 + 2.0 * seconds(), |child| {
        child.run(|| program(seconds()))
    });
}
