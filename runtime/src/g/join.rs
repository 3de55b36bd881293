//! The end of a goroutine: who takes the result, and who frees the block.
//!
//! Two parties: the *runner* (the goroutine's last frame, then the worker) and the *handle*. One
//! byte of state:
//!
//! * `DONE`: set by the runner when the outcome is in place. If `HANDLE_GONE` was set by then,
//!   nobody will look and the runner drops the result itself.
//! * `JOINER`: set by the handle's side after it stored a joiner: a task that waits in `join` or is
//!   to poll the handle, a call that a `select!` asked for, or both of the latter. Whichever of
//!   `DONE` and `JOINER` is set second uses the joiner up. The handle's side may take the bit back;
//!   if `DONE` was not set by then, the joiner is its own again.
//! * `HANDLE_GONE`: set when the handle is dropped. If `DONE` was set by then, the result was the
//!   handle's to drop, *before* it set the bit.
//! * `RUNNER_GONE`: set by the worker once the fiber is off the block.
//!
//! The second of `HANDLE_GONE` and `RUNNER_GONE` frees the block. All transitions are
//! read-modify-writes with acquire and release, so that each party sees what the other did before.

use std::cell::{Cell, UnsafeCell};

use crate::shim::{AtomicU8, Ordering};

use crate::g::task::Task;
use crate::g::{G, JobTable};
use crate::panic_value::Panic;

const DONE: u8 = 1;
const JOINER: u8 = 2;
const HANDLE_GONE: u8 = 4;
const RUNNER_GONE: u8 = 8;

/// How a goroutine ended.
pub(crate) enum Outcome {
    /// Not yet, or the handle has taken it.
    Nothing,
    /// By returning: the value is in the payload.
    Value,
    /// Boxed: it is rare, and every block has room for it.
    Panicked(Box<Panic>),
    Goexit,
}

/// Who wants to know of the end.
pub(crate) enum Joiner {
    /// A task that is parked.
    Task(Task),
    /// A call that does not wait; it runs on the goroutine that ends, or on a worker.
    Call(Box<dyn FnOnce() + Send>),
    /// A handle that is polled as a future and was, or will be, an operand of `<-`. Rare, and
    /// boxed: it must not make every control block larger.
    Both(Box<(Box<dyn FnOnce() + Send>, Task)>),
}

impl Joiner {
    /// The joiner that tells `task` too, instead of the task that it told before.
    pub(crate) fn with_task(before: Option<Joiner>, task: Task) -> Joiner {
        match before {
            None | Some(Joiner::Task(_)) => Joiner::Task(task),
            Some(Joiner::Call(call)) => Joiner::Both(Box::new((call, task))),
            Some(Joiner::Both(both)) => Joiner::Both(Box::new((both.0, task))),
        }
    }

    /// The joiner that makes `call` too.
    pub(crate) fn with_call(before: Option<Joiner>, call: Box<dyn FnOnce() + Send>) -> Joiner {
        match before {
            None | Some(Joiner::Call(_)) => Joiner::Call(call),
            Some(Joiner::Task(task)) => Joiner::Both(Box::new((call, task))),
            Some(Joiner::Both(both)) => Joiner::Both(Box::new((call, both.1))),
        }
    }

    /// The joiner that tells no task.
    pub(crate) fn without_task(self) -> Option<Joiner> {
        match self {
            Joiner::Task(_) => None,
            Joiner::Call(call) => Some(Joiner::Call(call)),
            Joiner::Both(both) => Some(Joiner::Call(both.0)),
        }
    }
}

/// The state machine above.
pub(crate) struct Life {
    state: AtomicU8,
    /// Written by the runner before `DONE`, the handle's afterwards.
    outcome: Cell<Outcome>,
    /// Written by the handle's side before `JOINER`, taken by whoever sets the second of the two
    /// bits.
    joiner: UnsafeCell<Option<Joiner>>,
}

/// Which of two parties has to act next.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Whose {
    /// The caller must do it.
    Mine,
    /// The other party does it.
    Theirs,
}

impl Life {
    pub(crate) fn new() -> Life {
        Life {
            state: AtomicU8::new(0),
            outcome: Cell::new(Outcome::Nothing),
            joiner: UnsafeCell::new(None),
        }
    }

    /// For a new goroutine on a free block.
    #[inline]
    pub(crate) fn reset(&self) {
        // Relaxed: the block is published by a queue.
        self.state.store(0, Ordering::Relaxed);
    }

    /// Runner: the outcome. `Mine` if nobody will look at it: the runner must drop it. Gives the
    /// joiner that has to be told.
    #[inline]
    pub(crate) fn finish(&self, outcome: Outcome) -> (Whose, Option<Joiner>) {
        self.outcome.set(outcome);
        let before = self.state.fetch_or(DONE, Ordering::AcqRel);
        let joiner = if before & JOINER != 0 {
            // SAFETY: the joiner stored itself before it set the bit and does not touch the cell
            // again.
            unsafe { (*self.joiner.get()).take() }
        } else {
            None
        };
        if before & HANDLE_GONE != 0 {
            (Whose::Mine, joiner)
        } else {
            (Whose::Theirs, joiner)
        }
    }

    /// Worker: the fiber is off the block. `Mine` if the worker must free it.
    #[inline]
    pub(crate) fn runner_gone(&self) -> Whose {
        // The handle is gone for the usual detached goroutine: nobody else is left, no need for an
        // atomic exchange.
        if self.state.load(Ordering::Acquire) & HANDLE_GONE != 0 {
            return Whose::Mine;
        }
        let before = self.state.fetch_or(RUNNER_GONE, Ordering::AcqRel);
        if before & HANDLE_GONE != 0 {
            Whose::Mine
        } else {
            Whose::Theirs
        }
    }

    /// Whether the outcome is in place.
    pub(crate) fn is_done(&self) -> bool {
        self.state.load(Ordering::Acquire) & DONE != 0
    }

    /// Handle, before it is dropped: `Mine` if the result is in place and the handle must drop it;
    /// otherwise the handle is now gone in the eyes of the runner, which will.
    #[inline]
    pub(crate) fn detach(&self) -> Whose {
        match self
            .state
            .compare_exchange(0, HANDLE_GONE, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => Whose::Theirs,
            Err(seen) => self.detach_with_joiner(seen),
        }
    }

    #[cold]
    fn detach_with_joiner(&self, mut seen: u8) -> Whose {
        // A joiner that was left behind stays: the runner tells it, and it finds nobody who waits.
        while seen & DONE == 0 {
            match self
                .state
                .compare_exchange(seen, seen | HANDLE_GONE, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Whose::Theirs,
                Err(now) => seen = now,
            }
        }
        Whose::Mine
    }

    /// Handle, after it disposed of the result: `Mine` if it must free the block.
    pub(crate) fn handle_gone(&self) -> Whose {
        let before = self.state.fetch_or(HANDLE_GONE, Ordering::AcqRel);
        if before & RUNNER_GONE != 0 {
            Whose::Mine
        } else {
            Whose::Theirs
        }
    }

    /// Takes the outcome.
    ///
    /// # Safety
    /// The outcome is in place and is the caller's: the handle after [`Life::is_done`], or a runner
    /// told `Mine`.
    pub(crate) unsafe fn take_outcome(&self) -> Outcome {
        self.outcome.replace(Outcome::Nothing)
    }

    /// Handle's side: has `joiner` told when the outcome is in place. If it already is, gives the
    /// joiner back: the caller has to tell it.
    ///
    /// # Safety
    /// No joiner is registered, and nobody else registers one at the same time.
    #[must_use]
    pub(crate) unsafe fn tell_when_done(&self, joiner: Joiner) -> Option<Joiner> {
        // SAFETY: `JOINER` is not set, so the runner does not look at the cell.
        unsafe { *self.joiner.get() = Some(joiner) };
        let before = self.state.fetch_or(JOINER, Ordering::AcqRel);
        if before & DONE != 0 {
            // SAFETY: the runner set `DONE` before and saw no `JOINER`, so it never touches the
            // cell.
            unsafe { (*self.joiner.get()).take() }
        } else {
            None
        }
    }

    /// Handle's side: takes back the joiner that it registered, unless that has been told, or is
    /// being told, already.
    ///
    /// # Safety
    /// Nobody else registers or takes back at the same time.
    pub(crate) unsafe fn take_back(&self) -> Option<Joiner> {
        let before = self.state.fetch_and(!JOINER, Ordering::AcqRel);
        if before & (JOINER | DONE) != JOINER {
            return None;
        }
        // SAFETY: `DONE` was not set when the bit went, so the runner will see no `JOINER` and not
        // touch the cell.
        unsafe { (*self.joiner.get()).take() }
    }
}

/// The table of a block that has no job.
pub(crate) static NO_JOB: JobTable = JobTable {
    run: nothing,
    drop_job: nothing,
    take_result: take_nothing,
    drop_result: nothing,
};

fn nothing(_: &G) {}

fn take_nothing(_: &G, _: *mut ()) {}
