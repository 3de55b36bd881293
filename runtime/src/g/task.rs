//! Who waits: a goroutine, an OS thread, or a future's waker. What channels and locks park and
//! wake, as data: `sched/park.rs` and `sched/ready.rs` have what is done with it.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{RawWakerVTable, Waker};

use crate::g::{G, GRef};
use crate::here::Here;
use crate::parker::ThreadParker;

/// Who waits. Made by the one who is about to [`park`](crate::park), stored where a waker finds it,
/// and used up by [`Task::ready`]. Dropping it instead wakes nobody.
///
/// Two words, so that it travels in registers: an enum is copied through memory on its way from a
/// waiter to `ready`, at odd offsets, and each such copy waits for the stores before it.
pub struct Task {
    /// [`GOROUTINE`], [`THREAD`], or the table of a waker.
    how: NonNull<()>,
    /// The control block, the thread's parker, or the waker's data.
    whom: *const (),
}

/// Who waits and is no goroutine.
pub(crate) enum Other {
    Thread(Arc<ThreadParker>),
    Waker(Waker),
}

/// Its address marks a task that is a goroutine; no waker's table lies there.
static GOROUTINE: u8 = 0;
/// Its address marks a task that is a thread.
static THREAD: u8 = 1;

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_goroutine() {
            Some(g) => write!(f, "Goroutine({})", g.id()),
            None if self.is_thread() => f.write_str("Thread"),
            None => f.write_str("Waker"),
        }
    }
}

// SAFETY: it is a `GRef`, an `Arc<ThreadParker>` or a `Waker`, and all of these may be sent and
// shared.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Task {
    /// The goroutine that runs this code, or this OS thread.
    #[inline]
    pub fn current() -> Task {
        // SAFETY: used at once.
        Task::current_here(unsafe { Here::ask() })
    }

    /// The same for one who has asked already.
    #[doc(hidden)]
    #[inline]
    pub fn current_here(here: Here) -> Task {
        let g = here.goroutine();
        if g.is_null() {
            Task {
                how: NonNull::from(&THREAD).cast(),
                whom: Arc::into_raw(crate::tls::thread_parker()).cast(),
            }
        } else {
            Task {
                how: NonNull::from(&GOROUTINE).cast(),
                whom: g,
            }
        }
    }

    /// A future: [`Task::ready`] wakes the waker. What that does is not ours: on a goroutine, and
    /// on a thread of the program, it is done in place; elsewhere a goroutine of its own does it,
    /// which may wait.
    pub fn from_waker(waker: Waker) -> Task {
        let waker = ManuallyDrop::new(waker);
        Task {
            how: NonNull::from(waker.vtable()).cast(),
            whom: waker.data(),
        }
    }

    #[inline(always)]
    fn is_goroutine(&self) -> bool {
        self.how == NonNull::from(&GOROUTINE).cast()
    }

    fn is_thread(&self) -> bool {
        self.how == NonNull::from(&THREAD).cast()
    }

    /// The goroutine, if it is one. Such a task owns nothing.
    #[inline(always)]
    pub(crate) fn as_goroutine(&self) -> Option<GRef> {
        if self.is_goroutine() {
            // SAFETY: `current` stored the address of a control block.
            unsafe { GRef::from_ptr(self.whom.cast_mut().cast::<G>()) }
        } else {
            None
        }
    }

    /// Whom a task is for that is no goroutine.
    pub(crate) fn into_other(self) -> Other {
        let other = if self.is_thread() {
            Other::Thread(ManuallyDrop::into_inner(self.parker()))
        } else {
            Other::Waker(ManuallyDrop::into_inner(self.waker()))
        };
        // What it owned is in there.
        std::mem::forget(self);
        other
    }

    /// Drops what a task owns that is no goroutine. Out of line, so that a wait which ends is not
    /// copied to be dropped.
    #[cold]
    #[inline(never)]
    fn release(&mut self) {
        if self.is_thread() {
            drop(ManuallyDrop::into_inner(self.parker()));
        } else {
            drop(ManuallyDrop::into_inner(self.waker()));
        }
    }

    /// The parker of a task that is a thread. As [`Task::waker`].
    fn parker(&self) -> ManuallyDrop<Arc<ThreadParker>> {
        // SAFETY: `current` took the pointer out of such an `Arc`, and the task has its reference.
        ManuallyDrop::new(unsafe { Arc::from_raw(self.whom.cast()) })
    }

    /// The waker of a task that is neither. It still belongs to the task: who takes it out of the
    /// `ManuallyDrop` has to see to it that the task is not dropped too.
    fn waker(&self) -> ManuallyDrop<Waker> {
        // SAFETY: both parts came out of one waker in `from_waker`, which was forgotten there. A
        // table is borrowed for `'static`.
        ManuallyDrop::new(unsafe { Waker::new(self.whom, self.how.cast::<RawWakerVTable>().as_ref()) })
    }
}

impl Drop for Task {
    #[inline]
    fn drop(&mut self) {
        if !self.is_goroutine() {
            self.release();
        }
    }
}
