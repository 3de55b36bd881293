//! Who listens for which signal.
//!
//! One list, under one lock that is held for a few instructions: nothing is sent, woken or dropped under it. The list and what the
//! process does on each signal change together, under that lock, so that at any time a signal is caught if and only if
//! somebody in the list wants it (or it is ignored on request).
//!
//! The signal thread calls [`deliver`]. It takes out of the list whom to tell, and tells them without the lock; who has left
//! meanwhile is no receiver any more.

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
}

static LISTENERS: Mutex<Listeners> = Mutex::new(Listeners {
    last_id: 0,
    list: Vec::new(),
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
        signals::set_listeners(self.list.len());
        result
    }

    /// Nobody wants these any more. Gives those who want nothing now.
    fn unwant(&mut self, signals: Set, action: Action) -> Vec<Listener> {
        for listener in &mut self.list {
            listener.wants.0 &= !signals.0;
        }
        let out = self
            .list
            .extract_if(.., |listener| listener.wants.0 == 0)
            .collect();
        // The system knows all of them, and lets go of what it let us take.
        let _ = self.settle(signals, action);
        out
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
    fn take(&mut self, id: u64) -> Option<Listener> {
        let at = self.list.iter().position(|listener| listener.id == id)?;
        let listener = self.list.remove(at);
        let _ = self.settle(listener.wants, Action::AsBefore);
        Some(listener)
    }
}

/// Takes a listener out, if it is still in.
pub(super) fn remove(id: u64) {
    let listener = listeners().take(id);
    // Its target may be the last reference to something that ends now.
    drop(listener);
}

/// Takes these signals from everybody.
pub(super) fn unwant(signals: Set, action: Action) {
    let out = listeners().unwant(signals, action);
    for listener in out {
        if let Target::Channel(sender) = &listener.target {
            // Nothing will come any more.
            sender.close();
        }
    }
}

/// On the signal thread: tells everybody who wants it.
fn deliver(raw: i32) {
    let targets: Vec<Target> = listeners()
        .list
        .iter_mut()
        .filter(|listener| listener.wants.has(raw))
        .map(|listener| match &listener.target {
            Target::Context(_) => std::mem::replace(&mut listener.target, Target::Spent),
            other => other.clone(),
        })
        .collect();
    for target in targets {
        target.tell(Signal::received(raw));
    }
}

/// The listener of a context; leaves the list when it is dropped.
pub(crate) struct Listening(pub(super) u64);

impl Drop for Listening {
    fn drop(&mut self) {
        remove(self.0);
    }
}
