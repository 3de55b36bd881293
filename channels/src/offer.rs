//! [`Offer`]: where the values come from that `tx <- take PLACE => …` sends.

use std::collections::VecDeque;

/// A place that holds values to send: what stands behind `take` in a send arm of `select!`.
///
/// `tx <- take queue => …` takes the next value out of `queue` when the select begins, and puts it
/// back where it was if another arm is chosen: before that arm's body runs, and on a panic too. If
/// there is no value the arm drops out, as with Go's nil channel. (A plain
/// `tx <- queue.pop_front().unwrap()` drops the value when another arm is chosen.)
///
/// An `Option` offers its value, a `VecDeque` its first one. Implement it for a queue of your own:
///
/// ```
/// use gort_channels::Offer;
///
/// /// Sends the largest first. A sorted list.
/// struct Largest(Vec<u32>);
///
/// impl Offer<u32> for Largest {
///     fn offer(&mut self) -> Option<u32> {
///         self.0.pop()
///     }
///
///     fn put_back(&mut self, value: u32) {
///         self.0.push(value);
///     }
/// }
///
/// let mut numbers = Largest(vec![1, 3, 7]);
/// let value = numbers.offer().unwrap();
/// assert_eq!(value, 7);
/// numbers.put_back(value);
/// assert_eq!(numbers.0, [1, 3, 7]);
/// ```
#[diagnostic::on_unimplemented(
    message = "cannot take values of type `{T}` out of `{Self}` to send them",
    label = "`take` needs a place that holds `{T}`s, this is `{Self}`",
    note = "behind `take` stands a variable or a field: an `Option<{T}>`, a `VecDeque<{T}>`, or what implements `gort::Offer<{T}>`; \
            to send a value that you have, leave `take` out"
)]
pub trait Offer<T> {
    /// Takes the next value out; `None` if there is nothing to send.
    ///
    /// ```
    /// use gort_channels::Offer;
    ///
    /// assert_eq!(Offer::offer(&mut Some(1)), Some(1));
    /// ```
    fn offer(&mut self) -> Option<T>;

    /// Puts a value back that was taken out and not sent: the next [`offer`](Offer::offer) gives it
    /// again.
    ///
    /// ```
    /// use gort_channels::Offer;
    /// use std::collections::VecDeque;
    ///
    /// let mut queue = VecDeque::from([1, 2]);
    /// let first = queue.offer().unwrap();
    /// queue.put_back(first);
    /// assert_eq!(queue, [1, 2]);
    /// ```
    fn put_back(&mut self, value: T);
}

impl<T> Offer<T> for Option<T> {
    fn offer(&mut self) -> Option<T> {
        self.take()
    }

    fn put_back(&mut self, value: T) {
        *self = Some(value);
    }
}

impl<T> Offer<T> for VecDeque<T> {
    fn offer(&mut self) -> Option<T> {
        self.pop_front()
    }

    fn put_back(&mut self, value: T) {
        self.push_front(value);
    }
}

#[diagnostic::do_not_recommend]
impl<T, O: Offer<T> + ?Sized> Offer<T> for &mut O {
    fn offer(&mut self) -> Option<T> {
        (**self).offer()
    }

    fn put_back(&mut self, value: T) {
        (**self).put_back(value);
    }
}
