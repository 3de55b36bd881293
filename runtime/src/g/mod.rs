//! `G`: a goroutine's control block.
//!
//! Blocks come from slabs that are never unmapped: a pointer to one can be read for ever, and the list of slabs is the registry
//! that a deadlock report walks. A block goes round: free list, [spawned](crate::sched::spawn), running and parked any number
//! of times, finished, free list.
//!
//! Who may touch what:
//!
//! | state | owner of the block's cells |
//! |---|---|
//! | free | the free list's owner |
//! | runnable (in exactly one queue) | nobody; the worker that takes it out becomes the owner |
//! | running | the goroutine itself, on its fiber |
//! | parking (the switch is done, `commit` is not) | the worker, on its own stack |
//! | parked | nobody; whoever holds its one `Task` may queue it |
//! | finished | the result belongs to the handle; the block is freed by the last of handle and worker (`join`) |
//!
//! Each hand-over is a queue operation or a lock, with release and acquire of its own.

use std::borrow::Cow;
use std::cell::{Cell, UnsafeCell};
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use crate::fiber::Fiber;
use crate::reason::WaitReason;

pub(crate) mod crew;
mod debugger;
mod hints;
pub(crate) mod job;
pub(crate) mod join;
pub(crate) mod label;
pub(crate) mod overflow;
pub(crate) mod pool;
pub(crate) mod scope_data;
mod suspend;
pub(crate) mod task;

pub(crate) use hints::Hints;
pub(crate) use join::{Life, Outcome};
pub(crate) use suspend::{room, suspend};

use label::Label;

/// No worker in particular.
pub(crate) const NO_HOME: u16 = u16::MAX;
/// Bytes of closure (later: of result) that fit in the block itself.
const INLINE: usize = 64;

/// What a goroutine asks of the worker that runs it, when it switches away.
#[derive(Clone, Copy)]
pub(crate) enum Request {
    /// Run this on the worker's stack; from then on the goroutine may be resumed by anybody.
    Park(unsafe fn(*mut ()), *mut ()),
    /// Put it at the end of the queue.
    Yield,
    /// Its job has ended: take the fiber back.
    Finish,
}

/// Space for a closure and, after it ran, for its result.
#[repr(C, align(16))]
pub(crate) struct Payload(pub(crate) UnsafeCell<[std::mem::MaybeUninit<u8>; INLINE]>);

/// What the payload holds: the operations on it, for one pair of closure and result types.
pub(crate) struct JobTable {
    /// Moves the closure out of the payload and runs it; leaves the result in the payload.
    pub(crate) run: unsafe fn(&G),
    /// Drops the closure without running it.
    pub(crate) drop_job: unsafe fn(&G),
    /// Moves the result to where the pointer says; it must have room for a value of the job's result type.
    pub(crate) take_result: unsafe fn(&G, *mut ()),
    /// Drops the result.
    pub(crate) drop_result: unsafe fn(&G),
}

/// What a [`Request::Park`] has run. Without one, the data is null to yield, anything else to finish.
type Commit = unsafe fn(*mut ());

/// A goroutine's control block. In the order that is written here, since the first line is what matters when a thousand
/// goroutines take turns: there it is one miss instead of three.
#[repr(C, align(128))]
pub(crate) struct G {
    // --- the switch: touched at every resume and park ---
    hints: Hints,
    commit: Cell<Option<Commit>>,
    /// Other threads read it for reports only, as the reason.
    wait_site: AtomicPtr<Location<'static>>,
    /// The worker it must run on, or `NO_HOME`.
    home: AtomicU16,
    /// The worker that ran it last.
    last_worker: Cell<u16>,
    /// A `WaitReason` + 1, or 0 while it runs or is runnable. Other threads read it for reports only.
    reason: AtomicU8,
    /// While it waits: how many panics it is in the middle of. See `sched/unwinding/`.
    pub(crate) panics_aside: Cell<u16>,
    pub(crate) flags: Flags,
    // --- the job ---
    pub(crate) table: Cell<&'static JobTable>,
    pub(crate) payload: Payload,
    pub(crate) life: Life,
    // --- what it is ---
    id: AtomicU64,
    label: Label,
    /// The low half of the number of the goroutine that started it; 0: none did.
    creator: AtomicU32,
    /// In units of 16 bytes; the highest value: more than the kernel has.
    stack_size: Cell<u32>,
    /// What is known of the panics that are under way, the last one first.
    pub(crate) panic_seen: UnsafeCell<Option<Box<crate::panic_value::Seen>>>,
    /// What `goroutine_local!` keeps for it.
    pub(crate) locals: UnsafeCell<Option<Box<crate::locals::Locals>>>,
    /// The scope it belongs to.
    pub(crate) scope: Cell<Option<NonNull<scope_data::ScopeData>>>,
    /// The crew it is of, for life; [`crew`] knows what it points to.
    pub(crate) crew: Cell<Option<NonNull<()>>>,
}

/// Small facts about a goroutine, owned by itself.
#[derive(Default)]
pub(crate) struct Flags {
    /// Started by `run`: its end is the end of the program.
    pub(crate) is_main: Cell<bool>,
    /// It switches away only to let another one of its crew go first.
    pub(crate) handing_over: Cell<bool>,
    /// How many `recover`s it is inside of.
    pub(crate) recovering: Cell<u16>,
    /// Its place in its crew.
    pub(crate) number: Cell<u16>,
    /// How many times `lock_os_thread` was called without its counterpart; what is more than fits does not count.
    pub(crate) locked: Cell<u16>,
}

// SAFETY: the table at the head of this file: every cell has one owner at a time, and ownership passes through operations
// that synchronise. What several threads may read at once is atomic.
unsafe impl Sync for G {}
// SAFETY: blocks are static; sending a reference is what the queues do.
unsafe impl Send for G {}

/// A pointer to a control block; never dangling, since blocks are never freed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct GRef(NonNull<G>);

// SAFETY: it refers to a static; what may be done through it is governed by `G`'s rules.
unsafe impl Send for GRef {}
// SAFETY: as above.
unsafe impl Sync for GRef {}

/// Two pairs of cache lines; a parked goroutine costs this and its stack.
#[cfg(not(loom))]
const _: () = assert!(size_of::<G>() <= 256);
#[cfg(not(loom))]
const _: () = assert!(std::mem::offset_of!(G, flags) <= 64);
const _: () = assert!(std::mem::offset_of!(G, hints) == 0);
const _: () = assert!(crate::config::MAX_WORKERS < NO_HOME as usize);

impl GRef {
    /// # Safety
    /// `pointer` came from [`GRef::as_ptr`].
    pub(crate) unsafe fn from_ptr(pointer: *mut G) -> Option<GRef> {
        NonNull::new(pointer).map(GRef)
    }

    /// The goroutine that runs this code, if one does.
    #[inline(always)]
    pub(crate) fn current() -> Option<GRef> {
        NonNull::new(current_ptr()).map(GRef)
    }

    /// It as what a fiber is bound to.
    #[inline]
    pub(crate) fn occupant(self) -> NonNull<()> {
        self.0.cast()
    }

    /// # Safety
    /// `occupant` came from [`GRef::occupant`].
    #[inline]
    pub(crate) unsafe fn from_occupant(occupant: NonNull<()>) -> GRef {
        GRef(occupant.cast())
    }

    pub(crate) fn as_ptr(self) -> *mut G {
        self.0.as_ptr()
    }
}

/// The goroutine that runs this code, or null.
#[inline(always)]
pub(crate) fn current_ptr() -> *mut G {
    crate::tls::goroutine().cast::<G>().cast_mut()
}

/// The same for one who has asked already.
#[inline(always)]
pub(crate) fn current_at(here: crate::here::Here) -> Option<&'static G> {
    // SAFETY: null or a control block, which is never freed.
    unsafe { here.goroutine().cast::<G>().as_ref() }
}

/// The goroutine that runs this code, if one does.
#[inline(always)]
pub(crate) fn current() -> Option<&'static G> {
    // SAFETY: null or a control block, which is never freed.
    unsafe { current_ptr().as_ref() }
}

impl std::ops::Deref for GRef {
    type Target = G;

    #[inline]
    fn deref(&self) -> &G {
        // SAFETY: blocks are never freed, and only shared references to them exist.
        unsafe { self.0.as_ref() }
    }
}

impl G {
    #[track_caller]
    fn vacant() -> G {
        G {
            hints: Hints::new(),
            commit: Cell::new(None),
            home: AtomicU16::new(NO_HOME),
            last_worker: Cell::new(NO_HOME),
            reason: AtomicU8::new(0),
            panics_aside: Cell::new(0),
            flags: Flags::default(),
            table: Cell::new(&join::NO_JOB),
            payload: Payload(UnsafeCell::new(
                [const { std::mem::MaybeUninit::uninit() }; INLINE],
            )),
            life: Life::new(),
            id: AtomicU64::new(0),
            label: Label::vacant(),
            creator: AtomicU32::new(0),
            wait_site: AtomicPtr::new(std::ptr::from_ref(Location::caller()).cast_mut()),
            stack_size: Cell::new(0),
            panic_seen: UnsafeCell::new(None),
            locals: UnsafeCell::new(None),
            scope: Cell::new(None),
            crew: Cell::new(None),
        }
    }

    /// Makes a vacant block of memory that may have been one before: others may still look at its hints.
    ///
    /// # Safety
    /// `at` has room for a block and nobody has it. If it was a block, that was free, and so owns nothing.
    unsafe fn write_vacant(at: NonNull<G>) {
        let vacant = std::mem::MaybeUninit::new(G::vacant());
        let rest = size_of::<Hints>();
        // SAFETY: both are as long as a block, at whose start are the hints. `vacant` is left alone afterwards.
        unsafe {
            let (from, to) = (vacant.as_ptr().byte_add(rest), at.byte_add(rest).as_ptr());
            let bytes = size_of::<G>() - rest;
            std::ptr::copy_nonoverlapping(from.cast(), to.cast::<std::mem::MaybeUninit<u8>>(), bytes);
            (*at.cast::<Hints>().as_ptr()).clear();
        }
    }

    /// Makes a free block a new goroutine. The payload is filled by the caller.
    ///
    /// # Safety
    /// The block is free and belongs to the caller.
    #[inline]
    pub(crate) unsafe fn init(
        &self,
        id: u64,
        site: &'static Location<'static>,
        name: Option<Cow<'static, str>>,
        stack_size: usize,
    ) {
        self.id.store(id, Ordering::Relaxed);
        self.label.write(site, name);
        self.set_stack_size(stack_size);
        self.life.reset();
    }

    /// Takes off what only a live goroutine has. Runs no user code: job and result are gone already.
    ///
    /// # Safety
    /// The goroutine has ended, and the block belongs to the caller.
    #[inline]
    pub(crate) unsafe fn reset(&self) {
        self.id.store(0, Ordering::Relaxed);
        self.home.store(NO_HOME, Ordering::Relaxed);
        self.last_worker.set(NO_HOME);
        self.reason.store(0, Ordering::Relaxed);
        self.flags.is_main.set(false);
        self.flags.locked.set(0);
        self.scope.set(None);
        self.label.clear();
        if self.crew.take().is_some() {
            self.flags.recovering.set(0);
            self.flags.handing_over.set(false);
        }
        // SAFETY: the caller owns the block. It is usually `None`.
        unsafe {
            if (*self.panic_seen.get()).is_some() {
                *self.panic_seen.get() = None;
            }
        }
    }

    /// Where in a block its number lies, for reports that read from outside; its commit and its scope.
    pub(crate) const ID_AT: usize = std::mem::offset_of!(G, id);
    pub(crate) const COMMIT_AT: usize = std::mem::offset_of!(G, commit);
    pub(crate) const SCOPE_AT: usize = std::mem::offset_of!(G, scope);

    /// The goroutine's number; 0 for a free block.
    pub(crate) fn id(&self) -> u64 {
        self.id.load(Ordering::Relaxed)
    }

    /// Valid for the goroutine itself, its handle, and a report made while nothing runs.
    pub(crate) fn name(&self) -> Option<&str> {
        self.label.name()
    }

    /// The number of the goroutine that started it; 0 if none did.
    pub(crate) fn creator(&self) -> u64 {
        whole(self.creator.load(Ordering::Relaxed), self.id())
    }

    /// Owner, before it is queued.
    #[inline]
    pub(crate) fn set_creator(&self, creator: u64) {
        self.creator.store(creator as u32, Ordering::Relaxed);
    }

    pub(crate) fn spawn_site(&self) -> &'static Location<'static> {
        self.label.spawn_site()
    }

    /// Where it was started and its name, for somebody who has nothing to do with it; see [`Label::read`].
    pub(crate) fn read_label(&self) -> Option<(&'static Location<'static>, Option<String>)> {
        self.label.read()
    }

    /// Where it waits, or waited last. `None` if the kernel has taken the memory of the block back:
    /// then it reads as zeros.
    pub(crate) fn wait_site(&self) -> Option<&'static Location<'static>> {
        let site = NonNull::new(self.wait_site.load(Ordering::Relaxed));
        // SAFETY: all that is ever stored are references to statics.
        site.map(|site| unsafe { site.as_ref() })
    }

    pub(crate) fn stack_size(&self) -> usize {
        match self.stack_size.get() {
            u32::MAX => usize::MAX,
            units => units as usize * 16,
        }
    }

    /// Before it has a stack: it is to have one of so many bytes.
    #[inline]
    pub(crate) fn set_stack_size(&self, bytes: usize) {
        self.stack_size
            .set(u32::try_from(bytes.div_ceil(16)).unwrap_or(u32::MAX));
    }

    /// Why it is parked, or `None` if it runs or is runnable.
    pub(crate) fn reason(&self) -> Option<WaitReason> {
        crate::reason::from_code(self.reason.load(Ordering::Relaxed))
    }

    /// The fiber it is bound to.
    #[inline(always)]
    pub(crate) fn fiber(&self) -> Fiber {
        match self.fiber_if_bound() {
            Some(fiber) => fiber,
            None => unbound(),
        }
    }

    #[inline(always)]
    pub(crate) fn fiber_if_bound(&self) -> Option<Fiber> {
        self.hints.fiber.get()
    }

    #[inline]
    pub(crate) fn set_fiber(&self, fiber: Option<Fiber>) {
        self.hints.fiber.set(fiber);
    }

    /// The request of a goroutine that has just switched away.
    #[inline(always)]
    pub(crate) fn request(&self) -> Request {
        let data = self.hints.data.load(Ordering::Relaxed);
        match self.commit.get() {
            Some(commit) => Request::Park(commit, data),
            None if data.is_null() => Request::Yield,
            None => Request::Finish,
        }
    }

    #[inline(always)]
    pub(crate) fn set_request(&self, request: Request) {
        let (commit, data) = match request {
            Request::Park(commit, data) => (Some(commit), data),
            Request::Yield => (None, std::ptr::null_mut()),
            Request::Finish => (None, std::ptr::dangling_mut()),
        };
        self.commit.set(commit);
        self.hints.data.store(data, Ordering::Relaxed);
    }

    /// What others may look at to see what a switch to it touches.
    #[inline(always)]
    pub(crate) fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Fetches what a resume touches into the cache: it is about to be queued, and soon run.
    #[inline(always)]
    pub(crate) fn prefetch(&self) {
        crate::shim::prefetch(self);
    }

    /// Fetches the rest of what a resume touches, and soon after it an end: the stack's innermost frames and the rest of the block.
    /// For a goroutine that has been parked for long, and whose [`G::prefetch`] is some time ago.
    pub(crate) fn prefetch_more(&self) {
        self.hints.fetch_wide();
        crate::shim::prefetch(&raw const self.life);
        crate::shim::prefetch(&raw const self.locals);
    }

    /// Notes why and where the goroutine is about to park.
    #[inline(always)]
    pub(crate) fn set_waiting(&self, reason: WaitReason, site: &'static Location<'static>) {
        self.reason.store(reason as u8 + 1, Ordering::Relaxed);
        self.wait_site
            .store(std::ptr::from_ref(site).cast_mut(), Ordering::Relaxed);
    }

    /// Notes when it began to wait, in the frame that it has left: that line is in the cache.
    ///
    /// # Safety
    /// It has switched away by `suspend`, and the caller has it alone.
    #[inline(always)]
    pub(crate) unsafe fn note_wait(&self, now: u64) {
        // SAFETY: `stands` is the word in the frame of `suspend` that is there for it; nobody else touches that stack now.
        unsafe { self.hints.stands().cast::<u64>().write(now) };
    }

    /// Notes that worker `index` runs it now.
    #[inline]
    pub(crate) fn set_running(&self, index: u16) {
        self.reason.store(0, Ordering::Relaxed);
        self.last_worker.set(index);
    }

    /// The worker that ran it last, or `NO_HOME`.
    #[inline]
    pub(crate) fn last_worker(&self) -> u16 {
        self.last_worker.get()
    }

    /// The worker it must run on, or `NO_HOME`.
    #[inline]
    pub(crate) fn home(&self) -> u16 {
        self.home.load(Ordering::Relaxed)
    }

    pub(crate) fn set_home(&self, worker: u16) {
        self.home.store(worker, Ordering::Relaxed);
    }
}

/// The number with this low half that is nearest to `beside`; 0 stays 0. Workers take numbers in batches, so a creator's may be
/// higher; but nobody is started two thousand million numbers before.
fn whole(low: u32, beside: u64) -> u64 {
    if low == 0 {
        return 0;
    }
    let ahead = low.wrapping_sub(beside as u32).cast_signed();
    beside.wrapping_add_signed(i64::from(ahead))
}

#[cfg(all(test, not(loom)))]
#[test]
fn halves_of_numbers() {
    const HALF: u64 = 1 << 32;
    assert_eq!(whole(0, 7), 0);
    assert_eq!([whole(3, 7), whole(57, 40)], [3, 57]);
    assert_eq!(whole(u32::MAX, HALF + 1), HALF - 1);
    assert_eq!(whole(5, HALF - 3), HALF + 5);
    assert_eq!(whole(5, 3 * HALF + 9), 3 * HALF + 5);
}

#[cold]
fn unbound() -> ! {
    unreachable!("a running goroutine has a fiber")
}
