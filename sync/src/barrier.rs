//! `Barrier`.

use super::limit::Limit;
use super::rt::explore::{self, Op};
use super::rt::{WaitReason, const_unless_loom};
use super::wait_list::{Place, WaitList};

const WAIT: Op = Op::new("wait", "barrier");

/// Lets a number of goroutines go on together, again and again: each waits until all have come. Shaped as std's.
///
/// A goroutine that panics before it comes leaves the others waiting.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::Barrier;
/// use std::sync::Arc;
///
/// gort::run(|| {
///     let barrier = Arc::new(Barrier::new(3));
///     let handles: Vec<_> = (0..3).map(|_| go!([barrier] { barrier.wait().is_leader() })).collect();
///     let leaders = handles.into_iter().map(|h| h.join().unwrap()).filter(|&leads| leads).count();
///     assert_eq!(leaders, 1);
/// });
/// ```
#[derive(Debug)]
pub struct Barrier {
    size: usize,
    /// The state is how many have come and wait.
    arrived: WaitList<usize>,
}

/// Whether this was the one that let the others go: see [`Barrier::wait`].
///
/// ```
/// use gort::sync::Barrier;
///
/// let barrier = Barrier::new(3);
/// let leaders = gort::scope(|s| {
///     let members = [(); 3].map(|()| s.spawn(|| barrier.wait()));
///     members.into_iter().filter_map(|member| member.join().ok()).filter(|result| result.is_leader()).count()
/// });
/// assert_eq!(leaders, 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarrierWaitResult {
    leader: bool,
}

impl BarrierWaitResult {
    /// `true` for exactly one of those who went on together.
    ///
    /// ```
    /// assert!(gort::sync::Barrier::new(1).wait().is_leader());
    /// ```
    pub fn is_leader(&self) -> bool {
        self.leader
    }
}

impl Barrier {
    const_unless_loom! {
        /// A barrier for `size` goroutines; 0 is as good as 1.
        ///
        /// ```
        /// gort::sync::Barrier::new(1).wait();
        /// ```
        pub fn new(size: usize) -> Barrier {
            Barrier { size, arrived: WaitList::new(0) }
        }
    }

    /// The same with a name, which reports say. It costs nothing later.
    ///
    /// ```
    /// gort::sync::Barrier::named("start", 1).wait();
    /// ```
    #[cfg(not(loom))]
    pub fn named(name: impl Into<std::borrow::Cow<'static, str>>, size: usize) -> Barrier {
        let name = name.into();
        let named = Barrier::new(size);
        named.arrived.label().set(name);
        named
    }

    /// Waits until as many goroutines as the barrier is made for have called this. It is then ready for the next round.
    ///
    /// ```
    /// let barrier = gort::sync::Barrier::new(2);
    /// gort::scope(|s| {
    ///     s.spawn(|| barrier.wait());
    ///     barrier.wait();
    /// });
    /// ```
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        explore::point_handed_over(WAIT, std::ptr::from_ref(self).addr());
        let mut held = self.arrived.lock();
        let last = held.with(|_, arrived| *arrived + 1 >= self.size);
        if last {
            held.finish(|queue, arrived, wake| {
                *arrived = 0;
                queue.grant_all(0, wake);
            });
        } else {
            held.with(|_, arrived| *arrived += 1);
            // Nobody gives up, so nobody who has come goes away.
            let _ = held.wait(Place::Back, 0, WaitReason::BarrierWait, &Limit::Never);
        }
        BarrierWaitResult { leader: last }
    }
}
