//! Snapshots of all goroutines: what is said of each, in every state.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use gort::debug::{self, Goroutine, ObjectKind, Snapshot, Status};
use gort::prelude::*;
use gort::runtime::WaitReason;
use gort::{JoinHandle, SpawnOptions};

/// A gate that goroutines wait at.
#[derive(Clone)]
struct Gate(Chan<()>);

impl Gate {
    fn new() -> Gate {
        Gate(chan!(()))
    }

    #[inline(never)]
    fn pass_the_gate(&self) {
        chan!(<-self.0);
        std::hint::black_box(self);
    }

    fn open(&self, times: usize) {
        (0..times).for_each(|_| chan!(self.0 <- ()));
    }
}

#[inline(never)]
fn first_way(gate: &Gate) {
    // The two are not the same, or they might be made one.
    gate.pass_the_gate();
    std::hint::black_box(1);
}

#[inline(never)]
fn second_way(gate: &Gate) {
    gate.pass_the_gate();
    std::hint::black_box(2);
}

#[inline(never)]
fn third_way(gate: &Gate) {
    gate.pass_the_gate();
    std::hint::black_box(3);
}

/// Looks until `is_so` finds what it looks for.
fn look_until<T>(mut is_so: impl FnMut(&Snapshot) -> Option<T>) -> T {
    loop {
        if let Some(found) = is_so(&debug::goroutines()) {
            return found;
        }
        thread::yield_now();
    }
}

fn waiting<T>(handle: &JoinHandle<T>) -> Goroutine {
    look_until(|all| {
        let found = all.get(handle.id())?;
        matches!(found.status(), Status::Waiting(_)).then(|| found.clone())
    })
}

fn calls(goroutine: &Goroutine, function: &str) -> bool {
    let frames = goroutine.frames();
    frames
        .iter()
        .any(|frame| frame.function().is_some_and(|name| name.contains(function)))
}

/// Two that wait at the same line of one helper are told apart by who called it.
#[test]
fn parked() {
    let gate = Gate::new();
    let (one, other) = (gate.clone(), gate.clone());
    let one = SpawnOptions::new().name("one").go(move || first_way(&one));
    let other = go!(move || second_way(&other));
    let (seen, beside) = (waiting(&one), waiting(&other));
    assert_eq!(seen.name(), Some("one"));
    assert_eq!(seen.status(), Status::Waiting(WaitReason::ChanReceive));
    assert_eq!(seen.waits_on(), beside.waits_on());
    assert_eq!(seen.waits_on()[0].kind(), ObjectKind::Channel);
    assert_eq!(seen.creator(), None);
    assert!(seen.spawn_site().file().ends_with("main.rs"));
    assert!(calls(&seen, "first_way") && !calls(&seen, "second_way"), "{seen}");
    assert!(
        calls(&beside, "second_way") && !calls(&beside, "first_way"),
        "{beside}"
    );
    let innermost = &seen.frames()[0];
    assert!(
        innermost
            .function()
            .is_some_and(|name| name.contains("pass_the_gate")),
        "{seen}"
    );
    assert!(
        innermost
            .file()
            .is_some_and(|file| file.ends_with("debug/main.rs")),
        "{seen}"
    );
    assert!(seen.stack_used() > 0 && seen.stack_used() < seen.stack_size());
    gate.open(2);
    one.join().unwrap();
    other.join().unwrap();
}

#[test]
fn waits_are_timed() {
    let gate = Gate::new();
    let at = gate.clone();
    let begun = Instant::now();
    let waits = go!(move || at.pass_the_gate());
    let first = waiting(&waits).waiting_for().unwrap();
    let pause = Duration::from_millis(100);
    thread::sleep(pause);
    let second = waiting(&waits).waiting_for().unwrap();
    assert!(second >= first + pause, "{first:?}, {second:?}");
    // The clock with which it is noted may be behind, by what the monitor was late.
    assert!(second < begun.elapsed() + Duration::from_secs(60), "{second:?}");
    gate.open(1);
    waits.join().unwrap();
}

#[test]
fn those_that_run_and_those_that_could() {
    let stop = Arc::new(AtomicBool::new(false));
    #[inline(never)]
    fn computes(stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    }
    let runs = Arc::clone(&stop);
    let runs = go!(move || computes(&runs));
    let yields = Arc::clone(&stop);
    let yields = go!(move || {
        while !yields.load(Ordering::Relaxed) {
            gort::runtime::gosched();
        }
    });
    let seen = look_until(|all| {
        let found = all.get(runs.id())?;
        (found.status() == Status::Running && !found.frames().is_empty()).then(|| found.clone())
    });
    assert!(calls(&seen, "computes"), "{seen}");
    look_until(|all| (all.get(yields.id())?.waiting_for().is_none()).then_some(()));
    stop.store(true, Ordering::Relaxed);
    runs.join().unwrap();
    yields.join().unwrap();
}

/// From a thread while all workers are stuck in the kernel or compute, and by a goroutine that sees
/// itself.
#[test]
fn while_nobody_is_free() {
    let (to, from) = mpsc::channel::<()>();
    let from = Arc::new(std::sync::Mutex::new(from));
    let stuck: Vec<_> = (0..gort::runtime::max_procs() + 2)
        .map(|_| {
            let from = Arc::clone(&from);
            go!(move || {
                let _ = from.lock().unwrap().recv();
            })
        })
        .collect();
    let ids: Vec<u64> = stuck.iter().map(JoinHandle::id).collect();
    let all = debug::goroutines();
    assert!(ids.iter().all(|id| all.get(*id).is_some()), "{all}");
    drop(to);
    stuck.into_iter().for_each(|handle| handle.join().unwrap());

    #[inline(never)]
    fn looks_at_itself() -> Snapshot {
        std::hint::black_box(debug::goroutines())
    }
    let looks = go!(|| go!(looks_at_itself()));
    let creator = looks.id();
    let inner = looks.join().unwrap();
    let id = inner.id();
    let all = inner.join().unwrap();
    let seen = all.get(id).unwrap();
    assert_eq!(seen.status(), Status::Running);
    assert_eq!(seen.creator(), Some(creator));
    assert!(calls(seen, "looks_at_itself"), "{seen}");
}

/// While they come, go and wait, whoever is said to wait in a function does.
#[test]
fn while_they_run() {
    let stop = Arc::new(AtomicBool::new(false));
    let gate = Gate::new();
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (gate, stop) = (gate.clone(), Arc::clone(&stop));
            go!(move || {
                while !stop.load(Ordering::Relaxed) {
                    let inner = gate.clone();
                    let child = go!(move || first_way(&inner));
                    gate.open(1);
                    child.join().unwrap();
                }
            })
        })
        .collect();
    let mut seen = 0;
    for _ in 0..200 {
        for goroutine in &debug::goroutines() {
            if goroutine.status() == Status::Waiting(WaitReason::ChanReceive)
                && goroutine
                    .waits_on()
                    .first()
                    .is_some_and(|object| object.kind() == ObjectKind::Channel)
                && !goroutine.frames().is_empty()
                && goroutine.creator().is_some()
            {
                seen += 1;
                assert!(calls(goroutine, "pass_the_gate"), "{goroutine}");
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    workers.into_iter().for_each(|handle| handle.join().unwrap());
    eprintln!("{seen} looked at while they waited");
}

#[test]
fn texts() {
    let gate = Gate::new();
    let many: Vec<_> = (0..3)
        .map(|_| {
            let gate = gate.clone();
            SpawnOptions::new()
                .name("many \"\\ \n")
                .go(move || third_way(&gate))
        })
        .collect();
    many.iter().for_each(|handle| drop(waiting(handle)));
    let all = debug::goroutines();
    let text = all.to_string();
    let id = many[0].id();
    let head = format!("goroutine {id} \"many \\\"\\\\ \\n\" [chan receive]:\n");
    assert!(text.contains(&head), "{text}");
    assert!(text.contains("third_way(...)\n\t"), "{text}");
    assert!(
        text.contains("created by go! outside of goroutines\n\t"),
        "{text}"
    );
    let grouped = all.grouped().to_string();
    assert!(
        grouped.starts_with(&format!("goroutine profile: total {}\n", all.len())),
        "{grouped}"
    );
    assert!(grouped.contains("3 @ 0x"), "{grouped}");
    gate.open(3);
    many.into_iter().for_each(|handle| handle.join().unwrap());
}

/// What each kind of wait is said to be for.
#[test]
fn objects() {
    use gort::sync::{Mutex, RwLock, WaitGroup};

    fn object_of<T>(handle: &JoinHandle<T>) -> (ObjectKind, usize) {
        let seen = waiting(handle);
        let [object] = seen.waits_on() else {
            panic!("one object: {seen}")
        };
        let text = format!("{} {:#x}", object.kind().as_str(), object.number());
        assert!(object.to_string().starts_with(&text), "{object}");
        (object.kind(), object.number())
    }
    let (lock, rwlock, group) = (
        Arc::new(Mutex::new(())),
        Arc::new(RwLock::new(())),
        WaitGroup::new(),
    );
    let (held, written) = (lock.lock(), rwlock.write());
    group.add(1);
    let locks: Vec<_> = (0..2)
        .map(|_| {
            let lock = Arc::clone(&lock);
            go!(move || drop(lock.lock()))
        })
        .collect();
    let reads = {
        let rwlock = Arc::clone(&rwlock);
        go!(move || drop(rwlock.read()))
    };
    let waits = {
        let group = group.clone();
        go!(move || group.wait())
    };
    let channel = chan!(u32);
    let sends = {
        let tx = channel.tx();
        go!(move || chan!(tx <- 1))
    };
    assert_eq!(object_of(&locks[0]), object_of(&locks[1]));
    assert_eq!(object_of(&locks[0]).0, ObjectKind::Mutex);
    assert_eq!(object_of(&reads).0, ObjectKind::RwLock);
    assert_eq!(object_of(&waits).0, ObjectKind::WaitGroup);
    assert_eq!(object_of(&sends).0, ObjectKind::Channel);
    drop((held, written));
    group.done();
    assert_eq!(chan!(<-channel), Some(1));
    locks.into_iter().for_each(|handle| handle.join().unwrap());
    reads.join().unwrap();
    waits.join().unwrap();
    sends.join().unwrap();
}
