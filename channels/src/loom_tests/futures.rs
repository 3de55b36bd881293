//! Futures: handed values of futures that are dropped, and new wakers.

use loom::thread;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{Ledger, model};
use crate::channel;

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
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

/// The same with another receiver that waits already: the value is passed on to it. Preemption bound 3.
#[test]
fn loom_dropped_recv_future_passes_on() {
    model(Some(3), || {
        let (tx, rx) = channel(0);
        let mut future = rx.recv_async();
        assert!(poll(&mut future).is_pending());
        // Open to the end: a receiver that comes while the value is with the future must wait for it.
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

/// A sending future is dropped while a receiver comes: the value arrives, or is dropped with the future.
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
