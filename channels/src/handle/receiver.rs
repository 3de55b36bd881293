//! The methods of the handles that can receive.

/// Gives them to `$Handle`.
macro_rules! receive_methods {
    ($Handle:ident) => {
        impl<T> $Handle<T> {
            /// Receives the oldest value; waits until there is one. `None` once the channel is
            /// closed and drained.
            ///
            /// ```
            /// let ch = gort_channels::Chan::new(1);
            /// ch.send(1).unwrap();
            /// ch.close();
            /// assert_eq!((ch.recv(), ch.recv()), (Some(1), None));
            /// ```
            #[inline(always)]
            #[track_caller]
            pub fn recv(&self) -> Option<T> {
                self.core().recv()
            }

            /// Receives a value if one is there.
            ///
            /// # Errors
            /// Says whether one may come later.
            ///
            /// ```
            /// use gort_channels::{Chan, TryRecvError};
            /// let ch = Chan::<u8>::new(1);
            /// assert_eq!(ch.try_recv(), Err(TryRecvError::Empty));
            /// ```
            #[inline]
            #[track_caller]
            pub fn try_recv(&self) -> Result<T, $crate::TryRecvError> {
                use $crate::TryRecvError;
                self.core().try_recv().map_err(|closed| match closed {
                    true => TryRecvError::Closed,
                    false => {
                        $crate::rt::polled_in_vain();
                        TryRecvError::Empty
                    }
                })
            }

            /// Receives a value; waits for `limit` at most.
            ///
            /// # Errors
            /// Says whether the time was up or the channel is closed and drained.
            ///
            /// ```
            /// use gort_channels::{Chan, RecvTimeoutError};
            /// use std::time::Duration;
            /// let ch = Chan::<u8>::new(1);
            /// assert_eq!(ch.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
            /// ```
            #[track_caller]
            pub fn recv_timeout(&self, limit: ::std::time::Duration) -> Result<T, $crate::RecvTimeoutError> {
                use $crate::RecvTimeoutError;
                self.core()
                    .recv_timeout(limit)
                    .map_err(|closed| match closed {
                        true => RecvTimeoutError::Closed,
                        false => {
                            if limit.is_zero() {
                                $crate::rt::polled_in_vain();
                            }
                            RecvTimeoutError::Timeout
                        }
                    })
            }

            /// Receives a value in `async` code.
            ///
            /// The future's output is that of [`recv`](Self::recv). Dropping it loses no value: if
            /// one was handed to it already, the next receiver gets that one first. Forgetting it
            /// ([`std::mem::forget`]) is safe, but then a value that was handed to it is leaked
            /// with it.
            ///
            /// ```
            /// use gort_channels::Chan;
            /// use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
            /// let ch = Chan::new(1);
            /// let mut cx = Context::from_waker(Waker::noop());
            /// let mut receive = pin!(ch.recv_async());
            /// assert!(receive.as_mut().poll(&mut cx).is_pending());
            /// ch.send(1).unwrap();
            /// assert_eq!(receive.poll(&mut cx), Poll::Ready(Some(1)));
            /// ```
            pub fn recv_async(&self) -> $crate::RecvFuture<'_, T> {
                self.core().recv_async()
            }

            /// An iterator over the values as they come; it waits for each, and ends once the
            /// channel is closed and drained.
            ///
            /// ```
            /// let ch = gort_channels::Chan::new(3);
            /// for i in 0..3 {
            ///     ch.send(i).unwrap();
            /// }
            /// ch.close();
            /// assert_eq!(ch.iter().collect::<Vec<_>>(), [0, 1, 2]);
            /// ```
            #[doc(alias = "range")]
            pub fn iter(&self) -> $crate::Iter<'_, T> {
                $crate::Iter::new(self.core())
            }

            /// An iterator over the values that are there; it never waits.
            ///
            /// ```
            /// let ch = gort_channels::Chan::new(3);
            /// ch.send(1).unwrap();
            /// assert_eq!(ch.try_iter().count(), 1);
            /// ```
            pub fn try_iter(&self) -> $crate::TryIter<'_, T> {
                $crate::TryIter::new(self.core())
            }
        }

        impl<'a, T> IntoIterator for &'a $Handle<T> {
            type Item = T;
            type IntoIter = $crate::Iter<'a, T>;

            fn into_iter(self) -> $crate::Iter<'a, T> {
                self.iter()
            }
        }

        impl<T> IntoIterator for $Handle<T> {
            type Item = T;
            type IntoIter = $crate::IntoIter<T>;

            /// A `Chan` gives up its right to send by this, so the loop ends when the last other
            /// sender is gone.
            fn into_iter(self) -> $crate::IntoIter<T> {
                $crate::IntoIter::new(self.into())
            }
        }
    };
}

pub(super) use receive_methods;
