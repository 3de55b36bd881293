//! The handler for memory faults: finds out whether a goroutine ran into its stack's guard, says
//! so, and ends the process.
//!
//! `generator` installs a handler of its own when its first body is prepared; that one leaves the
//! overflowing frames without unwinding them and lets the program go on. So the order at start is:
//! note the action that was there (std's), let `generator` install its handler, then install ours
//! on top. A fault that is not ours goes to the noted action. The program may use `generator`
//! itself: so this is done whatever switches to our own stacks.
//!
//! Whoever installs a handler later has to hand on what is not its own.
//!
//! Inside the handler only async-signal-safe things happen: plain loads, `write(2)`, `_exit(2)`,
//! `sigaction(2)`, `poll(2)`. What was active on the stack another thread reads, meanwhile
//! ([`postmortem`](super::postmortem)).

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// A fault: what could not be touched, and where the stack of the code was that tried to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) address: usize,
    /// `None` on processors whose registers are not known here.
    pub(crate) sp: Option<usize>,
}

impl Fault {
    /// Whether it looks as if a stack had come to its end: what was touched lies where the stack
    /// pointer is, or in the frame above it.
    pub(crate) fn is_at_stack_pointer(self) -> bool {
        /// A call stores below the stack pointer, and what is called may use some bytes there
        /// without moving it.
        const BELOW: usize = 256;
        let Some(sp) = self.sp else { return false };
        let frame = sp.saturating_sub(BELOW)..sp.saturating_add(super::memory::guard_size());
        frame.contains(&self.address)
    }
}

/// What the handler asks of the upper layers: the text for a fault, if it ends the process; and
/// where the frames of the stack are, if they can be followed.
pub(crate) type Explain = fn(fault: Fault, out: &mut Report) -> Option<Range<usize>>;

/// A fault has the process's last word.
static LAST_WORD: AtomicBool = AtomicBool::new(false);

/// Whether a fault is about to end the process: nobody else shall, or print.
pub(crate) fn has_last_word() -> bool {
    LAST_WORD.load(Ordering::Relaxed)
}

/// A fixed buffer that a signal handler can format into.
#[derive(Debug)]
pub(crate) struct Report {
    bytes: [u8; 1024],
    len: usize,
}

impl Report {
    const fn new() -> Report {
        Report {
            bytes: [0; 1024],
            len: 0,
        }
    }

    /// Appends text.
    pub(crate) fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
    }

    fn byte(&mut self, byte: u8) {
        if self.len == self.bytes.len() {
            self.print();
            self.len = 0;
        }
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// Appends a number in decimal.
    pub(crate) fn number(&mut self, mut number: u64) {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        digits[at..].iter().for_each(|&digit| self.byte(digit));
    }

    fn print(&self) {
        // SAFETY: the buffer has `len` initialised bytes; `write` is async-signal-safe.
        unsafe { libc::write(libc::STDERR_FILENO, self.bytes.as_ptr().cast(), self.len) };
    }
}

struct Installed {
    explain: UnsafeCell<Option<Explain>>,
    old: [UnsafeCell<MaybeUninit<libc::sigaction>>; 2],
}

// SAFETY: written once in `install`, before the handlers exist; only read afterwards.
unsafe impl Sync for Installed {}

static INSTALLED: Installed = Installed {
    explain: UnsafeCell::new(None),
    old: [
        UnsafeCell::new(MaybeUninit::zeroed()),
        UnsafeCell::new(MaybeUninit::zeroed()),
    ],
};

const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Installs the handler around `generators_own`, which must make `generator` install its handler.
///
/// # Safety
/// Call it once, before any goroutine exists.
pub(crate) unsafe fn install(explain: Explain, generators_own: impl FnOnce()) {
    for (signal, old) in SIGNALS.iter().zip(&INSTALLED.old) {
        // SAFETY: a null action only asks; `old` has room for the answer, and nobody else touches
        // it (called once).
        unsafe { libc::sigaction(*signal, std::ptr::null(), (*old.get()).as_mut_ptr()) };
    }
    generators_own();
    // SAFETY: no handler of ours exists yet, so nobody reads the cell.
    unsafe { *INSTALLED.explain.get() = Some(explain) };
    for signal in SIGNALS {
        // SAFETY: all-zero is a valid `sigaction`; the fields that matter are set below.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        action.sa_sigaction = on_fault as *const () as libc::sighandler_t;
        // SAFETY: the handler is async-signal-safe (see the file's head) and has the signature that
        // SA_SIGINFO asks for.
        unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) };
    }
}

extern "C" fn on_fault(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let fault = Fault {
        // SAFETY: the kernel passes a valid siginfo for SIGSEGV and SIGBUS, for which `si_addr` is
        // defined.
        address: unsafe { (*info).si_addr() } as usize,
        // SAFETY: the kernel passes a `ucontext_t` to a handler with SA_SIGINFO.
        sp: unsafe { stack_pointer(context) },
    };
    // SAFETY: written once before the handler was installed.
    let explain = unsafe { *INSTALLED.explain.get() };
    let mut report = Report::new();
    let frames = explain.and_then(|explain| explain(fault, &mut report));
    if report.len > 0 {
        if LAST_WORD.swap(true, Ordering::Relaxed) {
            await_the_end();
        }
        report.print();
        // SAFETY: the context is the kernel's, which passes one with SA_SIGINFO.
        if !unsafe { show(context, frames) } {
            report.len = 0;
            report.text("\n\t(the functions that were active could not be read)\n");
            report.print();
        }
        // SAFETY: async-signal-safe.
        unsafe { libc::_exit(2) };
    }
    chain(signal, info, context);
    if fault.is_at_stack_pointer() && is_given_up(signal) {
        report.text("fatal error: stack overflow, of a stack that is neither a thread's nor a goroutine's: a coroutine's?\n");
        report.print();
    }
}

/// Another thread has overflowed its stack too, and ends the process.
fn await_the_end() -> ! {
    loop {
        // SAFETY: no descriptors: it sleeps. Async-signal-safe.
        unsafe { libc::poll(std::ptr::null_mut(), 0, -1) };
    }
}

/// Waits until what is active on the stack was printed, where frames can be followed. `false` if it
/// was not.
///
/// # Safety
/// As [`stack_pointer`].
unsafe fn show(context: *mut libc::c_void, frames: Option<Range<usize>>) -> bool {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    if let Some(frames) = frames {
        // SAFETY: by the caller.
        return super::postmortem::ask(unsafe { &*context.cast() }, &frames);
    }
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    let _ = (context, frames);
    true
}

/// The stack pointer of the code that was interrupted.
///
/// # Safety
/// `context` is what the kernel passed to a handler with SA_SIGINFO.
unsafe fn stack_pointer(context: *mut libc::c_void) -> Option<usize> {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    {
        // SAFETY: by the caller.
        let context = unsafe { &*context.cast::<libc::ucontext_t>() };
        Some(context.uc_mcontext.gregs[libc::REG_RSP as usize] as usize)
    }
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    {
        // SAFETY: by the caller.
        let context = unsafe { &*context.cast::<libc::ucontext_t>() };
        Some(context.uc_mcontext.sp as usize)
    }
    #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    {
        let _ = context;
        None
    }
}

/// Whether the next fault ends the process: so std's handler leaves what it has no word for.
fn is_given_up(signal: libc::c_int) -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: a null action only asks, and there is room for the answer; zeroes are valid, should
    // it not come.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr());
        now.assume_init().sa_sigaction == libc::SIG_DFL
    }
}

/// Hands a fault that is not a goroutine's overflow to whoever handled it before the runtime came.
fn chain(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let slot = usize::from(signal != SIGNALS[0]);
    // SAFETY: filled in `install` by sigaction(2) before this handler existed, and never changed.
    let old = unsafe { (*INSTALLED.old[slot].get()).assume_init_ref() };
    if old.sa_sigaction == libc::SIG_DFL || old.sa_sigaction == libc::SIG_IGN {
        // Back to the default: the instruction faults again and the kernel ends the process as it
        // would have. SAFETY: `old` is what the kernel itself reported as this signal's action.
        unsafe { libc::sigaction(signal, old, std::ptr::null_mut()) };
    } else if old.sa_flags & libc::SA_SIGINFO != 0 {
        // SAFETY: with SA_SIGINFO the stored address is a function of this type.
        let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
            unsafe { std::mem::transmute(old.sa_sigaction) };
        handler(signal, info, context);
    } else {
        // SAFETY: without SA_SIGINFO it is a function of one integer.
        let handler: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(old.sa_sigaction) };
        handler(signal);
    }
}
