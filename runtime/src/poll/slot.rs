//! What the kernel's events point to: the two directions of a descriptor, in memory that is never
//! freed.
//!
//! An event that was fetched before its descriptor was deregistered may be delivered to whoever has
//! the slot by then. That costs him one look: events only say that a call is worth trying.

use parking_lot::Mutex;

use super::direction::{Direction, Task};

/// Slots that are allocated at once.
const BATCH: usize = 64;

/// The part of a descriptor that events touch.
pub(crate) struct Slot {
    pub(crate) read: Direction,
    pub(crate) write: Direction,
}

/// What an event says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Happened {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// There is no more to come from the other side, or the descriptor has failed, or there is
    /// urgent data among the rest.
    pub(crate) read_ended: bool,
    pub(crate) write_ended: bool,
}

static FREE: Mutex<Vec<&'static Slot>> = Mutex::new(Vec::new());

impl Slot {
    fn new() -> Slot {
        Slot {
            read: Direction::new(),
            write: Direction::new(),
        }
    }

    /// A slot that nobody uses, both directions taken for ready.
    pub(crate) fn take() -> &'static Slot {
        let mut free = FREE.lock();
        if let Some(slot) = free.pop() {
            return slot;
        }
        let batch: Vec<Slot> = std::iter::repeat_with(Slot::new).take(BATCH).collect();
        free.extend(batch.leak().iter());
        match free.pop() {
            Some(slot) => slot,
            None => unreachable!("a batch was just added"),
        }
    }

    /// For the next one. Nobody waits in it.
    pub(crate) fn give_back(&'static self) {
        self.read.reset();
        self.write.reset();
        FREE.lock().push(self);
    }

    /// The number under which the kernel knows it.
    pub(crate) fn token(&'static self) -> usize {
        std::ptr::from_ref(self).expose_provenance()
    }

    /// The slot that [`Slot::token`] was asked of.
    ///
    /// # Safety
    /// `token` comes from there.
    pub(crate) unsafe fn from_token(token: usize) -> &'static Slot {
        // SAFETY: slots are never freed, and the address was exposed.
        unsafe { &*std::ptr::with_exposed_provenance(token) }
    }

    /// Takes an event to the waiters; gives those that have to be made runnable.
    pub(crate) fn happened(&self, event: Happened, woken: &mut Vec<Task>) {
        if event.read_ended {
            self.read.announce_end(woken);
        } else if event.readable {
            woken.extend(self.read.announce());
        }
        if event.write_ended {
            self.write.announce_end(woken);
        } else if event.writable {
            woken.extend(self.write.announce());
        }
    }
}
