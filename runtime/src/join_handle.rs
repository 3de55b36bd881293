//! `JoinHandle`: waiting for a goroutine and taking its result.

use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};

use crate::g::join::Whose;
use crate::g::{GRef, Outcome, entry, pool};
use crate::panics::Panic;
use crate::reason::WaitReason;
use crate::task::Task;

/// A goroutine that was started; dropping it detaches.
///
/// A panic of the goroutine comes out of [`join`](JoinHandle::join). If the handle is dropped instead, nobody can observe the
/// panic any more: it is reported as Go does, and the process exits with status 2.
pub struct JoinHandle<T> {
    g: GRef,
    result: PhantomData<T>,
}

// SAFETY: the handle owns the result, which it can hand out on another thread: `T: Send`. Everything else it touches is the
// state machine of `g::join`.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: through `&self` only the number, the name and the state can be read.
unsafe impl<T> Sync for JoinHandle<T> {}

/// Why a goroutine has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// It panicked.
    Panicked(Panic),
    /// It called [`goexit`](crate::goexit), or waited for what can never come.
    Goexit,
}

impl JoinError {
    /// Whether it was a panic.
    pub fn is_panic(&self) -> bool {
        matches!(self, JoinError::Panicked(_))
    }

    /// The panic, or the error back if it was none.
    ///
    /// # Errors
    /// The error itself if the goroutine did not panic.
    pub fn into_panic(self) -> Result<Panic, JoinError> {
        match self {
            JoinError::Panicked(panic) => Ok(panic),
            other => Err(other),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Panicked(panic) => write!(f, "goroutine panicked: {panic}"),
            JoinError::Goexit => f.write_str("goroutine called goexit"),
        }
    }
}

impl std::error::Error for JoinError {}

impl<T> JoinHandle<T> {
    pub(crate) fn new(g: GRef) -> JoinHandle<T> {
        JoinHandle {
            g,
            result: PhantomData,
        }
    }

    /// Waits until the goroutine has ended and gives its result.
    ///
    /// # Errors
    /// [`JoinError::Panicked`] with the payload and the message, or [`JoinError::Goexit`].
    ///
    /// ```
    /// let handle = gort_runtime::go(|| -> u32 { panic!("boom") });
    /// let error = handle.join().unwrap_err();
    /// assert_eq!(error.into_panic().unwrap().message(), "boom");
    /// ```
    #[track_caller]
    pub fn join(self) -> Result<T, JoinError> {
        let g = self.g;
        if !g.life.is_done() {
            let task = Task::current();
            // SAFETY: the state machine readies the task exactly once: by the runner if it finishes after the commit,
            // else by the commit itself. Only this handle, which is consumed, registers a joiner.
            unsafe { crate::task::park(WaitReason::Join, || g.life.wake_when_done(task)) };
        }
        let this = ManuallyDrop::new(self);
        let taken = this.take();
        release(g);
        taken
    }

    /// Called once, by `join`, when the outcome is in place.
    fn take(&self) -> Result<T, JoinError> {
        // SAFETY: the outcome is in place and the handle's.
        match unsafe { self.g.life.take_outcome() } {
            Outcome::Value => {
                let mut value = MaybeUninit::<T>::uninit();
                let table = self.g.table.get();
                // SAFETY: the goroutine was started with this `T`, and the outcome says that its result is in the payload.
                unsafe {
                    (table.take_result)(&self.g, value.as_mut_ptr().cast());
                    Ok(value.assume_init())
                }
            }
            Outcome::Panicked(panic) => Err(JoinError::Panicked(panic)),
            Outcome::Goexit => Err(JoinError::Goexit),
            Outcome::Nothing => unreachable!("a finished goroutine has an outcome until its handle takes it"),
        }
    }

    /// Whether the goroutine has ended.
    pub fn is_finished(&self) -> bool {
        self.g.life.is_done()
    }

    /// The goroutine's number, as reports print it.
    pub fn id(&self) -> u64 {
        self.g.id()
    }

    /// The name that `go!(name = …; …)` gave it.
    pub fn name(&self) -> Option<&str> {
        self.g.name()
    }
}

impl<T> Drop for JoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        if self.g.life.detach() == Whose::Mine {
            // It has ended: its result, or its panic, is ours.
            entry::dispose(self.g);
            release(self.g);
        }
    }
}

/// The handle lets go of the block.
fn release(g: GRef) {
    if g.life.handle_gone() == Whose::Mine {
        // SAFETY: the state machine says that nobody else refers to the block.
        unsafe { g.undress() };
        // SAFETY: null or a worker; nothing in between parks.
        match unsafe { crate::tls::worker().as_ref() } {
            Some(worker) => worker.with_blocks(|blocks| blocks.give(g)),
            None => pool::give_shared(g),
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("is_finished", &self.is_finished())
            .finish()
    }
}
