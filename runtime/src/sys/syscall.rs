//! What the kernel says of a thread of this process that sleeps in it, and what is known of system
//! calls.

use std::io;
use std::os::unix::fs::FileExt;

/// A thread that sleeps in the kernel: in which call, and where its stack is. The frame pointer is
/// not known.
#[derive(Debug)]
pub(crate) struct Blocked {
    /// The number of the call; `None` if it is a page fault or the like.
    pub(crate) call: Option<i64>,
    pub(crate) ip: u64,
    pub(crate) sp: u64,
}

/// What the kernel says of a thread that sleeps; `None` if it runs.
pub(crate) fn blocked(thread: i32) -> Option<Blocked> {
    let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/syscall")).ok()?;
    // `NUMBER ARGUMENTS SP PC`, or `-1 SP PC`, or `running`.
    let mut fields = text.split_ascii_whitespace();
    let call: i64 = fields.next()?.parse().ok()?;
    let mut from_behind = fields.rev();
    let mut address = || u64::from_str_radix(from_behind.next()?.strip_prefix("0x")?, 16).ok();
    let (ip, sp) = (address()?, address()?);
    Some(Blocked {
        call: (call >= 0).then_some(call),
        ip,
        sp,
    })
}

/// Copies memory of this process that its owner may be changing; as much of it as is mapped. Says
/// how much that was.
///
/// # Errors
/// Nothing is mapped there, or there is no `/proc`.
pub(crate) fn peek(at: u64, into: &mut [u8]) -> io::Result<usize> {
    // By way of the kernel: to it, memory is bytes, whoever writes them.
    std::fs::File::open("/proc/self/mem")?.read_at(into, at)
}

/// Whether a call that a signal interrupts goes on afterwards if the handler was installed with
/// `SA_RESTART`. `man 7 signal` lists those that do not.
pub(crate) fn is_restarted(call: i64) -> bool {
    !matches!(
        call,
        libc::SYS_nanosleep
            | libc::SYS_clock_nanosleep
            | libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_select
            | libc::SYS_pselect6
            | libc::SYS_epoll_wait
            | libc::SYS_epoll_pwait
            | libc::SYS_epoll_pwait2
            | libc::SYS_pause
            | libc::SYS_rt_sigsuspend
            | libc::SYS_rt_sigtimedwait
            | libc::SYS_io_getevents
            | libc::SYS_restart_syscall
            | libc::SYS_io_uring_enter
            | libc::SYS_msgrcv
            | libc::SYS_msgsnd
            | libc::SYS_semop
            | libc::SYS_semtimedop
    )
}

/// The name of a call in which threads are often found.
pub(crate) fn name_of(call: i64) -> Option<&'static str> {
    macro_rules! names {
        ($($name:ident = $number:ident),* $(,)?) => {
            match call {
                $(libc::$number => Some(stringify!($name)),)*
                _ => None,
            }
        };
    }
    names!(
        accept = SYS_accept,
        accept4 = SYS_accept4,
        clock_nanosleep = SYS_clock_nanosleep,
        connect = SYS_connect,
        epoll_pwait = SYS_epoll_pwait,
        epoll_wait = SYS_epoll_wait,
        fcntl = SYS_fcntl,
        fdatasync = SYS_fdatasync,
        flock = SYS_flock,
        fsync = SYS_fsync,
        futex = SYS_futex,
        getdents64 = SYS_getdents64,
        io_uring_enter = SYS_io_uring_enter,
        mmap = SYS_mmap,
        munmap = SYS_munmap,
        nanosleep = SYS_nanosleep,
        newfstatat = SYS_newfstatat,
        openat = SYS_openat,
        poll = SYS_poll,
        ppoll = SYS_ppoll,
        pread64 = SYS_pread64,
        pselect6 = SYS_pselect6,
        pwrite64 = SYS_pwrite64,
        read = SYS_read,
        readv = SYS_readv,
        recvfrom = SYS_recvfrom,
        recvmsg = SYS_recvmsg,
        select = SYS_select,
        sendmsg = SYS_sendmsg,
        sendto = SYS_sendto,
        statx = SYS_statx,
        wait4 = SYS_wait4,
        waitid = SYS_waitid,
        write = SYS_write,
        writev = SYS_writev,
    )
}
