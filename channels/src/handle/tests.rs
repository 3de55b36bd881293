//! One thread, no waiting: results, errors, identity, counts.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::{
    Chan, Receiver, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryRecvError, TrySendError,
    channel,
};

/// What a panic says.
fn message<R>(f: impl FnOnce() -> R) -> &'static str {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => "no panic",
        Err(payload) => payload
            .downcast_ref::<&'static str>()
            .copied()
            .unwrap_or("another payload"),
    }
}

#[test]
fn values_come_out_in_order() {
    let ch = Chan::new(3);
    for round in 0..5 {
        for i in 0..3 {
            ch.try_send(round * 3 + i).unwrap();
        }
        assert_eq!(ch.try_send(99), Err(TrySendError::Full(99)));
        assert_eq!(ch.try_recv(), Ok(round * 3));
        assert_eq!(ch.try_iter().collect::<Vec<_>>(), [round * 3 + 1, round * 3 + 2]);
        assert_eq!(ch.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn every_error_gives_the_value_back() {
    let (tx, rx) = channel(0);
    let text = || "value".to_string();
    assert_eq!(tx.try_send(text()), Err(TrySendError::Full(text())));
    let soon = Duration::from_millis(1);
    assert_eq!(
        tx.send_timeout(text(), soon),
        Err(SendTimeoutError::Timeout(text()))
    );
    assert_eq!(
        tx.send_timeout(text(), Duration::ZERO),
        Err(SendTimeoutError::Timeout(text()))
    );
    drop(rx);
    assert_eq!(tx.send(text()), Err(SendError(text())));
    assert_eq!(tx.try_send(text()), Err(TrySendError::Disconnected(text())));
    assert_eq!(
        tx.send_timeout(text(), soon),
        Err(SendTimeoutError::Disconnected(text()))
    );

    let ch = Chan::new(1);
    ch.close();
    assert_eq!(ch.send(text()), Err(SendError(text())));
    assert_eq!(ch.try_send(text()), Err(TrySendError::Closed(text())));
    assert_eq!(
        ch.send_timeout(text(), soon),
        Err(SendTimeoutError::Closed(text()))
    );
}

#[test]
fn receiving_says_empty_or_closed() {
    let (tx, rx) = channel::<u8>(1);
    let soon = Duration::from_millis(1);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(rx.recv_timeout(soon), Err(RecvTimeoutError::Timeout));
    tx.send(1).unwrap();
    drop(tx);
    assert!(rx.is_closed());
    assert_eq!(rx.recv_timeout(soon), Ok(1));
    for _ in 0..3 {
        assert_eq!(rx.recv(), None);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        assert_eq!(rx.recv_timeout(soon), Err(RecvTimeoutError::Closed));
    }
}

#[test]
fn an_endless_timeout_is_no_overflow() {
    let (tx, rx) = channel(1);
    tx.send_timeout(1, Duration::MAX).unwrap();
    assert_eq!(rx.recv_timeout(Duration::MAX), Ok(1));
    std::thread::scope(|s| {
        s.spawn(|| assert_eq!(rx.recv_timeout(Duration::MAX), Ok(2)));
        tx.send_timeout(2, Duration::MAX).unwrap();
    });
}

#[test]
fn go_says_so() {
    assert_eq!(
        message(|| {
            let ch = Chan::<u8>::new(0);
            ch.close();
            ch.close();
        }),
        "close of closed channel"
    );
    let (tx, _rx) = channel::<u8>(0);
    tx.close();
    assert_eq!(message(|| tx.close()), "close of closed channel");
    for capacity in [1 << 59, usize::MAX, (1 << 47) + 1] {
        assert_eq!(
            message(|| Chan::<u64>::new(capacity)),
            "makechan: size out of range"
        );
    }
    assert_eq!(
        message(|| crate::macro_support::send(&tx, 1)),
        "send on closed channel"
    );
}

#[test]
fn zero_sized_values_are_counted_only() {
    let ch = Chan::<()>::new(1 << 40);
    assert_eq!((ch.capacity(), ch.len()), (1 << 40, 0));
    for _ in 0..1000 {
        ch.send(()).unwrap();
    }
    assert_eq!(ch.len(), 1000);
    assert_eq!(ch.try_iter().count(), 1000);
    let huge = Chan::<[u64; 0]>::new(usize::MAX);
    huge.send([]).unwrap();
    assert_eq!(huge.try_recv(), Ok([]));

    let small = Chan::<()>::new(2);
    small.send(()).unwrap();
    small.send(()).unwrap();
    assert!(small.is_full() && small.try_send(()).is_err());
}

#[test]
fn len_counts_the_buffer_only() {
    let ch = Chan::new(2);
    assert!(ch.is_empty() && !ch.is_full());
    ch.send(1).unwrap();
    assert_eq!((ch.len(), ch.tx().len(), ch.rx().len()), (1, 1, 1));
    ch.send(2).unwrap();
    assert!(ch.is_full());
    let unbuffered = Chan::<u8>::new(0);
    assert!(unbuffered.is_empty() && unbuffered.is_full());
}

#[test]
fn handles_are_equal_if_they_are_of_one_channel() {
    let a = Chan::<u8>::new(0);
    let b = Chan::<u8>::new(0);
    assert!(a == a.clone() && a != b);
    assert!(a == a.tx() && a.rx() == a && a.tx() == a.rx());
    assert!(a.tx().same_channel(&a.tx()) && !a.rx().same_channel(&b.rx()));
    let mut map = HashMap::from([(a.clone(), "a"), (b.clone(), "b")]);
    assert_eq!(map.remove(&a), Some("a"));
    assert_ne!(Chan::<()>::new(0), Chan::<()>::new(0));
}

#[test]
fn the_last_sender_closes_whatever_kind_it_is() {
    let ch = Chan::<u8>::new(0);
    let (tx, rx) = (ch.tx(), ch.rx());
    let tx2 = tx.clone();
    drop(ch);
    assert!(!rx.is_closed());
    drop(tx);
    assert!(!rx.is_closed());
    drop(tx2);
    assert!(rx.is_closed());
}

#[test]
fn a_chan_counts_on_both_sides() {
    let ch = Chan::<u8>::new(1);
    let (tx, rx) = ch.clone().split();
    drop(rx);
    tx.send(1).unwrap();
    drop(tx);
    assert!(!ch.is_closed());
    let rx: Receiver<u8> = ch.into();
    assert!(rx.is_closed());
    assert_eq!(rx.recv(), Some(1));

    let ch = Chan::<u8>::new(1);
    let tx: Sender<u8> = (&ch).into();
    drop(ch);
    assert!(tx.send(1).is_err());
}

#[test]
fn ranging_over_a_chan_by_value_gives_up_its_sender() {
    let ch = Chan::new(2);
    ch.send(1).unwrap();
    ch.send(2).unwrap();
    assert_eq!(ch.into_iter().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn channels_of_anything() {
    let calls = Chan::<Box<dyn FnOnce() -> u8 + Send>>::new(1);
    calls.send(Box::new(|| 7)).unwrap();
    assert_eq!(calls.recv().unwrap()(), 7);

    let requests = Chan::<Sender<u8>>::new(1);
    let (reply, answer) = channel(1);
    requests.send(reply).unwrap();
    requests.recv().unwrap().send(9).unwrap();
    assert_eq!(answer.recv(), Some(9));

    let text = String::from("borrowed");
    let (tx, rx) = channel::<&str>(1);
    tx.send(&text).unwrap();
    assert_eq!(rx.recv(), Some("borrowed"));
}

#[test]
fn handles_cross_threads_and_panics() {
    fn check<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    check::<Chan<std::cell::Cell<u8>>>();
    check::<Sender<std::cell::Cell<u8>>>();
    check::<Receiver<std::cell::Cell<u8>>>();
}

#[test]
fn debug_shows_the_state() {
    let ch = Chan::new(2);
    ch.send(1).unwrap();
    let text = format!("{ch:?}");
    assert!(text.starts_with("Chan { address: 0x"), "{text}");
    assert!(text.ends_with(", len: 1, capacity: 2, closed: false }"), "{text}");
}
