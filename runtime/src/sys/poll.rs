//! Descriptors: waiting for one with a fine deadline, and making one non-blocking.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

/// Waits until `fd` is readable, at most for `limit` (to the nanosecond, as far as the kernel's
/// timers go). May return earlier.
pub(crate) fn wait_readable(fd: RawFd, limit: Duration) {
    let mut poll = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    #[cfg(target_os = "linux")]
    {
        let limit = libc::timespec {
            tv_sec: limit.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        };
        // SAFETY: one `pollfd`, a time, no signal mask. A failure is an early return.
        unsafe { libc::ppoll(&raw mut poll, 1, &raw const limit, std::ptr::null()) };
    }
    #[cfg(not(target_os = "linux"))]
    {
        let millis = limit
            .as_nanos()
            .div_ceil(1_000_000)
            .try_into()
            .unwrap_or(libc::c_int::MAX);
        // SAFETY: one `pollfd`. A failure is an early return.
        unsafe { libc::poll(&raw mut poll, 1, millis) };
    }
}

/// Whether a write of at most a page
/// ([`PIPE_BUF`](https://man7.org/linux/man-pages/man7/pipe.7.html)) to `fd` blocks nobody, as far
/// as the system says: it has room, it is a file, or the write would fail. Whoever else writes may
/// take the room.
///
/// ```
/// use std::io::Write;
/// use std::os::fd::AsFd;
///
/// let (_from, mut to) = std::io::pipe().unwrap();
/// while gort_runtime::io::takes_a_page(to.as_fd()) {
///     to.write_all(&[0; 4096]).unwrap(); // never waits
/// }
/// ```
pub fn takes_a_page(fd: BorrowedFd<'_>) -> bool {
    let mut poll = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: one `pollfd`, and no wait.
    unsafe { libc::poll(&raw mut poll, 1, 0) > 0 }
}

/// Sets `O_NONBLOCK`, with one system call.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut on: libc::c_int = 1;
    // SAFETY: the descriptor is open, and the request reads one int.
    if unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONBIO, &raw mut on) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Receives into `buf`. Not by libc's `recv`: that is a point where a thread may be cancelled, and
/// pays for it by two atomic exchanges each time.
///
/// ```
/// use std::os::fd::AsFd;
///
/// let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
/// assert_eq!(gort_runtime::net::send(near.as_fd(), b"word").unwrap(), 4);
/// let mut word = [0; 8];
/// assert_eq!(gort_runtime::net::receive(far.as_fd(), &mut word).unwrap(), 4);
/// ```
#[inline]
pub fn receive(socket: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<usize> {
    receive_with(socket, buf, 0)
}

/// As [`receive`], but leaves it all where it is.
///
/// ```
/// use std::os::fd::AsFd;
///
/// let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
/// gort_runtime::net::send(near.as_fd(), b"word").unwrap();
/// for _ in 0..2 {
///     assert_eq!(gort_runtime::net::peek(far.as_fd(), &mut [0; 8]).unwrap(), 4);
/// }
/// ```
pub fn peek(socket: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<usize> {
    receive_with(socket, buf, libc::MSG_PEEK)
}

#[inline]
fn receive_with(socket: BorrowedFd<'_>, buf: &mut [u8], flags: libc::c_int) -> io::Result<usize> {
    #[cfg(target_os = "linux")]
    // SAFETY: as `recvfrom(2)` wants it: a descriptor that is open, room for `len` bytes, flags
    // that change nothing of that, no address wanted.
    let received = unsafe {
        libc::syscall(
            libc::SYS_recvfrom,
            libc::c_long::from(socket.as_raw_fd()),
            buf.as_mut_ptr(),
            buf.len(),
            libc::c_long::from(flags),
            0_usize,
            0_usize,
        )
    };
    #[cfg(not(target_os = "linux"))]
    // SAFETY: a descriptor that is open, room for `len` bytes.
    let received = unsafe { libc::recv(socket.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len(), flags) };
    // Negative for an error.
    usize::try_from(received).map_err(|_| io::Error::last_os_error())
}

/// Sends `bytes`, without a signal if nobody reads any more. As [`receive`], not by libc's `send`.
///
/// ```
/// use std::os::fd::AsFd;
///
/// let (near, _) = std::os::unix::net::UnixStream::pair().unwrap();
/// let error = gort_runtime::net::send(near.as_fd(), b"word").unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
/// ```
#[inline]
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    #[cfg(target_os = "linux")]
    // SAFETY: as `sendto(2)` wants it: a descriptor that is open, `len` bytes, one flag, no
    // address.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_sendto,
            libc::c_long::from(socket.as_raw_fd()),
            bytes.as_ptr(),
            bytes.len(),
            libc::c_long::from(libc::MSG_NOSIGNAL),
            0_usize,
            0_usize,
        )
    };
    #[cfg(not(target_os = "linux"))]
    // SAFETY: a descriptor that is open, `len` bytes.
    let sent = unsafe {
        libc::send(
            socket.as_raw_fd(),
            bytes.as_ptr().cast(),
            bytes.len(),
            libc::MSG_NOSIGNAL,
        )
    };
    // Negative for an error.
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Whether the error of a non-blocking `connect` says that it goes on.
///
/// ```
/// assert!(!gort_runtime::connect_goes_on(&std::io::ErrorKind::ConnectionRefused.into()));
/// ```
pub fn connect_goes_on(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}
