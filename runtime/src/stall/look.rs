//! Looking at the stack of a goroutine that runs on another thread.

use crate::sched::worker::Post;
use crate::stall::frames::{self, Frames, Reader};
use crate::stall::{Run, Seen};
use crate::sys::capture::{Probe, Registers, Stack};
use crate::sys::syscall::{self, Blocked};
use crate::sys::thread::{self, Doing};

pub(super) use crate::stall::frames::{begin_to_learn, learn};

/// Of the stack of a thread that sleeps, the innermost part is copied.
const MOST: usize = 256 << 10;

pub(super) struct Looker {
    /// `None` if no signal is free.
    probe: Option<Probe>,
    reader: Reader,
}

impl Looker {
    pub(super) fn new() -> Looker {
        Looker {
            probe: Probe::install(frames_of),
            reader: Reader::new(),
        }
    }

    /// Reads what is needed to follow frames, so that it is there when it is needed.
    pub(super) fn prepare(&mut self) {
        self.reader.prepare();
    }

    /// What `run` is at, and its stack. `None` if it is over before all that has to be looked at
    /// was. (Names are found afterwards.)
    pub(super) fn look(&mut self, run: Run, post: &Post) -> Option<Seen> {
        let thread = post.thread_id();
        let doing = thread::doing(thread);
        let blocked = match doing {
            Doing::Computes => None,
            Doing::Sleeps | Doing::Unknown => syscall::blocked(thread),
        };
        let frames = match &blocked {
            None => self.interrupt(run, post),
            Some(blocked) => {
                // Without disturbing the thread, if its frames can be followed that far: the frame
                // pointer is not known.
                let stack = copy(blocked);
                if !run.goes_on(post) {
                    return None;
                }
                let frames = stack.and_then(|stack| self.read(&stack));
                self.improve(run, post, blocked, frames)
            }
        };
        // If it is over by now, and nothing was found out, then for that reason.
        if frames.is_none() && !run.goes_on(post) {
            return None;
        }
        Some(Seen {
            doing,
            call: blocked
                .and_then(|blocked| blocked.call)
                .map(|call| syscall::name_of(call).map_or_else(|| format!("number {call}"), String::from)),
            stack: frames.map(|frames| frames.to_string()).unwrap_or_default(),
            neighbours: 0,
        })
    }

    /// Interrupts a thread that sleeps, if that shows more frames, and if nobody will notice.
    fn improve(&mut self, run: Run, post: &Post, blocked: &Blocked, seen: Option<Frames>) -> Option<Frames> {
        if seen.as_ref().is_some_and(|frames| frames.complete) {
            return seen;
        }
        let goes_unnoticed = blocked.call.is_none_or(syscall::is_restarted)
            || seen.as_ref().is_some_and(Frames::is_sleep_of_std);
        if !goes_unnoticed {
            return seen;
        }
        match (self.interrupt(run, post), seen) {
            (Some(better), Some(worse)) if worse.len() > better.len() => Some(worse),
            (Some(better), _) => Some(better),
            (None, seen) => seen,
        }
    }

    fn interrupt(&mut self, run: Run, post: &Post) -> Option<Frames> {
        let probe = self.probe.as_mut()?;
        let stack = probe.take(post.thread_id(), run.goroutine.expose_provenance());
        // It may run the same goroutine again, in another state.
        let stack = stack.filter(|_| run.goes_on(post))?;
        self.read(&stack)
    }

    /// Where the functions of `run` are active.
    pub(super) fn addresses(&mut self, run: Run, post: &Post) -> Option<Vec<u64>> {
        let blocked = match thread::doing(post.thread_id()) {
            Doing::Computes => None,
            Doing::Sleeps | Doing::Unknown => syscall::blocked(post.thread_id()),
        };
        let disturbs = |blocked: &Blocked| blocked.call.is_some_and(|call| !syscall::is_restarted(call));
        let Some(blocked) = blocked.filter(disturbs) else {
            return self.addresses_by_interrupting(run, post);
        };
        let seen = self.addresses_in(&copy(&blocked)?, run, post)?;
        if !frames::is_sleep_of_std(&seen) {
            return Some(seen);
        }
        match self.addresses_by_interrupting(run, post) {
            Some(better) if better.len() >= seen.len() => Some(better),
            _ => run.goes_on(post).then_some(seen),
        }
    }

    fn addresses_by_interrupting(&mut self, run: Run, post: &Post) -> Option<Vec<u64>> {
        let probe = self.probe.as_mut()?;
        let stack = probe.take(post.thread_id(), run.goroutine.expose_provenance())?;
        self.addresses_in(&stack, run, post)
    }

    /// A panic about tables that make no sense costs this stack only.
    fn addresses_in(&mut self, stack: &Stack, run: Run, post: &Post) -> Option<Vec<u64>> {
        if !run.goes_on(post) {
            return None;
        }
        crate::panics::quietly(|| self.reader.addresses(stack)).ok()
    }

    /// A panic about tables that make no sense costs this stack only.
    fn read(&mut self, stack: &Stack) -> Option<Frames> {
        crate::panics::quietly(|| self.reader.read(stack)).ok()
    }
}

/// The stack from where the kernel says that the thread has left off. It may be going on meanwhile:
/// whoever asked finds out.
fn copy(blocked: &Blocked) -> Option<Stack> {
    // What lies above the stack may be in it too; the frames are not followed that far.
    let mut bytes = vec![0; MOST];
    let len = syscall::peek(blocked.sp, &mut bytes).ok()?;
    bytes.truncate(len);
    let registers = Registers {
        ip: blocked.ip,
        sp: blocked.sp,
        bp: 0,
    };
    Some(Stack { registers, bytes })
}

/// Called by the signal's handler.
fn frames_of(subject: usize) -> Option<std::ops::Range<usize>> {
    let g = crate::g::current_ptr();
    if g.is_null() || g.addr() != subject {
        return None;
    }
    // SAFETY: control blocks are never freed, and this one runs on this thread.
    unsafe { &*g }.fiber_if_bound().map(|fiber| fiber.frames())
}
