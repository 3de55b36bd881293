//! Starting: the only file that knows the scheduler and all services.
//!
//! The scheduler is there from its first use on; its services have to be started by whoever may be
//! the first to need them: what starts a goroutine, arms a timer or waits for a descriptor from a
//! thread that is no worker, and the builder.

use std::sync::OnceLock;

use crate::here::Here;
use crate::sched::{Runtime, Services};
use crate::{deadlock, monitor, sched};

/// The runtime with its services; the first call starts them.
#[inline]
pub(crate) fn runtime() -> &'static Runtime {
    static STARTED: OnceLock<()> = OnceLock::new();
    let rt = sched::runtime();
    if STARTED.get().is_none() {
        STARTED.get_or_init(|| start(rt));
    }
    rt
}

/// Starts the runtime unless a worker runs this code: then it runs.
#[inline]
pub(crate) fn ensure(here: Here) {
    if here.worker().is_none() {
        runtime();
    }
}

#[cold]
fn start(rt: &'static Runtime) {
    rt.set_services(Services {
        check_deadlock: deadlock::check,
    });
    if let Some(seed) = rt.config.schedule {
        sched::shake::begin(seed);
    }
    crate::fatal::set_describe(crate::debug::report::all_but);
    // What makes no sense in it is told at the start.
    crate::traceback::level();
    monitor::start(rt);
    if let Some(age) = rt.config.watch {
        crate::debug::watch::start(rt, age);
    }
}
