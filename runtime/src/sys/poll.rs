//! Descriptors: waiting for one with a fine deadline, and making one non-blocking.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

/// Waits until `fd` is readable, at most for `limit` (to the nanosecond, as far as the kernel's timers go). May return earlier.
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

/// Sets `O_NONBLOCK`, with one system call.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut on: libc::c_int = 1;
    // SAFETY: the descriptor is open, and the request reads one int.
    if unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONBIO, &raw mut on) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Whether the error of a non-blocking `connect` says that it goes on.
///
/// ```
/// assert!(!gort_runtime::connect_goes_on(&std::io::ErrorKind::ConnectionRefused.into()));
/// ```
pub fn connect_goes_on(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}
