//! Reports of goroutines that keep their worker for long, when `GORT_STALL` or the builder asks for
//! them.
//!
//! The monitor notices (`monitor::stalls`), and goes on at once: this has a thread of its own,
//! because to find the names of functions may take longer than the monitor may be away. That thread
//! looks at goroutines that run, and may end, at any moment. What it reads of them is made for that
//! (`g::label`), and counts only if afterwards the worker is still in the same run of the same
//! goroutine.

use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use parking_lot::Mutex;

use crate::g::{G, NO_HOME};
use crate::sched::Runtime;
use crate::sched::worker::Post;
use crate::sys::thread::Doing;

mod report;

pub use report::StallReport;
pub(crate) use report::{StallPolicy, set_policy};

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) mod frames;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod look;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod overflow;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod symbols;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod look {
    //! There are no stacks to be had here.

    use crate::sched::worker::Post;
    use crate::stall::{Run, Seen};
    use crate::sys::thread;

    pub(super) struct Looker;

    impl Looker {
        pub(super) fn new() -> Looker {
            Looker
        }

        pub(super) fn prepare(&mut self) {}

        pub(super) fn look(&mut self, run: Run, post: &Post) -> Option<Seen> {
            run.goes_on(post).then(|| Seen {
                doing: thread::doing(post.thread_id()),
                call: None,
                stack: String::new(),
                neighbours: 0,
            })
        }
    }

    pub(super) fn begin_to_learn() {}

    pub(super) fn learn() {}
}

/// Runs that were said to last and whose end is still to be published. What the program does with a
/// report may make a goroutine runnable: until then nothing is a deadlock.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Whether a report is still to come, or being published.
pub(crate) fn may_wake() -> bool {
    OPEN.load(Ordering::SeqCst) > 0
}

/// Monitor: the first notice of a run is about to be sent; that of its end will follow.
pub(crate) fn opened() {
    OPEN.fetch_add(1, Ordering::SeqCst);
}

/// One run of a goroutine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) worker: usize,
    pub(crate) tick: u64,
    /// What ran. Compared, and looked into only as long as it is what the worker runs.
    pub(crate) goroutine: *const G,
}

// SAFETY: a pointer to a control block may be read by any thread at any time: they are never freed.
unsafe impl Send for Run {}

/// What the monitor noticed.
pub(crate) enum Notice {
    /// The run goes on, after so many nanoseconds.
    Lasts(Run, u64),
    /// A run of which this was said before is over; it took so many nanoseconds.
    Over(Run, u64),
}

/// What was seen of the thread.
struct Seen {
    doing: Doing,
    /// The name of the system call, or its number.
    call: Option<String>,
    /// The stack, in lines.
    stack: String,
    /// Other goroutines that are bound to the thread.
    neighbours: usize,
}

/// Starts the thread that reports what it is sent. To be called before any goroutine exists.
pub(crate) fn start(rt: &'static Runtime) -> Sender<Notice> {
    let (to, notices) = channel();
    // Its signal is chosen before anybody else has taken one.
    with_looker(|_| ());
    let reporter = Reporter {
        rt,
        reported: HashMap::new(),
    };
    rt.start_thread(String::from("gort-stall"), move || reporter.work(&notices));
    // Takes long: the first reports do not wait for it.
    look::begin_to_learn();
    rt.start_thread(String::from("gort-names"), move || {
        look::learn();
        rt.threads.fetch_sub(1, Ordering::SeqCst);
    });
    to
}

/// Prints what was active on the stack of a goroutine that has overflowed it, if one has, and waits
/// for this. For the monitor: its other work may wait, since the process ends afterwards.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) fn show_overflow_if_asked() {
    // A panic is about tables that make no sense: then there are no frames.
    overflow::show_if_asked(|show| drop(crate::panics::quietly(show)));
}

/// There is one signal, so one looks at a time.
static LOOKER: Mutex<Option<look::Looker>> = Mutex::new(None);

fn with_looker<R>(f: impl FnOnce(&mut look::Looker) -> R) -> R {
    f(LOOKER.lock().get_or_insert_with(look::Looker::new))
}

/// Where the functions are active that the goroutine `subject` runs on worker `index`, innermost
/// first; `None` if it goes on meanwhile, or cannot be read. Blocks the thread while it asks; not
/// for the goroutine itself.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) fn addresses_of(index: usize, post: &Post, subject: *const G) -> Option<Vec<u64>> {
    let run = Run {
        worker: index,
        tick: post.queue.ticks(),
        goroutine: post.running(),
    };
    if run.goroutine != subject {
        return None;
    }
    with_looker(|looker| looker.addresses(run, post))
}

struct Reporter {
    rt: &'static Runtime,
    /// By worker: what was reported last.
    reported: HashMap<usize, (Run, StallReport)>,
}

impl Reporter {
    fn work(mut self, notices: &Receiver<Notice>) {
        // While a goroutine stalls there may not be the time.
        with_looker(look::Looker::prepare);
        while let Ok(notice) = notices.recv() {
            match notice {
                Notice::Lasts(run, length) => {
                    if let Some(report) = self.look(run, Duration::from_nanos(length)) {
                        self.publish(&report);
                        self.reported.insert(run.worker, (run, report));
                    }
                }
                Notice::Over(run, length) => {
                    let before = self.reported.remove(&run.worker);
                    let report = before
                        .filter(|(reported, _)| *reported == run)
                        .map_or_else(StallReport::missed, |(_, report)| report)
                        .over(Duration::from_nanos(length));
                    self.publish(&report);
                    OPEN.fetch_sub(1, Ordering::SeqCst);
                    // The worker that went to sleep meanwhile took this for somebody who may wake
                    // it.
                    self.rt.ask_again();
                }
            }
        }
    }

    /// `None` if it is over.
    fn look(&mut self, run: Run, length: Duration) -> Option<StallReport> {
        let post = self.rt.post(run.worker).filter(|post| run.goes_on(post))?;
        // SAFETY: control blocks are never freed. What is read of it is atomic.
        let g = unsafe { &*run.goroutine };
        let (id, label) = (g.id(), g.read_label());
        let (site, name) = label.filter(|_| run.goes_on(post))?;
        let mut seen = with_looker(|looker| looker.look(run, post))?;
        seen.neighbours = run.neighbours(post);
        Some(StallReport::new(id, name, site, length, seen))
    }

    fn publish(&self, report: &StallReport) {
        let published = panic::catch_unwind(AssertUnwindSafe(|| StallPolicy::chosen().apply(report)));
        if published.is_err() {
            // The hook has printed it. It is no reason to end the reports, or the program.
            StallPolicy::Print.apply(report);
        }
    }
}

impl Run {
    /// Other goroutines that are bound to the worker's thread.
    pub(crate) fn neighbours(&self, post: &Post) -> usize {
        // SAFETY: control blocks are never freed. What is read of it is atomic.
        let bound = unsafe { &*self.goroutine }.home() != NO_HOME;
        post.homes().saturating_sub(usize::from(bound))
    }

    /// Whether the worker is still in this very run.
    fn goes_on(&self, post: &Post) -> bool {
        post.running() == self.goroutine && post.queue.ticks() == self.tick
    }
}
