//! Goroutines that may run on one worker only: because they are locked to its thread, or because of
//! the migration mode.
//!
//! What the worker itself makes runnable goes into its own half, with a run-next slot as in
//! [`local`](super::local), and costs no lock; others put theirs into the inbox, from where the
//! owner takes all at once.
//!
//! In the migration mode for tests the inbox also has goroutines that are *free*: they are to move
//! to this worker, but may run anywhere. The owner takes them one by one, so that they can be sent
//! elsewhere while it is in a long run.

use std::cell::{Cell, UnsafeCell};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::g::GRef;

/// The owner's half.
#[derive(Default)]
pub(crate) struct Bound {
    next: Cell<Option<GRef>>,
    queue: UnsafeCell<VecDeque<GRef>>,
}

impl Bound {
    fn with_queue<R>(&self, f: impl FnOnce(&mut VecDeque<GRef>) -> R) -> R {
        // SAFETY: the type is not `Sync`: only the owner's thread gets here. What `f` does, in the
        // functions below, calls nothing that comes back.
        f(unsafe { &mut *self.queue.get() })
    }

    /// Puts `g` into the run-next slot, or at the end if that is taken.
    #[inline]
    pub(crate) fn offer(&self, g: GRef) {
        match self.next.take() {
            None => self.next.set(Some(g)),
            first => {
                self.next.set(first);
                self.push(g);
            }
        }
    }

    pub(crate) fn push(&self, g: GRef) {
        self.with_queue(|queue| queue.push_back(g));
    }

    #[inline]
    pub(crate) fn take_next(&self) -> Option<GRef> {
        self.next.take()
    }

    /// The first of the queue, behind which run-next and the inbox are emptied: whoever asks for it
    /// does not serve run-next, which must not wait for ever.
    #[inline]
    pub(crate) fn pop(&self, inbox: &Inbox) -> Option<GRef> {
        self.pop_bound(inbox).or_else(|| inbox.take_one_free())
    }

    /// The same, but for those that are free.
    #[inline]
    pub(crate) fn pop_bound(&self, inbox: &Inbox) -> Option<GRef> {
        self.with_queue(|queue| {
            if let Some(next) = self.next.take() {
                queue.push_back(next);
            }
            if !inbox.is_empty() {
                inbox.move_to(queue);
            }
            queue.pop_front()
        })
    }
}

/// The half for the others.
pub(crate) struct Inbox {
    goroutines: Mutex<Goroutines>,
    /// How many there are. Written under the lock, looked at without it.
    len: AtomicUsize,
}

#[derive(Default)]
struct Goroutines {
    bound: VecDeque<GRef>,
    free: VecDeque<GRef>,
}

impl Inbox {
    pub(crate) fn new() -> Inbox {
        Inbox {
            goroutines: Mutex::default(),
            len: AtomicUsize::new(0),
        }
    }

    /// Anybody: queues a goroutine for the owner, who has to be woken.
    pub(crate) fn send(&self, g: GRef, bound: bool) {
        self.with(|goroutines| {
            if bound {
                goroutines.bound.push_back(g);
            } else {
                goroutines.free.push_back(g);
            }
        });
    }

    fn with<R>(&self, f: impl FnOnce(&mut Goroutines) -> R) -> R {
        let mut goroutines = self.goroutines.lock();
        let result = f(&mut goroutines);
        self.len
            .store(goroutines.bound.len() + goroutines.free.len(), Ordering::Release);
        result
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len.load(Ordering::Acquire) == 0
    }

    fn move_to(&self, queue: &mut VecDeque<GRef>) {
        self.with(|goroutines| queue.append(&mut goroutines.bound));
    }

    fn take_one_free(&self) -> Option<GRef> {
        if self.is_empty() {
            return None;
        }
        self.with(|goroutines| goroutines.free.pop_front())
    }

    /// Anybody: takes out all that may run elsewhere.
    pub(crate) fn take_free(&self) -> VecDeque<GRef> {
        if self.is_empty() {
            return VecDeque::new();
        }
        self.with(|goroutines| std::mem::take(&mut goroutines.free))
    }

    /// Anybody: whether there is something that may run elsewhere.
    pub(crate) fn has_free(&self) -> bool {
        !self.is_empty() && !self.goroutines.lock().free.is_empty()
    }
}
