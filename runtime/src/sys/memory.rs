//! The memory of stacks: guards that do not split mappings, and the page size.

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
pub(crate) unsafe fn merge_guard(guard: *mut u8, page: usize) -> bool {
    #[cfg(target_os = "linux")]
    {
        const MADV_GUARD_INSTALL: libc::c_int = 102;
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
