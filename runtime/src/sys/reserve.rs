//! Large reserves of address space with guards in them, for the feature `slab-stacks`.
//!
//! Addresses are exposed: whoever holds a part of a reserve makes pointers of them.

/// Reserves `len` bytes: readable and writable zeros that take memory page by page, at first use.
/// `None` if the kernel refuses.
pub(crate) fn reserve(len: usize) -> Option<usize> {
    // SAFETY: a new private mapping, where the kernel likes; nothing that exists is changed.
    let at = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | MAP_STACK,
            -1,
            0,
        )
    };
    if at == libc::MAP_FAILED {
        return None;
    }
    #[cfg(target_os = "linux")]
    {
        // Else a kernel that always uses huge pages makes a stack cost 2 MiB. Refused where it has
        // none. SAFETY: our own mapping; what is in it does not change.
        unsafe { libc::madvise(at, len, libc::MADV_NOHUGEPAGE) };
    }
    Some(at.expose_provenance())
}

#[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "netbsd"))]
const MAP_STACK: libc::c_int = libc::MAP_STACK;
#[cfg(not(any(target_os = "linux", target_os = "freebsd", target_os = "netbsd")))]
const MAP_STACK: libc::c_int = 0;

/// Returns a reserve, or an end of one, to the kernel.
///
/// # Safety
/// Whole pages that [`reserve`] returned; nothing uses them any more.
pub(crate) unsafe fn release(at: usize, len: usize) {
    // SAFETY: by the caller. It can fail only if the process has too many mappings to split one:
    // then the pages stay reserved.
    unsafe { libc::munmap(std::ptr::with_exposed_provenance_mut(at), len) };
}

/// Makes the first `guard` bytes of each of `count` parts, `stride` bytes apart, inaccessible.
/// `false` if the kernel refuses.
///
/// # Safety
/// The parts lie in a reserve of the caller's; the guards are whole pages, and not in use.
pub(crate) unsafe fn install_guards(at: usize, stride: usize, count: usize, guard: usize) -> bool {
    #[cfg(target_os = "linux")]
    {
        let guards = || {
            (0..count).map(move |part| {
                let start = at + part * stride;
                start..start + guard
            })
        };
        // Markers in the page table, since Linux 6.13: they do not split the mapping.
        // SAFETY: by the caller.
        if unsafe { super::memory::advise_all(guards(), super::memory::MADV_GUARD_INSTALL) } {
            return true;
        }
    }
    // Each splits the mapping in two, and a process may have `vm.max_map_count` of them.
    (0..count).all(|part| {
        let start = std::ptr::with_exposed_provenance_mut(at + part * stride);
        // SAFETY: by the caller.
        unsafe { libc::mprotect(start, guard, libc::PROT_NONE) == 0 }
    })
}
