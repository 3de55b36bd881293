//! Waiting for a direction of a descriptor, and waking those who do: the part of its protocol
//! (`poll/direction.rs`) that parks.

use std::ptr::NonNull;
use std::time::Instant;

use crate::claim::Claim;
use crate::poll::direction::{Direction, Look, Task, Waiter};
use crate::reason::WaitReason;
#[cfg(not(loom))]
use crate::sched::park::{park, park_until};
#[cfg(loom)]
use crate::twin::{park, park_until};

impl Direction {
    /// Waits until the word is not as it was at `look` (which was not ready), or until `deadline`.
    /// There may be no reason: look again.
    #[track_caller]
    pub(crate) fn wait(&self, look: Look, deadline: Option<Instant>) {
        if !self.lock_to_wait(look) {
            return;
        }
        let mut waiter = Waiter::new(Task::current());
        let node = NonNull::from(&mut waiter);
        // SAFETY: under the lock; the waiter stays where it is until it is taken out.
        unsafe { self.enqueue(node) };
        // SAFETY: the commit of a park below: the lock was taken for it.
        let commit = || unsafe { self.unlock() };
        // From here on the waiter is touched through `node` alone.
        match deadline {
            // SAFETY: the task was published under the lock, which the commit releases; whoever
            // dequeues it claims it and readies it once. The commit touches nothing of this frame
            // after the release.
            None => unsafe { park(WaitReason::IoWait, commit) },
            Some(deadline) => {
                // SAFETY: the waiter outlives the park, and others only read its claim.
                let claim = unsafe { &(*node.as_ptr()).claim };
                // SAFETY: as above; all who ready the task claim it first.
                unsafe { park_until(WaitReason::IoWait, deadline, claim, commit) };
                if claim.winner() == Some(Claim::TIMEOUT) {
                    self.take_out(node);
                }
            }
        }
    }

    /// A deadline has moved, or the descriptor was closed: everybody has to look again.
    pub(crate) fn interrupt(&self) {
        self.interrupted().into_iter().for_each(ready);
    }

    /// To be called by everybody that has waited, when it is done.
    pub(crate) fn pass_on(&self) {
        self.next_if_ready().into_iter().for_each(ready);
    }
}

/// Wakes whom a direction gave.
pub(super) fn ready(task: Task) {
    // SAFETY: its claim was won and it was taken out of its queue, once, under the lock that the
    // commit of its park released.
    unsafe { task.ready() };
}
