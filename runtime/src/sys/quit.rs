//! SIGQUIT, for which one thread waits. The handler does nothing but wake it.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys::signal::Disposition;

pub(crate) const SIGNAL: i32 = libc::SIGQUIT;

struct Semaphore(UnsafeCell<MaybeUninit<libc::sem_t>>);

// SAFETY: what the C library is for; `install` initialises it before anybody else knows of it.
unsafe impl Sync for Semaphore {}

static WAKE: Semaphore = Semaphore(UnsafeCell::new(MaybeUninit::uninit()));
static CAME: AtomicBool = AtomicBool::new(false);

/// Catches the signal, once, unless the process has a handler of its own for it. Also if it was ignored when the process was
/// started, as a shell does for what it runs in the background: Go respects that for SIGHUP and SIGINT only.
/// `false` if it is left alone.
///
/// # Safety
/// Called once in a process, before [`wake`] and [`wait`].
pub(crate) unsafe fn install() -> bool {
    if !Disposition::of(SIGNAL).is_ok_and(|now| now.is_default() || now.is_ignore()) {
        return false;
    }
    // SAFETY: by contract nobody uses it yet. All-zero is a valid `sigaction`, filled below; the
    // handler does nothing but what handlers may.
    unsafe {
        if libc::sem_init(WAKE.0.get().cast(), 0, 0) != 0 {
            return false;
        }
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_quit as extern "C" fn(libc::c_int) as *const () as libc::sighandler_t;
        // On the thread's alternate stack: a goroutine's own may have no room. The second signal,
        // while the first is acted upon, does what it does without us.
        action.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART | libc::SA_RESETHAND;
        libc::sigaction(SIGNAL, &raw const action, std::ptr::null_mut()) == 0
    }
}

extern "C" fn on_quit(_: libc::c_int) {
    // Release: see `came`.
    CAME.store(true, Ordering::Release);
    wake();
}

/// Whether this is what `install` has set.
pub(crate) fn is_ours(disposition: &Disposition) -> bool {
    disposition.calls(on_quit as extern "C" fn(libc::c_int) as *const ())
}

/// Undoes `install`, unless somebody has done so before.
pub(crate) fn restore() {
    if let Ok(now) = Disposition::of(SIGNAL)
        && is_ours(&now)
    {
        // SAFETY: it is the default, which has no handler.
        let _ = unsafe { Disposition::default_action().set(SIGNAL) };
    }
}

/// Lets `wait` return once. Async-signal-safe; leaves `errno` alone, since it fails only where
/// there are thousand millions already.
pub(crate) fn wake() {
    // SAFETY: initialised, and never destroyed.
    unsafe { libc::sem_post(WAKE.0.get().cast()) };
}

/// Waits for a `wake`, or an interruption.
pub(crate) fn wait() {
    // SAFETY: as in `wake`.
    unsafe { libc::sem_wait(WAKE.0.get().cast()) };
}

/// Whether the signal has come.
pub(crate) fn came() -> bool {
    // Acquire pairs with the release in the handler, though nothing but the flag is handed over.
    CAME.load(Ordering::Acquire)
}
