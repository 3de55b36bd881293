//! Iterators over what a channel delivers.

use std::fmt;

use super::Receiver;
use crate::chan::Core;
use crate::rt::polled_in_vain;

/// Waits for each value; ends once the channel is closed and drained. Made by [`Receiver::iter`].
///
/// ```
/// let ch = gort_channels::Chan::new(1);
/// ch.send('x').unwrap();
/// ch.close();
/// for c in &ch {
///     assert_eq!(c, 'x');
/// }
/// ```
#[must_use = "iterators do nothing unless consumed"]
pub struct Iter<'a, T>(&'a Core<T>);

/// Yields the values that are there, without waiting. Made by [`Receiver::try_iter`].
///
/// ```
/// let ch = gort_channels::Chan::<u8>::new(1);
/// assert_eq!(ch.try_iter().next(), None);
/// ```
#[must_use = "iterators do nothing unless consumed"]
pub struct TryIter<'a, T>(&'a Core<T>);

/// Like [`Iter`], but owns the receiver. Made by `for v in rx`.
///
/// ```
/// let (tx, rx) = gort_channels::channel(1);
/// tx.send('x').unwrap();
/// drop(tx);
/// for c in rx {
///     assert_eq!(c, 'x');
/// }
/// ```
#[derive(Debug)]
#[must_use = "iterators do nothing unless consumed"]
pub struct IntoIter<T>(Receiver<T>);

impl<'a, T> Iter<'a, T> {
    pub(super) fn new(core: &'a Core<T>) -> Iter<'a, T> {
        Iter(core)
    }
}

impl<'a, T> TryIter<'a, T> {
    pub(super) fn new(core: &'a Core<T>) -> TryIter<'a, T> {
        TryIter(core)
    }
}

impl<T> IntoIter<T> {
    pub(super) fn new(receiver: Receiver<T>) -> IntoIter<T> {
        IntoIter(receiver)
    }
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iter")
    }
}

impl<T> fmt::Debug for TryIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TryIter")
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[inline(always)]
    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    #[inline]
    #[track_caller]
    fn next(&mut self) -> Option<T> {
        let value = self.0.try_recv().ok();
        if value.is_none() {
            // A loop around this one may poll.
            polled_in_vain();
        }
        value
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[inline(always)]
    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv()
    }
}
