//! Why a goroutine waits: Go's words, for reports.

use std::fmt;

/// Why a goroutine is parked. `Display` prints what Go prints between the brackets of a goroutine dump.
///
/// ```
/// use gort_runtime::WaitReason;
/// assert_eq!(WaitReason::ChanReceive.to_string(), "chan receive");
/// assert_eq!(WaitReason::SelectNoCases.to_string(), "select (no cases)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum WaitReason {
    /// Receiving from a channel.
    ChanReceive,
    /// Sending on a channel.
    ChanSend,
    /// Receiving from a nil channel.
    ChanReceiveNil,
    /// Sending on a nil channel.
    ChanSendNil,
    /// A `select!` none of whose arms is ready.
    Select,
    /// A `select! {}`.
    SelectNoCases,
    /// Sleeping.
    Sleep,
    /// Locking a mutex.
    MutexLock,
    /// Locking a read-write lock for reading.
    RwLockRead,
    /// Locking a read-write lock for writing.
    RwLockWrite,
    /// Waiting for a wait group.
    WaitGroupWait,
    /// Waiting on a condition variable.
    CondWait,
    /// Waiting for another goroutine's `Once` to finish.
    OnceDo,
    /// Acquiring a semaphore.
    SemaphoreAcquire,
    /// Joining a goroutine.
    Join,
    /// Waiting for the goroutines of a scope.
    Scope,
    /// A call in the helper pool.
    Blocking,
    /// Waiting for the network.
    IoWait,
    /// Waiting for a future.
    Future,
    /// Waiting at a barrier.
    BarrierWait,
    /// Waiting until all others of the bubble are durably blocked.
    BubbleWait,
}

impl WaitReason {
    /// Go's words.
    ///
    /// ```
    /// assert_eq!(gort_runtime::WaitReason::ChanReceive.as_str(), "chan receive");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            WaitReason::ChanReceive => "chan receive",
            WaitReason::ChanSend => "chan send",
            WaitReason::ChanReceiveNil => "chan receive (nil chan)",
            WaitReason::ChanSendNil => "chan send (nil chan)",
            WaitReason::Select => "select",
            WaitReason::SelectNoCases => "select (no cases)",
            WaitReason::Sleep => "sleep",
            WaitReason::MutexLock => "sync.Mutex.Lock",
            WaitReason::RwLockRead => "sync.RWMutex.RLock",
            WaitReason::RwLockWrite => "sync.RWMutex.Lock",
            WaitReason::WaitGroupWait => "sync.WaitGroup.Wait",
            WaitReason::CondWait => "sync.Cond.Wait",
            WaitReason::OnceDo => "sync.Once.Do",
            WaitReason::SemaphoreAcquire => "semacquire",
            WaitReason::Join => "join",
            WaitReason::Scope => "scope",
            WaitReason::Blocking => "syscall",
            WaitReason::IoWait => "IO wait",
            WaitReason::Future => "future",
            WaitReason::BarrierWait => "barrier",
            WaitReason::BubbleWait => "synctest.Wait",
        }
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// All of them, by their numbers.
pub(crate) const ALL: [WaitReason; 21] = [
    WaitReason::ChanReceive,
    WaitReason::ChanSend,
    WaitReason::ChanReceiveNil,
    WaitReason::ChanSendNil,
    WaitReason::Select,
    WaitReason::SelectNoCases,
    WaitReason::Sleep,
    WaitReason::MutexLock,
    WaitReason::RwLockRead,
    WaitReason::RwLockWrite,
    WaitReason::WaitGroupWait,
    WaitReason::CondWait,
    WaitReason::OnceDo,
    WaitReason::SemaphoreAcquire,
    WaitReason::Join,
    WaitReason::Scope,
    WaitReason::Blocking,
    WaitReason::IoWait,
    WaitReason::Future,
    WaitReason::BarrierWait,
    WaitReason::BubbleWait,
];

/// The reason that is stored as `code`: a reason's number + 1, or 0 for none.
pub(crate) fn from_code(code: u8) -> Option<WaitReason> {
    ALL.get(usize::from(code).checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_back_to_their_reasons() {
        assert_eq!(from_code(0), None);
        for code in 1..=21 {
            assert_eq!(from_code(code).map(|reason| reason as u8 + 1), Some(code));
        }
        assert_eq!(from_code(22), None);
    }
}
