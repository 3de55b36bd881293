//! Selects: the claim, the lock order, `default`, arms that drop out, timeouts.

use loom::thread;
use std::time::Duration;

use super::{Ledger, model};
use crate::macro_support::{DEFAULT, ELSE, recv_arm, recv_some_arm, select, send_arm};
use crate::{Receiver, Select, Sender, channel};

/// Both arms receive; returns the value.
fn either<T>(a: &Receiver<T>, b: &Receiver<T>) -> Option<T> {
    let (mut a, mut b) = (recv_arm(a), recv_arm(b));
    match select([&mut a, &mut b], false, false, false) {
        0 => a.take(),
        _ => b.take(),
    }
}

/// Two selects on two channels in opposite order: they lock in one order, match each other, and nothing is lost.
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

/// Two selects that both send and receive on both channels: one sends, the other receives. Preemption bound 3.
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

/// A select and a plain receiver wait for the same sender, another sender comes for the other arm. Preemption bound 3.
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

/// An arm drops out while the select waits: it goes on with the other, and at last with `else`. Preemption bound 4.
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

/// Go's TestNonblockSelectRace: of two channels one is ready at every moment, so `default` is never taken.
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
            .filter(|_| true)
            .map(|s| s.join().unwrap())
            .filter(|&sent| sent)
            .count();
        assert_eq!(sent, received);
    });
}
