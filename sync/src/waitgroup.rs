//! `WaitGroup`.
//!
//! The word holds the counter and whether anybody waits. With a waiter, the step to zero is taken under the queue's lock, and
//! so is getting in line: so that step wakes exactly those who wait for this round, whoever comes for the next one.

use std::time::Duration;

use super::limit::Limit;
#[cfg(not(loom))]
use super::limit::until_done;
use super::rt::explore::{self, Op};
use super::rt::{self, Arc, AtomicU64, Ordering, WaitReason};
use super::wait_list::{Place, WaitList};
#[cfg(not(loom))]
use crate::rt::RecvFrom;

const ADD: Op = Op::new("add", "waitgroup");
const DONE: Op = Op::new("done", "waitgroup");
const WAIT: Op = Op::new("wait", "waitgroup");

/// Somebody waits.
const WAITED: u64 = 1;
/// One in the counter.
const ONE: u64 = 2;
const MAX: u64 = i32::MAX as u64;

/// Waits for a number of goroutines to finish. Clones are handles to the same group.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::WaitGroup;
///
/// gort::run(|| {
///     let wg = WaitGroup::new();
///     for _ in 0..3 {
///         wg.add(1);
///         go!([wg] {
///             defer! { wg.done(); }
///             // …
///         });
///     }
///     wg.wait();
/// });
/// ```
#[derive(Clone, Debug, Default)]
pub struct WaitGroup {
    group: Arc<Group>,
}

#[derive(Debug)]
struct Group {
    word: AtomicU64,
    waiting: WaitList<()>,
}

impl Default for Group {
    fn default() -> Group {
        Group {
            word: AtomicU64::new(0),
            waiting: WaitList::new(()),
        }
    }
}

impl WaitGroup {
    /// A group whose counter is zero.
    ///
    /// ```
    /// let wg = gort::sync::WaitGroup::new();
    /// wg.wait(); // nobody to wait for
    /// ```
    pub fn new() -> WaitGroup {
        WaitGroup::default()
    }

    /// The same with a name, which reports say. It costs nothing later.
    ///
    /// ```
    /// gort::sync::WaitGroup::named("workers").wait();
    /// ```
    #[cfg(not(loom))]
    pub fn named(name: impl Into<std::borrow::Cow<'static, str>>) -> WaitGroup {
        let name = name.into();
        let named = WaitGroup::new();
        named.group.waiting.label().set(name);
        named
    }

    /// Raises the counter by `count`. Raise it before the goroutines start, not inside of them.
    ///
    /// # Panics
    /// `sync: WaitGroup counter overflow` beyond 2³¹ - 1.
    ///
    /// ```
    /// use gort::prelude::*;
    ///
    /// let wg = gort::sync::WaitGroup::new();
    /// wg.add(2);
    /// for _ in 0..2 {
    ///     go!([wg] { wg.done() });
    /// }
    /// wg.wait();
    /// ```
    #[doc(alias = "Add")]
    #[track_caller]
    pub fn add(&self, count: usize) {
        let fits = u64::try_from(count).ok().filter(|&count| count <= MAX);
        let Some(count) = fits else {
            panic!("sync: WaitGroup counter overflow")
        };
        explore::point(ADD, self.group.address());
        let before = self.group.word.fetch_add(count * ONE, Ordering::Relaxed);
        if before / ONE + count > MAX {
            self.group.word.fetch_sub(count * ONE, Ordering::Relaxed);
            panic!("sync: WaitGroup counter overflow");
        }
    }

    /// Lowers the counter by one; at zero everybody who waits goes on.
    ///
    /// # Panics
    /// `sync: negative WaitGroup counter` if it is zero; it stays zero.
    ///
    /// ```
    /// let wg = gort::sync::WaitGroup::new();
    /// wg.add(1);
    /// wg.done();
    /// wg.wait();
    /// ```
    #[doc(alias = "Done")]
    #[track_caller]
    pub fn done(&self) {
        explore::point(DONE, self.group.address());
        let mut word = self.group.word.load(Ordering::Relaxed);
        loop {
            if word < ONE {
                panic!("sync: negative WaitGroup counter");
            }
            if word == ONE | WAITED {
                return self.group.done_waited();
            }
            // AcqRel: what every `done` did before is seen by the one that comes to zero, and so by those who wait.
            match self
                .group
                .word
                .compare_exchange_weak(word, word - ONE, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(seen) => word = seen,
            }
        }
    }

    /// Waits until the counter is zero.
    ///
    /// ```
    /// let wg = gort::sync::WaitGroup::new();
    /// wg.go(|| gort::runtime::gosched());
    /// wg.wait();
    /// ```
    #[doc(alias = "Wait")]
    #[track_caller]
    pub fn wait(&self) {
        self.group.wait(&Limit::Never);
    }

    /// Waits until the counter is zero, but not longer than `timeout`. `false` if the time ran out.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let wg = gort::sync::WaitGroup::new();
    /// wg.add(1);
    /// assert!(!wg.wait_timeout(Duration::from_millis(1)));
    /// wg.done();
    /// assert!(wg.wait_timeout(Duration::from_millis(1)));
    /// ```
    #[must_use = "it says whether the counter came to zero"]
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.group.wait(&Limit::after(timeout))
    }

    /// Waits until the counter is zero, or a value comes from `done`, or it is closed. `false` if that came first.
    ///
    /// ```
    /// use gort::prelude::*;
    ///
    /// let wg = gort::sync::WaitGroup::new();
    /// let done = chan!(());
    /// assert!(wg.wait_or(&done));
    /// wg.add(1);
    /// done.close();
    /// assert!(!wg.wait_or(&done));
    /// ```
    #[must_use = "it says whether the counter came to zero"]
    #[cfg(not(loom))]
    #[track_caller]
    pub fn wait_or(&self, done: &impl RecvFrom) -> bool {
        self.group.is_zero() || until_done(done, |limit| self.group.wait(limit) && !limit.has_come())
    }

    /// Whether the counter is zero and nothing is left of those who waited.
    #[cfg(all(test, loom))]
    pub(super) fn at_rest(&self) -> bool {
        self.group.word.load(Ordering::Relaxed) == 0
    }

    /// Raises the counter, and starts a goroutine that runs `f` and then lowers it, also if `f` calls
    /// [`goexit`](gort_runtime::goexit).
    ///
    /// `f` must not panic: as in Go (since 1.25) nobody can observe the panic, it is reported and ends the process, and nobody
    /// who waits for the group goes on before that. For a handle, and panics that it passes on, use `go!` and
    /// [`add`](WaitGroup::add).
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use std::sync::Arc;
    ///
    /// gort::run(|| {
    ///     let sum = Arc::new(AtomicU32::new(0));
    ///     let wg = gort::sync::WaitGroup::new();
    ///     for i in 1..=4 {
    ///         let sum = Arc::clone(&sum);
    ///         wg.go(move || sum.fetch_add(i, Ordering::Relaxed));
    ///     }
    ///     wg.wait();
    ///     assert_eq!(sum.load(Ordering::Relaxed), 10);
    /// });
    /// ```
    #[doc(alias = "Go")]
    #[track_caller]
    pub fn go<F, T>(&self, f: F)
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.go_with(rt::Spawn::new(), f);
    }

    /// The same with options; `go!(wg => …)` expands to it.
    #[doc(hidden)]
    #[track_caller]
    pub fn go_with<F, T>(&self, options: rt::Spawn, f: F)
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.add(1);
        let group = self.clone();
        // Dropping the handle makes a panic one that nobody can observe.
        drop(options.go(move || {
            // Runs after `f` and after its goexit, which passes.
            let _done = scopeguard::guard(group, |group| group.done());
            if let Err(panic) = rt::catch_loudly(|| drop(f())) {
                // Ends the process before anybody who waits goes on.
                rt::unheard(panic);
            }
        }));
    }
}

impl Group {
    /// The step to zero when somebody waits.
    #[cold]
    #[track_caller]
    fn done_waited(&self) {
        let lowered = self.waiting.lock().finish(|queue, (), wake| {
            // AcqRel: as in `done`. The counter may have changed; and the flag, if the last waiter gave up.
            let mut word = self.word.load(Ordering::Relaxed);
            loop {
                if word < ONE {
                    return false;
                }
                let next = if word == ONE | WAITED { 0 } else { word - ONE };
                match self
                    .word
                    .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
                {
                    Ok(_) => break,
                    Err(seen) => word = seen,
                }
            }
            if word == ONE | WAITED {
                queue.grant_all(0, wake);
            }
            true
        });
        if !lowered {
            panic!("sync: negative WaitGroup counter");
        }
    }

    /// For whoever explores schedules: which one it is.
    #[inline(always)]
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn is_zero(&self) -> bool {
        // Acquire pairs with the release in `done`.
        self.word.load(Ordering::Acquire) < ONE
    }

    #[track_caller]
    fn wait(&self, limit: &Limit<'_>) -> bool {
        match limit {
            Limit::Never => explore::point_handed_over(WAIT, self.address()),
            _ => explore::point(WAIT, self.address()),
        }
        if self.is_zero() {
            return true;
        }
        let held = self.waiting.lock();
        let mut word = self.word.load(Ordering::Acquire);
        while word & WAITED == 0 {
            if word == 0 {
                return true;
            }
            match self
                .word
                .compare_exchange_weak(word, word | WAITED, Ordering::Acquire, Ordering::Acquire)
            {
                Ok(_) => break,
                Err(seen) => word = seen,
            }
        }
        match held.wait(Place::Back, 0, WaitReason::WaitGroupWait, limit) {
            Ok(()) => true,
            Err(mut held) => {
                held.with(|queue, ()| {
                    if queue.is_empty() {
                        self.word.fetch_and(!WAITED, Ordering::Relaxed);
                    }
                });
                false
            }
        }
    }
}
