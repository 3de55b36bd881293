//! A goroutine's first frame: runs its job, catches what comes out, settles the end.

use std::panic::{self, AssertUnwindSafe};
use std::ptr::NonNull;

use crate::explore::searches;
use crate::fiber::Body;
use crate::g::join::Whose;
use crate::g::scope_data::ScopeData;
use crate::g::{G, GRef, Outcome, Request, crew, pool};
use crate::here::Here;
use crate::panic_value::Panic;
use crate::panics::Goexit;

/// What fibers run: goroutines, from their first frame to their last.
pub(crate) struct Entry;

impl Body for Entry {
    #[inline]
    fn run(occupant: NonNull<()>) {
        // SAFETY: a fiber with this body is bound to goroutines.
        enter(unsafe { GRef::from_occupant(occupant) });
    }
}

/// Runs the job of `g` on the fiber it is bound to. On return the fiber waits for its next
/// goroutine.
fn enter(g: GRef) {
    let table = g.table.get();
    // SAFETY: the block was given a closure in the payload, and this is the only time it is run.
    let caught = panic::catch_unwind(AssertUnwindSafe(|| unsafe { (table.run)(&g) }));
    // Until its outcome is known to somebody, or has ended the process, main's end waits for a
    // panic.
    let mut under_way = None;
    let outcome = match caught {
        Ok(()) => Outcome::Value,
        Err(payload) => {
            let seen = crate::panics::take_seen(&*payload);
            drop(crate::panics::forget_all(&g));
            if payload.is::<Goexit>() {
                Outcome::Goexit
            } else {
                let mut panic = Panic::new(payload, seen);
                under_way = panic.landed();
                Outcome::Panicked(Box::new(panic))
            }
        }
    };
    // Before anybody learns of the end; and afterwards what a destructor of the result may have
    // asked for anew.
    drop_locals(&g);
    if searches::any() {
        crew::ends(&g);
    }
    settle(g, outcome);
    drop(under_way);
    drop_locals(&g);
    g.set_request(Request::Finish);
}

/// Destructors may make new values this often.
const ROUNDS: usize = 16;

/// The end of `g`, on `g`: drops its values, and those that their destructors make. What is made
/// again and again is leaked in the end, as pthreads do: a goroutine that never ended would be
/// worse.
#[inline]
fn drop_locals(g: &G) {
    // SAFETY: the goroutine's own cell, on the goroutine.
    if unsafe { (*g.locals.get()).is_some() } {
        drop_rounds(g);
    }
}

#[cold]
fn drop_rounds(g: &G) {
    for round in 0.. {
        // SAFETY: the goroutine's own cell, on the goroutine. Each time the values are moved out
        // before they are dropped.
        let Some(locals) = (unsafe { (*g.locals.get()).take() }) else {
            return;
        };
        if round == ROUNDS {
            return std::mem::forget(locals);
        }
        if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| drop(locals))) {
            crate::panics::unobserved(g, Panic::caught(payload));
        }
    }
}

/// Publishes the outcome; disposes of it if nobody will look.
#[inline]
pub(crate) fn settle(g: GRef, outcome: Outcome) {
    // The scope's counter is the last thing a scoped goroutine touches: after it, nothing the
    // scope's caller owns is alive.
    let scope = g.scope.get();
    let (whose, joiner) = g.life.finish(outcome);
    if let Some(joiner) = joiner {
        joiner.tell();
    }
    if whose == Whose::Mine {
        dispose(g);
    }
    if let Some(scope) = scope {
        // SAFETY: the scope's data lives until every member has called this.
        unsafe { leave_scope(scope) };
    }
}

/// Counts a member out, or the scope itself, and wakes the scope if that was the last one.
///
/// # Safety
/// As [`ScopeData::count_out`].
pub(crate) unsafe fn leave_scope(scope: NonNull<ScopeData>) {
    // SAFETY: by the caller.
    if let Some(waiter) = unsafe { ScopeData::count_out(scope) } {
        // SAFETY: the scope's own count is gone, so the commit of its park came before; the last
        // one was given the task, once.
        unsafe { waiter.ready() };
    }
}

/// The handle is dropped. What has not been taken by then is disposed of: here, or by the goroutine
/// when it ends.
#[inline]
pub(crate) fn detach(g: GRef) {
    if g.life.detach() == Whose::Mine {
        // It has ended: its result, or its panic, is ours.
        dispose(g);
        release(g);
    }
}

/// The handle lets go of the block.
pub(crate) fn release(g: GRef) {
    if g.life.handle_gone() == Whose::Mine {
        // SAFETY: the state machine says that nobody else refers to the block.
        unsafe { g.reset() };
        // SAFETY: nothing in between parks.
        match unsafe { Here::ask() }.worker() {
            Some(worker) => worker.with_blocks(|blocks| blocks.give(g)),
            None => pool::give_shared(g),
        }
    }
}

/// Drops an outcome that nobody took.
pub(crate) fn dispose(g: GRef) {
    // SAFETY: called by whoever the state machine told `Mine`.
    match unsafe { g.life.take_outcome() } {
        Outcome::Nothing | Outcome::Goexit => {}
        Outcome::Value => {
            let table = g.table.get();
            // SAFETY: the outcome says that the payload holds the result, and taking it made this
            // the only drop.
            let dropped = panic::catch_unwind(AssertUnwindSafe(|| unsafe { (table.drop_result)(&g) }));
            if let Err(payload) = dropped {
                crate::panics::unobserved(&g, Panic::caught(payload));
            }
        }
        Outcome::Panicked(mut panic) => match g.scope.get() {
            Some(scope) => {
                panic.show(&g);
                // SAFETY: the goroutine's scope waits for it, or its handle lives within the scope.
                unsafe { scope.as_ref() }.member_panicked(panic.message());
                crate::panics::discard(*panic);
            }
            None => crate::panics::unobserved(&g, *panic),
        },
    }
}
