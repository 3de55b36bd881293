//! The crew of a bubble: nobody is preempted, and those that can go on do so in the order in which
//! they became runnable.

use std::collections::VecDeque;

use crate::reason::WaitReason;

/// Who can go on, first come first; and the numbers of those that have ended, for others: a bubble
/// may start very many.
#[derive(Default)]
pub(super) struct Calm {
    ready: VecDeque<u16>,
    free: Vec<u16>,
}

impl Calm {
    /// A number that is free again.
    pub(super) fn reuse(&mut self) -> Option<u16> {
        self.free.pop()
    }

    pub(super) fn has_ended(&mut self, number: u16) {
        self.free.push(number);
    }

    pub(super) fn can_go_on(&mut self, number: u16) {
        self.ready.push_back(number);
    }

    pub(super) fn any(&self) -> bool {
        !self.ready.is_empty()
    }

    pub(super) fn next(&mut self) -> Option<u16> {
        self.ready.pop_front()
    }
}

/// Whether something outside of the bubble may end a wait for that reason: then time stands still.
/// As in Go, a lock may be held, or freed, by somebody outside.
pub(super) fn is_open(reason: WaitReason, in_bubble: bool) -> bool {
    match reason {
        WaitReason::IoWait | WaitReason::Blocking | WaitReason::Future => true,
        WaitReason::MutexLock | WaitReason::RwLockRead | WaitReason::RwLockWrite | WaitReason::OnceDo => {
            in_bubble
        }
        _ => false,
    }
}
