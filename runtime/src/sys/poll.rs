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

/// Sets `O_NONBLOCK`.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let fd = fd.as_raw_fd();
    // SAFETY: reads the flags of an open descriptor.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    if flags < 0 {
        return Err(io::Error::last_os_error());
    }
    if flags & libc::O_NONBLOCK != 0 {
        return Ok(());
    }
    // SAFETY: sets a flag of an open descriptor.
    if unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
