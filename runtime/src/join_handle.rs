//! `JoinHandle`: waiting for a goroutine and taking its result.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::sync::{Arc, OnceLock};

use crate::g::join::{Joiner, Whose};
use crate::g::{GRef, Outcome, entry, pool};
use crate::panics::Panic;
use crate::reason::WaitReason;
use crate::task::Task;

/// A goroutine that was started; dropping it detaches.
///
/// A panic of the goroutine comes out of [`join`](JoinHandle::join). If the handle is dropped instead, nobody can observe the
/// panic any more: it is reported as Go does, and the process exits with status 2.
///
/// ```
/// let handle = gort_runtime::go(|| 6 * 7);
/// assert_eq!(handle.join().unwrap(), 42);
/// ```
pub struct JoinHandle<T> {
    g: GRef,
    /// What makes it a source of events; there once it was one for the first time. A joiner is registered then.
    source: OnceLock<Arc<dyn Any + Send + Sync>>,
    result: PhantomData<T>,
}

// SAFETY: the handle owns the result, which it can hand out on another thread: `T: Send`. Everything else it touches is the
// state machine of `g::join`.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: as above; through `&self` the result can be received by one of several threads, under the lock of the source.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

/// Why a goroutine has no result.
///
/// ```
/// use gort_runtime::JoinError;
///
/// let ended = gort_runtime::go(|| gort_runtime::goexit()).join();
/// assert!(matches!(ended, Err(JoinError::Goexit)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// It panicked.
    Panicked(Panic),
    /// It called [`goexit`](crate::goexit), or waited for what can never come.
    Goexit,
    /// The result has been received already, with `<-handle`.
    Taken,
}

impl JoinError {
    /// Whether it was a panic.
    ///
    /// ```
    /// let error = gort_runtime::go(|| panic!("boom")).join().unwrap_err();
    /// assert!(error.is_panic());
    /// ```
    pub fn is_panic(&self) -> bool {
        matches!(self, JoinError::Panicked(_))
    }

    /// The panic, or the error back if it was none.
    ///
    /// # Errors
    /// The error itself if the goroutine did not panic.
    ///
    /// ```
    /// let error = gort_runtime::go(|| panic!("boom")).join().unwrap_err();
    /// assert_eq!(error.into_panic().unwrap().message(), "boom");
    /// ```
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
            JoinError::Taken => f.write_str("the goroutine's result was received before"),
        }
    }
}

impl std::error::Error for JoinError {}

impl<T> JoinHandle<T> {
    pub(crate) fn new(g: GRef) -> JoinHandle<T> {
        JoinHandle {
            g,
            source: OnceLock::new(),
            result: PhantomData,
        }
    }

    /// Waits until the goroutine has ended and gives its result.
    ///
    /// # Errors
    /// [`JoinError::Panicked`] with the payload and the message, [`JoinError::Goexit`], or [`JoinError::Taken`] if the handle was
    /// used as a source of `<-` and the result has been received there.
    ///
    /// ```
    /// let handle = gort_runtime::go(|| -> u32 { panic!("boom") });
    /// let error = handle.join().unwrap_err();
    /// assert_eq!(error.into_panic().unwrap().message(), "boom");
    /// ```
    #[track_caller]
    pub fn join(self) -> Result<T, JoinError> {
        let g = self.g;
        if self.source.get().is_some() {
            // SAFETY: the handle is consumed, so nobody else registers or takes back.
            drop(unsafe { g.life.take_back() });
        }
        if !g.life.is_done() {
            let task = Joiner::Task(Task::current());
            // SAFETY: the state machine readies the task exactly once: by the runner if it finishes after the commit,
            // else by the commit itself. Only this handle, which is consumed, registers a joiner, and what it may have
            // registered before was taken back.
            unsafe { crate::task::park(WaitReason::Join, || g.life.tell_when_done(task)) };
        }
        let mut this = ManuallyDrop::new(self);
        drop(this.source.take());
        // SAFETY: the outcome is in place, and the handle is consumed.
        let taken = unsafe { this.take() };
        release(g);
        taken
    }

    /// Takes the result, if nobody has.
    ///
    /// # Safety
    /// The outcome is in place, and nobody else takes it at the same time.
    unsafe fn take(&self) -> Result<T, JoinError> {
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
            Outcome::Panicked(panic) => Err(JoinError::Panicked(*panic)),
            Outcome::Goexit => Err(JoinError::Goexit),
            Outcome::Nothing => Err(JoinError::Taken),
        }
    }

    /// What makes this handle a source of events: made by `make` the first time, together with the call that it wants when the
    /// goroutine ends (made at once if it has ended).
    ///
    /// # Safety
    /// What the call borrows lives as long as what `T` borrows. Everybody asks for the same kind of source.
    #[doc(hidden)]
    pub unsafe fn source<F>(
        &self,
        make: impl FnOnce(Outlet<T>) -> (Arc<dyn Any + Send + Sync>, F),
    ) -> &(dyn Any + Send + Sync)
    where
        F: FnOnce() + Send,
    {
        let source = self.source.get_or_init(|| {
            let (source, told) = make(Outlet {
                g: self.g,
                result: PhantomData,
            });
            let told: Box<dyn FnOnce() + Send + '_> = Box::new(told);
            // SAFETY: only the lifetime changes. What the call borrows lives, by contract, as long as what `T` borrows; that
            // outlives the goroutine, which makes the call, or drops it, before it has ended.
            let told = unsafe {
                std::mem::transmute::<Box<dyn FnOnce() + Send + '_>, Box<dyn FnOnce() + Send>>(told)
            };
            // SAFETY: this runs once, and `join` takes the joiner back before it registers another.
            unsafe { self.g.life.tell_when_done(Joiner::Call(told)) };
            source
        });
        &**source
    }

    /// The result, if the goroutine has ended: [`JoinError::Taken`] if it was taken before.
    ///
    /// # Safety
    /// Nobody else takes the result at the same time: under the lock of the source, or with the handle alone.
    #[doc(hidden)]
    pub unsafe fn try_take(&self) -> Option<Result<T, JoinError>> {
        // SAFETY: by contract.
        self.g.life.is_done().then(|| unsafe { self.take() })
    }

    /// Whether the goroutine has ended.
    ///
    /// ```
    /// let handle = gort_runtime::go(|| 7);
    /// while !handle.is_finished() {
    ///     std::thread::yield_now();
    /// }
    /// assert_eq!(handle.join().unwrap(), 7);
    /// ```
    pub fn is_finished(&self) -> bool {
        self.g.life.is_done()
    }

    /// The goroutine's number, as reports print it.
    ///
    /// ```
    /// let (a, b) = (gort_runtime::go(|| ()), gort_runtime::go(|| ()));
    /// assert_ne!(a.id(), b.id());
    /// ```
    pub fn id(&self) -> u64 {
        self.g.id()
    }

    /// The name that `go!(name = …; …)` gave it.
    ///
    /// ```
    /// assert_eq!(gort_runtime::Spawn::new().name("reader").go(|| ()).name(), Some("reader"));
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.g.name()
    }
}

/// A way to the result for the call that a handle's source made: of use as long as the handle exists.
#[doc(hidden)]
pub struct Outlet<T> {
    g: GRef,
    result: PhantomData<T>,
}

// SAFETY: as for the handle.
unsafe impl<T: Send> Send for Outlet<T> {}

impl<T> Outlet<T> {
    /// Takes the result.
    ///
    /// # Safety
    /// The goroutine has ended, its handle exists, and nobody else takes the result at the same time.
    pub unsafe fn take(&self) -> Result<T, JoinError> {
        let handle = ManuallyDrop::new(JoinHandle::<T>::new(self.g));
        // SAFETY: by contract; this view of the handle is not dropped.
        unsafe { handle.take() }
    }
}

impl<T> fmt::Debug for Outlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
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
