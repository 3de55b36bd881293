//! Join handles as operands of `<-`: the result of a goroutine, once.
//!
//! The runtime's handle knows nothing of queues. The first time it is an operand it gets a
//! [`Watch`], and the goroutine a call to make when it ends. From then on the result is taken under
//! the lock of the watch: by whoever polls, or by the call for the first who waits. The call
//! touches the result only if somebody waits; while somebody does, the handle is borrowed, so
//! neither `join` nor drop can be under way.

use std::any::Any;
use std::sync::Arc;

use crate::rt::{JoinError, JoinHandle, Outlet, RawLock, ScopedJoinHandle};
use crate::source::{Operand, Polled, RecvFrom, Source};
use crate::waitq::WaitQueue;

/// Where those stand who wait for a goroutine's result.
#[derive(Default)]
struct Watch {
    lock: RawLock,
    waiters: WaitQueue,
}

// SAFETY: the queue is used under the lock only.
unsafe impl Sync for Watch {}
// SAFETY: the waiters in it may belong to any thread.
unsafe impl Send for Watch {}

fn watch<T: Send>(handle: &JoinHandle<T>) -> &Watch {
    // SAFETY: the call owns its watch and has the outlet, which borrows what `T` does. This is the
    // only place that asks.
    let source = unsafe {
        handle.source(|outlet| {
            let watch = Arc::new(Watch::default());
            let told = Arc::clone(&watch);
            (watch as Arc<dyn Any + Send + Sync>, move || ended(&told, &outlet))
        })
    };
    match source.downcast_ref() {
        Some(watch) => watch,
        None => unreachable!("only this file makes sources of join handles"),
    }
}

/// The goroutine has ended: the first who waits gets the result, the others learn that nothing will
/// come.
fn ended<T: Send>(watch: &Watch, outlet: &Outlet<T>) {
    loop {
        watch.lock.lock();
        // SAFETY: the lock is held. Who stands in the queue waits for this goroutine's result, and
        // borrows its handle; the outcome is in place, for that is when this is called; and it is
        // taken under this lock.
        let task = unsafe {
            let task = watch.waiters.take().map(|waiter| match outlet.take() {
                Err(JoinError::Taken) => waiter.end(),
                result => waiter.deliver(result),
            });
            watch.lock.unlock();
            task
        };
        match task {
            // SAFETY: taken out of the queue, once, under the lock that the commit of its park
            // released and that is free again.
            Some(task) => unsafe { task.ready() },
            None => return,
        }
    }
}

// SAFETY: each handle has a watch with a lock of its own, on the heap; its waiters wait for this
// one item type. `poll` moves the result out and runs nothing else. A waiter borrows the handle,
// which keeps the watch where it is.
unsafe impl<T: Send> Source<Result<T, JoinError>> for JoinHandle<T> {
    fn lock(&self) -> &RawLock {
        &watch(self).lock
    }

    fn queue(&self) -> &WaitQueue {
        &watch(self).waiters
    }

    fn maybe_ready(&self) -> bool {
        self.has_ended()
    }

    fn identity(&self) -> usize {
        // The goroutine itself: its end is announced as that.
        self.address()
    }

    unsafe fn poll(&self) -> Polled<Result<T, JoinError>> {
        // SAFETY: under the lock.
        match unsafe { self.try_take() } {
            None => Polled::Pending,
            Some(Err(JoinError::Taken)) => Polled::Ended,
            Some(result) => Polled::Ready(result, None),
        }
    }
}

/// `<-handle` gives what [`join`](JoinHandle::join) would, once; then it is as a channel that is
/// closed. A panic that was received counts as observed.
///
/// ```
/// use gort_channels::source::RecvFrom;
///
/// let handle = gort_runtime::go(|| 6 * 7);
/// let result = gort_channels::macro_support::recv(&handle);
/// assert_eq!(result.unwrap().unwrap(), 42);
/// assert!(gort_channels::macro_support::recv(&handle).is_none());
/// assert!(matches!(handle.join(), Err(gort_runtime::JoinError::Taken)));
/// ```
impl<T: Send> RecvFrom for JoinHandle<T> {
    type Item = Result<T, JoinError>;

    fn operand(&self) -> Operand<'_, Self::Item> {
        // Made here and not at the engine's first look: if the goroutine ends at this very moment,
        // making it wakes whoever polled the handle before. That is a user's code, which may wait,
        // and the engine relies on staying on one worker.
        watch(self);
        Operand::source(self)
    }
}

/// As for [`JoinHandle`].
#[diagnostic::do_not_recommend]
impl<T: Send> RecvFrom for ScopedJoinHandle<'_, T> {
    type Item = Result<T, JoinError>;

    fn operand(&self) -> Operand<'_, Self::Item> {
        self.as_handle().operand()
    }
}
