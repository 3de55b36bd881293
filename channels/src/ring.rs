//! A channel's buffer: a ring of slots. The only file that reads or writes the slots of a buffer.
//!
//! Invariants, under the channel's lock: of `capacity` slots, the `len` slots from `head` on
//! (wrapping) hold values, the others hold none. `len` itself lives in the channel, where it can be
//! looked at without the lock. For a zero-sized `T` there is no memory at all and only `len`
//! counts.

use std::alloc::{Layout, alloc, dealloc};
use std::mem::size_of;
use std::ptr::NonNull;

/// Go's limit on the size of one allocation.
#[cfg(target_pointer_width = "64")]
const MAX_BYTES: usize = 1 << 48;
#[cfg(not(target_pointer_width = "64"))]
const MAX_BYTES: usize = isize::MAX as usize;

/// The slots, and where the oldest value is.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    slots: NonNull<T>,
    capacity: usize,
    head: usize,
}

impl<T> Ring<T> {
    /// # Panics
    /// With `makechan: size out of range` if that much memory cannot be had.
    #[track_caller]
    pub(crate) fn new(capacity: usize) -> Ring<T> {
        let slots = match Self::layout(capacity) {
            None => panic!("makechan: size out of range"),
            Some(layout) if layout.size() == 0 => NonNull::dangling(),
            Some(layout) => {
                // SAFETY: the layout's size is not zero.
                let memory = unsafe { alloc(layout) };
                match NonNull::new(memory.cast::<T>()) {
                    Some(slots) => slots,
                    None => panic!("makechan: size out of range"),
                }
            }
        };
        Ring {
            slots,
            capacity,
            head: 0,
        }
    }

    fn layout(capacity: usize) -> Option<Layout> {
        if size_of::<T>().checked_mul(capacity)? > MAX_BYTES {
            return None;
        }
        Layout::array::<T>(capacity).ok()
    }

    /// The slot `index` places after the oldest value.
    ///
    /// # Safety
    /// `index < capacity`.
    #[inline(always)]
    unsafe fn slot(&self, index: usize) -> *mut T {
        // `head < capacity` and `index < capacity`, but for zero-sized types their sum may exceed
        // usize.
        let mut at = self.head.wrapping_add(index);
        if at >= self.capacity || at < self.head {
            at = at.wrapping_sub(self.capacity);
        }
        // SAFETY: `at < capacity`, so it is inside the allocation.
        unsafe { self.slots.as_ptr().add(at) }
    }

    /// Puts a value behind the `len` that are there.
    ///
    /// # Safety
    /// The channel's lock is held (or the ring is not shared) and `len < capacity`.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, len: usize, value: T) {
        // SAFETY: by contract the slot is inside and holds no value.
        unsafe { self.slot(len).write(value) };
    }

    /// Takes the oldest of the `len` values.
    ///
    /// # Safety
    /// The channel's lock is held (or the ring is not shared) and `0 < len <= capacity`.
    #[inline(always)]
    pub(crate) unsafe fn pop(&mut self) -> T {
        // SAFETY: by contract the slot at `head` holds a value, and moving `head` on leaves it to
        // no one else.
        let value = unsafe { self.slots.as_ptr().add(self.head).read() };
        self.head += 1;
        if self.head == self.capacity {
            self.head = 0;
        }
        value
    }
}

impl<T> Drop for Ring<T> {
    /// Frees the memory. The values are the channel's business: it has taken them all out before.
    fn drop(&mut self) {
        if let Some(layout) = Self::layout(self.capacity)
            && layout.size() != 0
        {
            // SAFETY: `new` allocated `slots` with this layout.
            unsafe { dealloc(self.slots.as_ptr().cast(), layout) };
        }
    }
}
