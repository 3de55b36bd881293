//! The stack of a goroutine that has come to its end, for another thread to read while the one that
//! runs it waits in the handler of the fault. There nothing may allocate or lock; following frames
//! and finding their names does both.
//!
//! `STATE` goes from `NONE` to `ASKED` (the handler, which has filled `OVERFLOWED`), to `READING`
//! and `READ` (the reader). The handler ends the process in any case: the goroutine may hold what
//! the reader needs, the allocator's lock for one. So it waits while the reader gets on, which it
//! tells by the processor time that the reader has used, and [`PATIENCE`] longer.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use super::capture::{Registers, registers_of};

/// Looks of the handler, a millisecond or more apart, at a reader that does not get on.
const PATIENCE: u32 = 3_000;
/// Looks in all.
const LOOKS: u32 = 60_000;

const NONE: u32 = 0;
const ASKED: u32 = 1;
const READING: u32 = 2;
const READ: u32 = 3;

static STATE: AtomicU32 = AtomicU32::new(NONE);
/// The clock of the reader's processor time.
static CLOCK: AtomicI32 = AtomicI32::new(0);

struct Cell(UnsafeCell<MaybeUninit<Overflowed>>);

// SAFETY: written by the one handler that has the process's last word, before `ASKED`, and read
// after that.
unsafe impl Sync for Cell {}

static OVERFLOWED: Cell = Cell(UnsafeCell::new(MaybeUninit::uninit()));

/// Where the goroutine was, and its frames.
#[derive(Clone, Debug)]
pub(crate) struct Overflowed {
    pub(crate) registers: Registers,
    stack: Range<usize>,
}

impl Overflowed {
    /// What lies on the stack, from its lowest address on.
    pub(crate) fn stack(&self) -> (u64, &[u8]) {
        let from = std::ptr::with_exposed_provenance(self.stack.start);
        // SAFETY: mapped, up to the end of the frames, and nobody writes there: the thread that
        // would is in its handler until the process ends.
        let bytes = unsafe { std::slice::from_raw_parts(from, self.stack.len()) };
        (self.stack.start as u64, bytes)
    }
}

/// Handler: asks for the frames, which are `frames`, and waits until they were printed. `false` if
/// they were not. To be called once in a process.
pub(super) fn ask(context: &libc::ucontext_t, frames: &Range<usize>) -> bool {
    let registers = registers_of(context);
    // An overflow may leave the pointer below the lowest address that can be read.
    let start = frames
        .start
        .max(registers.sp as usize)
        .next_multiple_of(align_of::<u64>());
    let overflowed = Overflowed {
        registers,
        stack: start.min(frames.end)..frames.end,
    };
    // SAFETY: this is the only call, and nobody reads it before `ASKED`.
    unsafe { (*OVERFLOWED.0.get()).write(overflowed) };
    // Release: the cell.
    STATE.store(ASKED, Ordering::Release);
    // A handler that ran here now would need more of the alternate stack.
    // SAFETY: the set is filled before it is used.
    unsafe {
        let mut all = MaybeUninit::<libc::sigset_t>::zeroed();
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut());
    }
    let (mut before, mut still) = (0, 0);
    for _ in 0..LOOKS {
        // SAFETY: no descriptors: it sleeps. Async-signal-safe.
        unsafe { libc::poll(std::ptr::null_mut(), 0, 1) };
        let state = STATE.load(Ordering::Acquire);
        let used = if state == READING {
            time_of(CLOCK.load(Ordering::Relaxed))
        } else {
            0
        };
        still = if used == before { still + 1 } else { 0 };
        before = used;
        if state == READ {
            return true;
        }
        if still > PATIENCE {
            break;
        }
    }
    false
}

/// The processor time in nanoseconds. Async-signal-safe.
fn time_of(clock: libc::clockid_t) -> i64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: there is room for the answer.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Whether somebody has asked and nobody has begun to read.
pub(crate) fn is_asked() -> bool {
    STATE.load(Ordering::Relaxed) == ASKED
}

/// Reader: begins. It calls [`finish`] after it.
pub(crate) fn begin() -> Option<Overflowed> {
    if !is_asked() {
        return None;
    }
    let mut clock = 0;
    // SAFETY: the calling thread, and there is room for the answer.
    if unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &raw mut clock) } == 0 {
        CLOCK.store(clock, Ordering::Relaxed);
    }
    // Acquire: the cell. Release: the clock, for the handler.
    STATE
        .compare_exchange(ASKED, READING, Ordering::AcqRel, Ordering::Relaxed)
        .ok()?;
    // SAFETY: filled before `ASKED`, and never written again.
    Some(unsafe { (*OVERFLOWED.0.get()).assume_init_ref() }.clone())
}

/// Reader: it has printed what it found.
pub(crate) fn finish() {
    STATE.store(READ, Ordering::Release);
}
