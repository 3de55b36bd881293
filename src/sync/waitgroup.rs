//! `WaitGroup`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gort_runtime::{Sema, SemaPlace, WaitReason};

use crate::JoinHandle;

const ONE: u64 = 1 << 32;
const WAITERS: u64 = ONE - 1;

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
    /// The counter in the high half, the number of waiters in the low half.
    state: AtomicU64,
    sema: Sema,
}

impl Default for Group {
    fn default() -> Group {
        Group {
            state: AtomicU64::new(0),
            sema: Sema::new(0),
        }
    }
}

impl WaitGroup {
    /// A group whose counter is zero.
    pub fn new() -> WaitGroup {
        WaitGroup::default()
    }

    /// Raises the counter by `count`. Raise it before the goroutines start, not inside of them.
    ///
    /// # Panics
    /// `sync: WaitGroup counter overflow` beyond 2³¹ - 1.
    #[doc(alias = "Add")]
    #[track_caller]
    pub fn add(&self, count: usize) {
        let fits = u64::try_from(count)
            .ok()
            .filter(|&count| count <= i32::MAX as u64);
        let Some(count) = fits else {
            panic!("sync: WaitGroup counter overflow")
        };
        let before = self.group.state.fetch_add(count << 32, Ordering::AcqRel);
        if (before >> 32) + count > i32::MAX as u64 {
            self.group.state.fetch_sub(count << 32, Ordering::AcqRel);
            panic!("sync: WaitGroup counter overflow");
        }
    }

    /// Lowers the counter by one; at zero everybody who waits goes on.
    ///
    /// # Panics
    /// `sync: negative WaitGroup counter` if it is zero; it stays zero.
    #[doc(alias = "Done")]
    #[track_caller]
    pub fn done(&self) {
        let mut state = self.group.state.load(Ordering::Relaxed);
        loop {
            if state >> 32 == 0 {
                panic!("sync: negative WaitGroup counter");
            }
            // The one who reaches zero takes all waiters off in the same step: a later `wait` belongs to a new round.
            let next = if state >> 32 == 1 { 0 } else { state - ONE };
            // AcqRel: what every `done` did before is seen by the one that wakes the waiters, and so by them.
            match self
                .group
                .state
                .compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => break,
                Err(seen) => state = seen,
            }
        }
        if state >> 32 == 1 {
            for _ in 0..state & WAITERS {
                self.group.sema.release();
            }
        }
    }

    /// Waits until the counter is zero.
    #[doc(alias = "Wait")]
    #[track_caller]
    pub fn wait(&self) {
        let mut state = self.group.state.load(Ordering::Acquire);
        while state >> 32 != 0 {
            match self.group.state.compare_exchange_weak(
                state,
                state + 1,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    return self
                        .group
                        .sema
                        .acquire(WaitReason::WaitGroupWait, SemaPlace::Back);
                }
                Err(seen) => state = seen,
            }
        }
    }

    /// Raises the counter, and starts a goroutine that runs `f` and then lowers it: also if `f` calls
    /// [`goexit`](crate::runtime::goexit) or panics.
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
    ///         wg.go(move || { sum.fetch_add(i, Ordering::Relaxed); });
    ///     }
    ///     wg.wait();
    ///     assert_eq!(sum.load(Ordering::Relaxed), 10);
    /// });
    /// ```
    #[doc(alias = "Go")]
    #[track_caller]
    pub fn go<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.add(1);
        let group = self.clone();
        gort_runtime::go(move || {
            scopeguard::defer! { group.done(); }
            f()
        })
    }
}
