//! A worker whose thread belongs to one goroutine: Go's `LockOSThread`.
//!
//! While it is *locked* a worker runs what is bound to its thread and nothing else. It does not
//! count to GOMAXPROCS (it is absent, like one in a long run, so another worker joins), sleeps
//! among the retired ones, keeps no time and looks into no poller. What the goroutine makes
//! runnable goes to the global queue when it waits; before that, thieves take it as from anybody.
//!
//! When the goroutine ends without having unlocked the thread, that is spoiled: who knows what it
//! has done to it. The thread ends, and the worker gets a new one when it is woken next. (Not
//! before the last one is gone that is bound to the thread too, which happens in the migration mode
//! `pinned` only.) Threads are started from a clean one then: see
//! [`template`](crate::sys::thread::start_template).

use std::sync::atomic::Ordering;

use crate::g::G;
use crate::worker::sleep::Slept;
use crate::worker::{LOCKED, Worker};

impl Worker {
    /// From now on this thread belongs to the goroutine that runs on it.
    #[cold]
    pub(crate) fn lock_thread(&self) {
        self.lockers.set(self.lockers.get() + 1);
        if self.post.is_locked() {
            return;
        }
        self.post.absent.fetch_or(LOCKED, Ordering::SeqCst);
        self.rt.idle.set_locked(self.index, true);
        self.rt.rebalance();
    }

    /// From now on the worker counts again, unless another goroutine that is bound here has the
    /// thread locked too.
    #[cold]
    pub(crate) fn unlock_thread(&self) {
        self.lockers.set(self.lockers.get() - 1);
        if self.lockers.get() > 0 || self.spoiled.get() {
            return;
        }
        self.post.absent.fetch_and(!LOCKED, Ordering::SeqCst);
        self.rt.idle.set_locked(self.index, false);
        self.rt.rebalance();
    }

    /// A goroutine has ended that was bound to this thread.
    #[inline(never)]
    pub(super) fn end_bound(&self, g: &G) {
        self.rt.unbind(g, self);
        if g.flags.locked.get() > 0 {
            self.lockers.set(self.lockers.get() - 1);
            self.spoiled.set(true);
        }
    }

    /// The life of a locked worker: runs what is bound to its thread, until it is unlocked or has
    /// to end.
    pub(super) fn serve_locked(&'static self) -> Slept {
        let mut searching = false;
        while self.post.is_locked() {
            self.post.queue.tick();
            if let Some(g) = self.bound_work() {
                if std::mem::take(&mut searching) {
                    self.stop_search();
                }
                self.execute(g);
                self.clear_stuck();
            } else if self.spoiled.get() && self.homes() == 0 {
                if self.try_abandon(searching) {
                    return Slept::Left;
                }
                searching = true;
            } else {
                // It does not leave while something is bound to its thread.
                let _awake = self.sleep(searching);
                searching = true;
            }
        }
        Slept::Awake
    }

    /// Leaves the thread, unless the worker was woken at this moment (it then counts as a
    /// searcher). `true`: it may belong to another thread already, so that nothing of it may be
    /// touched any more.
    fn try_abandon(&'static self, searching: bool) -> bool {
        let (rt, post, index) = (self.rt, self.post, self.index);
        self.rest();
        if !rt.idle.lie_down(index, searching, rt) {
            return false;
        }
        self.spoiled.set(false);
        // The next thread may lock itself at once: what belongs to this one ends before.
        let unlock = || {
            post.absent.fetch_and(!LOCKED, Ordering::SeqCst);
            rt.idle.set_locked(index, false);
        };
        if !self.try_leave(unlock) {
            // Whoever took it off the list counted it as a searcher.
            self.spoiled.set(true);
            return false;
        }
        rt.rebalance();
        // It may have been the last one awake: somebody has to see to the timers, and ask whether
        // anybody can run again.
        rt.ask_again();
        true
    }
}
