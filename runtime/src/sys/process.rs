//! Child processes and pipes: what std does not offer: waiting for an end without collecting it,
//! signals, several pipes at once.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// A descriptor that becomes readable when the process `id` ends. The caller sees to it that the
/// number is still the process's own.
///
/// # Errors
/// Of `pidfd_open`; where there is no such thing, that.
pub fn descriptor(id: u32) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: takes two integers.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, libc::c_long::from(id), 0) };
        match RawFd::try_from(fd) {
            // SAFETY: the system has just made it, and nobody else knows it.
            Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
            _ => Err(io::Error::last_os_error()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = id;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Blocks the thread until the child `id` of this process has ended. It stays to be collected, so
/// its number remains its own.
///
/// # Errors
/// Of `waitid`, if there is no such child.
pub fn await_end(id: u32) -> io::Result<()> {
    wait(id, 0).map(drop)
}

/// Whether the child `id` of this process has ended and waits to be collected.
///
/// # Errors
/// As [`await_end`].
pub fn has_ended(id: u32) -> io::Result<bool> {
    wait(id, libc::WNOHANG)
}

fn wait(id: u32, options: i32) -> io::Result<bool> {
    loop {
        // SAFETY: `siginfo_t` is plain data, for which zeros are fine.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is to a `siginfo_t` that lives here.
        let result = unsafe {
            let options = libc::WEXITED | libc::WNOWAIT | options;
            libc::waitid(libc::P_PID, id, &raw mut info, options)
        };
        if result == 0 {
            // SAFETY: what `waitid` filled in, or zeros if nothing has happened.
            return Ok(unsafe { info.si_pid() } != 0);
        }
        retry_if_interrupted()?;
    }
}

/// Sends the signal to the process `id`. The caller sees to it that the number is still the
/// process's own.
///
/// # Errors
/// Of `kill`.
pub fn signal(id: u32, signal: i32) -> io::Result<()> {
    let id = i32::try_from(id).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: takes two integers.
    if unsafe { libc::kill(id, signal) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Blocks the thread until something can be read from one of these at least, or it has ended; says
/// from which.
///
/// # Errors
/// Of `poll`.
pub fn await_readable<const N: usize>(pipes: [Option<BorrowedFd<'_>>; N]) -> io::Result<[bool; N]> {
    // The system passes over negative numbers.
    let mut polled = pipes.map(|pipe| libc::pollfd {
        fd: pipe.map_or(-1, |pipe| pipe.as_raw_fd()),
        events: libc::POLLIN,
        revents: 0,
    });
    loop {
        // SAFETY: the array has as many elements as is said.
        if unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, -1) } >= 0 {
            return Ok(polled.map(|pipe| pipe.revents != 0));
        }
        retry_if_interrupted()?;
    }
}

fn retry_if_interrupted() -> io::Result<()> {
    let error = io::Error::last_os_error();
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        _ => Err(error),
    }
}
