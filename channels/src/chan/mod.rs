//! The channel itself: one lock around a buffer, a queue of waiting receivers, a queue of waiting senders and two flags.
//!
//! Invariants while nobody holds the lock ("live" = a waiter that nobody has won yet):
//! 1. A live receiver waits only if the buffer is empty, nothing was given back, and the channel is not closed.
//! 2. A live sender waits only if the buffer is full (an unbuffered one always is), the channel is open and has receivers.
//! 3. Live senders and live receivers wait together only if all of them are arms of one and the same `select!`.
//! 4. `CLOSED` and `NO_RECEIVER` are never taken back. With either of them no value enters the buffer any more.
//!
//! 1 and 2 hold because every operation that makes room or brings a value serves the first waiter in the same critical
//! section; that is also what makes values and waiters first in, first out.
//!
//! User code never runs under the lock: values are only moved (a memcpy), and tasks, which may be wakers of users, are
//! readied, replaced and dropped outside.

mod close;
mod future;
mod given_back;
pub(crate) mod ops;
mod recv;
mod send;

use std::fmt;
#[cfg(not(loom))]
use std::panic::Location;

use crate::ring::Ring;
use crate::rt::RawLock;
use crate::rt::explore;
#[cfg(not(loom))]
use crate::rt::{About, CHANNEL_ABOUT, Label};
use crate::shim::{AtomicU8, AtomicUsize, Ordering, UnsafeCell};
use crate::waitq::WaitQueue;

pub use self::future::{RecvFuture, SendFuture};
use self::given_back::GivenBack;
pub(crate) use self::recv::Take;
pub(crate) use self::send::{Offer, Refused};

/// Set once by `close`, or when the last handle that can send is gone.
const CLOSED: u8 = 1;
/// Set once, when the last handle that can receive is gone.
const NO_RECEIVER: u8 = 2;
/// Set once, when a dropped future gave a value back for the first time: from then on nobody looks without the lock.
const GAVE_BACK: u8 = 4;
/// Set once, by whoever does not want the channel to close when the last handle that can send is gone.
const STAYS_OPEN: u8 = 8;

/// What all handles of a channel share. In the order that is written here: a hand-off between two goroutines needs the first cache
/// line only.
#[repr(C, align(64))]
pub(crate) struct Core<T> {
    lock: RawLock,
    /// Written under the lock, looked at without it.
    flags: AtomicU8,
    /// The bubble that it was made in; 0: none.
    bubble: u32,
    capacity: usize,
    /// How many values the buffer holds. Written under the lock, looked at without it.
    len: AtomicUsize,
    recvq: WaitQueue,
    sendq: WaitQueue,
    /// For reports, which read it from outside.
    #[cfg(not(loom))]
    about: &'static About,
    #[cfg(not(loom))]
    made: &'static Location<'static>,
    #[cfg(not(loom))]
    label: Label,
    /// Under the lock.
    ring: UnsafeCell<Ring<T>>,
    given_back: GivenBack<T>,
    /// Under the lock.
    abandoned: UnsafeCell<Option<Abandoned>>,
}

#[cfg(not(loom))]
const _: () = assert!(std::mem::offset_of!(Core<u8>, sendq) + size_of::<WaitQueue>() <= 64);

#[cfg(not(loom))]
const _: () = assert!(
    std::mem::offset_of!(Core<u8>, lock) == 0
        && std::mem::offset_of!(Core<u8>, label) == CHANNEL_ABOUT + 2 * size_of::<usize>()
);
#[cfg(not(loom))]
const _: () = assert!(std::mem::offset_of!(Core<u8>, about) == CHANNEL_ABOUT);
#[cfg(not(loom))]
const _: () = assert!(std::mem::offset_of!(Core<u8>, made) == CHANNEL_ABOUT + size_of::<usize>());

/// What an event source wants done when nobody can receive any more.
type Abandoned = Box<dyn FnOnce() + Send>;

// SAFETY: a channel moves values from thread to thread and never shares one, so `T: Send` is enough; all else is behind the
// lock. The nodes in its queues belong to waiters of any thread and are touched by the rules of `waiter.rs`.
unsafe impl<T: Send> Send for Core<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Core<T> {}

impl<T> fmt::Debug for Core<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

impl<T> Core<T> {
    /// # Panics
    /// With `makechan: size out of range`.
    #[track_caller]
    pub(crate) fn new(capacity: usize) -> Core<T> {
        Core {
            lock: RawLock::new(),
            flags: AtomicU8::new(0),
            bubble: if explore::is_under_way() {
                explore::bubble_here()
            } else {
                0
            },
            capacity,
            len: AtomicUsize::new(0),
            recvq: WaitQueue::new(),
            sendq: WaitQueue::new(),
            #[cfg(not(loom))]
            about: const { &About::new::<T>(0, 0) },
            #[cfg(not(loom))]
            made: Location::caller(),
            #[cfg(not(loom))]
            label: Label::new(),
            ring: UnsafeCell::new(Ring::new(capacity)),
            given_back: GivenBack::new(),
            abandoned: UnsafeCell::new(None),
        }
    }

    /// Says what reports can know of the handles.
    #[cfg(not(loom))]
    pub(crate) fn with_about(mut self, about: &'static About) -> Core<T> {
        self.about = about;
        self
    }

    #[cfg(not(loom))]
    pub(crate) fn label(&self) -> &Label {
        &self.label
    }

    /// Which channel it is, for whoever explores schedules: that of its lock, as for everything that a select waits for.
    #[inline(always)]
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(&self.lock).addr()
    }

    /// The bubble that it was made in; 0: none.
    pub(crate) fn bubble(&self) -> u32 {
        self.bubble
    }

    /// The caller is about to do that.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn announce(&self, op: explore::Op, verb: &'static str) {
        if explore::is_under_way() {
            explore::enter(&[self.bubble], verb);
            explore::point(op, self.address());
        }
    }

    /// The same for an operation that, if it waits, is over when it is woken.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn announce_handed_over(&self, op: explore::Op, verb: &'static str) {
        if explore::is_under_way() {
            explore::enter(&[self.bubble], verb);
            explore::point_handed_over(op, self.address());
        }
    }

    #[inline(always)]
    pub(crate) fn lock(&self) -> &RawLock {
        &self.lock
    }

    #[inline(always)]
    pub(crate) fn recvq(&self) -> &WaitQueue {
        &self.recvq
    }

    #[inline(always)]
    pub(crate) fn sendq(&self) -> &WaitQueue {
        &self.sendq
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.flags.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Whether a send would have had to wait, at some moment between call and return.
    ///
    /// First full, then open: neither flag is ever taken back, so an open channel afterwards was open when it was full.
    #[inline]
    pub(crate) fn send_would_wait(&self) -> bool {
        let full = if self.capacity == 0 {
            self.recvq.looks_empty()
        } else {
            self.len() == self.capacity
        };
        full && self.flags.load(Ordering::Acquire) & (CLOSED | NO_RECEIVER) == 0
    }

    /// Whether a receive would have had to wait, at some moment between call and return.
    ///
    /// First empty, then open (and nothing ever given back), as above. The release stores of `len` and of the queue's head
    /// make this exact: who sees a value gone that was taken after the close sees the close.
    #[inline]
    pub(crate) fn recv_would_wait(&self) -> bool {
        let empty = if self.capacity == 0 {
            self.sendq.looks_empty()
        } else {
            self.len() == 0
        };
        empty && self.flags.load(Ordering::Acquire) & (CLOSED | GAVE_BACK) == 0
    }

    /// Keeps the channel open when the last handle that can send goes, and calls `abandoned` when the last one that can
    /// receive does.
    pub(crate) fn feed(&self, abandoned: Abandoned) {
        self.lock.lock();
        // SAFETY: the lock is held.
        let not_wanted = unsafe {
            self.set_flag(STAYS_OPEN);
            let late = self.flags_locked() & NO_RECEIVER != 0;
            let not_wanted = if late {
                Some(abandoned)
            } else {
                self.abandoned.with_mut(|slot| (*slot).replace(abandoned))
            };
            self.lock.unlock();
            not_wanted
        };
        if let Some(call) = not_wanted {
            call();
        }
    }

    #[inline]
    pub(crate) fn stays_open(&self) -> bool {
        self.flags.load(Ordering::Acquire) & STAYS_OPEN != 0
    }

    /// The flags, under the lock.
    #[inline(always)]
    fn flags_locked(&self) -> u8 {
        self.flags.load(Ordering::Relaxed)
    }

    /// # Safety
    /// The lock is held.
    #[inline(always)]
    unsafe fn set_flag(&self, flag: u8) {
        self.flags.store(self.flags_locked() | flag, Ordering::Release);
    }

    /// The number of values in the buffer, under the lock.
    #[inline(always)]
    fn len_locked(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// # Safety
    /// The lock is held, and the ring holds that many values.
    #[inline(always)]
    unsafe fn set_len(&self, len: usize) {
        self.len.store(len, Ordering::Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
