//! A waiter: one entry in a channel's queue of waiting senders or receivers.
//!
//! Who waits makes a [`Node`] for each queue it stands in (a plain operation: one; a `select!`: one
//! an arm) and one [`Head`] that all of them point to. Both live where the waiter lives: on the
//! parked stack, which never moves, or, for a future, in a box. No waiting allocates.
//!
//! Invariants:
//! * A node's data belongs to the lock of the channel in whose queue it is. Once a waker has
//!   *taken* the node (claimed and dequeued it in one critical section) nobody but the owner ever
//!   touches it again, and the owner only after it was readied.
//! * A head is taken at most once: by whoever dequeues the node of a plain operation, or by whoever
//!   wins the claim. Who has taken it moves the task out while it still holds the lock, and calls
//!   `ready` after it has released it.
//! * Between taking the task and readying it, node, head and slot stay valid: their owner cannot go
//!   on. A future's owner *can* go on (it may be dropped), so nothing of it is touched after the
//!   lock is released.

use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use crate::rt::{Claim, Task};
use crate::shim::UnsafeCell;

/// A place for one value that two parties hand over. Whether it holds one is known from the
/// protocol, not from the slot.
pub(crate) struct Slot<T>(UnsafeCell<MaybeUninit<T>>);

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

impl<T> Slot<T> {
    #[inline(always)]
    pub(crate) fn full(value: T) -> Slot<T> {
        Slot(UnsafeCell::new(MaybeUninit::new(value)))
    }

    #[inline(always)]
    pub(crate) fn empty() -> Slot<T> {
        Slot(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// # Safety
    /// The slot holds no value and nobody else uses it now.
    #[inline(always)]
    pub(crate) unsafe fn write(&self, value: T) {
        // SAFETY: by contract.
        self.0.with_mut(|slot| unsafe { (*slot).write(value) });
    }

    /// # Safety
    /// The slot holds a value, which the caller takes out, and nobody else uses it now.
    #[inline(always)]
    pub(crate) unsafe fn read(&self) -> T {
        // SAFETY: by contract.
        self.0.with_mut(|slot| unsafe { (*slot).assume_init_read() })
    }

    #[inline(always)]
    pub(crate) fn erased(&self) -> *const () {
        ptr::from_ref(self).cast()
    }
}

/// How the operation of a waiter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has not.
    Waiting,
    /// The value is in the receiver's slot, or was taken out of the sender's.
    Done,
    /// The channel was closed.
    Closed,
    /// Nobody can receive any more.
    NoReceiver,
}

/// How a waiter is won by a waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It stands in one queue and nothing else wakes it: who dequeues it has it.
    Plain,
    /// It stands in several queues, or a timer runs: who wins the claim has it.
    Claimed,
    /// As `Plain`, but it belongs to a future, which may be dropped after it was handed a value.
    Future,
}

/// What the nodes of one waiter share.
pub struct Head {
    kind: Kind,
    pub(crate) claim: Claim,
    /// Set before a node is published; moved out by the one who takes the waiter.
    task: UnsafeCell<Option<Task>>,
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("kind", &self.kind)
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}

impl Head {
    #[inline]
    pub(crate) fn new(kind: Kind, task: Task) -> Head {
        Head {
            kind,
            claim: Claim::new(),
            task: UnsafeCell::new(Some(task)),
        }
    }

    /// # Safety
    /// The caller has just taken the waiter and holds the lock under which it did, or is its owner
    /// while no node is queued.
    pub(crate) unsafe fn replace_task(&self, task: Option<Task>) -> Option<Task> {
        // SAFETY: by contract nobody else touches the task now.
        self.task
            .with_mut(|cell| unsafe { std::mem::replace(&mut *cell, task) })
    }
}

#[derive(Debug)]
struct Data {
    next: *const Node,
    prev: *const Node,
    queued: bool,
    outcome: Outcome,
    head: *const Head,
    slot: *const (),
    /// What the waker writes into the claim; never 0.
    winner: usize,
    /// The order in which values were handed to futures.
    ticket: usize,
}

/// One entry in a [`WaitQueue`](crate::source::WaitQueue).
#[derive(Debug)]
pub struct Node(UnsafeCell<Data>);

impl Default for Node {
    fn default() -> Node {
        Node::new()
    }
}

impl Node {
    /// A node that stands nowhere.
    #[inline]
    pub fn new() -> Node {
        Node(UnsafeCell::new(Data {
            next: ptr::null(),
            prev: ptr::null(),
            queued: false,
            outcome: Outcome::Waiting,
            head: ptr::null(),
            slot: ptr::null(),
            winner: 1,
            ticket: 0,
        }))
    }

    /// Reads or changes the data.
    ///
    /// # Safety
    /// The caller holds the lock the node belongs to, or is its owner while nobody else can reach
    /// it.
    #[inline(always)]
    unsafe fn data<R>(&self, f: impl FnOnce(&mut Data) -> R) -> R {
        // SAFETY: by contract; `f` is always one of the small closures of this file, none of which
        // re-enters.
        self.0.with_mut(|data| f(unsafe { &mut *data }))
    }

    /// Says who waits and where the value is or goes.
    ///
    /// # Safety
    /// As for every use of the data (see above); `head` and `slot` outlive the node's stay in a
    /// queue, and `slot` is a `Slot` of the item type of the queue's channel.
    #[inline]
    pub(crate) unsafe fn aim(&self, head: &Head, slot: *const (), winner: usize) {
        // SAFETY: by contract.
        unsafe {
            self.data(|d| {
                d.head = head;
                d.slot = slot;
                d.winner = winner;
                d.outcome = Outcome::Waiting;
            });
        }
    }

    /// # Safety
    /// The caller holds the lock the node belongs to, or owns the node and was readied.
    #[inline]
    pub(crate) unsafe fn outcome(&self) -> Outcome {
        // SAFETY: by contract.
        unsafe { self.data(|d| d.outcome) }
    }

    /// # Safety
    /// The caller holds the lock the node belongs to.
    pub(crate) unsafe fn is_queued(&self) -> bool {
        // SAFETY: by contract.
        unsafe { self.data(|d| d.queued) }
    }

    /// # Safety
    /// The caller holds the lock the node belongs to.
    pub(crate) unsafe fn ticket(&self) -> usize {
        // SAFETY: by contract.
        unsafe { self.data(|d| d.ticket) }
    }

    /// Links and marks the node, and returns nothing: used by the queue only.
    ///
    /// # Safety
    /// The caller holds the queue's lock.
    #[inline(always)]
    pub(crate) unsafe fn set_links(&self, prev: *const Node, next: *const Node, queued: bool) {
        // SAFETY: by contract.
        unsafe {
            self.data(|d| {
                d.prev = prev;
                d.next = next;
                d.queued = queued;
            });
        }
    }

    /// # Safety
    /// The caller holds the queue's lock.
    #[inline(always)]
    pub(crate) unsafe fn set_next(&self, next: *const Node) {
        // SAFETY: by contract.
        unsafe { self.data(|d| d.next = next) };
    }

    /// # Safety
    /// The caller holds the queue's lock.
    #[inline(always)]
    pub(crate) unsafe fn set_prev(&self, prev: *const Node) {
        // SAFETY: by contract.
        unsafe { self.data(|d| d.prev = prev) };
    }

    /// `(prev, next)`.
    ///
    /// # Safety
    /// The caller holds the queue's lock.
    #[inline(always)]
    pub(crate) unsafe fn links(&self) -> (*const Node, *const Node) {
        // SAFETY: by contract.
        unsafe { self.data(|d| (d.prev, d.next)) }
    }

    /// Tries to win the waiter.
    ///
    /// # Safety
    /// The caller holds the lock the node belongs to, and the node was published in its queue.
    #[inline(always)]
    pub(crate) unsafe fn try_claim(&self) -> bool {
        // SAFETY: by contract; the head outlives the node's stay in the queue, which ends only
        // under this lock.
        unsafe {
            let (head, winner) = self.data(|d| (d.head, d.winner));
            (*head).kind != Kind::Claimed || (*head).claim.try_claim(winner)
        }
    }
}

/// A waiter that was taken: dequeued and, where needed, claimed. It has to be completed before the
/// lock is released.
#[derive(Debug)]
#[must_use = "the waiter sleeps until it is completed and its task is readied"]
pub struct Taken(pub(crate) NonNull<Node>);

impl Taken {
    /// The slot to take the value from or to put it into.
    ///
    /// # Safety
    /// `T` is the item type of the channel in whose queue the waiter was, and the channel's lock is
    /// held.
    #[inline(always)]
    pub(crate) unsafe fn slot<T>(&self) -> &Slot<T> {
        // SAFETY: the waiter is ours, so the node is alive; `aim` was given a `Slot<T>` that lives
        // as long.
        unsafe { &*self.0.as_ref().data(|d| d.slot).cast::<Slot<T>>() }
    }

    /// Whether it belongs to a future.
    ///
    /// # Safety
    /// The lock under which the waiter was taken is still held.
    #[inline(always)]
    pub(crate) unsafe fn is_future(&self) -> bool {
        // SAFETY: the waiter is ours, so node and head are alive.
        unsafe { (*self.0.as_ref().data(|d| d.head)).kind == Kind::Future }
    }

    /// # Safety
    /// The lock under which the waiter was taken is still held.
    pub(crate) unsafe fn set_ticket(&self, ticket: usize) {
        // SAFETY: the waiter is ours, so the node is alive.
        unsafe { self.0.as_ref().data(|d| d.ticket = ticket) };
    }

    /// Writes down how it ended and moves the task out, to be readied once the lock is released.
    ///
    /// # Safety
    /// The lock under which the waiter was taken is still held.
    #[inline(always)]
    pub(crate) unsafe fn complete(self, outcome: Outcome) -> Task {
        // SAFETY: the waiter is ours, so node and head are alive, and nobody else reads them before
        // the task is readied.
        unsafe {
            let head = self.0.as_ref().data(|d| {
                d.outcome = outcome;
                d.head
            });
            match (*head).replace_task(None) {
                Some(task) => task,
                // A published waiter has a task, and only the one who takes the waiter takes it.
                None => unreachable!("a waiter was taken twice"),
            }
        }
    }
}

/// The head and the node of an operation that waits in one queue.
#[derive(Debug)]
pub(crate) struct Wait {
    pub(crate) head: Head,
    pub(crate) node: Node,
}

impl Wait {
    /// Fills `this` in, ready to be queued.
    ///
    /// # Safety
    /// `this` stays where it is and is not used otherwise until the wait is over; `slot` as in
    /// [`Node::aim`].
    #[inline]
    pub(crate) unsafe fn start(
        this: &mut MaybeUninit<Wait>,
        kind: Kind,
        task: Task,
        slot: *const (),
    ) -> &Wait {
        let wait = this.write(Wait {
            head: Head::new(kind, task),
            node: Node::new(),
        });
        // From here on the node is shared with wakers, so only shared references to it are made.
        let wait: &Wait = wait;
        // SAFETY: nobody else knows the node yet.
        unsafe { wait.node.aim(&wait.head, slot, 1) };
        wait
    }
}
