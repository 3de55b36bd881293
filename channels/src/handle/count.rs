//! Who still holds a channel: a count of the handles that can send and one of those that can receive.
//!
//! A [`Chan`](crate::Chan) counts on both sides. The last sender closes the channel, the last receiver turns the senders
//! away; whichever of the two comes second frees it.
//!
//! Happens-before: a count is decremented with release and the last one acquires, so the last handle of a side sees all that
//! was done with the others. The swap on `one_side_gone` does the same between the two sides, before the memory is freed.

use std::ptr::NonNull;

use crate::chan::{Core, ops};
use crate::rt::explore;
use crate::shim::{AtomicBool, AtomicUsize, Ordering};

/// A channel on the heap with its counts.
#[derive(Debug)]
pub(crate) struct Shared<T> {
    core: Core<T>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    one_side_gone: AtomicBool,
}

/// An uncounted reference: the handles that contain it do the counting. Invariant in `T`, as `Core` is: a handle whose `T`
/// could be coerced would let a short-lived value into a long-lived channel.
#[derive(Debug)]
pub(crate) struct Counted<T>(NonNull<Shared<T>>);

// SAFETY: a handle gives access to a `Core<T>`, which is `Send + Sync` for `T: Send`, and the last handle drops values of `T`
// on its thread.
unsafe impl<T: Send> Send for Counted<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Counted<T> {}

impl<T> Counted<T> {
    /// A channel with one handle on each side.
    #[track_caller]
    pub(crate) fn new(capacity: usize) -> Counted<T> {
        let shared = Shared {
            core: Core::new(capacity),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            one_side_gone: AtomicBool::new(false),
        };
        Counted(NonNull::from(Box::leak(Box::new(shared))))
    }

    /// The same reference once more; the caller has to have counted it.
    #[inline(always)]
    pub(crate) fn alias(&self) -> Counted<T> {
        Counted(self.0)
    }

    #[inline(always)]
    fn shared(&self) -> &Shared<T> {
        // SAFETY: a handle that counts on one side at least keeps the memory alive.
        unsafe { self.0.as_ref() }
    }

    #[inline(always)]
    pub(crate) fn core(&self) -> &Core<T> {
        &self.shared().core
    }

    /// Which channel it is.
    #[inline(always)]
    pub(crate) fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }

    #[inline]
    pub(crate) fn add_sender(&self) {
        count_up(&self.shared().senders);
    }

    #[inline]
    pub(crate) fn add_receiver(&self) {
        count_up(&self.shared().receivers);
    }

    /// For whoever explores schedules: the last handle of a side closes that, so dropping it is an operation. That another one is dropped
    /// is seen by those that are dropped later.
    #[inline(always)]
    fn announce_drop(&self, count: &AtomicUsize) {
        if explore::is_under_way() && !self.shared().one_side_gone.load(Ordering::Relaxed) {
            if count.load(Ordering::Relaxed) == 1 {
                explore::point_in_drop(ops::DROP, self.core().address());
            } else {
                explore::note_drop();
            }
        }
    }

    /// One handle that can send is gone.
    ///
    /// # Safety
    /// The handle was counted and does not use the reference again, unless it counts on the other side too.
    #[inline]
    pub(crate) unsafe fn drop_sender(&self) {
        self.announce_drop(&self.shared().senders);
        if self.shared().senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            let _freed_at_last = OneSideGone(self.0);
            if !self.core().stays_open() {
                self.core().close();
            }
        }
    }

    /// One handle that can receive is gone.
    ///
    /// # Safety
    /// As for `drop_sender`.
    #[inline]
    pub(crate) unsafe fn drop_receiver(&self) {
        self.announce_drop(&self.shared().receivers);
        if self.shared().receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            let _freed_at_last = OneSideGone(self.0);
            // SAFETY: the count was one, so this happens once, and nobody can receive.
            unsafe { self.core().last_receiver_gone() };
        }
    }
}

#[inline]
fn count_up(count: &AtomicUsize) {
    // Relaxed: whoever makes a handle from another one holds that one, as with `Arc`.
    let before = count.fetch_add(1, Ordering::Relaxed);
    if before > isize::MAX as usize {
        // Only forgotten handles can get here; going on would free a channel that is in use.
        std::process::abort();
    }
}

/// Frees the channel when the second side goes, also if a waker or a destructor of a value panics.
struct OneSideGone<T>(NonNull<Shared<T>>);

impl<T> Drop for OneSideGone<T> {
    fn drop(&mut self) {
        // SAFETY: until the swap says otherwise the other side, or we, keep the memory alive; the one for whom it returns
        // `true` is the last of all.
        unsafe {
            if self.0.as_ref().one_side_gone.swap(true, Ordering::AcqRel) {
                drop(Box::from_raw(self.0.as_ptr()));
            }
        }
    }
}
