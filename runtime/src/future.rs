//! Waiting for a future: the goroutine polls it on its own stack and parks in between, so no worker
//! waits.
//!
//! The waker is a reference-counted `Notice`, because futures keep wakers as long as they like: it
//! may be used by any thread, many times, before the goroutine parks, while it is parked, after the
//! wait is over, and never. One byte of state:
//!
//! * `IDLE`: the waiter runs; nobody has woken it since its last poll began.
//! * `PARKED`: the waiter has left its stack, and its task is in the cell.
//! * `NOTIFIED`: woken, and not polled since.
//!
//! The *waiter* goes to `IDLE` before each poll. If the future is pending it puts its task into the
//! cell and parks; the commit goes from `IDLE` to `PARKED`. If it finds `NOTIFIED` instead, the
//! commit itself takes the task back and readies it. A *waker* goes to `NOTIFIED`, whatever was
//! there; only if that was `PARKED` it takes the task and readies it.
//!
//! So the cell has one owner at a time: the waiter, until the commit succeeds; then the one waker
//! that finds `PARKED`, since that same step makes it `NOTIFIED` for all others; and the waiter
//! again once it has been readied, which is once per park. After the last poll nothing is ever
//! `PARKED` again: late wakers change a byte and nothing else. No wake-up is lost: one that comes
//! after a poll has begun leaves `NOTIFIED` there, and one that comes before is seen by the poll
//! (all steps acquire and release).

use std::future::IntoFuture;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

#[cfg(not(loom))]
use crate::g::task::Task;
use crate::reason::WaitReason;
#[cfg(not(loom))]
use crate::sched::park::{gosched, park};
use crate::shim::{AtomicU8, Ordering, UnsafeCell};
#[cfg(loom)]
use crate::twin::{Task, gosched, park};

const IDLE: u8 = 0;
const PARKED: u8 = 1;
const NOTIFIED: u8 = 2;

/// What a waker and the waiter share: the protocol above.
pub(crate) struct Notice {
    state: AtomicU8,
    task: UnsafeCell<Option<Task>>,
}

// SAFETY: the cell has one owner at a time, who may be on any thread; see the file's head.
unsafe impl Sync for Notice {}
// SAFETY: a task may be readied on any thread.
unsafe impl Send for Notice {}

impl Notice {
    pub(crate) fn new() -> Notice {
        Notice {
            state: AtomicU8::new(IDLE),
            task: UnsafeCell::new(None),
        }
    }

    /// Waiter: a poll begins.
    pub(crate) fn begin(&self) {
        // Acquire: the poll sees what those did who woke it. Nobody reads what it releases.
        self.state.swap(IDLE, Ordering::AcqRel);
    }

    /// Waiter, after a poll in vain: returns when it was woken since the poll began.
    #[track_caller]
    pub(crate) fn wait(&self) {
        // Relaxed: the next poll acquires.
        if self.state.load(Ordering::Relaxed) == NOTIFIED {
            // A future that wakes itself wants others to have their turn.
            return gosched();
        }
        // SAFETY: the state is not `PARKED`, so the cell is the waiter's.
        self.task
            .with_mut(|task| unsafe { *task = Some(Task::current()) });
        // SAFETY: the task is readied once: by the waker that finds `PARKED`, which the commit
        // sets, or by the commit if it does not. The commit touches nothing after it let a waker
        // in.
        unsafe { park(WaitReason::Future, || self.commit()) };
    }

    fn commit(&self) {
        let parked = self
            .state
            .compare_exchange(IDLE, PARKED, Ordering::AcqRel, Ordering::Acquire);
        if parked.is_err() {
            self.take_and_ready();
        }
    }

    /// Waker.
    pub(crate) fn notify(&self) {
        if self.state.swap(NOTIFIED, Ordering::AcqRel) == PARKED {
            self.take_and_ready();
        }
    }

    /// To be called by the owner of the cell, who was made so by the last step of the state.
    fn take_and_ready(&self) {
        // SAFETY: the commit that failed owns the cell as the waiter did; the waker that found
        // `PARKED` is the only one.
        let task = self.task.with_mut(|task| unsafe { (*task).take() });
        if let Some(task) = task {
            // SAFETY: the owner of the cell has taken the task out, once; it is the commit of the
            // park, at its end, or comes after it.
            unsafe { task.ready() };
        }
    }
}

impl Wake for Notice {
    fn wake(self: Arc<Notice>) {
        self.notify();
    }

    fn wake_by_ref(self: &Arc<Notice>) {
        self.notify();
    }
}

/// Waits until a future is ready and gives its output. The goroutine parks meanwhile, and its
/// worker runs others; on a thread that is no goroutine the thread blocks.
///
/// The future is polled, and dropped, by the goroutine that waits. A goroutine may go on on another
/// thread after it waited, so what a future keeps in thread-locals *between* polls is not found
/// again; a future that needs its own runtime's context has to be polled within it.
///
/// # Panics
/// With the panic of the future.
///
/// ```
/// use gort_runtime::future::wait;
///
/// let output = gort_runtime::run(|| wait(async {
///     let goroutine = gort_runtime::go(|| 6 * 7);
///     goroutine.await.unwrap()
/// }));
/// assert_eq!(output, 42);
/// ```
#[track_caller]
pub fn wait<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let notice = Arc::new(Notice::new());
    let waker = Waker::from(Arc::clone(&notice));
    let mut context = Context::from_waker(&waker);
    loop {
        notice.begin();
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        notice.wait();
    }
}
