//! `Here`: which worker runs this code, asked once for several uses.

use crate::bias::Seat;
use crate::head::Head;

/// The worker that runs this code, if one does.
///
/// Each question for it is a call that the compiler may not merge with another, since a goroutine
/// may change threads in between. Code that asks several times without waiting in between asks
/// once.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Here(*const Head);

impl Here {
    /// Asks.
    ///
    /// # Safety
    /// The answer is not used any more after anything that may wait or run code of users, and stays
    /// on this stack.
    #[inline(always)]
    pub unsafe fn ask() -> Here {
        Here(crate::tls::head())
    }

    /// The head of the worker, or null.
    #[inline(always)]
    pub(crate) fn as_ptr(self) -> *const Head {
        self.0
    }

    #[inline(always)]
    fn head(self) -> Option<&'static Head> {
        // SAFETY: null or the head of a worker, which lives as long as the process.
        unsafe { self.0.as_ref() }
    }

    /// The goroutine that runs this code, or null.
    #[inline(always)]
    pub(crate) fn goroutine(self) -> *mut () {
        self.head().map_or(std::ptr::null_mut(), Head::current)
    }

    #[inline(always)]
    pub(crate) fn seat(self) -> Option<&'static Seat> {
        self.head().map(|head| &head.seat)
    }

    /// A number from the worker's own generator, or the thread's.
    #[inline(always)]
    pub fn random_u32(self) -> u32 {
        let number = self.head().map_or_else(crate::tls::thread_random, Head::random);
        (number >> 32) as u32
    }
}

/// A pseudo-random number from the current worker's (or thread's) own generator.
///
/// ```
/// let seen: std::collections::HashSet<u32> = (0..8).map(|_| gort_runtime::random_u32()).collect();
/// assert!(seen.len() > 1);
/// ```
#[inline]
pub fn random_u32() -> u32 {
    // SAFETY: used at once.
    unsafe { Here::ask() }.random_u32()
}
