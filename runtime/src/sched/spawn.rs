//! Starting a goroutine.

use std::borrow::Cow;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use crate::explore::director::{How, Op};
use crate::explore::reach::{Reach, STARTS};
use crate::explore::searches;
use crate::g::crew::{self, Crew};
use crate::g::job::Job;
use crate::g::scope_data::ScopeData;
use crate::g::{G, GRef, pool};
use crate::here::Here;
use crate::sched::ready::ready_member;
use crate::sched::worker::Worker;
use crate::sched::{entry, runtime};

const SPAWN: Op = Op::new("go", "");

/// What a goroutine is started with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) name: Option<Cow<'static, str>>,
    /// The reserve of its stack in bytes.
    pub(crate) stack: Option<usize>,
    pub(crate) is_main: bool,
    /// The crew it is of, if that is not the one of whoever starts it.
    pub(crate) crew: Option<&'static dyn Crew>,
    /// The scope that it belongs to, which counts it already.
    pub(crate) scope: Option<NonNull<ScopeData>>,
}

/// Starts a goroutine that runs `f`, from `here`. It counts as having a handle.
///
/// # Safety
/// What `F` and `T` borrow outlives the goroutine and its handle.
#[inline]
pub(crate) unsafe fn start<F, T>(here: Here, options: Options, site: &'static Location<'static>, f: F) -> GRef
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let mut here = here;
    if searches::any() {
        // Others may go first, and this goroutine go on elsewhere.
        crew::take_turn(SPAWN, Reach::Writes(STARTS), Some(site), How::Plain);
        // SAFETY: as by the caller; what it was told is forgotten.
        here = unsafe { Here::ask() };
    }
    let worker = here.worker();
    let g = worker.map_or_else(pool::take_shared, |worker| {
        worker.with_blocks(pool::LocalPool::take)
    });
    // SAFETY: the block is free and ours; the table matches what is stored.
    unsafe {
        Job::<F, T>::store(&g, f);
        g.table.set(&Job::<F, T>::TABLE);
    }
    launch(options, g, worker, site);
    g
}

/// Starts a goroutine that nobody will join.
#[track_caller]
pub(crate) fn detached(name: &'static str, f: impl FnOnce() + Send + 'static) {
    let options = Options {
        name: Some(Cow::Borrowed(name)),
        ..Options::default()
    };
    // SAFETY: the answer is used at once; `f` borrows nothing.
    entry::detach(unsafe { start(Here::ask(), options, Location::caller(), f) });
}

/// Lets a new goroutine into the crew that is said, or else that of whoever starts it.
#[cold]
fn enlist(said: Option<&'static dyn Crew>, g: &G) {
    match said {
        None => crew::inherit(g),
        Some(crew) => crew.enlist(g),
    }
}

/// The part that does not depend on the closure.
fn launch(options: Options, g: GRef, worker: Option<&Worker>, site: &'static Location<'static>) {
    let rt = worker.map_or_else(runtime, Worker::runtime);
    let id = worker.map_or_else(|| rt.take_ids(1), Worker::next_id);
    let stack = options
        .stack
        .map_or(rt.config.stack_size, |bytes| bytes.max(crate::config::MIN_STACK));
    // SAFETY: the block is ours until it is queued.
    unsafe { g.init(id, site, options.name, stack) };
    g.flags.is_main.set(options.is_main);
    g.set_creator(worker.map_or(0, Worker::runs));
    g.scope.set(options.scope);
    let may_be_member = searches::any();
    if may_be_member {
        enlist(options.crew, &g);
    }
    match worker {
        Some(worker) => {
            worker.count_started();
            if may_be_member {
                return ready_member(g);
            }
            worker.push_ready(g);
            rt.notify_from(worker);
        }
        None => {
            rt.started_outside.fetch_add(1, Ordering::AcqRel);
            if may_be_member {
                return ready_member(g);
            }
            rt.global.push(g);
            rt.notify_global();
        }
    }
}
