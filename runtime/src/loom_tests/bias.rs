//! The bias: the real [`Bias`] and [`RawLock`], a bias owner and others.
//!
//! A fence on each side stands for the pair of a compiler's fence and the kernel's barrier, which
//! promises what those two promise. Loom has no sequentially consistent accesses, so where the code
//! relies on them the models have fences in addition; that those accesses do it without is argued
//! in `bias/mod.rs`.
//!
//! Breaches that were tried, each of which fails a model: no light fence in `attempt`, or no look
//! at `owner` or at `held` there; in `revoke`, no barrier, no wait for the seat, or the null before
//! it; in the lock, not ending the bias, not waiting for `biased`, looking before marking, not
//! looking whether an earlier owner holds it still, or freeing the wrong half; any of the three
//! releases relaxed; no fence in `heavy_fence`.
//!
//! Not shown to be caught, since the light fence is too strong here: no fence in `begin`; no full
//! fence in `publish_fence`.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::model;
use crate::bias::lock::RawLock;
use crate::bias::{Bias, Seat};

struct Shared {
    bias: Bias,
    lock: RawLock,
    /// Under the lock: loom notices who is not alone with it.
    guarded: UnsafeCell<usize>,
}

// SAFETY: what the models find out.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    fn new() -> Arc<Shared> {
        Arc::new(Shared {
            bias: Bias::new(),
            lock: RawLock::new(),
            guarded: UnsafeCell::new(0),
        })
    }

    /// One section under the lock, by a worker with that seat or by another thread.
    fn section(&self, seat: Option<&Seat>) {
        self.section_under(&self.bias, seat);
    }

    fn section_under(&self, bias: &Bias, seat: Option<&Seat>) {
        self.lock.lock_with(bias, || seat);
        // SAFETY: the lock is held.
        self.guarded.with_mut(|n| unsafe { *n += 1 });
        // SAFETY: taken above.
        unsafe { self.lock.unlock() };
    }

    fn sections(&self) -> usize {
        // SAFETY: nobody else is left.
        self.guarded.with(|n| unsafe { *n })
    }
}

fn seat() -> &'static Seat {
    Box::leak(Box::new(Seat::new()))
}

/// A becomes the bias owner and uses the lock twice; somebody else comes in between.
#[test]
fn loom_bias_one_against_another() {
    model(Some(4), || {
        let shared = Shared::new();
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || other.section(None));
        let seat = seat();
        assert!(shared.bias.begin(seat));
        shared.section(Some(seat));
        shared.section(Some(seat));
        handle.join().unwrap();
        assert_eq!(shared.sections(), 3);
    });
}

/// The other one comes twice, and A owns the bias anew meanwhile.
#[test]
fn loom_bias_owned_again() {
    model(Some(3), || {
        let shared = Shared::new();
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            other.section(None);
            other.section(None);
        });
        let seat = seat();
        for _ in 0..2 {
            shared.bias.begin(seat);
            shared.section(Some(seat));
        }
        handle.join().unwrap();
        assert_eq!(shared.sections(), 4);
    });
}

/// Two workers that want to own the bias, one after the other, and give it up.
#[test]
fn loom_bias_two_workers() {
    model(Some(3), || {
        let shared = Shared::new();
        let other = Arc::clone(&shared);
        let worker = |shared: Arc<Shared>| {
            let seat = seat();
            if shared.bias.begin(seat) {
                shared.section(Some(seat));
                shared.bias.release(seat);
            } else {
                shared.bias.revoke_others(|| Some(seat));
                shared.section(Some(seat));
            }
        };
        let handle = thread::spawn(move || worker(other));
        worker(Arc::clone(&shared));
        handle.join().unwrap();
        assert_eq!(shared.sections(), 2);
    });
}

/// Two others at once, each at a lock of its own (that both spin for one is endless): one ends the
/// bias, the other one may rely on it.
#[test]
fn loom_bias_two_others() {
    model(Some(3), || {
        let first = Shared::new();
        let second = Shared::new();
        let handles = [
            {
                let first = Arc::clone(&first);
                thread::spawn(move || first.section(None))
            },
            {
                let (first, second) = (Arc::clone(&first), Arc::clone(&second));
                thread::spawn(move || second.section_under(&first.bias, None))
            },
        ];
        let seat = seat();
        first.bias.begin(seat);
        first.section(Some(seat));
        second.section_under(&first.bias, Some(seat));
        for handle in handles {
            handle.join().unwrap();
        }
        assert_eq!(first.sections() + second.sections(), 4);
    });
}

/// A bias owner's lock is still held when its bias ends and another worker owns the bias, who must
/// not walk in.
#[test]
fn loom_bias_next_owner() {
    model(Some(3), || {
        let shared = Shared::new();
        let first = seat();
        shared.bias.begin(first);
        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            let second = seat();
            other.bias.revoke_others(|| Some(second));
            other.bias.begin(second);
            other.section(Some(second));
        });
        shared.section(Some(first));
        handle.join().unwrap();
        assert_eq!(shared.sections(), 2);
    });
}

/// Run-next: its worker, which owns the bias or not, and a thief. Exactly one of them gets what is
/// in it.
#[test]
fn loom_bias_run_next() {
    model(Some(4), || {
        let shared = Shared::new();
        let slot = Arc::new(AtomicUsize::new(1));
        let thief = {
            let (shared, slot) = (Arc::clone(&shared), Arc::clone(&slot));
            thread::spawn(move || {
                shared.lock.lock_with(&shared.bias, || None);
                let taken = slot.swap(0, Ordering::Acquire);
                // SAFETY: taken above.
                unsafe { shared.lock.unlock() };
                taken
            })
        };
        let seat = seat();
        shared.bias.begin(seat);
        let mut taken = 0;
        for _ in 0..2 {
            taken += if shared.lock.lock_if_owner(&shared.bias, Some(seat)) {
                let next = slot.load(Ordering::Relaxed);
                slot.store(0, Ordering::Relaxed);
                // SAFETY: taken above.
                unsafe { shared.lock.unlock() };
                next
            } else {
                slot.swap(0, Ordering::Acquire)
            };
        }
        taken += thief.join().unwrap();
        assert_eq!(taken, 1);
    });
}

/// A submitter that may own the bias queues work and looks whether to wake somebody; a worker lies
/// down, and looks at the queue. One of them sees the other, whoever ends the bias meanwhile.
#[test]
fn loom_bias_wake_up() {
    model(Some(4), || {
        let shared = Shared::new();
        let (queue, asleep) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let sleeper = {
            let (shared, queue, asleep) = (Arc::clone(&shared), Arc::clone(&queue), Arc::clone(&asleep));
            thread::spawn(move || {
                asleep.fetch_add(1, Ordering::SeqCst);
                shared.bias.heavy_fence();
                queue.load(Ordering::Relaxed) != 0
            })
        };
        let third = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.bias.revoke())
        };
        let seat = seat();
        shared.bias.begin(seat);
        queue.store(1, Ordering::Release);
        shared.bias.publish_fence(seat);
        let saw_sleeper = asleep.load(Ordering::SeqCst) != 0;
        let saw_work = sleeper.join().unwrap();
        third.join().unwrap();
        assert!(saw_sleeper || saw_work, "a wake-up is lost");
    });
}
