//! The loop of a worker: find a goroutine, run it, do what it asked for when it switched away.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use crate::config::Migration;
use crate::explore::group::leaving;
use crate::explore::searches;
use crate::g::join::Whose;
use crate::g::{GRef, NO_HOME, Request};
use crate::panic_value::Panic;
use crate::sched::entry::Entry;
use crate::sched::worker::{Post, STUCK, Worker, orphans};
use crate::sched::{shake, turn};
use crate::sys::clock;

impl Worker {
    /// The life of the worker's thread, which begins when somebody has taken the worker off the
    /// list.
    ///
    /// Returns when the thread is to end; the worker is not this thread's any more then.
    pub(super) fn work(&'static self) {
        self.head.set_clock(clock::now());
        let mut searching = self.rt.idle.wakes_searching(self.index);
        while let Some(g) = self.next(&mut searching) {
            if searching {
                searching = false;
                self.stop_search();
            }
            self.execute(g);
            // Not before: a commit releases locks for which others may spin, and coming back takes
            // longer than that.
            if self.post.is_absent() && self.come_back().is_break() {
                return;
            }
        }
    }

    /// Runs `g` until it switches away. Inlined into every loop that calls it: a return to a frame
    /// from before the switch is always mispredicted.
    #[inline(always)]
    pub(super) fn execute(&self, g: GRef) {
        if g.fiber_if_bound().is_some() {
            self.prefetcher.look_ahead(g);
            self.post.reuse_distance.note(g, || self.post.queue.ticks());
        } else if !self.give_stack(g) {
            return;
        }
        g.set_running(self.index as u16);
        self.head.set_current(g.as_ptr().cast());
        let fiber = g.fiber();
        // SAFETY: the goroutine came out of a queue, so it is suspended and this thread alone has
        // it; it has a stack.
        unsafe { fiber.resume() };
        self.head.set_current(std::ptr::null_mut());
        if searches::any() {
            return self.serve_member(g);
        }
        self.serve(g, g.request());
    }

    /// Does what a goroutine asked for that has just switched away.
    #[inline(always)]
    fn serve(&self, g: GRef, request: Request) {
        match request {
            // From the commit on, somebody else may run the goroutine: nothing may touch it
            // afterwards. SAFETY: it has just left by `suspend`. The pair was made by
            // `park_goroutine`, whose frame is alive until the commit lets a waker in.
            Request::Park(commit, data) => unsafe {
                g.note_wait(self.head.clock());
                commit(data);
            },
            Request::Yield => self.requeue(g),
            Request::Finish => self.finish(g),
        }
    }

    /// The same for one whose schedules may be explored. Apart, so that the others keep nothing
    /// across the commit.
    #[cold]
    #[inline(never)]
    fn serve_member(&self, g: GRef) {
        let request = g.request();
        // Before the commit: afterwards it may be anybody's.
        let explored = leaving(&g);
        self.serve(g, request);
        if let Some((group, number)) = explored {
            let has_ended = matches!(request, Request::Finish);
            turn::carry_on(group, group.stopped(number, has_ended));
        }
        if shake::is_on() {
            shake::shuffle(self);
        }
    }

    /// After a run that was so long that the monitor replaced this worker: it counts again. And
    /// after one in which a goroutine has taken the thread for itself: serves that one until it
    /// gives the thread back, or ends. Then the thread is to end too.
    #[cold]
    fn come_back(&'static self) -> ControlFlow<()> {
        self.clear_stuck();
        if self.post.is_locked() {
            return self.serve_locked();
        }
        ControlFlow::Continue(())
    }

    /// Takes the monitor's mark away.
    #[cold]
    pub(super) fn clear_stuck(&self) {
        if self.post.absent.fetch_and(!STUCK, Ordering::SeqCst) & STUCK != 0 {
            self.rt.rebalance();
        }
    }

    /// Gives a fresh goroutine a stack. `false` if there is none to be had; the goroutine has then
    /// ended with a panic.
    #[cold]
    fn give_stack(&self, g: GRef) -> bool {
        let default = self.rt.config.stack_size;
        let mut found = self.with_fibers(|fibers| fibers.take::<Entry>(g.stack_size(), default));
        if found.is_err() && g.flags.is_main.get() {
            // Its large stack is a courtesy: RLIMIT_STACK or RLIMIT_AS may forbid it.
            g.set_stack_size(default);
            found = self.with_fibers(|fibers| fibers.take::<Entry>(default, default));
        }
        match found {
            Ok(fiber) => {
                // SAFETY: made for this, idle, and ours.
                unsafe { fiber.bind::<Entry>(g.occupant()) };
                g.set_fiber(Some(fiber));
                if self.rt.config.migration == Migration::Pinned {
                    g.set_home(self.index as u16);
                    self.count_bound();
                }
                true
            }
            Err(no_stack) => {
                self.end_without_stack(g, &no_stack);
                false
            }
        }
    }

    /// A goroutine for which the kernel gives no stack ends as if it had panicked, so that whoever
    /// waits for it is told.
    #[cold]
    fn end_without_stack(&self, g: GRef, no_stack: &crate::fiber::NoStack) {
        let live = self.rt.goroutines();
        let panic = Panic::from_message(format!(
            "go: cannot allocate a stack of {} bytes for goroutine {} (spawned at {}): the kernel refused the memory with {live} \
             goroutines alive; the limits are vm.max_map_count{}, RLIMIT_AS, RLIMIT_STACK (hard) and the cgroup's memory",
            no_stack.size,
            g.id(),
            g.spawn_site(),
            crate::sys::memory::max_map_count()
                .map(|limit| format!(" (now {limit})"))
                .unwrap_or_default(),
        ));
        Post::bump(&self.post.ended);
        orphans::end(g, panic);
    }

    fn requeue(&self, g: GRef) {
        match self.rt.bound_to(g) {
            None => self.queue.push(g),
            Some(index) if index == self.index && g.home() != NO_HOME => self.push_bound(g),
            Some(index) => self.rt.send_bound(g, index),
        }
    }

    /// The goroutine has ended: its fiber is free, and so is its block once the handle is gone.
    /// Inlined like `execute`: a call here is a twentieth of what a goroutine costs that does
    /// nothing.
    #[inline(always)]
    fn finish(&self, g: GRef) {
        if g.home() != NO_HOME {
            self.end_bound(&g);
        }
        let fiber = g.fiber();
        g.set_fiber(None);
        let default = self.rt.config.stack_size;
        self.with_fibers(|fibers| fibers.give(fiber, g.stack_size(), default));
        self.free_if_last(g);
    }

    #[inline]
    fn free_if_last(&self, g: GRef) {
        Post::bump(&self.post.ended);
        if g.life.runner_gone() == Whose::Mine {
            // SAFETY: the state machine says that nobody else refers to the block.
            unsafe { g.reset() };
            self.with_blocks(|blocks| blocks.give(g));
        }
    }
}
