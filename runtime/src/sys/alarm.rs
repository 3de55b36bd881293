//! A clock that one thread sleeps on, and that others set and stop for a system call each.

use std::time::Duration;

#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A `timerfd`.
pub(crate) struct Alarm {
    #[cfg(target_os = "linux")]
    fd: OwnedFd,
}

impl Alarm {
    /// `None` where the system has no such clock, or no descriptor for it.
    #[cfg(target_os = "linux")]
    pub(crate) fn new() -> Option<Alarm> {
        // SAFETY: two integers.
        let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) };
        (fd >= 0).then(|| {
            // SAFETY: the descriptor is new, and nobody else's.
            let fd = unsafe { OwnedFd::from_raw_fd(fd) };
            Alarm { fd }
        })
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new() -> Option<Alarm> {
        None
    }

    /// It rings once, so long from now. Not if it is stopped before.
    pub(crate) fn set(&self, after: Duration) {
        #[cfg(target_os = "linux")]
        {
            let zero = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            let time = libc::itimerspec {
                it_interval: zero,
                it_value: libc::timespec {
                    tv_sec: after.as_secs().try_into().unwrap_or(libc::time_t::MAX),
                    tv_nsec: after.subsec_nanos().into(),
                },
            };
            // SAFETY: a descriptor that is open, a time that is read, no old one asked for. It
            // cannot fail.
            unsafe { libc::timerfd_settime(self.fd.as_raw_fd(), 0, &raw const time, std::ptr::null_mut()) };
        }
        #[cfg(not(target_os = "linux"))]
        let _ = after;
    }

    /// It does not ring, even if it has and nobody has heard it.
    pub(crate) fn stop(&self) {
        self.set(Duration::ZERO);
    }

    /// Sleeps until it rings. May return earlier.
    pub(crate) fn wait(&self) {
        #[cfg(target_os = "linux")]
        {
            let mut rung = 0_u64;
            // SAFETY: room for eight bytes. A failure is an early return.
            unsafe { libc::read(self.fd.as_raw_fd(), (&raw mut rung).cast(), size_of::<u64>()) };
        }
    }
}
