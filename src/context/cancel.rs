//! The cancel tree: one [`Core`] for each context that can be cancelled on its own, and for each
//! function that waits for one.
//!
//! A core that may still be cancelled stands in the list of its parent, which keeps it alive; it
//! knows its parent weakly. It leaves that list when it is cancelled, or when nobody can notice its
//! end any more: no context handle holds it, nobody listens to its channel, nothing is derived from
//! it, it has no function to call.
//!
//! Nobody ever holds the locks of two cores. Everything that goes along the tree is a loop. What is
//! dropped or called is dropped or called after the lock was released.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

#[cfg(loom)]
use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU8, Ordering};

use super::{Cause, Error};
use crate::sync::Mutex;
#[cfg(not(loom))]
use crate::time::Timer;
use crate::{Receiver, Sender};

/// In models nothing has a deadline.
#[cfg(loom)]
pub(super) struct Timer;

#[cfg(loom)]
impl Timer {
    fn stop(&self) -> bool {
        false
    }
}

/// Not done.
const OPEN: u8 = 0;
/// Being cancelled, under the lock: the channel may still be open.
const CLOSING: u8 = 1;
/// Done, and the channel is closed.
const CANCELED: u8 = 2;
/// The same, by the deadline.
const EXCEEDED: u8 = 3;

/// Somebody's that is to live as long as the context can be cancelled: all that is known of it is
/// that dropping it ends it.
pub(super) type Attachment = Box<dyn Send>;

/// What can be cancelled.
pub(super) struct Core {
    status: AtomicU8,
    parent: Weak<Core>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Why it is done, with the cause.
    ended: Option<(Error, Cause)>,
    /// Made when somebody asks for it.
    done: Option<Done>,
    /// By address.
    children: HashMap<usize, Arc<Core>>,
    timer: Option<Timer>,
    /// What brings the end about from outside, and may hold a reference to the core until it has.
    /// Dropped, without the lock, when nobody can notice the end any more, or holds the context
    /// afterwards.
    attachment: Option<Attachment>,
    /// Called in a goroutine when it is cancelled.
    function: Option<Box<dyn FnOnce() + Send>>,
    /// The last context handle is gone.
    unheld: bool,
}

struct Done {
    sender: Sender<()>,
    /// To make more of; gone when there can be no more calls of `done`.
    receiver: Option<Receiver<()>>,
    /// Nobody listens, nor will.
    abandoned: bool,
}

impl State {
    /// Whether anybody can notice that it is cancelled.
    fn matters(&self) -> bool {
        !self.unheld
            || !self.children.is_empty()
            || self.function.is_some()
            || self.done.as_ref().is_some_and(|done| !done.abandoned)
    }
}

impl Core {
    /// A new core below `parent`, done already if the parent is.
    pub(super) fn below(parent: Option<&Arc<Core>>, function: Option<Box<dyn FnOnce() + Send>>) -> Arc<Core> {
        let core = Arc::new(Core {
            status: AtomicU8::new(OPEN),
            parent: parent.map_or_else(Weak::new, Arc::downgrade),
            state: Mutex::new(State {
                // A function has no context handle of its own.
                unheld: function.is_some(),
                function,
                ..State::default()
            }),
        });
        if let Some(parent) = parent {
            let mut state = parent.state.lock();
            match state.ended.clone() {
                Some((error, cause)) => {
                    drop(state);
                    core.cancel(error, cause);
                }
                None => drop(state.children.insert(core.key(), Arc::clone(&core))),
            }
        }
        core
    }

    fn key(self: &Arc<Core>) -> usize {
        Arc::as_ptr(self).addr()
    }

    /// Sets the timer that will cancel it. Dropped at once if it is done already.
    pub(super) fn set_timer(&self, make: impl FnOnce() -> Timer) {
        let mut state = self.state.lock();
        if state.ended.is_none() {
            state.timer = Some(make());
        }
    }

    #[cfg(not(loom))]
    pub(super) fn attach(&self, attachment: Attachment) {
        self.state.lock().attachment = Some(attachment);
    }

    #[cfg(not(loom))]
    pub(super) fn detach(&self) {
        let attachment = self.state.lock().attachment.take();
        drop(attachment);
    }

    pub(super) fn err(&self) -> Option<Error> {
        match self.status.load(Ordering::Acquire) {
            OPEN => None,
            CANCELED => Some(Error::Canceled),
            EXCEEDED => Some(Error::DeadlineExceeded),
            // Under the lock, and afterwards, the channel is closed.
            _ => self.state.lock().ended.as_ref().map(|(error, _)| *error),
        }
    }

    pub(super) fn cause(&self) -> Option<Cause> {
        self.state
            .lock()
            .ended
            .as_ref()
            .map(|(_, cause)| Arc::clone(cause))
    }

    pub(super) fn done(self: &Arc<Core>) -> Receiver<()> {
        let mut state = self.state.lock();
        if let Some(Some(receiver)) = state.done.as_ref().map(|done| &done.receiver) {
            return receiver.clone();
        }
        let (sender, receiver) = crate::channel(0);
        let me = Arc::downgrade(self);
        sender.feed(move || {
            if let Some(me) = me.upgrade() {
                me.abandoned();
            }
        });
        if state.ended.is_some() {
            sender.close();
        }
        state.done = Some(Done {
            sender,
            receiver: Some(receiver.clone()),
            abandoned: false,
        });
        receiver
    }

    /// Cancels it and all below it. The first one wins; when it returns, all below are done.
    ///
    /// A core keeps its list until all in it are done, so that whoever comes while somebody else is
    /// at work on a part of the tree goes through that part too, instead of returning too early.
    pub(super) fn cancel(self: &Arc<Core>, error: Error, cause: Cause) {
        let mut work = vec![Arc::clone(self)];
        let mut parents = Vec::new();
        while let Some(core) = work.pop() {
            let (timer, function);
            let mut _attachment = None;
            {
                let mut state = core.state.lock();
                if state.ended.is_none() {
                    core.close(&mut state, error, &cause);
                }
                if state.unheld {
                    _attachment = state.attachment.take();
                }
                work.extend(state.children.values().cloned());
                timer = state.timer.take();
                function = state.function.take();
                if !state.children.is_empty() {
                    parents.push(Arc::clone(&core));
                }
            }
            if let Some(timer) = timer {
                timer.stop();
            }
            if let Some(function) = function {
                crate::go!(name = "context.after_func"; function);
            }
        }
        for core in parents {
            let children = std::mem::take(&mut core.state.lock().children);
            drop(children);
        }
        self.leave();
    }

    /// Under the lock: it is done from now on.
    fn close(&self, state: &mut State, error: Error, cause: &Cause) {
        self.status.store(CLOSING, Ordering::Release);
        state.ended = Some((error, Arc::clone(cause)));
        if let Some(done) = &state.done {
            done.sender.close();
        }
        let settled = match error {
            Error::Canceled => CANCELED,
            Error::DeadlineExceeded => EXCEEDED,
        };
        // Release: who sees it sees the channel closed.
        self.status.store(settled, Ordering::Release);
    }

    /// Leaves the parent's list; and so do those above that stood there for its sake alone.
    fn leave(self: &Arc<Core>) {
        let mut child = Arc::clone(self);
        while let Some(parent) = child.parent.upgrade() {
            let (left, timer, _attachment);
            {
                let mut state = parent.state.lock();
                left = state.children.remove(&child.key());
                if left.is_none() || state.ended.is_some() || state.matters() {
                    return;
                }
                timer = state.timer.take();
                _attachment = state.attachment.take();
            }
            if let Some(timer) = timer {
                timer.stop();
            }
            child = parent;
        }
    }

    /// Something that kept it in its place is gone.
    fn leave_unless_it_matters(self: &Arc<Core>, mut state: crate::sync::MutexGuard<'_, State>) {
        if state.ended.is_some() && state.unheld {
            let attachment = state.attachment.take();
            drop(state);
            drop(attachment);
            return;
        }
        if state.ended.is_some() || state.matters() {
            return;
        }
        let (timer, _attachment) = (state.timer.take(), state.attachment.take());
        drop(state);
        if let Some(timer) = timer {
            timer.stop();
        }
        self.leave();
    }

    /// The last context handle is gone.
    pub(super) fn unheld(self: &Arc<Core>) {
        // Its end may bring on `abandoned`, so it is dropped without the lock.
        let receiver = {
            let mut state = self.state.lock();
            state.unheld = true;
            state.done.as_mut().and_then(|done| done.receiver.take())
        };
        drop(receiver);
        self.leave_unless_it_matters(self.state.lock());
    }

    /// The last receiver of the channel is gone, the core's own included.
    fn abandoned(self: &Arc<Core>) {
        let mut state = self.state.lock();
        if let Some(done) = &mut state.done {
            done.abandoned = true;
        }
        self.leave_unless_it_matters(state);
    }

    /// Takes the function back: `true` if it had not been called, and will not be.
    pub(super) fn stop(self: &Arc<Core>) -> bool {
        let mut state = self.state.lock();
        // Dropped after the lock.
        let function = state.function.take();
        self.leave_unless_it_matters(state);
        function.is_some()
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // What stands below would be dropped recursively.
        let mut work: Vec<_> = std::mem::take(&mut self.state.get_mut().children)
            .into_values()
            .collect();
        while let Some(core) = work.pop() {
            if let Some(mut core) = Arc::into_inner(core) {
                work.extend(std::mem::take(&mut core.state.get_mut().children).into_values());
            }
        }
    }
}

#[cfg(test)]
pub(super) fn children(core: &Core) -> usize {
    core.state.lock().children.len()
}
