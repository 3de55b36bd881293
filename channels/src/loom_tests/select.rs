//! Selects: the claim, the lock order, `default`, arms that drop out, timeouts, commits that run
//! late.

use loom::thread;
use std::time::Duration;

use super::{Ledger, model};
use crate::macro_support::{DEFAULT, ELSE, recv_arm, recv_some_arm, select, send_arm};
use crate::rt::commit_apart;
use crate::{Receiver, Select, SelectTimeoutError, Sender, channel};

/// Both arms receive; returns the value.
fn either<T>(a: &Receiver<T>, b: &Receiver<T>) -> Option<T> {
    let (mut a, mut b) = (recv_arm(a), recv_arm(b));
    match select([&mut a, &mut b], false, false, false) {
        0 => a.take(),
        _ => b.take(),
    }
}

/// Two selects on two channels in opposite order: they lock in one order, match each other, and
/// nothing is lost.
fn meet(rounds: usize, capacity: usize) {
    let (tx0, rx0) = channel(capacity);
    let (tx1, rx1) = channel(capacity);
    // A sender that outlives the select: a closed channel would be ready too.
    let _open = (tx0.clone(), tx1.clone());
    let other = thread::spawn(move || {
        for _ in 0..rounds {
            let (mut a, mut b) = (send_arm(&tx0, 0), send_arm(&tx1, 1));
            match select([&mut a, &mut b], false, false, false) {
                0 => a.finish(),
                _ => b.finish(),
            }
        }
    });
    for _ in 0..rounds {
        let (mut a, mut b) = (recv_arm(&rx1), recv_arm(&rx0));
        match select([&mut a, &mut b], false, false, false) {
            0 => assert_eq!(a.take(), Some(1)),
            _ => assert_eq!(b.take(), Some(0)),
        }
    }
    other.join().unwrap();
}

#[test]
fn loom_selects_meet() {
    model(None, || meet(1, 0));
}

/// Preemption bound 3.
#[test]
fn loom_selects_meet_twice() {
    model(Some(3), || meet(2, 0));
}

/// Preemption bound 4.
#[test]
fn loom_selects_meet_buffered() {
    model(Some(4), || meet(1, 1));
}

/// Two selects that both send and receive on both channels: one sends, the other receives.
/// Preemption bound 3.
#[test]
fn loom_mixed_selects_meet() {
    fn one(me: usize, ends: &[(Sender<usize>, Receiver<usize>); 2]) -> Option<usize> {
        let [x, y] = [&ends[me], &ends[1 - me]];
        let (mut a, mut b, mut c) = (send_arm(&x.0, me), recv_arm(&y.1), recv_arm(&x.1));
        match select([&mut a, &mut b, &mut c], false, false, false) {
            0 => {
                a.finish();
                None
            }
            1 => b.take(),
            _ => c.take(),
        }
    }
    model(Some(3), || {
        let ends = [channel(0), channel(0)];
        let other = {
            let ends = ends.clone();
            thread::spawn(move || one(1, &ends))
        };
        match (one(0, &ends), other.join().unwrap()) {
            (Some(1), None) | (None, Some(0)) => {}
            outcome => panic!("{outcome:?}"),
        }
    });
}

/// One select, two senders: one of them is taken, the other's value stays with it. Preemption bound 4.
#[test]
fn loom_claim_against_two_senders() {
    model(Some(4), || {
        let ledger = Ledger::default();
        let (tx0, rx0) = channel(0);
        let (tx1, rx1) = channel(0);
        let senders: Vec<_> = [tx0, tx1]
            .into_iter()
            .map(|tx| {
                let token = ledger.token();
                thread::spawn(move || usize::from(tx.send(token).is_ok()))
            })
            .collect();
        drop(either(&rx0, &rx1).unwrap());
        drop((rx0, rx1));
        assert_eq!(senders.into_iter().map(|s| s.join().unwrap()).sum::<usize>(), 1);
        assert_eq!(ledger.dropped(), 2);
    });
}

/// A select and a plain receiver wait for the same sender, another sender comes for the other arm.
/// Preemption bound 3.
#[test]
fn loom_loser_does_not_swallow() {
    model(Some(3), || {
        let (tx0, rx0) = channel(0);
        let (tx1, rx1) = channel(0);
        let open = (tx0.clone(), tx1.clone());
        let senders = [
            thread::spawn(move || tx0.send(0).unwrap()),
            thread::spawn(move || tx1.send(1).unwrap()),
        ];
        let plain = {
            let rx0 = rx0.clone();
            thread::spawn(move || rx0.recv())
        };
        let chosen = either(&rx0, &rx1).unwrap();
        drop(open);
        match plain.join().unwrap() {
            Some(0) => assert_eq!((chosen, rx1.recv()), (1, None)),
            None if chosen == 0 => assert_eq!(rx1.recv(), Some(1)),
            other => panic!("{other:?}, {chosen}"),
        }
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

/// A closed channel is chosen with `None`. Preemption bound 4.
#[test]
fn loom_close_wakes_select() {
    model(Some(4), || {
        let (tx0, rx0) = channel::<u8>(0);
        let (tx1, rx1) = channel::<u8>(0);
        let closer = thread::spawn(move || {
            tx0.close();
            tx1.close();
        });
        assert_eq!(either(&rx0, &rx1), None);
        closer.join().unwrap();
    });
}

/// An arm drops out while the select waits: it goes on with the other, and at last with `else`.
/// Preemption bound 4.
#[test]
fn loom_arm_drops_out() {
    model(Some(4), || {
        let (tx0, rx0) = channel::<u8>(0);
        let (tx1, rx1) = channel::<u8>(0);
        let other = thread::spawn(move || {
            drop(tx0);
            tx1.send(7).unwrap();
        });
        let mut got = None;
        loop {
            let (mut a, mut b) = (recv_some_arm(&rx0), recv_some_arm(&rx1));
            match select([&mut a, &mut b], false, false, true) {
                0 => unreachable!("nothing is sent there"),
                1 => assert_eq!(got.replace(b.take_some()), None),
                ELSE => break,
                _ => unreachable!(),
            }
        }
        assert_eq!(got, Some(7));
        other.join().unwrap();
    });
}

/// A send arm whose receivers go drops out; its value is dropped once. Preemption bound 4.
#[test]
fn loom_send_arm_drops_out() {
    model(Some(4), || {
        let ledger = Ledger::default();
        let (tx, rx) = channel(0);
        let other = thread::spawn(move || drop(rx));
        let mut arm = send_arm(&tx, ledger.token());
        assert_eq!(select([&mut arm], false, false, true), ELSE);
        assert_eq!(ledger.dropped(), 0);
        drop(arm);
        assert_eq!(ledger.dropped(), 1);
        other.join().unwrap();
    });
}

/// Go's TestNonblockSelectRace: of two channels one is ready at every moment, so `default` is never
/// taken.
#[test]
fn loom_no_false_default() {
    model(Some(4), || {
        let (tx0, rx0) = channel(1);
        let (tx1, rx1) = channel(1);
        tx0.send(0).unwrap();
        let other = {
            let (rx0, rx1) = (rx0.clone(), rx1.clone());
            thread::spawn(move || {
                let (mut a, mut b) = (recv_arm(&rx0), recv_arm(&rx1));
                assert_ne!(select([&mut a, &mut b], false, true, false), DEFAULT);
            })
        };
        tx1.send(1).unwrap();
        let _ = rx0.try_recv();
        other.join().unwrap();
    });
}

/// The timer against two senders. Preemption bound 4.
#[test]
fn loom_select_timeout() {
    model(Some(4), || {
        let (tx0, rx0) = channel(0);
        let (tx1, rx1) = channel(0);
        let senders = [
            thread::spawn(move || tx0.send(0).is_ok()),
            thread::spawn(move || tx1.send(1).is_ok()),
        ];
        let received = {
            let mut set = Select::new();
            set.recv(&rx0);
            set.recv(&rx1);
            match set.select_timeout(Duration::from_secs(1)) {
                Ok(selected) => {
                    let index = selected.index();
                    assert_eq!(selected.recv([&rx0, &rx1][index]), Some(index));
                    1
                }
                Err(error) => {
                    assert!(error.is_timeout());
                    0
                }
            }
        };
        drop((rx0, rx1));
        let sent = senders
            .into_iter()
            .map(|s| s.join().unwrap())
            .filter(|&sent| sent)
            .count();
        assert_eq!(sent, received);
    });
}

/// The commit that releases the locks of a select runs beside it: it is done with the list of locks
/// before the select is. Preemption bound 3.
#[test]
fn loom_late_commit_of_a_select() {
    for biased in [false, true] {
        model(Some(3), move || {
            let (tx0, rx0) = channel(0);
            let (tx1, rx1) = channel(0);
            let _open = (tx0.clone(), tx1.clone());
            let sender = thread::spawn(move || {
                // A waker may come through either lock, the first that is released and the last.
                let tx = if biased { tx0 } else { tx1 };
                tx.send(1).unwrap();
            });
            commit_apart();
            let (mut a, mut b) = (recv_arm(&rx0), recv_arm(&rx1));
            let value = match select([&mut a, &mut b], biased, false, false) {
                0 => a.take(),
                _ => b.take(),
            };
            assert_eq!(value, Some(1));
            sender.join().unwrap();
        });
    }
}

/// The same with a timer that may fire before the commit has released anything. Preemption bound 3.
#[test]
fn loom_late_commit_of_a_select_with_a_timer() {
    model(Some(3), || {
        let (tx0, rx0) = channel(0);
        let (_tx1, rx1) = channel::<u8>(0);
        let sender = thread::spawn(move || tx0.send(1).is_ok());
        commit_apart();
        let received = {
            let mut set = Select::new();
            set.recv(&rx0);
            set.recv(&rx1);
            match set.select_timeout(Duration::from_secs(1)) {
                Ok(selected) => selected.recv(&rx0) == Some(1),
                Err(error) => {
                    assert_eq!(error, SelectTimeoutError::Timeout);
                    false
                }
            }
        };
        drop(rx0);
        assert_eq!(sender.join().unwrap(), received);
    });
}

/// Two arms on one channel, two senders: one value for each select. Preemption bound 3.
#[test]
fn loom_one_channel_in_two_arms() {
    model(Some(3), || {
        let (tx, rx) = channel(0);
        let senders: Vec<_> = [1, 2]
            .into_iter()
            .map(|v| {
                let tx = tx.clone();
                thread::spawn(move || tx.send(v).unwrap())
            })
            .collect();
        let sum = either(&rx, &rx).unwrap() + either(&rx, &rx).unwrap();
        assert_eq!(sum, 3);
        senders.into_iter().for_each(|s| s.join().unwrap());
    });
}

/// A select that sends, while the channel is closed by one and received from by another: sent, or
/// closed, never both. Preemption bound 3.
#[test]
fn loom_close_against_a_send_arm() {
    for capacity in [0, 1] {
        model(Some(3), move || {
            let ledger = Ledger::default();
            let (tx, rx) = channel(capacity);
            let (_never, nothing) = channel::<u8>(0);
            if capacity == 1 {
                tx.send(ledger.token()).unwrap();
            }
            let closer = {
                let tx = tx.clone();
                thread::spawn(move || tx.close())
            };
            let receiver = thread::spawn(move || rx.iter().count());
            let token = ledger.token();
            let sent = {
                let mut set = Select::new();
                set.recv(&nothing);
                let index = set.send(&tx, token);
                let selected = set.select().unwrap();
                assert_eq!(selected.index(), index);
                selected.send(&tx).is_ok()
            };
            closer.join().unwrap();
            assert_eq!(receiver.join().unwrap(), capacity + usize::from(sent));
            assert_eq!(ledger.dropped(), capacity + 1);
        });
    }
}

/// The last receiver goes while a select waits to send there or to receive elsewhere; it goes on
/// with the other arm, from which a value comes at any moment. Preemption bound 3.
#[test]
fn loom_send_arm_drops_out_and_the_other_goes_on() {
    model(Some(3), || {
        let ledger = Ledger::default();
        let (tx0, rx0) = channel(0);
        let (tx1, rx1) = channel(0);
        let gone = thread::spawn(move || drop(rx0));
        let sender = {
            let token = ledger.token();
            thread::spawn(move || tx1.send(token).unwrap())
        };
        let (mut a, mut b) = (send_arm(&tx0, ledger.token()), recv_arm(&rx1));
        assert_eq!(select([&mut a, &mut b], false, false, false), 1);
        drop(b.take().unwrap());
        drop(a);
        assert_eq!(ledger.dropped(), 2);
        gone.join().unwrap();
        sender.join().unwrap();
    });
}

/// A receiving future that is dropped passes its value on to a select that waits, and the select is
/// won once. Preemption bound 3.
#[test]
fn loom_dropped_future_wakes_a_select() {
    model(Some(3), || {
        let (tx0, rx0) = channel(0);
        let (tx1, rx1) = channel(0);
        let mut future = rx0.recv_async();
        assert!(super::poll(&mut future).is_pending());
        // Handed to the future, which is dropped while others come.
        tx0.send(0).unwrap();
        let sender = thread::spawn(move || tx1.send(1).is_ok());
        let selecting = {
            let (rx0, rx1) = (rx0.clone(), rx1.clone());
            thread::spawn(move || either(&rx0, &rx1).unwrap())
        };
        drop(future);
        let rest = match selecting.join().unwrap() {
            0 => rx1.recv(),
            _ => rx0.recv(),
        };
        drop((rx0, rx1, tx0));
        assert!(rest.is_some());
        assert!(sender.join().unwrap());
    });
}
