//! Who wins a waiting task, when several may wake it.

use crate::shim::{AtomicUsize, Ordering};

/// Who of several possible wakers has won a waiting task: the channels of a `select!`, a timer, a
/// cancellation.
///
/// ```
/// let claim = gort_runtime::Claim::new();
/// assert!(claim.try_claim(3));
/// assert!(!claim.try_claim(4));
/// assert_eq!(claim.winner(), Some(3));
/// ```
#[derive(Debug, Default)]
pub struct Claim(AtomicUsize);

impl Claim {
    /// The winner's number when the time of a [`park_until`](crate::park_until) ran out.
    pub const TIMEOUT: usize = usize::MAX - 1;

    /// Open: nobody has won.
    #[cfg(not(loom))]
    pub const fn new() -> Claim {
        Claim(AtomicUsize::new(0))
    }

    /// Open: nobody has won.
    #[cfg(loom)]
    pub fn new() -> Claim {
        Claim(AtomicUsize::new(0))
    }

    /// Wins for `winner` (anything but `usize::MAX`), unless somebody has won before.
    #[inline]
    pub fn try_claim(&self, winner: usize) -> bool {
        // AcqRel: the winner sees what the waiter wrote before it published itself, and the waiter
        // (through `winner`) what the winner wrote before.
        self.0
            .compare_exchange(0, winner + 1, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Who has won.
    #[inline]
    pub fn winner(&self) -> Option<usize> {
        self.0.load(Ordering::Acquire).checked_sub(1)
    }
}
