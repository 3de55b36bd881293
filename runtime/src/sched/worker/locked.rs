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

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use crate::g::G;
use crate::idle::Surroundings;
use crate::sched::worker::sleep::Slept;
use crate::sched::worker::{LOCKED, Worker};

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

    /// The life of a locked worker: runs what is bound to its thread, until that is unlocked, or
    /// has to end (`Break`: the worker is not this thread's any more).
    pub(super) fn serve_locked(&'static self) -> ControlFlow<()> {
        let mut searching = false;
        while self.post.is_locked() {
            self.post.queue.tick();
            if let Some(g) = self.bound_work() {
                if std::mem::take(&mut searching) {
                    self.stop_search();
                }
                self.execute(g);
                self.clear_stuck();
                continue;
            }
            let spoiled = self.spoiled.get() && self.homes() == 0;
            let slept = if spoiled {
                self.abandon(searching)
            } else {
                self.sleep(searching)
            };
            match slept {
                Slept::Awake { searching: counts } => searching = counts,
                Slept::Left => return ControlFlow::Break(()),
            }
        }
        ControlFlow::Continue(())
    }

    /// Leaves the thread, unless the worker is woken at this moment.
    fn abandon(&'static self, searching: bool) -> Slept {
        let rt = self.rt;
        self.rest();
        if !rt.idle.lie_down(self.index, searching, rt) || !self.try_leave() {
            // For a moment it was on the list: the monitor may have taken that for sleep.
            rt.bell.worker_woken();
            return self.awake(false);
        }
        rt.rebalance();
        // It may have been the last one awake: somebody has to see to the timers (the rebalance is
        // a fence behind the list), and ask whether anybody can run again.
        if rt.watch_is_vacant() {
            rt.notify();
        }
        rt.ask_again();
        Slept::Left
    }
}
