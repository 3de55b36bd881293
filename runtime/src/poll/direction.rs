//! One direction of a descriptor, reading or writing: whether it is ready, and who waits for it.
//!
//! # The protocol
//!
//! The *word* holds two flags and a count. `READY`: the next call may succeed; set by events, taken
//! back by whoever was told "would block". `HUNG_UP`: the other side has gone, so the end of the
//! stream is readable for ever (or it sends urgent data, before which reads end): that a read got
//! little says nothing from now on. The count grows with every event and every interruption (a
//! deadline that moved, a close).
//!
//! A goroutine *looks* at the word, then at the deadline and whether the descriptor is closed, and
//! makes the call. If the call would block, it takes `READY` back, but only if the word is still as
//! it was when it looked: an edge that came in between announced new data. To wait, it takes the
//! lock and compares the word with its look once more: every change of the word but the taking back
//! is made under the lock, so whoever comes after the comparison finds the waiter in the queue.
//!
//! An event wakes *one* waiter. Who was woken wakes the next when it is done, if `READY` still
//! stands ([`Direction::next_if_ready`]): so a hundred goroutines that accept from one listener do
//! not all run for one connection, and none is forgotten if there are two. A hang-up or an
//! interruption wakes all. Nothing here parks or wakes: `poll_fd/wait.rs` does.
//!
//! A waiter lies on the stack of its goroutine. It is reachable from the queue, and touched by
//! others, under the lock only. Whoever dequeues it claims it in the same critical section; a
//! waiter whose timer has claimed it takes the lock before it leaves.

use std::ptr::NonNull;

use crate::claim::Claim;
#[cfg(not(loom))]
pub(crate) use crate::g::task::Task;
#[cfg(not(loom))]
use crate::lock::SpinLock;
use crate::shim::{AtomicUsize, Ordering, UnsafeCell};
#[cfg(loom)]
use crate::twin::SpinLock;
#[cfg(loom)]
pub(crate) use crate::twin::Task;

const READY: usize = 1;
const HUNG_UP: usize = 2;
const STEP: usize = 4;

/// The winner's number when an event or an interruption has woken a waiter.
const WOKEN: usize = 0;

/// What a goroutine saw of a direction before it made its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look(usize);

impl Look {
    /// Whether a call is worth trying.
    #[inline]
    pub(crate) fn is_ready(self) -> bool {
        self.0 & READY != 0
    }
}

/// One direction of a descriptor.
pub(crate) struct Direction {
    word: AtomicUsize,
    lock: SpinLock,
    queue: UnsafeCell<Queue>,
}

// SAFETY: the queue is touched under the lock only; the waiters in it hold a `Task`, which is
// `Send`.
unsafe impl Sync for Direction {}
// SAFETY: as above.
unsafe impl Send for Direction {}

/// Waiters, first come first woken.
#[derive(Default)]
struct Queue {
    first: Option<NonNull<Waiter>>,
    last: Option<NonNull<Waiter>>,
}

/// On the stack of the goroutine that waits.
pub(crate) struct Waiter {
    task: Option<Task>,
    pub(crate) claim: Claim,
    next: Option<NonNull<Waiter>>,
}

impl Waiter {
    pub(crate) fn new(task: Task) -> Waiter {
        Waiter {
            task: Some(task),
            claim: Claim::new(),
            next: None,
        }
    }
}

impl Direction {
    /// Ready, as far as is known: the first call is worth trying.
    pub(crate) fn new() -> Direction {
        Direction {
            word: AtomicUsize::new(READY),
            lock: SpinLock::new(),
            queue: UnsafeCell::new(Queue::default()),
        }
    }

    /// For the next descriptor: ready, not hung up, nobody waits.
    pub(crate) fn reset(&self) {
        let look = self.look();
        // Nobody uses it now but late events of the descriptor before, which may come at any time
        // and are harmless.
        self.with_queue(|_| {
            self.word
                .store((look.0 & !HUNG_UP | READY).wrapping_add(STEP), Ordering::Release);
        });
    }

    /// To be called before the deadline is read, before the call is made.
    #[inline]
    pub(crate) fn look(&self) -> Look {
        // Acquire pairs with the release in `announce` and `interrupt`: who sees the count sees the
        // deadline that was stored.
        Look(self.word.load(Ordering::Acquire))
    }

    /// The call that followed `look` would have blocked.
    #[inline]
    pub(crate) fn would_block(&self, look: Look) {
        // If the word has changed, there was an event meanwhile, and the call is worth trying
        // again.
        let _ = self
            .word
            .compare_exchange(look.0, look.0 & !READY, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The call that followed `look` took all there was, or filled all the room there was. Another
    /// edge comes if there is more, unless the stream has ended or a read may end early.
    #[inline]
    pub(crate) fn drained(&self, look: Look) {
        if look.0 & HUNG_UP == 0 {
            self.would_block(look);
        }
    }

    /// Takes the lock for a wait, unless there is a reason to look again.
    pub(crate) fn lock_to_wait(&self, look: Look) -> bool {
        self.lock.lock();
        // The caller may have taken `READY` back since it looked.
        let word = self.word.load(Ordering::Relaxed);
        if word & !READY != look.0 & !READY || word & READY != 0 {
            // SAFETY: taken above.
            unsafe { self.lock.unlock() };
            return false;
        }
        true
    }

    /// # Safety
    /// The caller holds the lock, or was handed it by the goroutine that took it.
    pub(crate) unsafe fn unlock(&self) {
        // SAFETY: by the caller.
        unsafe { self.lock.unlock() };
    }

    /// Takes out a waiter that its timer has claimed. By its owner.
    pub(crate) fn take_out(&self, node: NonNull<Waiter>) {
        self.with_queue(|queue| queue.remove(node));
    }

    /// An event: the descriptor is ready. Gives the waiter to make runnable.
    pub(crate) fn announce(&self) -> Option<Task> {
        self.with_queue(|queue| {
            self.advance(READY);
            queue.dequeue()
        })
    }

    /// An event: the other side has gone, or there is an error to be fetched. Gives all waiters.
    pub(crate) fn announce_end(&self, woken: &mut Vec<Task>) {
        self.wake_all(READY | HUNG_UP, woken);
    }

    /// A deadline has moved, or the descriptor was closed: everybody has to look again. Gives all
    /// waiters.
    pub(crate) fn interrupted(&self) -> Vec<Task> {
        let mut woken = Vec::new();
        self.wake_all(0, &mut woken);
        woken
    }

    /// For everybody that has waited, when it is done: the next one, if the direction is ready.
    pub(crate) fn next_if_ready(&self) -> Option<Task> {
        if !self.look().is_ready() {
            return None;
        }
        self.with_queue(|queue| {
            let ready = self.word.load(Ordering::Relaxed) & READY != 0;
            if ready { queue.dequeue() } else { None }
        })
    }

    fn wake_all(&self, flags: usize, woken: &mut Vec<Task>) {
        self.with_queue(|queue| {
            self.advance(flags);
            woken.extend(std::iter::from_fn(|| queue.dequeue()));
        });
    }

    /// Under the lock: one step more. In a loop, because `READY` is taken back without the lock.
    fn advance(&self, flags: usize) {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let next = (word | flags).wrapping_add(STEP);
            match self
                .word
                .compare_exchange(word, next, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    fn with_queue<R>(&self, f: impl FnOnce(&mut Queue) -> R) -> R {
        self.lock.lock();
        // SAFETY: under the lock.
        let result = self.queue.with_mut(|queue| f(unsafe { &mut *queue }));
        // SAFETY: taken above.
        unsafe { self.lock.unlock() };
        result
    }

    /// # Safety
    /// Under the lock; `node` stays where it is until it is dequeued or removed.
    pub(crate) unsafe fn enqueue(&self, node: NonNull<Waiter>) {
        self.queue.with_mut(|queue| {
            // SAFETY: under the lock, by the caller.
            let queue = unsafe { &mut *queue };
            match queue.last {
                // SAFETY: whoever is in the queue is parked, and its frame is alive.
                Some(last) => unsafe { (*last.as_ptr()).next = Some(node) },
                None => queue.first = Some(node),
            }
            queue.last = Some(node);
        });
    }

    /// For models: whether the queue is empty, that is, names nobody who has left.
    #[cfg(all(test, loom))]
    pub(crate) fn nobody_waits(&self) -> bool {
        self.with_queue(|queue| queue.first.is_none() && queue.last.is_none())
    }
}

impl Queue {
    /// Takes `node` out, if it is in.
    fn remove(&mut self, node: NonNull<Waiter>) {
        let mut before: Option<NonNull<Waiter>> = None;
        let mut at = self.first;
        while let Some(waiter) = at {
            // SAFETY: whoever is in the queue has a frame that is alive. Under the lock.
            let next = unsafe { (*waiter.as_ptr()).next };
            if waiter == node {
                match before {
                    // SAFETY: as above.
                    Some(before) => unsafe { (*before.as_ptr()).next = next },
                    None => self.first = next,
                }
                if self.last == Some(node) {
                    self.last = before;
                }
                return;
            }
            before = at;
            at = next;
        }
    }

    /// The first waiter whose timer has not claimed it. Under the lock.
    fn dequeue(&mut self) -> Option<Task> {
        while let Some(first) = self.first {
            let waiter = first.as_ptr();
            // SAFETY: in the queue, hence its frame is alive, at least until the lock is released:
            // one whose time ran out takes the lock before it leaves. Field by field: its owner and
            // the timer hold a reference to the claim.
            let (next, won) = unsafe { ((*waiter).next, (*waiter).claim.try_claim(WOKEN)) };
            self.first = next;
            if next.is_none() {
                self.last = None;
            }
            if won {
                // SAFETY: as above; the owner does not touch it while it is parked.
                return unsafe { (*waiter).task.take() };
            }
        }
        None
    }
}
