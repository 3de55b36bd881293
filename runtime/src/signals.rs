//! Signals of the operating system: the thread that receives them, and what the process does on
//! each.
//!
//! `signal-hook` has the handler: it notes the signal and wakes the thread `gort-signal` through a
//! socket pair, which is all that a handler may do. The thread hands the number to `deliver`, the
//! upper layer's list of listeners.
//!
//! That crate never takes its handler out again, so this file does: it remembers what happened on a
//! signal *before* gort came, and what since, and switches between the two (or to "ignored") in the
//! kernel. So once nobody listens, a second Ctrl-C ends the process as it would have without gort,
//! even if the thread never gets to run; what the process had ignored from the start (SIGHUP under
//! `nohup`, SIGPIPE in a Rust program) is ignored again.
//!
//! A signal that was caught is neither lost nor taken back: it came while somebody listened. So
//! whoever stops listening changes what happens from now on, and asks the thread then
//! ([`after_delivery`]): when that one has handed on everything that was noted before, and not
//! sooner, the listener is forgotten. (Go's `Stop` waits for the same.) A handler that has begun
//! before the change, on another thread, may note its signal later still. What the thread finds
//! noted and nobody takes it sends to the process again: there it does what it does now
//! ([`nobody_took`]).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

use parking_lot::Mutex;
use signal_hook::iterator::backend::{Handle, SignalDelivery};
use signal_hook::iterator::exfiltrator::SignalOnly;

#[doc(hidden)]
pub use signal_hook::consts::signal as numbers;

use crate::sys::quit;
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
    thread: Option<Thread>,
    known: BTreeMap<i32, Known>,
}

/// How to reach the signal thread.
struct Thread {
    signals: Handle,
    /// The end at which the handler writes, too.
    wake: UnixStream,
}

/// What is to be done when everything that was noted is handed on.
type Request = Box<dyn FnOnce() + Send>;

static REQUESTS: Mutex<Vec<Request>> = Mutex::new(Vec::new());

/// The kernel's number of the signal thread; 0 as long as there is none.
static THREAD: AtomicI32 = AtomicI32::new(0);

static SERVICE: Mutex<Service> = Mutex::new(Service {
    thread: None,
    known: BTreeMap::new(),
});

/// How many listen. While any does, nothing is a deadlock.
static LISTENERS: AtomicUsize = AtomicUsize::new(0);

/// Whether the thread is telling somebody: it may hold a lock that a goroutine waits for, or wake
/// one next, and those whom it tells may have stopped listening meanwhile.
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

/// Sets what the process does on a signal. `deliver` is called on the signal thread, always the
/// same function.
///
/// # Errors
/// `InvalidInput` for SIGSEGV, SIGBUS, SIGFPE and SIGILL, which have to keep their handlers. The
/// system refuses to change it, or to start the thread.
///
/// ```
/// use gort_runtime::signals::{Action, set_action};
///
/// let refused = set_action(11, Action::Ignore, |_| ()).unwrap_err();
/// assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
/// ```
pub fn set_action(signal: i32, action: Action, deliver: fn(i32)) -> io::Result<()> {
    if crate::sys::signal::is_fault(signal) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut service = SERVICE.lock();
    let Service { thread, known } = &mut *service;
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
    // SAFETY: `before` and `caught` were asked for this signal; those made here have no handler.
    let set = |disposition: &Disposition| unsafe { disposition.set(signal) };
    match (action, &known.caught) {
        (Action::Ignore, _) => set(&Disposition::ignore())?,
        (Action::AsBefore, _) => set(&known.before)?,
        (Action::Deliver, Some(caught)) => set(caught)?,
        (Action::Deliver, None) => {
            let thread = match thread {
                Some(thread) => thread,
                None => thread.insert(start(deliver)?),
            };
            // The handler goes on to what it finds here: the program wants the signal itself, so
            // not to our report of it.
            match quit::is_ours(&known.before) {
                true => set(&Disposition::default_action())?,
                false => set(&known.before)?,
            }
            thread.signals.add_signal(signal)?;
            let caught = Disposition::of(signal)?.on_alternate_stack();
            set(&caught)?;
            known.caught = Some(caught);
        }
    }
    known.action = action;
    Ok(())
}

/// Calls `f` on the signal thread when that has handed on every signal that was caught before this
/// call. `false` if there is no such thread, and nothing was ever caught: `f` is dropped. `f` must
/// be short, and not wait.
pub fn after_delivery(f: impl FnOnce() + Send + 'static) -> bool {
    let service = SERVICE.lock();
    let Some(thread) = &service.thread else {
        return false;
    };
    REQUESTS.lock().push(Box::new(f));
    // If there is no room the thread is about to wake up anyway.
    let _ = (&thread.wake).write(&[0]);
    true
}

/// Whether this is the signal thread: it must not wait for itself.
pub fn on_signal_thread() -> bool {
    THREAD.load(Ordering::Relaxed) == crate::sys::thread::own_id()
}

/// A signal that was caught, and that nobody wants any more: it does what it would do now. To be
/// called by `deliver`, under the lock under which actions change.
pub fn nobody_took(signal: i32) {
    // Another handler was called when this one was: it is not called twice.
    if Disposition::of(signal).is_ok_and(|now| now.is_default() || quit::is_ours(&now)) {
        crate::sys::signal::send_to_process(signal);
    }
}

/// Starts the thread.
fn start(deliver: fn(i32)) -> io::Result<Thread> {
    let rt = crate::sched::runtime();
    let (read, write) = UnixStream::pair()?;
    write.set_nonblocking(true)?;
    let wake = write.try_clone()?;
    let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, [] as [i32; 0])?;
    let signals = delivery.handle();
    let body = move || {
        crate::tls::set_serves();
        THREAD.store(crate::sys::thread::own_id(), Ordering::Relaxed);
        // Not before it exists: for a moment there would be one thread of ours too many, which
        // hides one that is not ours, such as that which starts this one. The deadlock check must
        // never think that there are only ours.
        rt.count_thread();
        hand_on(delivery, deliver);
    };
    crate::sys::thread::spawn(String::from("gort-signal"), body)?;
    Ok(Thread { signals, wake })
}

/// The life of the signal thread.
fn hand_on(mut delivery: SignalDelivery<UnixStream, SignalOnly>, deliver: fn(i32)) {
    loop {
        let mut requests = Vec::new();
        // Requests are taken before what is noted is looked at. Looking empties the pipe, so the
        // next ones may be there without a byte: they are asked for before the thread sleeps.
        let mut wait = |read: &mut UnixStream| {
            requests = std::mem::take(&mut *REQUESTS.lock());
            while requests.is_empty() {
                match read.read(&mut [0]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    result => result.map(drop)?,
                }
                requests = std::mem::take(&mut *REQUESTS.lock());
                break;
            }
            Ok(true)
        };
        let Ok(Some(noted)) = delivery.poll_pending(&mut wait) else {
            // Neither is the pipe closed nor can reading from it fail.
            return;
        };
        // Before `deliver` looks for listeners: who stops to be one afterwards is covered by this.
        TELLING.store(true, Ordering::SeqCst);
        noted.for_each(deliver);
        requests.into_iter().for_each(|request| request());
        TELLING.store(false, Ordering::SeqCst);
        if !may_wake() {
            crate::sched::runtime().ask_again();
        }
    }
}
