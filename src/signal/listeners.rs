//! Who listens for which signal.
//!
//! One list, under one lock that is held for a few instructions: nothing is sent, woken or dropped
//! under it. The list and what the process does on each signal change together, under that lock, so
//! that at any time a signal is caught if and only if somebody in the list wants it (or it is
//! ignored on request).
//!
//! The signal thread calls [`deliver`]. It takes out of the list whom to tell, and tells them
//! without the lock; who has left meanwhile is no receiver any more.
//!
//! Whoever leaves gets what was caught before and is still on its way, though nothing is caught for
//! it any more. [`unwant`] keeps its listeners in a second list until the signal thread has handed
//! all of that on ([`signals::after_delivery`]), and waits for it, since they still look. Of
//! whoever drops its receiver or its context only the wish is kept, in [`Absorbed`]. So a signal
//! that comes before somebody leaves never ends the process, and one that comes meanwhile is either
//! delivered or does what it did before.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gort_runtime::signals::{self, Action};

use super::{Received, Signal};
use crate::Sender;
use crate::context::Cancelable;

/// Signals, as bits: their numbers go from 1 to 64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Set(u64);

impl Set {
    /// The listed ones; for an empty list, all that have a name.
    pub(super) fn of(list: &[Signal]) -> Set {
        let list = if list.is_empty() { Signal::NAMED } else { list };
        Set(list.iter().fold(0, |bits, &signal| bits | bit(signal.as_raw())))
    }

    fn has(self, raw: i32) -> bool {
        self.0 & bit(raw) != 0
    }

    fn numbers(self) -> impl Iterator<Item = i32> {
        (1..=64).filter(move |&raw| self.has(raw))
    }
}

fn bit(raw: i32) -> u64 {
    1 << (raw - 1)
}

/// Who is told.
#[derive(Clone)]
pub(super) enum Target {
    Channel(Sender<Signal>),
    Context(Cancelable),
    /// A context that a signal has cancelled. It goes on catching signals until it is told to stop.
    Spent,
}

impl Target {
    fn tell(self, signal: Signal) {
        match self {
            // Full, or nobody there any more: dropped.
            Target::Channel(sender) => drop(sender.try_send(signal)),
            Target::Context(context) => context.cancel(Arc::new(Received(signal))),
            Target::Spent => {}
        }
    }
}

struct Listener {
    id: u64,
    wants: Set,
    target: Target,
}

struct Listeners {
    last_id: u64,
    list: Vec<Listener>,
    /// They get what was caught while they were in the list. Under numbers of their own.
    leaving: Vec<Listener>,
    absorbed: Absorbed,
}

/// Signals that nobody looks for any more, and that may still be on their way from when somebody
/// did. In two generations, so that one request to the signal thread at a time is enough for all:
/// what is in the older one was there when that was made.
struct Absorbed {
    young: Set,
    old: Set,
}

static LISTENERS: Mutex<Listeners> = Mutex::new(Listeners {
    last_id: 0,
    list: Vec::new(),
    leaving: Vec::new(),
    absorbed: Absorbed {
        young: Set(0),
        old: Set(0),
    },
});

fn listeners() -> MutexGuard<'static, Listeners> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listeners {
    /// What the process does on these: delivers them if somebody wants them, else `otherwise`.
    fn settle(&self, signals: Set, otherwise: Action) -> io::Result<()> {
        let mut result = Ok(());
        for raw in signals.numbers() {
            let wanted = self.list.iter().any(|listener| listener.wants.has(raw));
            let action = if wanted { Action::Deliver } else { otherwise };
            result = result.and(signals::set_action(raw, action, deliver));
        }
        self.count();
        result
    }

    fn count(&self) {
        signals::set_listeners(self.list.len() + self.leaving.len());
    }

    /// Nobody wants these any more. Gives those who want nothing now, and the number under which
    /// all of them are leaving.
    fn unwant(&mut self, signals: Set, action: Action) -> (Vec<Listener>, Option<u64>) {
        self.last_id += 1;
        let id = self.last_id;
        let before = self.leaving.len();
        for listener in &mut self.list {
            let wants = Set(listener.wants.0 & signals.0);
            if wants.0 != 0 {
                let target = listener.target.clone();
                self.leaving.push(Listener { id, wants, target });
            }
            listener.wants.0 &= !signals.0;
        }
        let leaving = (self.leaving.len() > before).then_some(id);
        let out = self
            .list
            .extract_if(.., |listener| listener.wants.0 == 0)
            .collect();
        // The system knows all of them, and lets go of what it let us take.
        let _ = self.settle(signals, action);
        (out, leaving)
    }
}

/// Adds a listener.
///
/// # Errors
/// The system refuses a thread or descriptors; nothing has changed then.
pub(super) fn add(wants: Set, target: Target) -> io::Result<u64> {
    let mut all = listeners();
    all.last_id += 1;
    let id = all.last_id;
    all.list.push(Listener { id, wants, target });
    let result = all.settle(wants, Action::AsBefore);
    let undone = match result {
        Ok(()) => None,
        Err(_) => all.take(id),
    };
    drop(all);
    drop(undone);
    result.map(|()| id)
}

impl Listeners {
    /// Takes out a listener that does not look any more.
    fn take(&mut self, id: u64) -> Option<Listener> {
        let at = self.list.iter().position(|listener| listener.id == id)?;
        let listener = self.list.remove(at);
        let _ = self.settle(listener.wants, Action::AsBefore);
        self.absorbed.add(listener.wants);
        Some(listener)
    }
}

impl Absorbed {
    fn add(&mut self, signals: Set) {
        let idle = self.young.0 | self.old.0 == 0;
        self.young.0 |= signals.0;
        if idle {
            self.ask();
        }
    }

    fn ask(&mut self) {
        if !signals::after_delivery(|| listeners().absorbed.grow_old()) {
            (self.young, self.old) = (Set(0), Set(0));
        }
    }

    fn grow_old(&mut self) {
        self.old = std::mem::replace(&mut self.young, Set(0));
        if self.old.0 != 0 {
            self.ask();
        }
    }

    fn has(&self, raw: i32) -> bool {
        self.young.has(raw) || self.old.has(raw)
    }
}

/// Those who are leaving under this number get nothing any more.
fn forget(id: u64) {
    let mut all = listeners();
    let gone: Vec<Listener> = all.leaving.extract_if(.., |listener| listener.id == id).collect();
    all.count();
    drop(all);
    drop(gone);
}

/// Takes a listener out, if it is still in.
pub(super) fn remove(id: u64) {
    let listener = listeners().take(id);
    // Its target may be the last reference to something that ends now.
    drop(listener);
}

/// Takes these signals from everybody. Waits until those that have come are delivered.
pub(super) fn unwant(signals: Set, action: Action) {
    let (out, leaving) = listeners().unwant(signals, action);
    if let Some(leaving) = leaving {
        await_delivery();
        forget(leaving);
    }
    for listener in out {
        if let Target::Channel(sender) = &listener.target {
            // Nothing will come any more.
            sender.close();
        }
    }
}

/// Waits until every signal that has been caught is delivered.
fn await_delivery() {
    if signals::on_signal_thread() {
        return;
    }
    let (done, wait) = crate::channel::<()>(0);
    signals::after_delivery(move || drop(done));
    // It ends when the other handle is dropped.
    let _ = wait.recv();
}

/// On the signal thread: tells everybody who wants it.
fn deliver(raw: i32) {
    let mut all = listeners();
    let wants = |listener: &&mut Listener| listener.wants.has(raw);
    let told = |listener: &mut Listener| match &listener.target {
        Target::Context(_) => std::mem::replace(&mut listener.target, Target::Spent),
        other => other.clone(),
    };
    let Listeners {
        list,
        leaving,
        absorbed,
        ..
    } = &mut *all;
    let targets: Vec<Target> = list.iter_mut().chain(leaving).filter(wants).map(told).collect();
    if targets.is_empty() && !absorbed.has(raw) {
        signals::nobody_took(raw);
    }
    drop(all);
    for target in targets {
        target.tell(Signal::received(raw));
    }
}

/// The listener of a context; leaves the list when it is dropped.
pub(super) struct Listening(pub(super) u64);

impl Drop for Listening {
    fn drop(&mut self) {
        remove(self.0);
    }
}
