//! Who is said to be stuck, how surely, and on what: programs that are, and programs that only look so.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gort::JoinHandle;
use gort::debug::{self, Certainty, ObjectKind};
use gort::prelude::*;
use gort::sync::{Cond, Mutex, WaitGroup};

mod leaks;
mod only_look_so;

/// What is said of a goroutine as soon as somebody says this much.
fn said_of(id: u64, at_least: Certainty) -> String {
    loop {
        let stuck = debug::stuck(Duration::ZERO);
        if let Some(found) = stuck.get(id)
            && found.certainty() >= at_least
        {
            println!("{}: {found}", found.certainty());
            return found.to_string();
        }
        thread::yield_now();
    }
}

fn certain<T>(handle: &JoinHandle<T>) -> String {
    said_of(handle.id(), Certainty::Certain)
}

fn likely<T>(handle: &JoinHandle<T>) -> String {
    said_of(handle.id(), Certainty::Likely)
}

/// Runs the test in a process of its own, unless this is that: what other tests have left in memory might be taken for handles. Whether
/// it was run there.
fn ran_alone(test: &str) -> bool {
    const ALONE: &str = "GORT_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return false;
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let status = command.args(["--exact", test]).env(ALONE, "1").status().unwrap();
    assert!(status.success(), "{test}: {status}");
    true
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn two_locks_in_two_orders() {
    if ran_alone("two_locks_in_two_orders") {
        return;
    }
    let a = Arc::new(Mutex::named("a", 0));
    let b = Arc::new(Mutex::named("b", 0));
    let both = Arc::new(gort::sync::Barrier::new(2));
    let cross = |first: &Arc<Mutex<i32>>, second: &Arc<Mutex<i32>>| {
        let (first, second, both) = (first.clone(), second.clone(), both.clone());
        go!(move || {
            let _first = first.lock();
            both.wait();
            *second.lock() += 1;
        })
    };
    let (one, other) = (cross(&a, &b), cross(&b, &a));
    let (first, second) = (certain(&one), certain(&other));
    let names = [&one, &other].map(|handle| format!("goroutine {}", handle.id()));
    let holds = format!("{} holds it", names[1]);
    assert_says(
        &first,
        &[
            "waits to lock mutex \"b\"",
            &holds,
            "waits to lock mutex \"a\"",
            "tests/stuck/main.rs",
        ],
    );
    assert_says(
        &second,
        &["waits to lock mutex \"a\"", "waits to lock mutex \"b\""],
    );
    let graph = debug::wait_graph().to_string();
    assert_says(
        &graph,
        &["waits on mutex \"a\"", "mutex \"a\" is held by goroutine"],
    );
}

/// `GORT_WATCH` prints it, once.
#[test]
fn watched() {
    const CHILD: &str = "GORT_TEST_WATCHED";
    if std::env::var_os(CHILD).is_some() {
        let handle = go!({
            let mutex = Mutex::named("watched", 1);
            let _first = mutex.lock();
            let _second = mutex.lock();
        });
        certain(&handle);
        // The watch looks several times more.
        thread::sleep(Duration::from_secs(1));
        return;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "watched", "--nocapture"])
        .env(CHILD, "1")
        .env("GORT_WATCH", "30ms")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let said = text.matches("stuck, certain: goroutine").count();
    assert_eq!(said, 1, "{text}");
    assert_says(
        &text,
        &["waits to lock mutex \"watched\"", "it holds that itself"],
    );
}

#[test]
fn a_lock_taken_twice() {
    if ran_alone("a_lock_taken_twice") {
        return;
    }
    let handle = go!({
        let mutex = Mutex::named("mine", 1);
        let _first = mutex.lock();
        let _second = mutex.lock();
    });
    assert_says(
        &certain(&handle),
        &["waits to lock mutex \"mine\"", "it holds that itself"],
    );
}

#[test]
fn nobody_can_wake_a_nil_channel() {
    if ran_alone("nobody_can_wake_a_nil_channel") {
        return;
    }
    let handle = go!({
        let nil = None::<Receiver<u8>>;
        select! { _ = <-nil => {} }
    });
    assert_says(&certain(&handle), &["nothing can ever wake it"]);
}

#[test]
fn two_that_join_each_other() {
    if ran_alone("two_that_join_each_other") {
        return;
    }
    let (to_one, to_other) = (chan!(JoinHandle<()>, 1), chan!(JoinHandle<()>, 1));
    let (rx_one, rx_other) = (to_one.rx(), to_other.rx());
    let one = go!(move || {
        let other = chan!(<-rx_one).unwrap();
        drop(rx_one);
        let _ = other.join();
    });
    let id = one.id();
    let other = go!(move || {
        let one = chan!(<-rx_other).unwrap();
        drop(rx_other);
        let _ = one.join();
    });
    chan!(to_one <- other);
    chan!(to_other <- one);
    assert_says(&said_of(id, Certainty::Certain), &["waits for goroutine"]);
}

#[test]
fn a_member_that_waits_for_its_scope() {
    if ran_alone("a_member_that_waits_for_its_scope") {
        return;
    }
    let handle = go!({
        let mutex = &Mutex::new(0);
        let _held = mutex.lock();
        gort::scope(|s| {
            s.spawn(|| *mutex.lock() += 1);
        });
    });
    assert_says(&certain(&handle), &["its member goroutine", "holds"]);
}

#[test]
fn what_a_select_waits_on() {
    let (one, other) = (chan!(u8).named("one"), chan!(u16));
    let (rx_one, rx_other) = (one.rx(), other.rx());
    let handle = go!(move || select! {
        _ = <-rx_one => {}
        _ = <-rx_other => {}
    });
    let id = handle.id();
    let objects = loop {
        let all = debug::goroutines();
        match all.get(id) {
            Some(goroutine) if goroutine.waits_on().len() == 2 => break goroutine.waits_on().to_vec(),
            _ => thread::yield_now(),
        }
    };
    assert!(objects.iter().all(|object| object.kind() == ObjectKind::Channel));
    assert!(objects.iter().any(|object| object.name() == Some("one")));
    let plain = objects.iter().find(|object| object.name().is_none()).unwrap();
    assert_says(&plain.to_string(), &["of u16", "made at", "tests/stuck/main.rs"]);
    assert!(plain.made_at().unwrap().file().ends_with("tests/stuck/main.rs"));
    chan!(one <- 1);
    handle.join().unwrap();
    drop(other);
}

#[test]
fn every_primitive_says_its_name() {
    let cond = Arc::new((Mutex::new(()), Cond::named("changed")));
    let wg = WaitGroup::named("workers");
    wg.add(1);
    let slots = Arc::new(gort::sync::Semaphore::named("slots", 1));
    slots.acquire(1);
    let gate = Arc::new(gort::sync::Barrier::named("gate", 2));
    let table = Arc::new(gort::sync::RwLock::named("table", 0));
    let writing = table.write();
    let ids = [
        go!([cond] { cond.1.wait(&mut cond.0.lock()) }).id(),
        go!([wg] wg.wait()).id(),
        go!([slots] slots.acquire(1)).id(),
        go!([gate] { gate.wait(); }).id(),
        go!([table] { let _ = *table.read(); }).id(),
    ];
    let names = ["changed", "workers", "slots", "gate", "table"];
    for (id, name) in ids.into_iter().zip(names) {
        loop {
            let all = debug::goroutines();
            let objects = all.get(id).map(|goroutine| goroutine.waits_on().to_vec());
            if let Some([object]) = objects.as_deref() {
                assert_eq!(object.name(), Some(name));
                break;
            }
            thread::yield_now();
        }
    }
    drop(writing);
    cond.1.notify_all();
    wg.done();
    slots.release(1);
    gate.wait();
}
