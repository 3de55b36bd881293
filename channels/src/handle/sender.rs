//! The methods of the handles that can send.

/// Gives them to `$Handle`.
macro_rules! send_methods {
    ($Handle:ident) => {
        impl<T> $Handle<T> {
            /// Sends a value; waits until there is room in the buffer or, without a buffer, until a
            /// receiver takes it.
            ///
            /// # Errors
            /// The value comes back if the channel is closed, before or while it waits, or if no
            /// handle that can receive is left.
            ///
            /// ```
            /// use gort_channels::{Chan, SendError};
            /// let ch = Chan::new(1);
            /// ch.send(1).unwrap();
            /// ch.close();
            /// assert_eq!(ch.send(2), Err(SendError(2)));
            /// ```
            #[inline(always)]
            #[track_caller]
            pub fn send(&self, value: T) -> Result<(), $crate::SendError<T>> {
                self.core()
                    .send(value)
                    .map_err(|(_, value)| $crate::SendError(value))
            }

            /// Sends a value if that is possible without waiting.
            ///
            /// # Errors
            /// The value comes back, with the reason.
            ///
            /// ```
            /// use gort_channels::{Chan, TrySendError};
            /// let ch = Chan::new(0);
            /// assert_eq!(ch.try_send(1), Err(TrySendError::Full(1)));
            /// ```
            #[inline]
            #[track_caller]
            pub fn try_send(&self, value: T) -> Result<(), $crate::TrySendError<T>> {
                use $crate::{TrySendError, chan::Refused};
                self.core()
                    .try_send(value)
                    .map_err(|(why, value)| match why {
                        None => {
                            $crate::rt::polled_in_vain();
                            TrySendError::Full(value)
                        }
                        Some(Refused::Closed) => TrySendError::Closed(value),
                        Some(Refused::NoReceiver) => TrySendError::Disconnected(value),
                    })
            }

            /// Sends a value; waits for `limit` at most.
            ///
            /// # Errors
            /// The value comes back, with the reason.
            ///
            /// ```
            /// use gort_channels::Chan;
            /// use std::time::Duration;
            /// let ch = Chan::new(0);
            /// assert!(ch.send_timeout(1, Duration::from_millis(1)).unwrap_err().is_timeout());
            /// ```
            #[track_caller]
            pub fn send_timeout(
                &self,
                value: T,
                limit: ::std::time::Duration,
            ) -> Result<(), $crate::SendTimeoutError<T>> {
                use $crate::{SendTimeoutError, chan::Refused};
                self.core()
                    .send_timeout(value, limit)
                    .map_err(|(why, value)| match why {
                        None => {
                            if limit.is_zero() {
                                $crate::rt::polled_in_vain();
                            }
                            SendTimeoutError::Timeout(value)
                        }
                        Some(Refused::Closed) => SendTimeoutError::Closed(value),
                        Some(Refused::NoReceiver) => SendTimeoutError::Disconnected(value),
                    })
            }

            /// Sends a value from `async` code.
            ///
            /// Dropping the future before it is ready drops the value, unless a receiver has taken
            /// it already. The future's output is that of [`send`](Self::send).
            ///
            /// ```
            /// use gort_channels::Chan;
            /// use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
            /// let ch = Chan::new(1);
            /// let mut cx = Context::from_waker(Waker::noop());
            /// assert_eq!(pin!(ch.send_async(1)).poll(&mut cx), Poll::Ready(Ok(())));
            /// assert!(pin!(ch.send_async(2)).poll(&mut cx).is_pending());
            /// ```
            pub fn send_async(&self, value: T) -> $crate::SendFuture<'_, T> {
                self.core().send_async(value)
            }

            /// Closes the channel: no more values can be sent. Values in the buffer can still be
            /// received; after them, receivers get `None`. All who wait are woken.
            ///
            /// # Panics
            /// With `close of closed channel`, as Go does, if it is closed already.
            ///
            /// ```
            /// let ch = gort_channels::Chan::new(1);
            /// ch.send(1).unwrap();
            /// ch.close();
            /// assert_eq!((ch.recv(), ch.recv()), (Some(1), None));
            /// ```
            #[track_caller]
            pub fn close(&self) {
                self.core().announce($crate::chan::ops::CLOSE, "close of");
                if !self.core().close() {
                    panic!("close of closed channel");
                }
            }
        }
    };
}

pub(super) use send_methods;
