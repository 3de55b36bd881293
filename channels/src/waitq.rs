//! The queue of waiters: intrusive, doubly linked, first in first out, with removal from the middle
//! in O(1).
//!
//! Everything here happens under the lock of the channel the queue belongs to, except
//! [`WaitQueue::looks_empty`].

use std::ptr::{self, NonNull};

use crate::shim::{AtomicPtr, Ordering, UnsafeCell};
use crate::waiter::{Node, Taken};

/// Waiters in the order in which they came.
#[derive(Debug)]
pub struct WaitQueue {
    /// Atomic only for the look without the lock; written under it.
    head: AtomicPtr<Node>,
    tail: UnsafeCell<*const Node>,
}

impl Default for WaitQueue {
    fn default() -> WaitQueue {
        WaitQueue::new()
    }
}

impl WaitQueue {
    /// An empty queue.
    pub fn new() -> WaitQueue {
        WaitQueue {
            head: AtomicPtr::new(ptr::null_mut()),
            tail: UnsafeCell::new(ptr::null()),
        }
    }

    /// Whether nobody waits, seen without the lock: true at some moment between call and return.
    /// `false` may be out of date, or mean a waiter that somebody else has won already.
    #[inline(always)]
    pub fn looks_empty(&self) -> bool {
        // Acquire pairs with the release stores below: who sees a queue emptied sees what was done
        // before that under the lock.
        self.head.load(Ordering::Acquire).is_null()
    }

    #[inline(always)]
    fn first(&self) -> *mut Node {
        // Under the lock, which orders it.
        self.head.load(Ordering::Relaxed)
    }

    /// Puts a node at the end.
    ///
    /// # Safety
    /// The lock is held; the node is in no queue; it stays where it is until it has left this one;
    /// it was aimed.
    #[inline]
    pub unsafe fn push(&self, node: &Node) {
        self.tail.with_mut(|tail| {
            // SAFETY: the lock is held, and the nodes in the queue are alive.
            unsafe {
                node.set_links(*tail, ptr::null(), true);
                match (*tail).as_ref() {
                    Some(last) => last.set_next(node),
                    None => self.head.store(ptr::from_ref(node).cast_mut(), Ordering::Release),
                }
                *tail = node;
            }
        });
    }

    /// Takes a node out, wherever it stands. Whether it was still in.
    ///
    /// # Safety
    /// The lock is held, and if the node is in a queue it is in this one.
    #[inline]
    pub unsafe fn remove(&self, node: &Node) -> bool {
        self.tail.with_mut(|tail| {
            // SAFETY: the lock is held, and the nodes in the queue are alive.
            unsafe {
                if !node.is_queued() {
                    return false;
                }
                let (prev, next) = node.links();
                match prev.as_ref() {
                    Some(before) => before.set_next(next),
                    None => self.head.store(next.cast_mut(), Ordering::Release),
                }
                match next.as_ref() {
                    Some(after) => after.set_prev(prev),
                    None => *tail = prev,
                }
                node.set_links(ptr::null(), ptr::null(), false);
                true
            }
        })
    }

    /// Takes the first waiter that can be won. Those whom somebody else has won are dropped from
    /// the queue on the way: their owner is awake, or about to be, and looks at every source again.
    ///
    /// # Safety
    /// The lock is held.
    #[inline]
    pub unsafe fn take(&self) -> Option<Taken> {
        loop {
            let node = NonNull::new(self.first())?;
            // SAFETY: the lock is held, so a node in the queue is alive: its owner has to come
            // here, with the lock, to remove it before it goes away. The claim and the removal are
            // one critical section.
            unsafe {
                let won = node.as_ref().try_claim();
                self.remove(node.as_ref());
                if won {
                    return Some(Taken(node));
                }
            }
        }
    }
}
