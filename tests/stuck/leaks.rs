//! The patterns in which goroutines of Go leak, as small programs: what is said of each. Some end by themselves here.

use super::*;

/// Nobody closes the channel: who ranges over it can send on it too.
#[test]
fn range_never_closed() {
    if ran_alone("leaks::range_never_closed") {
        return;
    }
    let ch = chan!(u8).named("values");
    let sender = ch.tx();
    let handle = go!(move || for _ in &ch {});
    chan!(sender <- 1);
    drop(sender);
    let text = likely(&handle);
    assert_says(
        &text,
        &[
            "waits to receive from channel \"values\"",
            "all that can send on it is held by",
            "itself",
        ],
    );
}

/// One value is received, two are sent.
#[test]
fn double_send() {
    if ran_alone("leaks::double_send") {
        return;
    }
    let ch = chan!(u8);
    let mine = ch.clone();
    let handle = go!(move || {
        chan!(mine <- 1);
        chan!(mine <- 2);
    });
    chan!(<-ch);
    drop(ch);
    assert_says(
        &likely(&handle),
        &[
            "waits to send on channel",
            "all that can receive from it is held by",
        ],
    );
}

/// Who should receive has returned early: the senders end.
#[test]
fn early_return() {
    if ran_alone("leaks::early_return") {
        return;
    }
    let ch = chan!(u8);
    let handle = go!([tx = ch.tx()] chan!(tx <- 1));
    drop(ch);
    assert!(handle.join().is_err());
}

/// Several send, the first counts.
#[test]
fn n_cast() {
    if ran_alone("leaks::n_cast") {
        return;
    }
    let ch = chan!(usize);
    let handles: Vec<_> = (0..3).map(|i| go!([ch] chan!(ch <- i))).collect();
    chan!(<-ch);
    drop(ch);
    let left = handles.iter().filter(|handle| !handle.is_finished()).count();
    assert!(left >= 2);
    let mut found = 0;
    while found < 2 {
        let stuck = debug::stuck(Duration::ZERO);
        let likely = |handle: &&JoinHandle<()>| {
            stuck
                .get(handle.id())
                .is_some_and(|found| found.certainty() >= Certainty::Likely)
        };
        found = handles.iter().filter(likely).count();
        thread::yield_now();
    }
}

/// Who waits with a time limit goes away: the sender ends.
#[test]
fn timeout_with_unbuffered_send() {
    if ran_alone("leaks::timeout_with_unbuffered_send") {
        return;
    }
    let ch = chan!(u8);
    let never = chan!(());
    let handle = go!([tx = ch.tx(), rx = never.rx()] { chan!(<-rx); chan!(tx <- 1) });
    let rx = ch.rx();
    drop(ch);
    select! {
        _ = <-rx => unreachable!(),
        _ = <-gort::time::after(Duration::from_millis(1)) => {}
    }
    drop(rx);
    drop(never);
    assert!(handle.join().is_err());
}

/// A worker that only `stop` ends, which nobody calls: it ends with the worker's last owner.
#[test]
fn contract_violation() {
    if ran_alone("leaks::contract_violation") {
        return;
    }
    struct Worker {
        _stop: Sender<()>,
    }
    let stop = chan!(());
    let rx = stop.rx();
    let handle = go!(move || {
        chan!(<-rx);
    });
    drop(Worker { _stop: stop.tx() });
    drop(stop);
    handle.join().unwrap();
}

/// Who locked has forgotten to unlock, and is gone.
#[test]
fn forgotten_unlock() {
    if ran_alone("leaks::forgotten_unlock") {
        return;
    }
    let handle = go!({
        let mutex = Arc::new(Mutex::named("forgotten", 0));
        let locks = go!([mutex] {
            std::mem::forget(mutex.lock());
        });
        locks.join().unwrap();
        *mutex.lock() += 1;
    });
    let found = loop {
        let stuck = debug::stuck(Duration::ZERO);
        match stuck.get(handle.id()) {
            Some(found) if found.to_string().contains("forgotten") && found.certainty() > Certainty::Old => {
                break found.certainty();
            }
            _ => thread::yield_now(),
        }
    };
    assert!(found >= Certainty::Likely);
}

/// The signal came before the wait.
#[test]
fn missed_signal() {
    if ran_alone("leaks::missed_signal") {
        return;
    }
    let handle = go!({
        let (mutex, cond) = (Mutex::new(()), Cond::named("ready"));
        cond.notify_one();
        cond.wait(&mut mutex.lock());
    });
    assert_says(&likely(&handle), &["waits for cond \"ready\""]);
}

/// Two are counted, one is done.
#[test]
fn wait_group_miscount() {
    if ran_alone("leaks::wait_group_miscount") {
        return;
    }
    let handle = go!({
        let wg = WaitGroup::named("pair");
        wg.add(2);
        let one = go!([wg] wg.done());
        one.join().unwrap();
        wg.wait();
    });
    let text = loop {
        let text = likely(&handle);
        if text.contains("pair") {
            break text;
        }
    };
    assert_says(&text, &["waits for wait group \"pair\""]);
}

/// Each waits for a value that the other would send later.
#[test]
fn cycle_through_two_channels() {
    if ran_alone("leaks::cycle_through_two_channels") {
        return;
    }
    let (to_one, to_other) = (chan!(u8).named("to one"), chan!(u8).named("to other"));
    let one = go!([rx = to_one.rx(), tx = to_other.tx()] { chan!(<-rx); chan!(tx <- 1) });
    let other = go!([rx = to_other.rx(), tx = to_one.tx()] { chan!(<-rx); chan!(tx <- 1) });
    drop((to_one, to_other));
    let (one, other) = (likely(&one), likely(&other));
    assert_says(&one, &["waits to receive from channel \"to one\"", "stuck too"]);
    assert_says(
        &other,
        &["waits to receive from channel \"to other\"", "stuck too"],
    );
}

/// Somebody could still cancel it: nothing is certain.
#[test]
fn context_never_cancelled() {
    if ran_alone("leaks::context_never_cancelled") {
        return;
    }
    let (ctx, cancel) = gort::context::with_cancel(gort::context::background());
    let handle = go!([ctx] { chan!(<-ctx.done()); });
    only_look_so::never_certain(handle.id());
    cancel.cancel();
    handle.join().unwrap();
}
