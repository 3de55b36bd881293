//! Programs that only look stuck: nobody is said to be so for certain, since everybody goes on in the end.

use super::*;
use std::sync::OnceLock;
use std::sync::mpsc;

/// Looks at it several times while it waits.
#[track_caller]
pub(super) fn never_certain(id: u64) {
    let mut seen = 0;
    while seen < 3 {
        let waits = debug::goroutines_without_frames()
            .get(id)
            .is_some_and(|goroutine| matches!(goroutine.status(), debug::Status::Waiting(_)));
        if waits {
            seen += 1;
            let stuck = debug::stuck(Duration::ZERO);
            if let Some(found) = stuck.get(id) {
                assert!(found.certainty() < Certainty::Certain, "{found}");
            }
        }
        thread::yield_now();
    }
}

#[track_caller]
fn goes_on(handle: JoinHandle<()>, wake: impl FnOnce()) {
    never_certain(handle.id());
    wake();
    handle.join().unwrap();
}

#[test]
fn a_channel_in_a_static() {
    static CHANNEL: OnceLock<Chan<u8>> = OnceLock::new();
    let handle = go!({
        chan!(<-CHANNEL.get_or_init(|| chan!(u8)));
    });
    goes_on(handle, || chan!(CHANNEL.get_or_init(|| chan!(u8)) <- 1));
}

#[test]
fn a_sender_in_a_static() {
    static SENDER: OnceLock<Sender<u8>> = OnceLock::new();
    let (tx, rx) = gort::channel(0);
    SENDER.set(tx).unwrap();
    let handle = go!(move || {
        chan!(<-rx);
    });
    goes_on(handle, || chan!(SENDER.get().unwrap() <- 1));
}

#[test]
fn a_sender_in_another_thread() {
    let (tx, rx) = gort::channel(0);
    let (go_on, wait) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        wait.recv().unwrap();
        chan!(tx <- 1);
    });
    let handle = go!(move || {
        chan!(<-rx);
    });
    goes_on(handle, || go_on.send(()).unwrap());
    thread.join().unwrap();
}

#[test]
fn a_sender_in_a_box() {
    let (tx, rx) = gort::channel(0);
    let boxed = Box::new(tx);
    let handle = go!(move || {
        chan!(<-rx);
    });
    goes_on(handle, || chan!(*boxed <- 1));
}

#[test]
fn a_sender_that_was_leaked() {
    let (tx, rx) = gort::channel(0);
    let leaked: &'static Sender<u8> = Box::leak(Box::new(tx));
    let handle = go!(move || {
        chan!(<-rx);
    });
    goes_on(handle, || chan!(leaked <- 1));
}

#[test]
fn a_sender_among_many_in_a_vector() {
    let (tx, rx) = gort::channel(0);
    let many: Vec<Sender<u8>> = (0..100).map(|_| tx.clone()).collect();
    drop(tx);
    let handle = go!(move || {
        chan!(<-rx);
    });
    goes_on(handle, || chan!(many[57] <- 1));
}

#[test]
fn a_sender_in_a_timers_call() {
    let (tx, rx) = gort::channel(0);
    let timer = gort::time::after_func(Duration::from_secs(3600), move || chan!(tx <- 1));
    let handle = go!(move || {
        chan!(<-rx);
    });
    goes_on(handle, || {
        timer.reset(Duration::ZERO);
    });
}

#[test]
fn a_sender_behind_an_arc() {
    let (tx, rx) = gort::channel(0);
    let (ours, theirs) = (Arc::new(tx), Arc::new(rx));
    let kept = ours.clone();
    let handle = go!(move || {
        theirs.recv();
        drop(ours);
    });
    goes_on(handle, || kept.send(1).unwrap());
}

#[test]
fn a_sender_in_another_channel() {
    let (tx, rx) = gort::channel(0);
    let post = chan!(Sender<u8>, 1);
    chan!(post <- tx);
    let handle = go!(move || {
        chan!(<-rx);
    });
    goes_on(handle, || {
        let tx = chan!(<-post).unwrap();
        chan!(tx <- 1);
    });
}

#[test]
fn a_sender_that_a_sleeper_has() {
    let (tx, rx) = gort::channel(0);
    let sleeper = go!(move || {
        gort::time::sleep(Duration::from_millis(300));
        let _ = tx.send(1);
    });
    let handle = go!(move || {
        chan!(<-rx);
    });
    never_certain(handle.id());
    sleeper.join().unwrap();
    handle.join().unwrap();
}

#[test]
fn a_receiver_with_a_time_limit() {
    let ch = chan!(u8);
    let handle = go!(move || {
        let _ = ch.recv_timeout(Duration::from_millis(300));
    });
    never_certain(handle.id());
    handle.join().unwrap();
}

#[test]
fn a_select_with_a_timer() {
    let ch = chan!(u8);
    let handle = go!(move || select! {
        _ = <-ch => {}
        _ = <-gort::time::after(Duration::from_millis(300)) => {}
    });
    never_certain(handle.id());
    handle.join().unwrap();
}

#[test]
fn a_mutex_that_a_thread_holds() {
    let mutex = Arc::new(Mutex::new(0));
    let held = mutex.lock();
    let handle = go!([mutex] { *mutex.lock() += 1 });
    goes_on(handle, || drop(held));
}

#[test]
fn a_mutex_whose_holder_sleeps() {
    let mutex = Arc::new(Mutex::new(0));
    let (says, locked) = mpsc::channel();
    let holder = go!([mutex] {
        let _held = mutex.lock();
        says.send(()).unwrap();
        gort::time::sleep(Duration::from_millis(300));
    });
    locked.recv().unwrap();
    let handle = go!([mutex] { *mutex.lock() += 1 });
    never_certain(handle.id());
    holder.join().unwrap();
    handle.join().unwrap();
}

/// The guard lies on the heap, where another goroutine takes it from: the one that locked waits for itself only seemingly.
#[test]
fn a_guard_that_was_put_away() {
    static MUTEX: Mutex<u8> = Mutex::new(0);
    static GUARD: Mutex<Option<gort::sync::MutexGuard<'static, u8>>> = Mutex::new(None);
    let handle = go!({
        *GUARD.lock() = Some(MUTEX.lock());
        *MUTEX.lock() += 1;
    });
    goes_on(handle, || drop(GUARD.lock().take()));
}

#[test]
fn a_guard_that_was_sent_away() {
    static MUTEX: Mutex<u8> = Mutex::new(0);
    let post = chan!(gort::sync::MutexGuard<'static, u8>, 1);
    let handle = go!([post] {
        chan!(post <- MUTEX.lock());
        *MUTEX.lock() += 1;
    });
    goes_on(handle, || drop(chan!(<-post)));
}

#[test]
fn a_guard_that_another_goroutine_drops() {
    let mutex = Arc::new(Mutex::new(0));
    let gate = chan!(());
    let guard = Mutex::lock_owned(&mutex);
    let holder = go!([rx = gate.rx()] {
        chan!(<-rx);
        drop(guard);
    });
    let handle = go!([mutex] { *mutex.lock() += 1 });
    never_certain(handle.id());
    chan!(gate <- ());
    holder.join().unwrap();
    handle.join().unwrap();
}

#[test]
fn a_join_of_one_that_waits_for_us() {
    let gate = chan!(());
    let waits = go!([rx = gate.rx()] { chan!(<-rx); });
    let handle = go!(move || waits.join().unwrap());
    goes_on(handle, || chan!(gate <- ()));
}

#[test]
fn a_scope_whose_member_waits_for_us() {
    let gate = chan!(());
    let rx = gate.rx();
    let handle = go!(move || {
        gort::scope(|s| {
            s.spawn(|| {
                chan!(<-rx);
            });
        });
    });
    goes_on(handle, || chan!(gate <- ()));
}

#[test]
fn a_wait_group_that_a_thread_has() {
    let wg = WaitGroup::new();
    wg.add(1);
    let handle = go!([wg] wg.wait());
    goes_on(handle, || wg.done());
}

#[test]
fn a_joined_member_that_receives() {
    let (tx, rx) = gort::channel::<u8>(0);
    let handle = go!(move || {
        gort::scope(|s| {
            s.spawn(|| chan!(<-rx)).join().unwrap();
        });
    });
    goes_on(handle, || chan!(tx <- 1));
}
