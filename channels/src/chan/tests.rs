//! What user code does in the middle of an operation: wakers that are cloned, dropped and woken,
//! destructors of values that use the channel they were in.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

use crate::{Chan, Receiver, Sender, TryRecvError, channel};

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A waker that runs `on_clone` when it is cloned first, and whose clones panic when they are
/// dropped. Leaks a little.
fn nasty(on_clone: impl FnOnce() + 'static) -> Waker {
    type Hook = Cell<Option<Box<dyn FnOnce()>>>;
    static VTABLE: RawWakerVTable = RawWakerVTable::new(
        |hook| {
            // SAFETY: clones, which have no hook, are not cloned here; the original's is leaked.
            if let Some(hook) = unsafe { &*hook.cast::<Hook>() }.take() {
                hook();
            }
            RawWaker::new(ptr::null(), &VTABLE)
        },
        |_| {},
        |_| {},
        |hook| assert!(!hook.is_null(), "a clone was dropped"),
    );
    let hook: Box<Hook> = Box::new(Cell::new(Some(Box::new(on_clone))));
    // SAFETY: the table's functions expect a hook or null.
    unsafe { Waker::from_raw(RawWaker::new(ptr::from_ref(Box::leak(hook)).cast(), &VTABLE)) }
}

/// The receiver comes while the sender's waker is being cloned. It is woken even though that clone
/// panics when it is dropped.
#[test]
fn a_receiver_is_woken_though_the_senders_waker_panics() {
    let (tx, rx) = channel(0);
    let (rx, tx): (&'static Receiver<u8>, Sender<u8>) = (Box::leak(Box::new(rx)), tx);
    let woken = Arc::new(Woken::default());
    let receiver = Rc::new(RefCell::new(Box::pin(rx.recv_async())));
    let (hooked, waker) = (receiver.clone(), Waker::from(woken.clone()));
    let nasty = nasty(move || {
        let pending = hooked
            .borrow_mut()
            .as_mut()
            .poll(&mut Context::from_waker(&waker));
        assert!(pending.is_pending());
    });
    let mut sender = Box::pin(tx.send_async(7));
    let sent = catch_unwind(AssertUnwindSafe(|| {
        sender.as_mut().poll(&mut Context::from_waker(&nasty))
    }));
    assert!(sent.is_err(), "the clone's drop was to panic");
    assert_eq!(woken.0.load(Ordering::Relaxed), 1, "the receiver sleeps on");
    let received = receiver
        .borrow_mut()
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(received, Poll::Ready(Some(7)));
}

/// The same the other way round.
#[test]
fn a_sender_is_woken_though_the_receivers_waker_panics() {
    let (tx, rx) = channel(0);
    let tx: &'static Sender<u8> = Box::leak(Box::new(tx));
    let woken = Arc::new(Woken::default());
    let sender = Rc::new(RefCell::new(Box::pin(tx.send_async(7))));
    let (hooked, waker) = (sender.clone(), Waker::from(woken.clone()));
    let nasty = nasty(move || {
        let pending = hooked
            .borrow_mut()
            .as_mut()
            .poll(&mut Context::from_waker(&waker));
        assert!(pending.is_pending());
    });
    let mut receiver = Box::pin(rx.recv_async());
    let received = catch_unwind(AssertUnwindSafe(|| {
        receiver.as_mut().poll(&mut Context::from_waker(&nasty))
    }));
    assert!(received.is_err(), "the clone's drop was to panic");
    assert_eq!(woken.0.load(Ordering::Relaxed), 1, "the sender sleeps on");
}

/// A future that is polled with one waker after the other wakes the last one only.
#[test]
fn the_last_waker_is_woken() {
    let (tx, rx) = channel(0);
    let wakers: Vec<Arc<Woken>> = (0..3).map(|_| Arc::default()).collect();
    let mut future = pin!(rx.recv_async());
    for woken in &wakers {
        let waker = Waker::from(woken.clone());
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    tx.send(1).unwrap();
    let counts: Vec<usize> = wakers.iter().map(|w| w.0.load(Ordering::Relaxed)).collect();
    assert_eq!(counts, [0, 0, 1]);
    // The ones that were replaced are not kept.
    assert!(wakers.iter().all(|woken| Arc::strong_count(woken) == 1));
}

/// Values that were handed to futures that are then dropped, in any order, come out in the order in
/// which they were sent.
#[test]
fn given_back_in_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let (tx, rx) = channel(1);
        let mut futures: Vec<_> = (0..3).map(|_| Some(Box::pin(rx.recv_async()))).collect();
        for future in futures.iter_mut().flatten() {
            assert!(
                future
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
        }
        for value in 0..4 {
            tx.send(value).unwrap();
        }
        for i in order {
            futures[i] = None;
        }
        assert_eq!(rx.len(), 1, "the buffer has the last one");
        drop(tx);
        assert_eq!(rx.iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
}

/// What was given back is dropped with the last receiver, and what a future still has with the
/// future.
#[test]
fn given_back_values_are_dropped() {
    let (tx, rx) = channel(0);
    let value = Arc::new(());
    let mut futures: Vec<_> = (0..3).map(|_| Box::pin(rx.recv_async())).collect();
    for future in &mut futures {
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        tx.send(value.clone()).unwrap();
    }
    assert_eq!(Arc::strong_count(&value), 4);
    drop(futures);
    assert_eq!(Arc::strong_count(&value), 4);
    drop(rx);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// A forgotten future keeps its place, and a value that is handed to it: the next one is received
/// by others.
#[test]
fn a_forgotten_future_is_harmless() {
    let (tx, rx) = channel(0);
    let mut future = Box::pin(rx.recv_async());
    assert!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    std::mem::forget(future);
    assert!(tx.try_send(1).is_ok(), "to the forgotten one");
    assert!(tx.try_send(2).is_err());
    let mut future = Box::pin(tx.send_async(3));
    assert!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    std::mem::forget(future);
    assert_eq!(rx.try_recv(), Ok(3));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    let mut future = Box::pin(tx.send_async(4));
    assert!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    std::mem::forget(future);
    drop(tx);
    assert_eq!(rx.recv(), None);
}

/// A value whose destructor uses the channel that it is in.
struct Reenters {
    me: u32,
    tx: Option<Sender<Reenters>>,
    log: Rc<RefCell<Vec<u32>>>,
}

impl Drop for Reenters {
    fn drop(&mut self) {
        self.log.borrow_mut().push(self.me);
        let Some(tx) = self.tx.take() else { return };
        assert!(tx.capacity() == 2 && tx.len() <= 2);
        let one_more = Reenters {
            me: self.me + 10,
            tx: None,
            log: self.log.clone(),
        };
        // Nobody receives any more, so it comes back, and is dropped here.
        assert!(tx.try_send(one_more).is_err());
        drop(tx.clone());
    }
}

/// The last receiver goes, and with it the values, which are the last that can send.
#[test]
fn values_that_send_while_the_channel_goes() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let (tx, rx) = channel(2);
    for me in 0..2 {
        let value = Reenters {
            me,
            tx: Some(tx.clone()),
            log: log.clone(),
        };
        assert!(tx.send(value).is_ok());
    }
    drop(tx);
    drop(rx);
    assert_eq!(*log.borrow(), [0, 10, 1, 11]);
    assert_eq!(Rc::strong_count(&log), 1);
}

/// A destructor that panics keeps neither the others from being dropped nor the channel from being
/// freed.
#[test]
fn a_destructor_that_panics() {
    struct Panics(Arc<AtomicUsize>, bool);
    impl Drop for Panics {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
            assert!(!self.1, "a destructor");
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = channel(5);
    for i in 0..5 {
        assert!(tx.send(Panics(dropped.clone(), i == 1)).is_ok());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
    assert_eq!(dropped.load(Ordering::Relaxed), 5);
    assert!(tx.send(Panics(dropped.clone(), false)).is_err());
    drop(tx);
    assert_eq!(Arc::strong_count(&dropped), 1);
}

/// Values that need more alignment, or more room, than anything else, through every way a value can
/// take.
#[test]
fn odd_layouts() {
    #[repr(align(4096))]
    #[derive(Clone, Copy)]
    struct Aligned(u8);
    #[derive(Clone, Copy)]
    struct Huge([u64; 1024]);

    fn passes<T: Copy + Send + 'static>(value: T, check: fn(&T)) {
        check(&value);
        for capacity in [0, 1, 3] {
            let (tx, rx) = channel(capacity);
            let thread = std::thread::spawn(move || {
                for _ in 0..5 {
                    assert!(tx.send(value).is_ok());
                    assert!(tx.send_timeout(value, std::time::Duration::MAX).is_ok());
                }
            });
            assert_eq!(rx.iter().inspect(check).count(), 10);
            thread.join().unwrap();
        }
        let ch = Chan::new(0);
        let mut future = pin!(ch.recv_async());
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        assert!(ch.send(value).is_ok());
        let Poll::Ready(Some(value)) = future.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("nothing came");
        };
        check(&value);
    }
    passes(Aligned(7), |v| {
        assert_eq!((ptr::from_ref(v).addr() % 4096, v.0), (0, 7));
    });
    passes(Huge([9; 1024]), |v| assert!(v.0.iter().all(|&x| x == 9)));
}
