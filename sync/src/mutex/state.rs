//! Whose turn it is: Go's algorithm. In normal mode an unlocked mutex goes to whoever comes first, which is fast; a waiter that
//! has lost for 1 ms switches it to starvation mode, in which it is handed over in line, so that nobody starves.
#![allow(unsafe_code)]

use std::time::{Duration, Instant};

use crate::limit::Limit;
use crate::rt::explore::{self, Op};
use crate::rt::{self, AtomicU32, Ordering, WaitReason, const_unless_loom};
#[cfg(not(loom))]
use crate::rt::{AtomicUsize, Label};
use crate::sema::Sema;
use crate::wait_list::Place;

const LOCK: Op = Op::new("lock", "mutex");
const TRY_LOCK: Op = Op::new("try_lock", "mutex");
const UNLOCK: Op = Op::new("unlock", "mutex");

const LOCKED: u32 = 1;
/// A waiter is awake and tries: an unlock need not wake another.
const WOKEN: u32 = 2;
const STARVING: u32 = 4;
const WAITER: u32 = 8;
/// Waiting longer than this makes a waiter starving.
const STARVATION: Duration = Duration::from_millis(1);
/// Rounds of spinning while the owner is probably about to unlock, and pauses in each.
const SPINS: u32 = 4;
const PAUSES: u32 = 30;

/// A mutex without a value.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct State {
    word: AtomicU32,
    /// An address in the frame that locked it last: in whose stack that is says who holds it. Reports look for it before the
    /// semaphore, which is what waiters wait on.
    #[cfg(not(loom))]
    locked_in: AtomicUsize,
    sema: Sema,
}

#[cfg(not(loom))]
const _: () = assert!(std::mem::offset_of!(State, locked_in) == 8 && std::mem::offset_of!(State, sema) == 16);

/// Some address in the frame of whoever runs this: an instruction, where that can be said.
#[cfg(not(loom))]
#[inline(always)]
fn stack_pointer() -> usize {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let here;
        // SAFETY: copies a register.
        unsafe { std::arch::asm!("mov {}, rsp", out(reg) here, options(nomem, nostack, preserves_flags)) };
        here
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    {
        let here = 0_u8;
        (&raw const here).addr()
    }
}

impl Default for State {
    fn default() -> State {
        State::new()
    }
}

impl State {
    const_unless_loom! {
        pub(crate) fn new() -> State {
            State {
                word: AtomicU32::new(0),
                #[cfg(not(loom))]
                locked_in: AtomicUsize::new(0),
                sema: Sema::new(),
            }
        }
    }

    #[cfg(not(loom))]
    pub(crate) fn label(&self) -> &Label {
        self.sema.label()
    }

    /// It has been locked, by whoever runs this.
    #[inline(always)]
    fn note_holder(&self) {
        // Relaxed: only shown.
        #[cfg(not(loom))]
        self.locked_in.store(stack_pointer(), Ordering::Relaxed);
    }

    /// By whoever has locked it: who holds it is not to be said.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn forget_holder(&self) {
        self.locked_in.store(0, Ordering::Relaxed);
    }

    /// How many wait.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn waiting(&self) -> usize {
        (self.word.load(Ordering::Relaxed) / WAITER) as usize
    }

    /// Whether it is free and nothing is left of those who waited.
    #[cfg(all(test, loom))]
    pub(crate) fn at_rest(&self) -> bool {
        self.word.load(Ordering::Relaxed) == 0 && !self.sema.try_acquire()
    }

    /// For whoever explores schedules: which lock it is.
    #[inline(always)]
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Locks if it is free and nobody waits: the first step of every lock.
    #[inline]
    #[track_caller]
    pub(crate) fn try_lock_free(&self) -> bool {
        explore::point(LOCK, self.address());
        self.take_free()
    }

    /// The same for a lock inside of another primitive, which announces itself.
    #[inline]
    pub(crate) fn take_free(&self) -> bool {
        // Acquire pairs with the release in `unlock`.
        let locked = self
            .word
            .compare_exchange(0, LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok();
        if locked {
            self.note_holder();
        }
        locked
    }

    #[track_caller]
    pub(crate) fn try_lock(&self) -> bool {
        explore::point(TRY_LOCK, self.address());
        self.try_take()
    }

    /// As [`take_free`](State::take_free).
    pub(crate) fn try_take(&self) -> bool {
        let old = self.word.load(Ordering::Relaxed);
        let locked = old & (LOCKED | STARVING) == 0
            && self
                .word
                .compare_exchange(old, old | LOCKED, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        if locked {
            self.note_holder();
        }
        locked
    }

    #[cold]
    #[track_caller]
    pub(crate) fn lock_slow(&self, reason: WaitReason, limit: &Limit<'_>) -> bool {
        let mut waiting_since: Option<Instant> = None;
        let mut starving = false;
        let mut awoke = false;
        let mut spins = 0;
        let mut old = self.word.load(Ordering::Relaxed);
        loop {
            // In starvation mode the mutex is handed to a waiter: a newcomer could not get it by spinning.
            if old & (LOCKED | STARVING) == LOCKED && spins < SPINS && rt::spinning_helps() {
                let tell = !awoke && old & WOKEN == 0 && old >= WAITER;
                if tell
                    && self
                        .word
                        .compare_exchange(old, old | WOKEN, Ordering::Relaxed, Ordering::Relaxed)
                        .is_ok()
                {
                    awoke = true;
                }
                (0..PAUSES).for_each(|_| std::hint::spin_loop());
                spins += 1;
                old = self.word.load(Ordering::Relaxed);
                continue;
            }
            let mut new = old;
            if old & STARVING == 0 {
                new |= LOCKED;
            }
            if old & (LOCKED | STARVING) != 0 {
                new += WAITER;
            }
            if starving && old & LOCKED != 0 {
                new |= STARVING;
            }
            if awoke {
                new &= !WOKEN;
            }
            if let Err(seen) = self
                .word
                .compare_exchange(old, new, Ordering::Acquire, Ordering::Relaxed)
            {
                old = seen;
                continue;
            }
            if old & (LOCKED | STARVING) == 0 {
                self.note_holder();
                return true;
            }
            // One that has waited before goes to the front of the line.
            let place = if waiting_since.is_some() {
                Place::Front
            } else {
                Place::Back
            };
            let since = *waiting_since.get_or_insert_with(Instant::now);
            if !self.sema.acquire(reason, place, limit) {
                return self.give_up();
            }
            starving |= rt::longer_than(since, STARVATION);
            old = self.word.load(Ordering::Relaxed);
            if old & STARVING != 0 {
                // Handed over: LOCKED is not set and this waiter is still counted. The permit's lock ordered it.
                let leave_mode = !starving || old / WAITER == 1;
                let change = LOCKED
                    .wrapping_sub(WAITER)
                    .wrapping_sub(if leave_mode { STARVING } else { 0 });
                self.word.fetch_add(change, Ordering::Acquire);
                self.note_holder();
                return true;
            }
            awoke = true;
            spins = 0;
        }
    }

    /// Ends the wait of one that is counted as a waiter, and whose time ran out before it got a permit. `true` if it got the
    /// lock after all.
    ///
    /// An unlock that counted a waiter off (or hands over, in starvation mode) releases a permit a moment later. If it may be
    /// that the only waiter left to take it is this one, it has to be awaited.
    #[cold]
    fn give_up(&self) -> bool {
        loop {
            if self.sema.try_acquire() {
                return self.last_try();
            }
            let old = self.word.load(Ordering::Relaxed);
            let handing_over = old & (LOCKED | STARVING) == STARVING;
            if old < WAITER || handing_over && old / WAITER == 1 {
                rt::gosched();
                continue;
            }
            // Starvation mode ends with the last waiter.
            let left = old - WAITER;
            let new = if left < WAITER { left & !STARVING } else { left };
            if self
                .word
                .compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
            {
                return false;
            }
        }
    }

    /// Locks with a permit, if it does not have to wait again.
    fn last_try(&self) -> bool {
        let mut old = self.word.load(Ordering::Relaxed);
        loop {
            let (new, locked) = if old & STARVING != 0 {
                // Handed over, as in `lock_slow`; a waiter without patience leaves the mode.
                (((old - WAITER) | LOCKED) & !STARVING, true)
            } else if old & LOCKED == 0 {
                ((old | LOCKED) & !WOKEN, true)
            } else {
                // The owner's unlock will wake the next.
                (old & !WOKEN, false)
            };
            match self
                .word
                .compare_exchange(old, new, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => {
                    if locked {
                        self.note_holder();
                    }
                    return locked;
                }
                Err(seen) => old = seen,
            }
        }
    }

    /// Unlocks in a destructor.
    #[inline]
    pub(crate) fn unlock(&self) {
        explore::point_in_drop(UNLOCK, self.address());
        self.give();
    }

    /// As [`take_free`](State::take_free).
    #[inline]
    pub(crate) fn give(&self) {
        // Release pairs with the acquire of whoever locks next.
        let new = self.word.fetch_sub(LOCKED, Ordering::Release) - LOCKED;
        if new != 0 {
            self.unlock_slow(new);
        }
    }

    #[cold]
    fn unlock_slow(&self, mut old: u32) {
        if old & STARVING != 0 {
            // LOCKED stays clear, but STARVING keeps newcomers off until the waiter has taken over.
            return self.sema.release(1);
        }
        loop {
            if old < WAITER || old & (LOCKED | WOKEN | STARVING) != 0 {
                return;
            }
            let new = (old - WAITER) | WOKEN;
            match self
                .word
                .compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return self.sema.release(1),
                Err(seen) => old = seen,
            }
        }
    }
}
