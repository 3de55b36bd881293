//! `JoinHandle`: waiting for a goroutine and taking its result, by `join`, as an operand of `<-`, or as a future.
//!
//! A goroutine tells one joiner ([`Life`](crate::g::join::Life)). A handle may be polled and be an operand of `<-`, in any order: each takes
//! back what is registered and registers it anew together with its own. Only `poll` and `join`, which have the handle for themselves, and
//! the one call that makes the source do that, and `&mut` keeps them apart.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use crate::explore::director::Op;
use crate::explore::{point, searches};
use crate::g::join::Joiner;
use crate::g::task::Task;
use crate::g::{GRef, Outcome};
use crate::panic_value::Panic;
use crate::reason::WaitReason;
use crate::sched::entry;
use crate::sched::park::park_on;

const JOIN: Op = Op::new("join", "goroutine");
const IS_FINISHED: Op = Op::new("is_finished", "goroutine");

/// A goroutine that was started; dropping it detaches.
///
/// A panic of the goroutine is printed when it happens and comes out of [`join`](JoinHandle::join). If the handle is dropped
/// instead, nobody can observe the panic any more: the process exits with status 2, as in Go.
///
/// ```
/// let handle = gort_runtime::go(|| 6 * 7);
/// assert_eq!(handle.join().unwrap(), 42);
/// ```
pub struct JoinHandle<T> {
    g: GRef,
    /// What makes it a source of events; there once it was one for the first time. A joiner is registered then.
    source: OnceLock<Arc<dyn Any + Send + Sync>>,
    /// It was polled in vain: a waker is registered.
    polled: bool,
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
            polled: false,
            result: PhantomData,
        }
    }

    /// Takes back what is registered to be told of the end.
    ///
    /// # Safety
    /// Nobody else registers or takes back at the same time.
    unsafe fn take_back(&self) -> Option<Joiner> {
        if self.polled || self.source.get().is_some() {
            // SAFETY: by contract.
            unsafe { self.g.life.take_back() }
        } else {
            None
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
        point::point_handed_over(JOIN, g.as_ptr().addr());
        // SAFETY: the handle is consumed, so nobody else registers or takes back.
        drop(unsafe { self.take_back() });
        if !g.life.is_done() {
            let task = Joiner::Task(Task::current());
            // SAFETY: the state machine readies the task exactly once: by the runner if it finishes after the commit,
            // else by the commit itself. Only this handle, which is consumed, registers a joiner, and what it may have
            // registered before was taken back.
            unsafe {
                park_on(WaitReason::Join, &[g.as_ptr().cast_const().cast()], || {
                    tell_when_done(g, task);
                });
            }
        }
        let mut this = ManuallyDrop::new(self);
        drop(this.source.take());
        // SAFETY: the outcome is in place, and the handle is consumed.
        let taken = unsafe { this.take() };
        entry::release(g);
        taken
    }

    /// Lets go of the waker of somebody who will not poll again.
    #[cold]
    fn forget_waker(&mut self) {
        self.polled = false;
        // SAFETY: `&mut` says that nobody else registers or takes back.
        let before = unsafe { self.g.life.take_back() };
        if let Some(call) = before.and_then(Joiner::without_task) {
            if self.has_ended() {
                call.tell();
            } else {
                // SAFETY: as above, and nothing is registered.
                unsafe { tell_when_done(self.g, call) };
            }
        }
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
            // SAFETY: this runs once; `poll` and `join` have the handle for themselves.
            let before = self.polled.then(|| unsafe { self.g.life.take_back() }).flatten();
            let joiner = Joiner::with_call(before, told);
            if self.g.life.is_done() {
                // What was registered was told, or is being told: the cell is not ours to write.
                joiner.tell();
            } else {
                // SAFETY: as above; and nothing is registered.
                unsafe { tell_when_done(self.g, joiner) };
            }
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
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        point::glance(IS_FINISHED, self.g.as_ptr().addr());
        self.has_ended()
    }

    /// Which goroutine it is, for whoever explores schedules.
    #[doc(hidden)]
    pub fn address(&self) -> usize {
        self.g.as_ptr().addr()
    }

    /// As [`is_finished`](JoinHandle::is_finished), for a look that is part of another operation.
    #[doc(hidden)]
    pub fn has_ended(&self) -> bool {
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

// Nothing points into the handle: it may be moved between polls.
impl<T> Unpin for JoinHandle<T> {}

/// A handle is a future too: `handle.await` gives what [`join`](JoinHandle::join) would, from `async` code.
///
/// Polled again after it was ready it gives [`JoinError::Taken`]. Dropping it, polled or not, detaches.
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll, Waker};
///
/// let mut handle = gort_runtime::go(|| 6 * 7);
/// while !handle.is_finished() {
///     std::thread::yield_now();
/// }
/// let polled = Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop()));
/// assert!(matches!(polled, Poll::Ready(Ok(42))));
/// ```
impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if !this.has_ended() {
            let task = Task::from_waker(cx.waker().clone());
            // SAFETY: `&mut` says that nobody else registers or takes back.
            let before = unsafe { this.take_back() };
            // If it has ended by now, what was registered was told, or is being told: the cell is not ours to write.
            if !this.has_ended() {
                this.polled = true;
                let joiner = Joiner::with_task(before, task);
                // SAFETY: as above, and nothing is registered. If the goroutine ends meanwhile the waker is woken here, and polls.
                unsafe { tell_when_done(this.g, joiner) };
                return Poll::Pending;
            }
            // It ended after that: the call of a source has nobody to tell while the handle is borrowed like this.
            drop(before);
        }
        // SAFETY: the outcome is in place, and `&mut` says that nobody else takes it.
        Poll::Ready(unsafe { this.take() })
    }
}

impl<T> Drop for JoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        if searches::any() {
            point::note_drop();
        }
        if self.polled {
            self.forget_waker();
        }
        entry::detach(self.g);
    }
}

/// Has `joiner` told when the goroutine has ended, at once if it has.
///
/// # Safety
/// As [`Life::tell_when_done`](crate::g::join::Life::tell_when_done).
unsafe fn tell_when_done(g: GRef, joiner: Joiner) {
    // SAFETY: by the caller.
    if let Some(joiner) = unsafe { g.life.tell_when_done(joiner) } {
        joiner.tell();
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
