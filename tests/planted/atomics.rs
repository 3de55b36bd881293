//! Bugs of hand-written synchronisation.

use std::sync::Arc;

use gort::prelude::*;
use gort::sync::Mutex;
use gort::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// `n = n + 1`.
pub(super) fn lost_update() {
    let n = Arc::new(AtomicUsize::new(0));
    let add = |n: &AtomicUsize| n.store(n.load(SeqCst) + 1, SeqCst);
    let other = go!([n] { add(&n) });
    add(&n);
    other.join().unwrap();
    assert_eq!(n.load(SeqCst), 2, "an update is lost");
}

/// The flag is set before what it stands for.
pub(super) fn published_too_early() {
    let (ready, value) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let init = go!([ready, value] {
        ready.store(true, SeqCst);
        value.store(42, SeqCst);
    });
    if ready.load(SeqCst) {
        assert_eq!(value.load(SeqCst), 42, "not there yet");
    }
    init.join().unwrap();
}

/// A stack of nodes by index, whose pop compares the index only: A goes, B goes, A comes back.
pub(super) fn aba() {
    const NONE: usize = 9;
    struct Stack {
        head: AtomicUsize,
        next: [AtomicUsize; 3],
        owner: [AtomicUsize; 3],
    }
    impl Stack {
        fn pop(&self) -> Option<usize> {
            loop {
                let head = self.head.load(SeqCst);
                if head == NONE {
                    return None;
                }
                let next = self.next[head].load(SeqCst);
                if self.head.compare_exchange(head, next, SeqCst, SeqCst).is_ok() {
                    assert_eq!(
                        self.owner[head].fetch_add(1, SeqCst),
                        0,
                        "{head} is given out twice"
                    );
                    return Some(head);
                }
            }
        }

        fn push(&self, node: usize) {
            self.owner[node].fetch_sub(1, SeqCst);
            loop {
                let head = self.head.load(SeqCst);
                self.next[node].store(head, SeqCst);
                if self.head.compare_exchange(head, node, SeqCst, SeqCst).is_ok() {
                    return;
                }
            }
        }
    }
    let stack = Arc::new(Stack {
        head: AtomicUsize::new(0),
        next: [AtomicUsize::new(1), AtomicUsize::new(2), AtomicUsize::new(NONE)],
        owner: Default::default(),
    });
    let other = go!([stack] {
        let first = stack.pop();
        let _second = stack.pop();
        if let Some(first) = first {
            stack.push(first);
        }
    });
    let _mine = stack.pop();
    let _more = stack.pop();
    other.join().unwrap();
}

/// Peterson's lock, with the flag raised after the look.
pub(super) fn mutual_exclusion() {
    let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let inside = Arc::new(AtomicUsize::new(0));
    let enter = |me: usize, flags: &[AtomicBool; 2], inside: &AtomicUsize| {
        while flags[1 - me].load(SeqCst) {
            gort::runtime::gosched();
        }
        flags[me].store(true, SeqCst);
        assert_eq!(inside.fetch_add(1, SeqCst), 0, "two are inside");
        inside.fetch_sub(1, SeqCst);
        flags[me].store(false, SeqCst);
    };
    let other = go!([flags, inside] { enter(1, &flags, &inside) });
    enter(0, &flags, &inside);
    other.join().unwrap();
}

/// Whoever comes to zero closes; the count is looked at once more.
pub(super) fn last_one_out() {
    let (left, closed) = (Arc::new(AtomicUsize::new(2)), Arc::new(AtomicUsize::new(0)));
    let leave = |left: &AtomicUsize, closed: &AtomicUsize| {
        left.fetch_sub(1, SeqCst);
        if left.load(SeqCst) == 0 {
            closed.fetch_add(1, SeqCst);
        }
    };
    let other = go!([left, closed] { leave(&left, &closed) });
    leave(&left, &closed);
    other.join().unwrap();
    assert_eq!(closed.load(SeqCst), 1, "closed twice");
}

/// A reference count: a new reference is taken from one that may be the last and on its way out.
pub(super) fn resurrected() {
    let (count, freed) = (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicBool::new(false)));
    let release = go!([count, freed] {
        if count.fetch_sub(1, SeqCst) == 1 {
            freed.store(true, SeqCst);
        }
    });
    if count.load(SeqCst) > 0 {
        count.fetch_add(1, SeqCst);
        assert!(!freed.load(SeqCst), "used after it was freed");
    }
    release.join().unwrap();
}

/// Three orders at once: a writer between two looks of a reader, twice.
pub(super) fn torn_snapshot() {
    let (a, b, version) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let writer = go!([a, b, version] {
        for round in 1..3 {
            a.store(round, SeqCst);
            b.store(round, SeqCst);
            // After the writes only; it has to be raised before them too.
            version.fetch_add(1, SeqCst);
        }
    });
    let before = version.load(SeqCst);
    let snapshot = (a.load(SeqCst), b.load(SeqCst));
    if version.load(SeqCst) == before {
        assert_eq!(snapshot.0, snapshot.1, "half of a write");
    }
    writer.join().unwrap();
}

/// Two counters that are to be equal whenever nobody is between them; the second is added to
/// without the lock.
pub(super) fn half_locked() {
    let (lock, total) = (Arc::new(Mutex::new(0_usize)), Arc::new(AtomicUsize::new(0)));
    let work = go!([lock, total] {
        *lock.lock() += 1;
        total.fetch_add(1, SeqCst);
    });
    let seen = {
        let held = lock.lock();
        (*held, total.load(SeqCst))
    };
    work.join().unwrap();
    assert_eq!(seen.0, seen.1, "between the two");
}
