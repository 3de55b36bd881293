//! Futures: handed values of futures that are dropped, and new wakers.

use loom::sync::{Condvar, Mutex};
use loom::thread;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};

use super::{Ledger, model, poll};
use crate::{TryRecvError, channel};

/// A waker that loom knows: it sets a flag and unparks who waits for it.
struct Flag(Mutex<bool>, Condvar);

impl Wake for Flag {
    fn wake(self: StdArc<Self>) {
        *self.0.lock().unwrap() = true;
        self.1.notify_one();
    }
}

/// Polls until it is ready, with another waker each time; waits for the last one in between.
fn block_on<F: Future + Unpin>(mut future: F) -> F::Output {
    loop {
        let flag = StdArc::new(Flag(Mutex::new(false), Condvar::new()));
        let waker = Waker::from(flag.clone());
        if let Poll::Ready(output) = Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut woken = flag.0.lock().unwrap();
        while !*woken {
            woken = flag.1.wait(woken).unwrap();
        }
    }
}

/// Both sides wait as futures; a lost wake-up would be a deadlock.
#[test]
fn loom_futures_wake_each_other() {
    for capacity in [0, 1] {
        model(Some(3), move || {
            let (tx, rx) = channel(capacity);
            let sender = thread::spawn(move || {
                block_on(tx.send_async(1)).unwrap();
                block_on(tx.send_async(2)).unwrap();
            });
            assert_eq!(block_on(rx.recv_async()), Some(1));
            assert_eq!(block_on(rx.recv_async()), Some(2));
            assert_eq!(block_on(rx.recv_async()), None);
            sender.join().unwrap();
        });
    }
}

/// A future that is polled again, with another waker, while a value comes: the new waker is woken,
/// or the value is there.
#[test]
fn loom_new_waker_against_send() {
    model(Some(4), || {
        let (tx, rx) = channel(0);
        let mut future = rx.recv_async();
        assert!(poll(&mut future).is_pending());
        let sender = thread::spawn(move || tx.send(1).unwrap());
        assert_eq!(block_on(future), Some(1));
        sender.join().unwrap();
    });
}

/// The channel is closed, or the last receiver goes, while a future waits to send: it learns of it,
/// with the value.
#[test]
fn loom_end_against_a_sending_future() {
    for close in [false, true] {
        model(Some(4), move || {
            let ledger = Ledger::default();
            let (tx, rx) = channel(0);
            let other = {
                let tx = tx.clone();
                thread::spawn(move || {
                    if close {
                        tx.close();
                    }
                    drop(rx);
                })
            };
            assert!(block_on(tx.send_async(ledger.token())).is_err());
            assert_eq!(ledger.dropped(), 1);
            other.join().unwrap();
        });
    }
}

/// Two futures are handed values and dropped in the wrong order, while a receiver waits: it gets
/// the older value first, unless it took the place of the first future before that had given its
/// value back.
#[test]
fn loom_dropped_futures_keep_the_order() {
    model(Some(3), || {
        let (tx, rx) = channel(0);
        let (mut first, mut second) = (rx.recv_async(), rx.recv_async());
        assert!(poll(&mut first).is_pending());
        assert!(poll(&mut second).is_pending());
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        let receiver = {
            let rx = rx.clone();
            thread::spawn(move || (rx.recv().unwrap(), rx.recv().unwrap()))
        };
        drop(second);
        drop(first);
        // (2, 1): it was given 2 while 1 was still with the first future.
        assert!(matches!(receiver.join().unwrap(), (1, 2) | (2, 1)));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    });
}

/// A receiving future is dropped while a sender comes: the value is received by the next one.
#[test]
fn loom_dropped_recv_future_loses_nothing() {
    for capacity in [0, 1] {
        model(None, move || {
            let ledger = Ledger::default();
            let (tx, rx) = channel(capacity);
            let mut future = rx.recv_async();
            assert!(poll(&mut future).is_pending());
            let token = ledger.token();
            let sender = thread::spawn(move || tx.send(token).unwrap());
            drop(future);
            drop(rx.recv().unwrap());
            assert_eq!(ledger.dropped(), 1);
            assert!(rx.recv().is_none());
            sender.join().unwrap();
        });
    }
}

/// The same with another receiver that waits already: the value is passed on to it. Preemption
/// bound 3.
#[test]
fn loom_dropped_recv_future_passes_on() {
    model(Some(3), || {
        let (tx, rx) = channel(0);
        let mut future = rx.recv_async();
        assert!(poll(&mut future).is_pending());
        // Open to the end: a receiver that comes while the value is with the future must wait for
        // it.
        let _open = tx.clone();
        let sender = thread::spawn(move || tx.send(1).unwrap());
        let receiver = {
            let rx = rx.clone();
            thread::spawn(move || assert_eq!(rx.recv(), Some(1)))
        };
        drop(future);
        sender.join().unwrap();
        receiver.join().unwrap();
    });
}

/// A sending future is dropped while a receiver comes: the value arrives, or is dropped with the
/// future.
#[test]
fn loom_dropped_send_future() {
    model(None, || {
        let ledger = Ledger::default();
        let (tx, rx) = channel(0);
        let token = ledger.token();
        let sender = thread::spawn(move || {
            let mut future = tx.send_async(token);
            let _ = poll(&mut future);
            drop(future);
        });
        let _ = rx.recv();
        sender.join().unwrap();
        assert_eq!(ledger.dropped(), 1);
    });
}

/// Polled again, perhaps at the moment a sender comes.
#[test]
fn loom_repoll_against_send() {
    model(None, || {
        let (tx, rx) = channel(0);
        let mut future = rx.recv_async();
        assert!(poll(&mut future).is_pending());
        let sender = thread::spawn(move || tx.send(1).unwrap());
        match poll(&mut future) {
            Poll::Ready(value) => assert_eq!(value, Some(1)),
            Poll::Pending => {
                drop(future);
                assert_eq!(rx.recv(), Some(1));
            }
        }
        sender.join().unwrap();
    });
}
