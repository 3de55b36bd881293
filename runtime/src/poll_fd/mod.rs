//! `PollFd`: a non-blocking descriptor on which goroutines wait.
//!
//! # Who may touch the descriptor when
//!
//! `uses` counts the calls that are under way; its top bit says that the descriptor was closed.
//! Nobody begins a call after that. The descriptor itself is dropped by whoever finds the count at
//! zero with the bit set and sets the second bit, `GONE`: so no call ever reaches a number that the
//! kernel has given to another file.
//!
//! One call reads at a time and one writes, from its beginning to its end (see [`turn`]): others
//! wait for their turn, as long as their deadline allows and the descriptor is open. What needs no
//! waiting ([`PollFd::with`]) needs no turn.

use std::cell::UnsafeCell;
use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::poll::slot::Slot;
use crate::poll::{Driver, driver};

mod deadline;
mod error;
mod repeat;
pub(crate) mod turn;
mod wait;

use deadline::Deadline;
use error::NotPollable;
pub use error::{Closed, RegisterError};
use repeat::Step;
use turn::Turn;

const CLOSED: usize = 1 << (usize::BITS - 1);
const GONE: usize = CLOSED >> 1;

/// A descriptor that the poller watches: a call on it that would block parks the goroutine instead
/// (on a plain thread, blocks the thread) until the descriptor is ready.
///
/// Any descriptor will do that epoll can watch: sockets, pipes, FIFOs, terminals, eventfd, timerfd,
/// inotify, pidfd; not files and directories. It is made non-blocking, registered once for both
/// directions, and deregistered when it is closed or dropped.
///
/// All methods take `&self`: any number of goroutines may read, write, set deadlines and close at
/// the same time. Reads come one after the other, and so do writes: a call begins when the one
/// before is over, as in Go. (So what is called must not read from the same descriptor in turn.) A
/// deadline holds for all calls of its direction, those that wait already among them, until it is
/// set again.
///
/// ```
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
/// use gort_runtime::PollFd;
///
/// gort_runtime::run(|| {
///     let (near, far) = UnixStream::pair()?;
///     let (near, far) = (PollFd::new(near)?, PollFd::new(far)?);
///     let echo = gort_runtime::go(move || {
///         let mut word = [0; 5];
///         let n = far.read_with(|mut socket| socket.read(&mut word))?;
///         far.write_with(|mut socket| socket.write(&word[..n]))
///     });
///     near.write_with(|mut socket| socket.write(b"hello"))?;
///     let mut back = [0; 5];
///     assert_eq!(near.read_with(|mut socket| socket.read(&mut back))?, 5);
///     assert_eq!(&back, b"hello");
///     assert_eq!(echo.join().unwrap()?, 5);
///     std::io::Result::Ok(())
/// }).unwrap();
/// ```
#[doc(alias = "AsyncFd")]
#[doc(alias = "pollDesc")]
pub struct PollFd<T: AsFd> {
    uses: AtomicUsize,
    io: UnsafeCell<ManuallyDrop<T>>,
    raw: RawFd,
    slot: &'static Slot,
    reading: Turn,
    writing: Turn,
    read_until: Deadline,
    write_until: Deadline,
}

// SAFETY: `io` is shared between calls (hence `Sync`) and dropped by whoever ends the last of them
// (hence `Send`).
unsafe impl<T: AsFd + Send + Sync> Sync for PollFd<T> {}
// SAFETY: it owns a `T`; the rest is words and a static reference.
unsafe impl<T: AsFd + Send> Send for PollFd<T> {}

impl<T: AsFd> PollFd<T> {
    /// Makes `io` non-blocking and lets the poller watch it.
    ///
    /// # Errors
    /// `Unsupported` for files and directories: they are always ready, which does not mean that
    /// they do not block. What the system says: `ENOSPC` when the user's epoll watches are used up.
    /// `io` is given back with the error.
    pub fn new(io: T) -> Result<PollFd<T>, RegisterError<T>> {
        let raw = io.as_fd().as_raw_fd();
        let slot = Slot::take();
        let registered = crate::sys::poll::set_nonblocking(io.as_fd())
            .and_then(|()| driver_or_start())
            .and_then(|driver| driver.register(raw, slot));
        if let Err(error) = registered {
            slot.give_back();
            // The kernel calls it "Operation not permitted".
            let error = if error.kind() == io::ErrorKind::PermissionDenied {
                io::Error::new(io::ErrorKind::Unsupported, NotPollable)
            } else {
                error
            };
            return Err(RegisterError { error, io });
        }
        Ok(PollFd {
            uses: AtomicUsize::new(0),
            io: UnsafeCell::new(ManuallyDrop::new(io)),
            raw,
            slot,
            reading: Turn::new(),
            writing: Turn::new(),
            read_until: Deadline::never(),
            write_until: Deadline::never(),
        })
    }

    /// Makes a call that reads: `call` is made again whenever it says `WouldBlock` and the
    /// descriptor has become readable.
    ///
    /// # Errors
    /// Those of `call`, but for `WouldBlock` and `Interrupted`; `TimedOut` when the read deadline
    /// has come; [`Closed`].
    #[track_caller]
    pub fn read_with<R>(&self, mut call: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.repeat_read(|io| call(io).map(Step::Done))
    }

    /// Makes a call that writes: `call` is made again whenever it says `WouldBlock` and the
    /// descriptor has become writable.
    ///
    /// # Errors
    /// As [`PollFd::read_with`], with the write deadline.
    #[track_caller]
    pub fn write_with<R>(&self, mut call: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.repeat_write(|io| call(io).map(Step::Done))
    }

    /// Like [`PollFd::read_with`] for a byte stream: `call` reads up to `room` bytes and says how
    /// many. If it got less, there is no more for now, and the next read waits without asking the
    /// system. With a `room` of 0 that is not concluded.
    ///
    /// For TCP sockets and pipes only: elsewhere a short read does not mean that there is nothing
    /// left. A read from a Unix socket ends where the other side has sent descriptors, one from a
    /// terminal at the end of a line. Nor does it mean that if the system may not have looked at
    /// all of the room: it takes so many buffers (`IOV_MAX`) in one call, and no more.
    ///
    /// # Errors
    /// As [`PollFd::read_with`].
    #[track_caller]
    pub fn read_stream(
        &self,
        room: usize,
        mut call: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.repeat_read(|io| {
            call(io).map(|n| match n > 0 && n < room {
                true => Step::Drained(n),
                false => Step::Done(n),
            })
        })
    }

    /// Like [`PollFd::write_with`] for a byte stream: `call` writes up to `length` bytes and says
    /// how many. If it was less, there is no room for now. With a `length` of 0 that is not
    /// concluded.
    ///
    /// # Errors
    /// As [`PollFd::read_with`], with the write deadline.
    #[track_caller]
    pub fn write_stream(
        &self,
        length: usize,
        mut call: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.repeat_write(|io| {
            call(io).map(|n| match n > 0 && n < length {
                true => Step::Drained(n),
                false => Step::Done(n),
            })
        })
    }

    /// Writes `length` bytes in one operation: nothing that others write comes in between (Go's
    /// `Write`). `call` is given how many are written already, and says how many more it has.
    /// `short_is_full`: whether less than what was left means that there is no room for now; see
    /// [`PollFd::read_stream`]. The time limit of each call counts from the last byte that there
    /// was room for, the deadline is one for all.
    ///
    /// Gives how many were written, and what has kept the others from it: the errors of
    /// [`PollFd::write_with`], and `WriteZero`.
    ///
    /// ```
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    /// use gort_runtime::PollFd;
    ///
    /// let (near, _far) = UnixStream::pair().unwrap();
    /// let near = PollFd::new(near).unwrap();
    /// let text = b"hello";
    /// let (written, result) = near.write_whole(text.len(), true, |mut socket, done| socket.write(&text[done..]));
    /// assert_eq!((written, result.is_ok()), (5, true));
    /// ```
    #[track_caller]
    pub fn write_whole(
        &self,
        length: usize,
        short_is_full: bool,
        mut call: impl FnMut(&T, usize) -> io::Result<usize>,
    ) -> (usize, io::Result<()>) {
        let mut written = 0;
        let result = self.repeat_write(|io| {
            let n = call(io, written)?;
            written += n;
            if written >= length {
                Ok(Step::Done(()))
            } else if n == 0 {
                Err(io::Error::new(
                    io::ErrorKind::WriteZero,
                    "failed to write whole buffer",
                ))
            } else {
                Ok(Step::More { full: short_is_full })
            }
        });
        (written, result)
    }

    /// Uses the descriptor without waiting: for its address, its options.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> Result<R, Closed> {
        let io = self.enter()?;
        Ok(f(&io))
    }

    /// Reads that are not done by then fail with `TimedOut`, those that wait already too. `None`:
    /// they wait as long as it takes. A deadline that has passed lets all reads fail until it is
    /// set again.
    #[doc(alias = "SetReadDeadline")]
    pub fn set_read_deadline(&self, at: Option<Instant>) {
        self.read_until.set(at);
        self.interrupt_reads();
    }

    /// As [`PollFd::set_read_deadline`], for writes.
    #[doc(alias = "SetWriteDeadline")]
    pub fn set_write_deadline(&self, at: Option<Instant>) {
        self.write_until.set(at);
        self.interrupt_writes();
    }

    /// Both deadlines.
    #[doc(alias = "SetDeadline")]
    pub fn set_deadline(&self, at: Option<Instant>) {
        self.set_read_deadline(at);
        self.set_write_deadline(at);
    }

    /// The longest that one read may wait, from its beginning; `None`: as long as the deadline
    /// allows. It holds for calls that begin later, and fails them with `TimedOut`. As in std.
    ///
    /// # Errors
    /// `InvalidInput` for a limit of zero.
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.read_until.set_each(limit)
    }

    /// As [`PollFd::set_read_timeout`], for writes.
    ///
    /// # Errors
    /// `InvalidInput` for a limit of zero.
    pub fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.write_until.set_each(limit)
    }

    /// What [`PollFd::set_read_timeout`] has set.
    pub fn read_timeout(&self) -> Option<Duration> {
        self.read_until.each()
    }

    /// What [`PollFd::set_write_timeout`] has set.
    pub fn write_timeout(&self) -> Option<Duration> {
        self.write_until.each()
    }

    /// Closes it for everybody: whoever waits is woken and gets [`Closed`], as does every later
    /// call. The descriptor itself is closed when the last call that is under way has returned.
    ///
    /// # Errors
    /// [`Closed`] if it was closed before.
    pub fn close(&self) -> Result<(), Closed> {
        // AcqRel: pairs with `enter`, which reads the bit, and with the count of those who have
        // left.
        if self.uses.fetch_or(CLOSED, Ordering::AcqRel) & CLOSED != 0 {
            return Err(Closed);
        }
        self.interrupt_reads();
        self.interrupt_writes();
        self.drop_if_unused();
        Ok(())
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.uses.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Takes the descriptor out again. It stays non-blocking.
    ///
    /// # Errors
    /// [`Closed`] if it was closed.
    pub fn into_inner(self) -> Result<T, Closed> {
        if self.uses.load(Ordering::Acquire) != 0 {
            return Err(Closed);
        }
        self.uses.store(CLOSED | GONE, Ordering::Relaxed);
        if let Some(driver) = driver() {
            driver.deregister(self.raw);
        }
        // SAFETY: nobody else has `self`, and by the mark `drop` leaves the descriptor alone.
        Ok(unsafe { ManuallyDrop::take(&mut *self.io.get()) })
    }

    fn interrupt_reads(&self) {
        self.slot.read.interrupt();
        self.reading.interrupt();
    }

    fn interrupt_writes(&self) {
        self.slot.write.interrupt();
        self.writing.interrupt();
    }

    #[track_caller]
    fn repeat_read<R>(&self, call: impl FnMut(&T) -> io::Result<Step<R>>) -> io::Result<R> {
        self.repeat(&self.slot.read, &self.reading, &self.read_until, call)
    }

    #[track_caller]
    fn repeat_write<R>(&self, call: impl FnMut(&T) -> io::Result<Step<R>>) -> io::Result<R> {
        let written = self.repeat(&self.slot.write, &self.writing, &self.write_until, call);
        crate::sched::io_written();
        written
    }

    /// Begins a call.
    fn enter(&self) -> Result<Use<'_, T>, Closed> {
        // Acquire pairs with `close`. The count keeps the descriptor open.
        let before = self.uses.fetch_add(1, Ordering::AcqRel);
        let guard = Use(self);
        // If it is closed, the guard ends the call at once.
        if before & CLOSED != 0 {
            Err(Closed)
        } else {
            Ok(guard)
        }
    }

    /// Drops the descriptor if it was closed and no call is under way.
    fn drop_if_unused(&self) {
        // AcqRel: whoever gets here last has seen the ends of all calls.
        if self
            .uses
            .compare_exchange(CLOSED, CLOSED | GONE, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
        {
            // SAFETY: no call is under way, none begins after `CLOSED`, and only one gets past
            // `GONE`.
            unsafe { self.drop_io() };
        }
    }

    /// # Safety
    /// Once, when nobody uses `io`.
    unsafe fn drop_io(&self) {
        if let Some(driver) = driver() {
            driver.deregister(self.raw);
        }
        // SAFETY: by the caller.
        unsafe { ManuallyDrop::drop(&mut *self.io.get()) };
    }
}

/// The driver, made by the first call.
fn driver_or_start() -> io::Result<&'static Driver> {
    if let Some(driver) = driver() {
        return Ok(driver);
    }
    // Who waits may be a thread, in a program that has used nothing else yet.
    crate::boot::runtime();
    let driver = crate::poll::make_driver()?;
    crate::sched::poller_started();
    Ok(driver)
}

/// A call that is under way.
struct Use<'a, T: AsFd>(&'a PollFd<T>);

impl<T: AsFd> std::ops::Deref for Use<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the count keeps `io` from being dropped, and nobody has it mutably but who drops
        // it.
        unsafe { &*self.0.io.get() }
    }
}

impl<T: AsFd> Drop for Use<'_, T> {
    fn drop(&mut self) {
        // AcqRel: what this call did with `io` comes before the drop.
        if self.0.uses.fetch_sub(1, Ordering::AcqRel) == CLOSED + 1 {
            self.0.drop_if_unused();
        }
    }
}

impl<T: AsFd> Drop for PollFd<T> {
    fn drop(&mut self) {
        if *self.uses.get_mut() & GONE == 0 {
            // SAFETY: nobody else has `self`, so no call is under way.
            unsafe { self.drop_io() };
        }
        self.slot.give_back();
    }
}

/// The number of the descriptor. It stays valid as long as this is neither closed nor dropped.
impl<T: AsFd> AsRawFd for PollFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.raw
    }
}

impl<T: AsFd> fmt::Debug for PollFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollFd")
            .field("fd", &self.raw)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
