//! The memory of stacks: guards that do not split mappings, giving pages back, and the page size.

use std::ops::Range;

/// Makes pages fault without a mapping of their own (Linux 6.13).
#[cfg(target_os = "linux")]
pub(super) const MADV_GUARD_INSTALL: libc::c_int = 102;
/// The smallest huge page of any processor that this runs on.
#[cfg(all(target_os = "linux", not(feature = "slab-stacks")))]
const HUGE: usize = 2 << 20;

/// The size of a page in bytes.
pub(crate) fn page_size() -> usize {
    // SAFETY: sysconf has no precondition.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// The length of the guard below a stack, in bytes.
///
/// Rust's functions touch every page of their frames, C's do not: frames of 8 to 33 KiB in the C
/// library would jump a guard of one page. A longer one costs address space and entries of the page
/// table only.
pub(crate) fn guard_size() -> usize {
    (64_usize << 10).next_multiple_of(page_size())
}

/// Makes a guard, if possible without a mapping of its own. `below` lies right below it: a
/// protected page, and what else nobody needs. `None` if the kernel refuses, else whether what was
/// in `below` still takes memory.
///
/// A stack with protected pages is two mappings, and `vm.max_map_count` (65,530 by default) ends a
/// program near 32,000 of them. `MADV_GUARD_INSTALL` (Linux 6.13) makes *markers* in the page
/// table, and leaves the mapping whole: the kernel merges those of neighbouring stacks.
///
/// # Safety
/// Whole pages that belong to the caller, and that nothing reads or writes.
#[cfg(not(feature = "slab-stacks"))]
pub(crate) unsafe fn install_guard(below: Range<usize>, guard: Range<usize>) -> Option<bool> {
    let start = |range: &Range<usize>| std::ptr::with_exposed_provenance_mut(range.start);
    #[cfg(target_os = "linux")]
    {
        // SAFETY: the caller owns the pages, and nothing uses them.
        if unsafe { libc::madvise(start(&guard), guard.len(), MADV_GUARD_INSTALL) } == 0 {
            // SAFETY: as above.
            return unsafe { allow(below) }.then_some(true);
        }
    }
    // A new mapping in place of all of it. Protected, the parts would stay apart: some have been
    // used before, some not.
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
    let len = below.len() + guard.len();
    // SAFETY: the caller owns the pages, and nothing uses them.
    let at = unsafe { libc::mmap(start(&below), len, libc::PROT_NONE, flags, -1, 0) };
    (at != libc::MAP_FAILED).then_some(false)
}

/// Makes pages readable and writable, but for those with markers. `false` if the kernel refuses.
///
/// # Safety
/// They belong to the caller.
#[cfg(not(feature = "slab-stacks"))]
pub(crate) unsafe fn allow(pages: Range<usize>) -> bool {
    let start = std::ptr::with_exposed_provenance_mut(pages.start);
    // SAFETY: by the caller; what is in the pages does not change.
    unsafe { libc::mprotect(start, pages.len(), libc::PROT_READ | libc::PROT_WRITE) == 0 }
}

/// Keeps the kernel from giving the stack at `range` a huge page at its first use. One of less than
/// a huge page gets none: it has a mapping of its own where guards do, and where they do not (Linux
/// 6.13) the kernel gives mappings for stacks no huge pages at all.
///
/// # Safety
/// A whole mapping of the caller's.
#[cfg(not(feature = "slab-stacks"))]
pub(crate) unsafe fn refuse_huge_pages(range: Range<usize>) {
    #[cfg(target_os = "linux")]
    if range.len() >= HUGE {
        let start = std::ptr::with_exposed_provenance_mut(range.start);
        // SAFETY: by the caller; what is in the pages does not change. Refused where there are no
        // huge pages.
        unsafe { libc::madvise(start, range.len(), libc::MADV_NOHUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = range;
}

/// Gives the memory of these ranges back to the kernel. They stay mapped, and read as zeros at the
/// next use.
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

/// Gives one piece of advice on many ranges, with one system call a thousand where the kernel can
/// (for the process itself, since Linux 6.13), else with one each. `false` if it was refused for
/// any.
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
    // SAFETY: the descriptor means this process; the vectors are a slice; the rest is by the
    // caller.
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

/// Whether a byte can be read: the kernel is asked to, and says no where this process would fault.
#[cfg(test)]
pub(crate) fn is_accessible(address: usize) -> bool {
    use std::os::fd::AsRawFd;

    let (_reader, writer) = std::io::pipe().expect("a pipe");
    // SAFETY: the kernel checks the address.
    let written = unsafe { libc::write(writer.as_raw_fd(), std::ptr::with_exposed_provenance(address), 1) };
    written == 1
}
