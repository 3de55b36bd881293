//! Who waits for the program: the threads that are in `run`, or wait for a test, and do nothing
//! else.
//!
//! The deadlock check asks for their number. If all of them are tests it tells these, and the
//! process goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread::Thread;

use parking_lot::Mutex;

/// Main goroutines that have begun and have not ended. For each of them a thread waits in `run` and
/// does nothing else.
static WAITING: AtomicUsize = AtomicUsize::new(0);
/// Of these, those whose main goroutine called `goexit`: they wait for ever.
static ABANDONED: AtomicUsize = AtomicUsize::new(0);

/// Threads that wait in `run`.
pub(crate) fn waiting() -> usize {
    WAITING.load(Ordering::SeqCst)
}

/// Some main goroutine called `goexit`.
pub(crate) fn abandon() {
    ABANDONED.fetch_add(1, Ordering::SeqCst);
}

/// Whether some main goroutine called `goexit`.
pub(crate) fn abandoned() -> bool {
    ABANDONED.load(Ordering::SeqCst) > 0
}

/// A main goroutine that is counted, for as long as it runs or its thread waits.
#[derive(Default)]
pub(crate) struct Counted(AtomicU8);

const BEFORE: u8 = 0;
const DURING: u8 = 1;
const AFTER: u8 = 2;

impl Counted {
    pub(crate) fn new() -> Counted {
        let counted = Counted::default();
        counted.begin();
        counted
    }

    /// Counts it, unless its end has been said already.
    pub(crate) fn begin(&self) {
        // Counted first: who finds it counted twice, for a moment, finds no deadlock.
        WAITING.fetch_add(1, Ordering::SeqCst);
        let begun = self
            .0
            .compare_exchange(BEFORE, DURING, Ordering::SeqCst, Ordering::SeqCst);
        if begun.is_err() {
            WAITING.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// No thread waits for it any more. By its goroutine when it has ended, or by the thread.
    pub(crate) fn end(&self) {
        if self.0.swap(AFTER, Ordering::SeqCst) == DURING {
            WAITING.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Whether it counts now.
    pub(crate) fn counts(&self) -> bool {
        self.0.load(Ordering::SeqCst) == DURING
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.end();
    }
}

/// A test that a thread waits for.
pub(crate) struct WatchedTest {
    pub(crate) thread: Thread,
    /// The thread is the process's main one, so that is not the harness's.
    on_main_thread: bool,
    pub(crate) counted: Counted,
    pub(crate) ended: AtomicBool,
    pub(crate) stuck: AtomicBool,
}

static WATCHED: Mutex<Vec<Arc<WatchedTest>>> = Mutex::new(Vec::new());

/// Whether those who wait in `run` are tests.
#[derive(PartialEq, Eq)]
pub(crate) enum Tests {
    /// Somebody is not, or nobody waits.
    No,
    /// All of them, one on the process's main thread.
    OnEveryThread,
    /// All of them. The main thread is the harness's, which does nothing but start tests and wait
    /// for them.
    BesideTheHarness,
}

/// Whether all who wait in `run` are tests.
pub(crate) fn are_all_who_wait() -> Tests {
    let watched = WATCHED.lock();
    let counting = || watched.iter().filter(|watch| watch.counted.counts());
    if counting().count() == 0 || counting().count() != waiting() {
        Tests::No
    } else if counting().any(|watch| watch.on_main_thread) {
        Tests::OnEveryThread
    } else {
        Tests::BesideTheHarness
    }
}

/// Tells everybody who waits that nobody can ever run again.
pub(crate) fn tell_stuck() {
    for watch in WATCHED.lock().iter().filter(|watch| watch.counted.counts()) {
        watch.stuck.store(true, Ordering::SeqCst);
        watch.thread.unpark();
    }
}

/// On the list, as long as it lives.
pub(crate) struct Listed(Arc<WatchedTest>);

impl Listed {
    pub(crate) fn new() -> Listed {
        let watch = Arc::new(WatchedTest {
            thread: std::thread::current(),
            on_main_thread: crate::sys::thread::is_main(),
            counted: Counted::default(),
            ended: AtomicBool::new(false),
            stuck: AtomicBool::new(false),
        });
        WATCHED.lock().push(Arc::clone(&watch));
        Listed(watch)
    }

    pub(crate) fn watch(&self) -> &Arc<WatchedTest> {
        &self.0
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        // Before it leaves the list: or the others would not be all who wait.
        self.0.counted.end();
        WATCHED.lock().retain(|watch| !Arc::ptr_eq(watch, &self.0));
    }
}
