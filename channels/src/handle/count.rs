//! Who still holds a channel: a count of the handles that can send and one of those that can receive.
//!
//! A [`Chan`](crate::Chan) counts on both sides. The last sender closes the channel, the last receiver turns the senders
//! away; whichever of the two comes second frees it.
//!
//! Happens-before: a count is decremented with release and the last one acquires, so the last handle of a side sees all that
//! was done with the others. The swap on `one_side_gone` does the same between the two sides, before the memory is freed.

use std::ptr::NonNull;

use crate::chan::{Core, ops};
#[cfg(not(loom))]
use crate::rt::About;
use crate::rt::explore;
use crate::shim::{AtomicBool, AtomicUsize, Ordering};

/// The kinds of handles; a [`Chan`](crate::Chan) does both.
pub(crate) const SENDS: usize = 1;
pub(crate) const RECEIVES: usize = 2;

/// A channel on the heap with its counts.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Shared<T> {
    core: Core<T>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    one_side_gone: AtomicBool,
}

/// An uncounted reference: the handles that contain it do the counting. Invariant in `T`, as `Core` is: a handle whose `T`
/// could be coerced would let a short-lived value into a long-lived channel.
///
/// `KIND` says what the handle may do, and is added to the address: so reports that find one on a stack know it from a mere reference
/// to the channel, and from handles of other kinds. Taking it off again costs nothing: it is a part of each access.
#[derive(Debug)]
pub(crate) struct Counted<T, const KIND: usize>(NonNull<Shared<T>>);

#[cfg(not(loom))]
const _: () = assert!(SENDS | RECEIVES < align_of::<Shared<u8>>());

// SAFETY: a handle gives access to a `Core<T>`, which is `Send + Sync` for `T: Send`, and the last handle drops values of `T`
// on its thread.
unsafe impl<T: Send, const KIND: usize> Send for Counted<T, KIND> {}
// SAFETY: as above.
unsafe impl<T: Send, const KIND: usize> Sync for Counted<T, KIND> {}

impl<T, const KIND: usize> Counted<T, KIND> {
    #[cfg(not(loom))]
    const ABOUT: &'static About = &About::new::<T>(
        std::mem::offset_of!(Shared<T>, senders),
        std::mem::offset_of!(Shared<T>, receivers),
    );

    /// A channel with one handle on each side.
    #[track_caller]
    pub(crate) fn new(capacity: usize) -> Counted<T, KIND> {
        let core = Core::new(capacity);
        #[cfg(not(loom))]
        let core = core.with_about(Self::ABOUT);
        let shared = Shared {
            core,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            one_side_gone: AtomicBool::new(false),
        };
        Counted::of(NonNull::from(Box::leak(Box::new(shared))))
    }

    /// The same reference once more; the caller has to have counted it.
    #[inline(always)]
    pub(crate) fn alias<const OTHER: usize>(&self) -> Counted<T, OTHER> {
        Counted::of(self.pointer())
    }

    #[inline(always)]
    fn of(shared: NonNull<Shared<T>>) -> Counted<T, KIND> {
        // SAFETY: a channel is longer than the largest kind.
        Counted(unsafe { shared.byte_add(KIND) })
    }

    #[inline(always)]
    fn pointer(&self) -> NonNull<Shared<T>> {
        // SAFETY: takes off what `of` has added.
        unsafe { self.0.byte_sub(KIND) }
    }

    #[inline(always)]
    fn shared(&self) -> &Shared<T> {
        // SAFETY: a handle that counts on one side at least keeps the memory alive.
        unsafe { self.pointer().as_ref() }
    }

    #[inline(always)]
    pub(crate) fn core(&self) -> &Core<T> {
        &self.shared().core
    }

    /// Which channel it is.
    #[inline(always)]
    pub(crate) fn address(&self) -> usize {
        self.pointer().as_ptr().addr()
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
            let _freed_at_last = OneSideGone(self.pointer());
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
            let _freed_at_last = OneSideGone(self.pointer());
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
