//! The end of goroutines that never ran, since there is no stack for them.
//!
//! What the closure holds has to go: there may be channel handles in it for whose end others wait.
//! Its destructors are not ours and may wait, and on a worker's own stack nobody takes the worker's
//! place. So a thread of its own does it, unless the system gives none.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::g::join::Whose;
use crate::g::{GRef, Outcome, pool};
use crate::panic_value::Panic;
use crate::panics;
use crate::sched::entry;

/// So many threads at once; beyond it the worker does it after all.
const MOST: usize = 64;

static THREADS: AtomicUsize = AtomicUsize::new(0);

/// Ends `g`, which was never run, as if it had panicked with `panic`. It is counted as ended
/// already.
#[cold]
pub(super) fn end(g: GRef, panic: Panic) {
    if THREADS.fetch_add(1, Ordering::Relaxed) >= MOST {
        THREADS.fetch_sub(1, Ordering::Relaxed);
        return end_here(g, panic);
    }
    // If there is no thread, what it was to have is lost with its body.
    let panic = Arc::new(Mutex::new(Some(panic)));
    let kept = Arc::clone(&panic);
    // Not counted as one of ours: while it exists there is no deadlock.
    let started = crate::sys::thread::spawn(String::from("gort-orphan"), move || {
        if let Some(panic) = kept.lock().take() {
            end_here(g, panic);
        }
        THREADS.fetch_sub(1, Ordering::Relaxed);
    });
    if started.is_err() {
        THREADS.fetch_sub(1, Ordering::Relaxed);
        let panic = panic.lock().take();
        if let Some(panic) = panic {
            end_here(g, panic);
        }
    }
}

fn end_here(g: GRef, panic: Panic) {
    let table = g.table.get();
    // SAFETY: the job was never run.
    if let Err(panic) = panics::quietly(|| unsafe { (table.drop_job)(&g) }) {
        panics::discard(panic);
    }
    entry::settle(g, Outcome::Panicked(Box::new(panic)));
    if g.life.runner_gone() == Whose::Mine {
        // SAFETY: the state machine says that nobody else refers to the block.
        unsafe { g.reset() };
        pool::give_shared(g);
    }
}
