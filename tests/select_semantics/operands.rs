//! The temporaries of an operand have ended when the next one is evaluated, while the select waits,
//! and in its bodies (GS-55): in Go an operand is evaluated, and nothing of that is left.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use gort::prelude::*;
use gort::sync::Mutex;

use crate::NIL;

/// Two ends behind a lock, as in a struct that a reload exchanges.
struct Slot {
    ends: Mutex<(Sender<u32>, Receiver<u32>)>,
    next: Mutex<u32>,
}

impl Slot {
    fn new(capacity: usize) -> Arc<Slot> {
        Arc::new(Slot {
            ends: Mutex::new(gort::channel(capacity)),
            next: Mutex::new(7),
        })
    }

    #[track_caller]
    fn assert_free(&self) {
        assert!(self.ends.try_lock().is_some(), "the ends are locked");
        assert!(self.next.try_lock().is_some(), "the value is locked");
    }
}

/// Evaluated as an operand.
fn checked<T>(slot: &Slot, value: T) -> T {
    slot.assert_free();
    value
}

#[gort::test]
fn before_the_next_operand_is_evaluated() {
    let slot = Slot::new(1);
    for _ in 0..20 {
        select! {
            slot.ends.lock().0.clone() <- checked(&slot, 7) => slot.assert_free(),
            NIL.map(|_| slot.ends.lock().0.clone()) <- *slot.next.lock() => panic!("nil"),
            <-checked(&slot, NIL) => panic!("nil"),
            v = <-slot.ends.lock().1.clone() => {
                assert_eq!(v, Some(7));
                slot.assert_free();
            }
            Some(_) = <-Some(checked(&slot, &NIL)) => panic!("nil"),
            else => panic!("one of them is ready"),
        }
    }
}

/// A select that holds the lock while it waits would wait for ever: who wakes it needs that lock.
#[gort::test]
fn before_the_select_waits() {
    let slot = Slot::new(0);
    let waker = go!([slot] {
        gort::time::sleep(Duration::from_millis(2));
        let tx = slot.ends.lock().0.clone();
        *slot.next.lock() += 1;
        chan!(tx <- 9);
        assert_eq!(chan!(<-slot.ends.lock().1.clone()), Some(8));
    });
    select! {
        Some(v) = <-slot.ends.lock().1.clone() => {
            assert_eq!(v, 9);
            slot.assert_free();
        }
        NIL.map(|_| slot.ends.lock().0.clone()) <- *slot.next.lock() => panic!("nil"),
    }
    select! {
        slot.ends.lock().0.clone() <- *slot.next.lock() => slot.assert_free(),
        <-NIL => panic!("nil"),
    }
    waker.join().unwrap();
}

/// The same for the plain operations: the value's temporaries end before the send waits for a
/// receiver.
#[gort::test]
fn before_a_plain_operation_waits() {
    let slot = Slot::new(0);
    let receiver = go!([slot] {
        gort::time::sleep(Duration::from_millis(2));
        *slot.next.lock() += 1;
        let rx = slot.ends.lock().1.clone();
        let sender = go!([slot] {
            gort::time::sleep(Duration::from_millis(2));
            let tx = slot.ends.lock().0.clone();
            chan!(tx <- 1);
        });
        let first = chan!(<-rx);
        sender.join().unwrap();
        first
    });
    assert_eq!(chan!(<-slot.ends.lock().1.clone()), Some(1));
    chan!(slot.ends.lock().0.clone() <- { slot.assert_free(); *slot.next.lock() });
    assert_eq!(receiver.join().unwrap(), Some(8));
}

/// `go!` evaluates its callee, receiver and arguments in the caller; each is over before the next
/// begins.
#[gort::test]
fn before_the_next_argument_of_a_goroutine() {
    fn add(a: u32, b: u32) -> u32 {
        a + b
    }
    let slot = Slot::new(0);
    let sum = go!(add(*slot.next.lock(), checked(&slot, 7)));
    slot.assert_free();
    assert_eq!(sum.join().unwrap(), 14);
    let sum = go!((*slot.next.lock()).wrapping_add(checked(&slot, 1)));
    slot.assert_free();
    assert_eq!(sum.join().unwrap(), 8);
    gort::scope(|s| {
        let name = Mutex::new("n");
        let handle =
            go!(s => name = *name.lock(); add(*slot.next.lock(), { assert!(name.try_lock().is_some()); 1 }));
        assert_eq!(handle.join().unwrap(), 8);
    });
}

/// What an operand makes lives until the choice, and no longer: places are borrowed, values are
/// kept.
#[gort::test]
fn places_are_borrowed_and_values_are_kept() {
    struct Guarded<'a>(Receiver<u32>, &'a Cell<u32>);
    impl Drop for Guarded<'_> {
        fn drop(&mut self) {
            self.1.set(self.1.get() + 1);
        }
    }
    impl gort_channels::source::RecvFrom for Guarded<'_> {
        type Item = u32;

        fn operand(&self) -> gort_channels::source::Operand<'_, u32> {
            self.0.operand()
        }
    }
    let drops = Cell::new(0);
    let (tx, rx) = gort::channel(4);
    for v in 0..4 {
        chan!(tx <- v);
    }
    let mine = Guarded(rx.clone(), &drops);
    select! { v = <-mine => assert_eq!((v, drops.get()), (Some(0), 0)) }
    select! { v = <-&mine => assert_eq!((v, drops.get()), (Some(1), 0)) }
    select! { v = <-Guarded(rx.clone(), &drops) => assert_eq!((v, drops.get()), (Some(2), 1)) }
    select! { v = <-&Guarded(rx.clone(), &drops) => assert_eq!((v, drops.get()), (Some(3), 2)) }
    select! {
        <-Guarded(rx.clone(), &drops) => panic!("empty"),
        default => assert_eq!(drops.get(), 3),
    }
    drop(mine);
    assert_eq!(drops.get(), 4);
}
