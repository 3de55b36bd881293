//! Plain operations: hand-off, close, last handles, timeouts.

use loom::thread;
use std::time::Duration;

use super::{Ledger, model};
use crate::rt::commit_apart;
use crate::{RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError, channel};

#[test]
fn loom_unbuffered_hand_off() {
    model(None, || {
        let (tx, rx) = channel(0);
        let sender = thread::spawn(move || {
            tx.send(1).unwrap();
            tx.send(2).unwrap();
        });
        assert_eq!(rx.recv(), Some(1));
        assert_eq!(rx.recv(), Some(2));
        assert_eq!(rx.recv(), None);
        sender.join().unwrap();
    });
}

/// Preemption bound 3.
#[test]
fn loom_buffered_hand_off() {
    model(Some(3), || {
        let (tx, rx) = channel(1);
        let sender = thread::spawn(move || (1..=3).for_each(|i| tx.send(i).unwrap()));
        assert_eq!([rx.recv(), rx.recv(), rx.recv()], [Some(1), Some(2), Some(3)]);
        assert_eq!(rx.recv(), None);
        sender.join().unwrap();
    });
}

/// Two senders, two receivers. Preemption bound 3.
#[test]
fn loom_two_senders_two_receivers() {
    model(Some(3), || {
        let (tx, rx) = channel(1);
        let senders: Vec<_> = [1, 2]
            .into_iter()
            .map(|v| {
                let tx = tx.clone();
                thread::spawn(move || tx.send(v).unwrap())
            })
            .collect();
        drop(tx);
        let other = {
            let rx = rx.clone();
            thread::spawn(move || rx.recv().unwrap())
        };
        let sum = rx.recv().unwrap() + other.join().unwrap();
        assert_eq!(sum, 3);
        assert_eq!(rx.recv(), None);
        senders.into_iter().for_each(|s| s.join().unwrap());
    });
}

/// The value arrives once, or comes back in the error.
#[test]
fn loom_close_against_send_and_recv() {
    for capacity in [0, 1] {
        model(Some(3), move || {
            let ledger = Ledger::default();
            let (tx, rx) = channel(capacity);
            let sender = {
                let (tx, token) = (tx.clone(), ledger.token());
                thread::spawn(move || match tx.send(token) {
                    Ok(()) => 1,
                    Err(error) => {
                        drop(error.into_inner());
                        0
                    }
                })
            };
            let closer = thread::spawn(move || tx.close());
            let mut received = 0;
            while let Some(token) = rx.recv() {
                drop(token);
                received += 1;
            }
            closer.join().unwrap();
            assert_eq!(sender.join().unwrap(), received);
            assert_eq!(ledger.dropped(), 1);
        });
    }
}

/// Both receivers are woken.
#[test]
fn loom_close_wakes_all() {
    model(Some(3), || {
        let (tx, rx) = channel::<u8>(0);
        let receivers: Vec<_> = (0..2)
            .map(|_| {
                let rx = rx.clone();
                thread::spawn(move || assert_eq!(rx.recv(), None))
            })
            .collect();
        tx.close();
        receivers.into_iter().for_each(|r| r.join().unwrap());
    });
}

#[test]
fn loom_last_receiver_against_send() {
    for capacity in [0, 1] {
        model(None, move || {
            let ledger = Ledger::default();
            let (tx, rx) = channel(capacity);
            let receiver = thread::spawn(move || drop(rx));
            let sent = tx.send(ledger.token()).is_ok();
            assert!(capacity == 1 || !sent);
            receiver.join().unwrap();
            // Sent or not, it is gone: nobody can receive it.
            assert_eq!(ledger.dropped(), 1);
            assert!(matches!(
                tx.try_send(ledger.token()),
                Err(TrySendError::Disconnected(_))
            ));
        });
    }
}

/// Both sides go at once: the channel is freed once, with the value in it.
#[test]
fn loom_both_sides_go() {
    model(None, || {
        let ledger = Ledger::default();
        let (tx, rx) = channel(1);
        tx.send(ledger.token()).unwrap();
        let other = thread::spawn(move || drop(rx));
        drop(tx);
        other.join().unwrap();
        assert_eq!(ledger.dropped(), 1);
    });
}

#[test]
fn loom_send_timeout_against_recv() {
    for capacity in [0, 1] {
        model(None, move || {
            let ledger = Ledger::default();
            let (tx, rx) = channel(capacity);
            if capacity == 1 {
                tx.send(ledger.token()).unwrap();
            }
            let token = ledger.token();
            let sender = thread::spawn(move || match tx.send_timeout(token, Duration::from_secs(1)) {
                Ok(()) => 1,
                Err(SendTimeoutError::Timeout(_)) => 0,
                Err(_) => unreachable!("the receiver is alive"),
            });
            // When the sender gives up, the channel is closed.
            let received = rx.iter().count();
            assert_eq!(sender.join().unwrap() + capacity, received);
            assert_eq!(ledger.dropped(), received.max(1 + capacity));
        });
    }
}

#[test]
fn loom_recv_timeout_against_send_and_drop() {
    model(None, || {
        let ledger = Ledger::default();
        let (tx, rx) = channel(0);
        let token = ledger.token();
        let sender = thread::spawn(move || tx.send(token).is_ok());
        let received = match rx.recv_timeout(Duration::from_secs(1)) {
            Ok(_) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Closed) => unreachable!("the sender waits"),
        };
        drop(rx);
        assert_eq!(sender.join().unwrap(), received);
        assert_eq!(ledger.dropped(), 1);
    });
}

/// Go's TestNonblockRecvRace: a value that was there before is never missed, also by the look
/// without the lock.
#[test]
fn loom_try_recv_sees_value_or_close() {
    model(None, || {
        let (tx, rx) = channel(1);
        tx.send(1).unwrap();
        let other = {
            let rx = rx.clone();
            thread::spawn(move || assert_ne!(rx.try_recv(), Err(TryRecvError::Empty)))
        };
        tx.close();
        let _ = rx.try_recv();
        other.join().unwrap();
    });
}

/// The mirror: as long as there is room, or nobody to receive, a send never looks full.
#[test]
fn loom_try_send_sees_room_or_close() {
    model(None, || {
        let (tx, rx) = channel(1);
        let other = {
            let tx = tx.clone();
            thread::spawn(move || assert!(!matches!(tx.try_send(1), Err(TrySendError::Full(_)))))
        };
        tx.close();
        assert!(tx.try_send(2).is_err());
        other.join().unwrap();
        drop(rx);
    });
}

/// Both give up in the end: the value was received, or comes back, never both and never neither.
#[test]
fn loom_two_timeouts_meet() {
    for capacity in [0, 1] {
        model(Some(4), move || {
            let ledger = Ledger::default();
            let (tx, rx) = channel(capacity);
            let (full, token) = (capacity == 1, ledger.token());
            if full {
                tx.send(ledger.token()).unwrap();
            }
            let sender = thread::spawn(move || {
                let sent = tx.send_timeout(token, Duration::from_secs(1)).is_ok();
                (sent, tx)
            });
            let mut received = usize::from(rx.recv_timeout(Duration::from_secs(1)).is_ok());
            let (sent, _tx) = sender.join().unwrap();
            // With a buffer the first value was there all the time.
            assert!(!full || received == 1);
            received += rx.try_iter().count();
            assert_eq!(received, usize::from(sent) + capacity);
            assert_eq!(ledger.dropped(), 1 + capacity);
        });
    }
}

/// The timer, the channel's close and a value race for one receiver. Preemption bound 3.
#[test]
fn loom_timeout_against_close_and_send() {
    model(Some(3), || {
        let ledger = Ledger::default();
        let (tx, rx) = channel(0);
        let closer = {
            let tx = tx.clone();
            thread::spawn(move || tx.close())
        };
        let token = ledger.token();
        let sender = thread::spawn(move || tx.send(token).is_ok());
        let received = rx.recv_timeout(Duration::from_secs(1)).is_ok();
        let late = received || rx.recv().is_some();
        closer.join().unwrap();
        assert_eq!(sender.join().unwrap(), late);
        assert_eq!(ledger.dropped(), 1);
    });
}

/// Whoever is woken may free the channel while the commit of its park is still on its way out of
/// the unlock.
#[test]
fn loom_late_commit_frees_the_channel() {
    model(Some(4), || {
        let ledger = Ledger::default();
        let (tx, rx) = channel(0);
        let token = ledger.token();
        let sender = thread::spawn(move || {
            commit_apart();
            tx.send(token).is_ok()
        });
        drop(rx.recv().unwrap());
        drop(rx);
        assert!(sender.join().unwrap());
        assert_eq!(ledger.dropped(), 1);
    });
}

/// An outlet of an event source: the last sender does not close it, and the last receiver is
/// noticed once, whoever goes first.
#[test]
fn loom_an_outlet_is_abandoned_once() {
    model(None, || {
        let ledger = Ledger::default();
        let (tx, rx) = channel::<u8>(1);
        let token = ledger.token();
        tx.feed(move || drop(token));
        let source = thread::spawn(move || {
            let _ = tx.try_send(1);
        });
        assert!(matches!(rx.try_recv(), Ok(1) | Err(TryRecvError::Empty)));
        assert_eq!(ledger.dropped(), 0);
        drop(rx);
        assert_eq!(ledger.dropped(), 1);
        source.join().unwrap();
    });
}
