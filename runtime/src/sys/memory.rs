//! The memory of stacks: guards that do not split mappings, giving pages back, and the page size.

use std::ops::Range;

/// Makes pages fault without a mapping of their own (Linux 6.13).
#[cfg(target_os = "linux")]
pub(super) const MADV_GUARD_INSTALL: libc::c_int = 102;

/// The size of a page in bytes.
pub(crate) fn page_size() -> usize {
    // SAFETY: sysconf has no precondition.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// Turns the `mprotect`ed guard page at `guard` into a guard *marker* on ordinary memory, so that the kernel merges the
/// mappings of neighbouring stacks.
///
/// A stack with a protected page is two mappings, and `vm.max_map_count` (65,530 by default) ends a program near 32,000 of
/// them. `MADV_GUARD_INSTALL` (Linux 6.13) keeps the page inaccessible without a mapping of its own. Returns whether it
/// worked; on an older kernel the page stays protected as it was.
///
/// # Safety
/// `guard` must be the start of a whole page that belongs to the caller and that nothing reads or writes.
#[cfg(not(feature = "slab-stacks"))]
pub(crate) unsafe fn merge_guard(guard: *mut u8, page: usize) -> bool {
    #[cfg(target_os = "linux")]
    {
        // The marker goes in first, while the page is still protected: no moment without a guard.
        // SAFETY: the caller owns the page; the advice makes it inaccessible, which it already is.
        if unsafe { libc::madvise(guard.cast(), page, MADV_GUARD_INSTALL) } != 0 {
            return false;
        }
        // SAFETY: as above; the marker keeps the page inaccessible whatever the protection says.
        if unsafe { libc::mprotect(guard.cast(), page, libc::PROT_READ | libc::PROT_WRITE) } != 0 {
            return false;
        }
        true
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (guard, page);
        false
    }
}

/// Gives the memory of these ranges back to the kernel. They stay mapped, and read as zeros at the next use.
///
/// # Safety
/// Whole pages of private mappings that belong to the caller; what is in them is not used any more.
pub(crate) unsafe fn discard(ranges: &[Range<usize>]) {
    // Elsewhere the advice is only that: the memory may stay, and so may what is in it.
    #[cfg(target_os = "linux")]
    {
        let full = ranges.iter().filter(|range| !range.is_empty()).cloned();
        // SAFETY: by the caller.
        unsafe { advise_all(full, libc::MADV_DONTNEED) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = ranges;
}

/// Gives one piece of advice on many ranges, with one system call a thousand where the kernel can (for the process itself,
/// since Linux 6.13), else with one each. `false` if it was refused for any.
///
/// # Safety
/// As the advice demands. It may be given twice on a range.
#[cfg(target_os = "linux")]
pub(super) unsafe fn advise_all(ranges: impl Iterator<Item = Range<usize>>, advice: libc::c_int) -> bool {
    /// As many as the kernel takes at once (`UIO_MAXIOV`).
    const AT_ONCE: usize = 1024;
    let vectors: Vec<libc::iovec> = ranges
        .map(|range| libc::iovec {
            iov_base: std::ptr::with_exposed_provenance_mut(range.start),
            iov_len: range.len(),
        })
        .collect();
    vectors.chunks(AT_ONCE).all(|vectors| {
        // SAFETY: by the caller.
        (vectors.len() > 1 && unsafe { advise_vector(vectors, advice) })
            || vectors.iter().all(|range| {
                // SAFETY: by the caller.
                unsafe { libc::madvise(range.iov_base, range.iov_len, advice) == 0 }
            })
    })
}

/// Whether `process_madvise` did all of it.
///
/// # Safety
/// As the advice demands.
#[cfg(target_os = "linux")]
unsafe fn advise_vector(vectors: &[libc::iovec], advice: libc::c_int) -> bool {
    let total: usize = vectors.iter().map(|range| range.iov_len).sum();
    // Opened each time: after a fork, one that was kept would mean the parent.
    // SAFETY: takes two integers and makes a descriptor (with close-on-exec).
    let process = unsafe { libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0) };
    if process < 0 {
        return false;
    }
    // SAFETY: the descriptor means this process; the vectors are a slice; the rest is by the caller.
    let done = unsafe {
        libc::syscall(
            libc::SYS_process_madvise,
            process,
            vectors.as_ptr(),
            vectors.len(),
            advice,
            0,
        )
    };
    // SAFETY: the descriptor was made above and is known to nobody else.
    unsafe { libc::close(process as libc::c_int) };
    usize::try_from(done) == Ok(total)
}

/// How many mappings a process may have, where the system says.
pub(crate) fn max_map_count() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        std::fs::read_to_string("/proc/sys/vm/max_map_count")
            .ok()?
            .trim()
            .parse()
            .ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        None
    }
}
