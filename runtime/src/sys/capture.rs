//! The registers and the stack of another thread of this process, as they are at this moment.
//!
//! The thread is sent a signal. Its handler, on the thread's alternate stack, copies the registers
//! that the kernel saved and what lies on the interrupted stack into memory that was reserved
//! before, and returns. Everything else (following the frames, finding names) happens on the thread
//! that asked, at leisure. So inside the handler there are loads, stores and `gettid(2)`: no lock,
//! no allocation, nothing that touches `errno`.
//!
//! One capture at a time: `Capture::state` goes from `IDLE` to `WANTED` (who asks), to `COPYING`
//! and then `TAKEN` or `MISSED` (the handler), to `IDLE` (who asks). A signal that arrives late,
//! when nobody waits any more, finds `IDLE` and does nothing.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::signal::Disposition;

/// What the handler asks of the upper layers: where the frames of the stack are on which `subject`
/// runs, if this thread runs it now. Async-signal-safe.
pub(crate) type Frames = fn(subject: usize) -> Option<Range<usize>>;

/// The registers from which frames can be followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers {
    pub(crate) ip: u64,
    pub(crate) sp: u64,
    pub(crate) bp: u64,
}

/// A copy of the part of a stack that is in use; `bytes` begins at the stack pointer.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) registers: Registers,
    pub(crate) bytes: Vec<u8>,
}

/// Of a deeper stack the innermost part is copied.
const MOST: usize = 256 << 10;
/// A thread that does not answer for so long has the signal blocked, or cannot be interrupted.
const PATIENCE: Duration = Duration::from_millis(100);

const IDLE: u32 = 0;
const WANTED: u32 = 1;
const COPYING: u32 = 2;
const TAKEN: u32 = 3;
const MISSED: u32 = 4;

struct Capture {
    state: AtomicU32,
    thread: AtomicI32,
    subject: AtomicUsize,
    registers: UnsafeCell<Registers>,
    /// How many bytes of the room are filled.
    filled: AtomicUsize,
    room: Room,
}

#[repr(align(16))]
struct Room(UnsafeCell<MaybeUninit<[u8; MOST]>>);

// SAFETY: from `COPYING` to `TAKEN` the cells belong to the handler, and afterwards, until `IDLE`,
// to the one who asked, who has exclusive use of the capture (`Probe::take` takes `&mut self`, and
// there is one `Probe`).
unsafe impl Sync for Capture {}

static CAPTURE: Capture = Capture {
    state: AtomicU32::new(IDLE),
    thread: AtomicI32::new(0),
    subject: AtomicUsize::new(0),
    registers: UnsafeCell::new(Registers { ip: 0, sp: 0, bp: 0 }),
    filled: AtomicUsize::new(0),
    // No memory until it is used.
    room: Room(UnsafeCell::new(MaybeUninit::uninit())),
};

/// Set before the handler is installed.
static FRAMES: OnceLock<Frames> = OnceLock::new();
/// The signal; 0 if there is none.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// The right to capture.
#[derive(Debug)]
pub(crate) struct Probe {
    signal: libc::c_int,
}

impl Probe {
    /// Installs the handler, for the last real-time signal that nobody uses. `None` if all are in
    /// use, or this is not the first call.
    pub(crate) fn install(frames: Frames) -> Option<Probe> {
        FRAMES.set(frames).ok()?;
        let free = |signal: &libc::c_int| Disposition::of(*signal).is_ok_and(|now| now.is_default());
        let signal = (libc::SIGRTMIN()..=libc::SIGRTMAX()).rev().find(free)?;
        // SAFETY: all-zero is a valid `sigaction`; the fields that matter are set below.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
        // SAFETY: the handler is async-signal-safe (see the file's head) and has the signature that
        // SA_SIGINFO asks for.
        if unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) } != 0 {
            return None;
        }
        SIGNAL.store(signal, Ordering::SeqCst);
        Some(Probe { signal })
    }

    /// The stack of thread `thread`, if it runs `subject`, and if it answers.
    pub(crate) fn take(&mut self, thread: i32, subject: usize) -> Option<Stack> {
        // Somebody may have come to use the signal for something else: then it must not be sent.
        let ours = Disposition::of(self.signal).is_ok_and(|now| now.calls(on_signal as *const ()));
        if !ours {
            return None;
        }
        CAPTURE.subject.store(subject, Ordering::Relaxed);
        CAPTURE.thread.store(thread, Ordering::Relaxed);
        // Release: the handler reads what was stored above.
        CAPTURE.state.store(WANTED, Ordering::Release);
        // SAFETY: three integers. If the thread has ended and another one has its number, that one
        // is not the one that the handler looks for.
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, self.signal) } == 0;
        let taken = sent && answered();
        let stack = taken.then(|| {
            // SAFETY: `TAKEN` says that the handler is done with them, and that this many bytes
            // were written.
            unsafe {
                let room = CAPTURE.room.0.get().cast::<u8>().cast_const();
                let bytes = std::slice::from_raw_parts(room, CAPTURE.filled.load(Ordering::Relaxed));
                Stack {
                    registers: *CAPTURE.registers.get(),
                    bytes: bytes.to_vec(),
                }
            }
        });
        CAPTURE.state.store(IDLE, Ordering::Relaxed);
        stack
    }
}

/// Waits for the handler. `true` if it has copied.
fn answered() -> bool {
    let asked = Instant::now();
    loop {
        match CAPTURE.state.load(Ordering::Acquire) {
            TAKEN => return true,
            MISSED => return false,
            WANTED if asked.elapsed() > PATIENCE => {
                let withdrawn =
                    CAPTURE
                        .state
                        .compare_exchange(WANTED, IDLE, Ordering::Relaxed, Ordering::Relaxed);
                if withdrawn.is_ok() {
                    return false;
                }
            }
            _ => std::thread::sleep(Duration::from_micros(20)),
        }
    }
}

extern "C" fn on_signal(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let state = &CAPTURE.state;
    // A thread that this was not meant for leaves it alone.
    if state.load(Ordering::Acquire) != WANTED
        || super::thread::own_id() != CAPTURE.thread.load(Ordering::Relaxed)
    {
        return;
    }
    let mine = state.compare_exchange(WANTED, COPYING, Ordering::Acquire, Ordering::Relaxed);
    if mine.is_err() {
        return;
    }
    // SAFETY: the kernel passes a `ucontext_t` to a handler with SA_SIGINFO.
    let registers = unsafe { registers_of(&*context.cast::<libc::ucontext_t>()) };
    let subject = CAPTURE.subject.load(Ordering::Relaxed);
    let sp = registers.sp as usize;
    let end = match FRAMES.get().and_then(|frames| frames(subject)) {
        Some(frames) if frames.contains(&sp) => frames.end,
        // It runs on a stack of somebody else's making: only the place is known.
        Some(_) => sp,
        None => return state.store(MISSED, Ordering::Release),
    };
    let len = (end - sp).min(MOST);
    // SAFETY: `COPYING` gives this handler the cells. What is copied lies between the stack pointer
    // and the end of the frames of the stack that this very thread was running on: mapped, and
    // nobody else's.
    unsafe {
        *CAPTURE.registers.get() = registers;
        let from = std::ptr::with_exposed_provenance::<u8>(sp);
        std::ptr::copy_nonoverlapping(from, CAPTURE.room.0.get().cast(), len);
    }
    CAPTURE.filled.store(len, Ordering::Relaxed);
    state.store(TAKEN, Ordering::Release);
}

pub(super) fn registers_of(context: &libc::ucontext_t) -> Registers {
    let saved = &context.uc_mcontext.gregs;
    let register = |number: libc::c_int| saved[number as usize] as u64;
    Registers {
        ip: register(libc::REG_RIP),
        sp: register(libc::REG_RSP),
        bp: register(libc::REG_RBP),
    }
}

/// Lets the signal through on this thread: who started the process, or the thread, may have blocked
/// it.
pub(crate) fn admit() {
    let signal = SIGNAL.load(Ordering::SeqCst);
    if signal == 0 {
        return;
    }
    // SAFETY: both calls fill the set; it is read afterwards only.
    unsafe {
        let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut());
    }
}
