//! What differs between operating systems, one file per facility; nothing else in the crate names
//! `libc`.

pub(crate) mod alarm;
pub(crate) mod barrier;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) mod capture;
pub(crate) mod clock;
pub(crate) mod cpu;
pub(crate) mod fault;
pub(crate) mod memory;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) mod modules;
pub(crate) mod poll;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) mod postmortem;
pub(crate) mod process;
pub(crate) mod quit;
#[cfg(feature = "slab-stacks")]
pub(crate) mod reserve;
pub(crate) mod signal;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) mod syscall;
pub(crate) mod thread;

/// Writes to stderr without std's lock on it: a goroutine that is parked for ever may hold that.
pub(crate) fn last_words(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length are those of a slice.
        let written = unsafe { libc::write(libc::STDERR_FILENO, bytes.as_ptr().cast(), bytes.len()) };
        if let Some(rest) = usize::try_from(written)
            .ok()
            .filter(|&n| n > 0)
            .and_then(|n| bytes.get(n..))
        {
            bytes = rest;
        } else if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
            return;
        }
    }
}
