//! Selects that need no second thread, and the builder's rules.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use crate::macro_support::{DEFAULT, ELSE, recv_arm, recv_some_arm, select, send_arm};
use crate::{
    Chan, Receiver, Select, SelectError, SelectTimeoutError, SendError, Sender, TrySelectError, channel,
};

#[test]
fn the_ready_arm_is_performed_and_no_other() {
    let (full, empty) = (Chan::<u32>::new(1), Chan::<u32>::new(1));
    full.send(1).unwrap();
    for biased in [true, false] {
        let (mut a, mut b, mut c) = (recv_arm(&empty), send_arm(&full, 2), recv_arm(&full));
        assert_eq!(select([&mut a, &mut b, &mut c], biased, false, false), 2);
        assert_eq!(c.take(), Some(1));
        full.send(1).unwrap();
    }
    assert_eq!((full.len(), empty.len()), (1, 0));
}

#[test]
fn default_only_if_nothing_is_ready() {
    let ch = Chan::<u8>::new(1);
    let mut a = recv_arm(&ch);
    assert_eq!(select([&mut a], false, true, false), DEFAULT);
    let (mut a, mut b) = (recv_arm(&ch), recv_arm(&ch));
    assert_eq!(select([&mut a, &mut b], false, true, true), DEFAULT);
    assert_eq!(select([], false, true, false), DEFAULT);
}

#[test]
fn else_comes_before_default() {
    let (tx, rx) = channel::<u8>(0);
    drop(tx);
    let mut a = recv_some_arm(&rx);
    assert_eq!(select([&mut a], false, true, true), ELSE);
    let mut a = recv_some_arm(&rx);
    assert_eq!(select([&mut a], false, true, false), DEFAULT);
    assert_eq!(select([], false, false, true), ELSE);

    let (tx, rx) = channel(1);
    drop(rx);
    let mut a = send_arm(&tx, 1);
    assert_eq!(select([&mut a], false, true, true), ELSE);

    let nil = None::<Receiver<u8>>;
    let no_sender = None::<Sender<u8>>;
    let (mut a, mut b) = (recv_arm(&nil), send_arm(&no_sender, 1));
    assert_eq!(select([&mut a, &mut b], false, false, true), ELSE);
    let (mut a, mut b) = (recv_arm(&nil), send_arm(&no_sender, 1));
    assert_eq!(select([&mut a, &mut b], false, true, false), DEFAULT);
}

#[test]
fn a_some_arm_gets_what_is_left_before_it_drops_out() {
    let (tx, rx) = channel(2);
    tx.send(1).unwrap();
    drop(tx);
    let mut a = recv_some_arm(&rx);
    assert_eq!(select([&mut a], false, false, true), 0);
    assert_eq!(a.take_some(), 1);
    let mut a = recv_some_arm(&rx);
    assert_eq!(select([&mut a], false, false, true), ELSE);
}

#[test]
fn closed_channels_are_ready() {
    let ch = Chan::<u8>::new(0);
    ch.close();
    let mut a = recv_arm(&ch);
    assert_eq!(select([&mut a], false, true, false), 0);
    assert_eq!(a.take(), None);
    let mut a = recv_arm(&ch);
    select([&mut a], false, false, false);
    assert_eq!(a.take_or_default(), (0, false));

    let mut a = send_arm(&ch, 1);
    assert_eq!(select([&mut a], false, true, false), 0);
    let payload = catch_unwind(AssertUnwindSafe(|| a.finish())).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"send on closed channel"));
}

#[test]
fn every_arm_out_without_else_is_an_end() {
    let (tx, rx) = channel::<u8>(0);
    drop(tx);
    // On a plain thread it is a panic.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let mut a = recv_some_arm(&rx);
        select([&mut a], false, false, false)
    }));
    assert!(ended.is_err());
}

#[test]
fn a_select_never_matches_itself() {
    let ch = Chan::new(0);
    let (mut a, mut b) = (recv_arm(&ch), send_arm(&ch, 1));
    assert_eq!(select([&mut a, &mut b], false, true, false), DEFAULT);
    let mut set = Select::new();
    set.recv(&ch);
    set.send(&ch, 1);
    let error = set.select_timeout(Duration::from_millis(5)).unwrap_err();
    assert_eq!(error, SelectTimeoutError::Timeout);
}

/// 10 standard deviations, for 2, 3 and 8 ready arms, one channel in several arms included.
#[test]
fn ready_arms_are_chosen_evenly() {
    const ROUNDS: u32 = 50_000;
    for n in [2, 3, 8] {
        let channels: Vec<Chan<u8>> = (0..n).map(|_| Chan::new(1)).collect();
        channels.iter().for_each(|ch| ch.send(0).unwrap());
        let mut counts = vec![0u32; n];
        let mut set = Select::new();
        // The last two arms are the same channel.
        for i in 0..n {
            set.recv(&channels[i.min(n - 2)]);
        }
        for _ in 0..ROUNDS {
            let selected = set.select().unwrap();
            let index = selected.index();
            let ch = &channels[index.min(n - 2)];
            selected.recv(ch).unwrap();
            ch.send(0).unwrap();
            counts[index] += 1;
        }
        let p = 1.0 / n as f64;
        let (mean, sigma) = (f64::from(ROUNDS) * p, (f64::from(ROUNDS) * p * (1.0 - p)).sqrt());
        let far = counts
            .iter()
            .find(|&&count| (f64::from(count) - mean).abs() > 10.0 * sigma);
        assert_eq!(far, None, "{n} arms: {counts:?}");
    }
}

#[test]
fn biased_takes_the_first() {
    let (a, b) = (Chan::new(1), Chan::new(1));
    a.send('a').unwrap();
    b.send('b').unwrap();
    for _ in 0..100 {
        let mut arms = (recv_arm(&b), recv_arm(&a));
        assert_eq!(select([&mut arms.0, &mut arms.1], true, false, false), 0);
        b.send(arms.0.take().unwrap()).unwrap();
    }
}

#[test]
fn a_builder_is_used_again() {
    let (a, b) = (Chan::new(1), Chan::new(4));
    let mut set = Select::new();
    let receive = set.recv(&a);
    let send = set.send(&b, "once");
    let selected = set.select().unwrap();
    assert_eq!(selected.index(), send);
    selected.send(&b).unwrap();
    // The send is spent.
    assert_eq!(set.try_select().unwrap_err(), TrySelectError::NotReady);
    for text in ["x", "y"] {
        a.send(text).unwrap();
        let selected = set.select().unwrap();
        assert_eq!(selected.index(), receive);
        assert_eq!(selected.recv(&a), Some(text));
    }
    set.remove(receive);
    assert_eq!(set.try_select().unwrap_err(), TrySelectError::DroppedOut);
    assert_eq!(set.select().unwrap_err(), SelectError);
    assert_eq!(b.try_iter().collect::<Vec<_>>(), ["once"]);
}

/// Whatever the channel's state: what is spent can never be ready again.
#[test]
fn a_spent_send_alone_has_dropped_out() {
    let ch = Chan::new(1);
    let mut set = Select::new();
    set.send(&ch, 1);
    set.select().unwrap().send(&ch).unwrap();
    for full in [true, false] {
        assert_eq!(ch.is_full(), full);
        assert_eq!(set.try_select().unwrap_err(), TrySelectError::DroppedOut);
        assert_eq!(
            set.select_timeout(Duration::ZERO).unwrap_err(),
            SelectTimeoutError::DroppedOut
        );
        ch.try_iter().for_each(drop);
    }
}

/// A waker that panics ends the select after the value was received; the value is dropped, not
/// forgotten.
#[test]
fn a_builder_is_used_again_after_a_panic() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker");
        }
    }
    let ch = Chan::new(0);
    let waker = Waker::from(Arc::new(Panics));
    let value = Arc::new(());
    let mut future = pin!(ch.send_async(value.clone()));
    assert!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let mut set = Select::new();
    set.recv(&ch);
    assert!(catch_unwind(AssertUnwindSafe(|| set.try_select().is_ok())).is_err());
    assert_eq!(Arc::strong_count(&value), 1);

    let mut future = pin!(ch.send_async(value.clone()));
    assert!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert!(set.try_select().unwrap().recv(&ch).is_some());
    drop(set);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_builder_gives_values_back() {
    let (closed, full) = (Chan::new(0), Chan::new(0));
    closed.close();
    let mut set = Select::new();
    let to_closed = set.send(&closed, "to closed".to_string());
    let to_full = set.send(&full, "to full".to_string());
    for _ in 0..2 {
        // Not asked how it went: the value stays.
        assert_eq!(set.select().unwrap().index(), to_closed);
    }
    assert_eq!(
        set.select().unwrap().send(&closed),
        Err(SendError("to closed".into()))
    );
    assert_eq!(set.try_select().unwrap_err(), TrySelectError::NotReady);
    assert_eq!(set.take_unsent(to_full, &full), Some("to full".into()));
    assert_eq!(set.take_unsent(to_full, &full), None);
}

#[test]
fn a_received_value_that_is_not_taken_is_dropped() {
    let ch = Chan::new(2);
    ch.send(std::rc::Rc::new(1)).unwrap();
    let second = std::rc::Rc::new(2);
    ch.send(second.clone()).unwrap();
    let mut set = Select::new();
    set.recv(&ch);
    drop(set.select().unwrap());
    assert_eq!(set.select().unwrap().recv(&ch).as_deref(), Some(&2));
    assert_eq!(std::rc::Rc::strong_count(&second), 1);
}

#[test]
fn asking_the_wrong_channel_is_a_panic() {
    let (a, b) = (Chan::new(1), Chan::<String>::new(1));
    a.send(1).unwrap();
    let wrong = catch_unwind(AssertUnwindSafe(|| {
        let mut set = Select::new();
        set.recv(&a);
        set.select().unwrap().recv(&b)
    }));
    assert!(wrong.is_err());
    a.send(1).unwrap();
    let wrong = catch_unwind(AssertUnwindSafe(|| {
        let mut set = Select::new();
        set.recv(&a);
        set.select().unwrap().send(&a)
    }));
    assert!(wrong.is_err());
}

#[test]
fn a_thousand_operations() {
    let channels: Vec<Chan<usize>> = (0..1000).map(|_| Chan::new(0)).collect();
    std::thread::scope(|s| {
        s.spawn(|| {
            for (i, ch) in channels.iter().enumerate().rev() {
                ch.send(i).unwrap();
            }
        });
        let mut set = Select::new();
        channels.iter().for_each(|ch| {
            set.recv(ch);
        });
        for _ in 0..1000 {
            let selected = set.select().unwrap();
            let index = selected.index();
            assert_eq!(selected.recv(&channels[index]), Some(index));
            set.remove(index);
        }
        assert_eq!(set.select().unwrap_err(), SelectError);
    });
}

#[test]
fn values_coerce() {
    // What the macro does: the value is made before the arm.
    let calls = Chan::<Box<dyn Fn() -> u8>>::new(1);
    crate::macro_support::send(&calls, Box::new(|| 3_u8) as Box<dyn Fn() -> u8>);
    assert_eq!(crate::macro_support::recv(&calls).unwrap()(), 3);
}
