//! What the process does on a signal: asking and setting it, and sending one.

use std::io;
use std::mem::MaybeUninit;

/// Whether the signal tells of a fault of the program: those have to keep their handlers.
pub(crate) fn is_fault(signal: i32) -> bool {
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL].contains(&signal)
}

/// What happens on a signal: its default, nothing, or a handler.
#[derive(Clone, Copy)]
pub(crate) struct Disposition(libc::sigaction);

impl Disposition {
    /// Nothing.
    pub(crate) fn ignore() -> Disposition {
        // SAFETY: all-zero is a valid `sigaction`; the field that matters is set below.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = libc::SIG_IGN;
        Disposition(action)
    }

    /// What the system does.
    pub(crate) fn default_action() -> Disposition {
        let mut action = Disposition::ignore();
        action.0.sa_sigaction = libc::SIG_DFL;
        action
    }

    pub(crate) fn is_default(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_DFL
    }

    /// Whether it is this handler.
    pub(crate) fn calls(&self, handler: *const ()) -> bool {
        self.0.sa_sigaction == handler as libc::sighandler_t
    }

    pub(crate) fn is_ignore(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_IGN
    }

    /// The same, with the handler on the thread's alternate stack: a goroutine's own may have no
    /// room for its frame.
    pub(crate) fn on_alternate_stack(mut self) -> Disposition {
        self.0.sa_flags |= libc::SA_ONSTACK;
        self
    }

    /// What happens on `signal` now.
    ///
    /// # Errors
    /// There is no such signal.
    pub(crate) fn of(signal: i32) -> io::Result<Disposition> {
        let mut now = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: a null action only asks, and there is room for the answer.
        match unsafe { libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()) } {
            // SAFETY: filled by the kernel; zeroes were valid before.
            0 => Ok(Disposition(unsafe { now.assume_init() })),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Makes it what happens on `signal`.
    ///
    /// # Safety
    /// It came from [`Disposition::of`] for this signal, or is one of the two that have no handler:
    /// its handler, if it has one, is one that the process had installed for the signal.
    ///
    /// # Errors
    /// There is no such signal, or it cannot be changed.
    pub(crate) unsafe fn set(&self, signal: i32) -> io::Result<()> {
        // SAFETY: by contract the handler is fit for the signal.
        match unsafe { libc::sigaction(signal, &self.0, std::ptr::null_mut()) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Sends `signal` to the calling thread; it has been acted upon when this returns.
///
/// # Errors
/// There is no such signal.
pub(crate) fn raise(signal: i32) -> io::Result<()> {
    // SAFETY: takes an integer.
    match unsafe { libc::raise(signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sends `signal` to this process.
pub(crate) fn send_to_process(signal: i32) {
    // SAFETY: both take integers.
    unsafe { libc::kill(libc::getpid(), signal) };
}
