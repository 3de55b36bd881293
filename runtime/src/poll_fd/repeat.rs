//! The call that is made again and again, in its turn, until the descriptor is ready for it.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use super::PollFd;
use super::deadline::{Deadline, Late};
use super::error::Closed;
use super::turn::Turn;
use crate::poll::direction::{Direction, Look};

/// What a call has come to.
pub(super) enum Step<R> {
    Done(R),
    /// Done, and there is no more to read or no more room for now.
    Drained(R),
    /// It has written something and goes on; `full`: when there is room again.
    More {
        full: bool,
    },
}

impl<T: AsFd> PollFd<T> {
    #[track_caller]
    pub(super) fn repeat<R>(
        &self,
        direction: &Direction,
        turn: &Turn,
        until: &Deadline,
        mut call: impl FnMut(&T) -> io::Result<Step<R>>,
    ) -> io::Result<R> {
        let io = self.enter()?;
        let mut end = until.begin();
        let _turn = turn.take(|| {
            if self.is_closed() {
                return Err(io::Error::from(Closed));
            }
            Ok(until.check(end)?)
        })?;
        let mut waited = Waited {
            direction,
            once: false,
        };
        let mut asked = false;
        loop {
            let look = direction.look();
            if self.is_closed() {
                return Err(Closed.into());
            }
            // Out of time: it is tried once more, as the event may only be late. Not if the
            // deadline had passed when the call began, or has passed since the system said that
            // there is nothing.
            let (deadline, last) = match until.check(end) {
                Ok(deadline) => (deadline, false),
                Err(Late::Limit) => (None, true),
                Err(Late::Deadline) if waited.once && !asked => (None, true),
                Err(late) => return Err(late.into()),
            };
            if look.is_ready() || last {
                asked = true;
                match call(&io) {
                    Ok(Step::Done(result)) => return Ok(result),
                    Ok(Step::Drained(result)) => {
                        direction.drained(look);
                        return Ok(result);
                    }
                    Ok(Step::More { full }) => {
                        if full {
                            direction.drained(look);
                        }
                        end = until.begin();
                        continue;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock && last => {
                        return Err(Late::Limit.into());
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => direction.would_block(look),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                }
            }
            waited.once = true;
            wait(direction, look, deadline);
        }
    }
}

/// Parks until the direction has changed or the deadline has come.
#[track_caller]
fn wait(direction: &Direction, look: Look, deadline: Option<Instant>) {
    crate::sched::io_wait_begins();
    direction.wait(look, deadline);
    crate::sched::io_wait_ends();
}

/// Hands the readiness on when a call that has waited is over, whichever way.
struct Waited<'a> {
    direction: &'a Direction,
    once: bool,
}

impl Drop for Waited<'_> {
    fn drop(&mut self) {
        if self.once {
            self.direction.pass_on();
        }
    }
}
