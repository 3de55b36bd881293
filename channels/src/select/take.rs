//! `tx <- take PLACE`: a send that gives its value back.

use std::fmt;

use crate::offer::Offer;
use crate::select::case::SendArm;

/// A [`SendArm`] and the place its value comes from. However it ends, a value that was not sent is
/// in its place again: when the arms of a select are dropped, which is before any body runs, and
/// when the choosing panics or ends the goroutine.
pub struct TakeArm<'a, T> {
    arm: SendArm<'a, T>,
    place: &'a mut dyn Offer<T>,
}

impl<'a, T> TakeArm<'a, T> {
    /// `arm` holds what `place` offered, or nothing.
    pub(crate) fn new(arm: SendArm<'a, T>, place: &'a mut dyn Offer<T>) -> TakeArm<'a, T> {
        TakeArm { arm, place }
    }

    /// The send, as an arm.
    #[inline]
    pub fn send(&mut self) -> &mut SendArm<'a, T> {
        &mut self.arm
    }

    /// To be called when the arm was chosen.
    ///
    /// # Panics
    /// With `send on closed channel` if its channel was closed; the value is put back.
    #[inline]
    #[track_caller]
    pub fn finish(self) {
        self.arm.check();
    }
}

impl<T> Drop for TakeArm<'_, T> {
    fn drop(&mut self) {
        if let Some(value) = self.arm.unsent() {
            self.place.put_back(value);
        }
    }
}

impl<T> fmt::Debug for TakeArm<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakeArm")
            .field("arm", &self.arm)
            .finish_non_exhaustive()
    }
}
