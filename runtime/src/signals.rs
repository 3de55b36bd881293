//! Signals of the operating system: the thread that receives them, and what the process does on each.
//!
//! `signal-hook` has the handler: it notes the signal and wakes the thread `gort-signal` through a socket pair, which is all that
//! a handler may do. The thread hands the number to `deliver`, the upper layer's list of listeners.
//!
//! That crate never takes its handler out again, so this file does: it remembers what happened on a signal *before* gort came, and
//! what since, and switches between the two (or to "ignored") in the kernel. So once nobody listens, a second Ctrl-C ends the
//! process as it would have without gort, even if the thread never gets to run; what the process had ignored from the start
//! (SIGHUP under `nohup`, SIGPIPE in a Rust program) is ignored again.
//!
//! What the thread finds noted was caught while somebody listened. If that one has left since, the signal is dropped: it came first. (Somebody
//! who has begun to listen since may get it.)

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use signal_hook::iterator::{Handle, Signals};

#[doc(hidden)]
pub use signal_hook::consts::signal as numbers;

use crate::sys::signal::Disposition;

/// What the process does on a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Those who listen are told.
    Deliver,
    /// Nothing.
    Ignore,
    /// What it did before it was told otherwise.
    AsBefore,
}

/// What is known of a signal whose action was changed.
struct Known {
    before: Disposition,
    /// With `signal-hook`'s handler, once that is installed.
    caught: Option<Disposition>,
    action: Action,
}

struct Service {
    /// Once the thread runs.
    signals: Option<Handle>,
    known: BTreeMap<i32, Known>,
}

static SERVICE: Mutex<Service> = Mutex::new(Service {
    signals: None,
    known: BTreeMap::new(),
});

/// How many listen. While any does, nothing is a deadlock.
static LISTENERS: AtomicUsize = AtomicUsize::new(0);

/// Whether the thread is telling somebody: it may hold a lock that a goroutine waits for, or wake one next, and those whom it tells
/// may have stopped listening meanwhile.
static TELLING: AtomicBool = AtomicBool::new(false);

/// Whether a signal may still make a goroutine runnable.
pub(crate) fn may_wake() -> bool {
    LISTENERS.load(Ordering::SeqCst) > 0 || TELLING.load(Ordering::SeqCst)
}

/// Says how many listeners there are now. To be called under the lock of their list.
pub fn set_listeners(count: usize) {
    if LISTENERS.swap(count, Ordering::SeqCst) > 0 && count == 0 {
        // Whoever is parked for good was not called a deadlock because of them.
        crate::sched::runtime().ask_again();
    }
}

/// Whether there is such a signal.
///
/// ```
/// assert!(gort_runtime::signals::exists(15));
/// assert!(!gort_runtime::signals::exists(1000));
/// ```
pub fn exists(signal: i32) -> bool {
    Disposition::of(signal).is_ok()
}

/// Whether the process ignores a signal now.
pub fn is_ignored(signal: i32) -> bool {
    Disposition::of(signal).is_ok_and(|now| now.is_ignore())
}

/// Sends a signal to the calling thread.
///
/// # Errors
/// There is no such signal.
pub fn raise(signal: i32) -> io::Result<()> {
    crate::sys::signal::raise(signal)
}

/// Sets what the process does on a signal. `deliver` is called on the signal thread, always the same function. It must not be one of those that have to keep their handler (SIGSEGV and the like).
///
/// # Errors
/// The system refuses to change it, or to start the thread.
pub fn set_action(signal: i32, action: Action, deliver: fn(i32)) -> io::Result<()> {
    let mut service = SERVICE.lock();
    let Service { signals, known } = &mut *service;
    let known = match known.entry(signal) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(_) if action == Action::AsBefore => return Ok(()),
        Entry::Vacant(place) => place.insert(Known {
            before: Disposition::of(signal)?,
            caught: None,
            action: Action::AsBefore,
        }),
    };
    if known.action == action {
        return Ok(());
    }
    // SAFETY: `before` and `caught` were asked for this signal; `ignore` has no handler.
    let set = |disposition: &Disposition| unsafe { disposition.set(signal) };
    match (action, &known.caught) {
        (Action::Ignore, _) => set(&Disposition::ignore())?,
        (Action::AsBefore, _) => set(&known.before)?,
        (Action::Deliver, Some(caught)) => set(caught)?,
        (Action::Deliver, None) => {
            let handle = match signals {
                Some(handle) => handle,
                None => signals.insert(start(deliver)?),
            };
            // The handler goes on to what it finds here.
            set(&known.before)?;
            handle.add_signal(signal)?;
            let caught = Disposition::of(signal)?.on_alternate_stack();
            set(&caught)?;
            known.caught = Some(caught);
        }
    }
    known.action = action;
    Ok(())
}

/// Starts the thread.
fn start(deliver: fn(i32)) -> io::Result<Handle> {
    let rt = crate::sched::runtime();
    let mut signals = Signals::new([] as [i32; 0])?;
    let handle = signals.handle();
    let body = move || {
        crate::tls::set_serves();
        // Not before it exists: for a moment there would be one thread of ours too many, which hides one that is not ours, such as
        // that which starts this one. The deadlock check must never think that there are only ours.
        rt.count_thread();
        for signal in signals.forever() {
            // Before `deliver` looks for listeners: who stops to be one afterwards is covered by this.
            TELLING.store(true, Ordering::SeqCst);
            deliver(signal);
            TELLING.store(false, Ordering::SeqCst);
            if !may_wake() {
                crate::sched::runtime().ask_again();
            }
        }
    };
    crate::sys::thread::spawn(String::from("gort-signal"), body)?;
    Ok(handle)
}
