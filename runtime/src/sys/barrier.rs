//! A memory barrier for all threads of the process at once, paid for by the one who asks for it.

/// Prepares [`on_all_threads`], which fails before. It takes microseconds while the process has one
/// thread, and some milliseconds later on.
pub(crate) fn prepare() -> bool {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    {
        false
    }
}

/// A full barrier on each thread that runs at this moment; one that does not run passes one before
/// it goes on. `false` if the system does not do it.
pub(crate) fn on_all_threads() -> bool {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    {
        false
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: takes three integers and touches no memory.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}
