//! `blocking`: a call that blocks its thread, made on a helper thread while the goroutine parks.
//!
//! A call lies in a frame on the goroutine's stack; the queue holds pointers to such frames.
//! Whoever takes a job out of the queue (see `queue`) leaves in the frame what became of the call,
//! takes the task out of it, and readies that: once, and touching nothing of the frame afterwards.
//!
//! There are two pools. A *call* does its work and comes back, so a bound makes sense, and calls
//! queue. A *wait* comes back when somebody else does something (a child writes, a lock is given
//! back), who may need a call for that: with a common bound, waits would keep out what ends them
//! for a moment. They are bounded like all threads are, by `Builder::max_threads`.
//!
//! Some calls are waits that nobody could know for such (opening a FIFO, what the program does in
//! `blocking` itself). So the bound on calls gives way while none finishes: `growth` has how fast,
//! `queue` the protocol.

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::g::task::Task;
use crate::panic_value::Panic;
use crate::reason::WaitReason;
use crate::sched::park::park;

mod growth;
pub(crate) mod queue;

use queue::{From, Next, Queue, Submitted, Ticket};

/// Calls that were handed over and whose goroutine has not been readied yet.
static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);

/// Calls that are queued or running.
pub(crate) fn in_flight() -> usize {
    IN_FLIGHT.load(Ordering::SeqCst)
}

/// Which pool.
#[derive(Clone, Copy)]
enum Pool {
    Calls,
    Waits,
}

/// A call that waits for a helper: a pointer to its frame on the goroutine's stack.
struct Job {
    frame: *mut Head,
    run: unsafe fn(*mut Head),
}

// SAFETY: the frame belongs to a parked goroutine; its closure and result are `Send`, and only the
// one who took the job out of the queue touches them until it readies the goroutine.
unsafe impl Send for Job {}

/// What became of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// A helper made it.
    Made,
    /// It was taken out of the queue.
    Withdrawn,
    /// There is no helper for it, and none can be started.
    NoHelper,
}

/// The part of a [`Frame`] that does not depend on the call.
struct Head {
    task: Option<Task>,
    fate: Fate,
}

/// What the goroutine and the helper exchange.
#[repr(C)]
struct Frame<F, T> {
    /// First, so that a pointer to it is one to the frame.
    head: Head,
    f: ManuallyDrop<F>,
    result: Option<Result<T, Panic>>,
}

/// Runs `f` on a helper thread while the goroutine parks, so that no worker is blocked. The closure
/// may borrow, since the goroutine waits for it. Outside of a goroutine `f` runs right here.
///
/// At most [`Builder::blocking_threads`](crate::Builder::blocking_threads) calls run at once, and
/// the others queue, as long as some of them finish. While none does they may be waiting for one
/// another, or for one that is queued: then there are more threads, up to
/// [`Builder::max_threads`](crate::Builder::max_threads), beyond which the program ends as in Go. A
/// thread that has had nothing to do for
/// [`Builder::blocking_keep_alive`](crate::Builder::blocking_keep_alive) ends. If the system
/// refuses to start one that is needed, `f` runs on the worker.
///
/// # Panics
/// With the panic of `f`.
///
/// ```
/// let text = String::from("Cargo.toml");
/// let found = gort_runtime::run(|| gort_runtime::blocking(|| std::path::Path::new(&text).exists()));
/// assert!(found);
/// ```
#[doc(alias = "entersyscall")]
#[track_caller]
pub fn blocking<F, T>(f: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    match call(f, Pool::Calls, None) {
        Some(value) => value,
        None => unreachable!("a call without a ticket is not withdrawn"),
    }
}

/// As [`blocking`], for what waits for somebody else, maybe for ever:
/// [`Builder::blocking_threads`](crate::Builder::blocking_threads) does not count it,
/// [`Builder::max_threads`](crate::Builder::max_threads) does.
///
/// # Panics
/// With the panic of `f`.
///
/// ```
/// use std::io::Read;
///
/// let (mut from, to) = std::io::pipe().unwrap();
/// gort_runtime::run(|| {
///     let reader = gort_runtime::go(move || gort_runtime::blocking_wait(|| from.read(&mut [0]).unwrap()));
///     drop(to);
///     assert_eq!(reader.join().unwrap(), 0);
/// });
/// ```
#[doc(hidden)]
#[track_caller]
pub fn blocking_wait<F, T>(f: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    match call(f, Pool::Waits, None) {
        Some(value) => value,
        None => unreachable!("a call without a ticket is not withdrawn"),
    }
}

/// Withdraws a call of [`blocking_unless`] that no helper has begun yet. Clones withdraw the same
/// call.
///
/// ```
/// let withdrawal = gort_runtime::Withdrawal::new();
/// withdrawal.withdraw();
/// let called = gort_runtime::run(|| gort_runtime::blocking_unless(&withdrawal, || 7));
/// assert_eq!(called, None);
/// ```
#[derive(Debug, Clone)]
pub struct Withdrawal(Arc<Ticket>);

impl Withdrawal {
    /// For one call.
    ///
    /// ```
    /// let withdrawal = gort_runtime::Withdrawal::new();
    /// assert_eq!(gort_runtime::run(|| gort_runtime::blocking_unless(&withdrawal, || 7)), Some(7));
    /// ```
    #[allow(
        clippy::new_without_default,
        reason = "two defaults would not be the same withdrawal"
    )]
    pub fn new() -> Withdrawal {
        Withdrawal(Arc::new(Ticket::new()))
    }

    /// Takes the call out of the queue, or sees to it that it does not get in. Does nothing if the
    /// call has begun.
    ///
    /// ```
    /// let withdrawal = gort_runtime::Withdrawal::new();
    /// let called = gort_runtime::run(|| {
    ///     let other = withdrawal.clone();
    ///     gort_runtime::blocking_unless(&withdrawal, move || other.withdraw())
    /// });
    /// assert!(called.is_some(), "it had begun");
    /// ```
    pub fn withdraw(&self) {
        if let Some(job) = Pool::Calls.queue().withdraw(&self.0) {
            give_back(job, Fate::Withdrawn);
        }
    }
}

/// As [`blocking`], but [`Withdrawal::withdraw`] keeps `f` from being called as long as it waits
/// for a helper: then `None`. A withdrawal serves one call.
///
/// # Panics
/// With the panic of `f`.
///
/// ```
/// let withdrawal = gort_runtime::Withdrawal::new();
/// let called = gort_runtime::run(|| gort_runtime::blocking_unless(&withdrawal, || "called"));
/// assert_eq!(called, Some("called"));
/// ```
#[track_caller]
pub fn blocking_unless<F, T>(withdrawal: &Withdrawal, f: F) -> Option<T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    call(f, Pool::Calls, Some(&withdrawal.0))
}

/// `None` if the call was withdrawn.
#[track_caller]
fn call<F, T>(f: F, pool: Pool, ticket: Option<&Ticket>) -> Option<T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    // A goroutine that has locked its thread has it for itself, and may have changed what the call
    // sees: the working directory, a namespace.
    if crate::g::current().is_none() || crate::sched::procs::owns_thread() {
        return match ticket {
            Some(ticket) if ticket.is_withdrawn() => None,
            _ => Some(f()),
        };
    }
    let mut frame = Frame {
        head: Head {
            task: Some(Task::current()),
            fate: Fate::Made,
        },
        f: ManuallyDrop::new(f),
        result: None,
    };
    let job = Job {
        frame: (&raw mut frame).cast(),
        run: run_frame::<F, T>,
    };
    // SAFETY: whoever takes the job out of the queue readies the task once, after it is done with
    // the frame; the job is handed over in the commit, when the goroutine is off its stack. The
    // ticket outlives the submission, since its owner does not go on before; the lock of the queue,
    // under which the job can be taken, is released after the last look at it.
    unsafe { park(WaitReason::Blocking, move || pool.submit(job, ticket)) };
    if frame.head.fate == Fate::Made {
        return match frame.result.take() {
            Some(Ok(value)) => Some(value),
            Some(Err(panic)) => panic.resume(),
            None => unreachable!("the helper leaves a result before it readies the goroutine"),
        };
    }
    // SAFETY: nobody has called it, and the frame is not used again.
    let f = unsafe { ManuallyDrop::take(&mut frame.f) };
    // Without a helper it is the worker that is blocked; if that takes long, the monitor sees to
    // the others.
    (frame.head.fate == Fate::NoHelper).then(f)
}

/// Runs the call of a parked goroutine.
///
/// # Safety
/// `frame` is a `Frame<F, T>` whose goroutine is parked, and this is the only call for it.
unsafe fn run_frame<F: FnOnce() -> T, T>(frame: *mut Head) {
    // SAFETY: by the caller; the head is the first field of its frame, and the pointer was made
    // from one to the frame.
    let frame = unsafe { &mut *frame.cast::<Frame<F, T>>() };
    // SAFETY: taken once.
    let f = unsafe { ManuallyDrop::take(&mut frame.f) };
    frame.result = Some(crate::panics::quietly(f));
}

/// Readies the goroutine of a job that was taken out of the queue, and is done with.
fn give_back(job: Job, fate: Fate) {
    // SAFETY: the job's goroutine is parked, and whoever took the job out of the queue has its
    // frame to itself.
    let task = unsafe {
        (*job.frame).fate = fate;
        (*job.frame).task.take()
    };
    match task {
        // SAFETY: taken out of the frame, once; the job was queued by the commit of the goroutine's
        // park.
        Some(task) => unsafe { task.ready() },
        None => unreachable!("the goroutine left its task in the frame"),
    }
    if IN_FLIGHT.fetch_sub(1, Ordering::SeqCst) == 1 {
        // The goroutine may have parked for good meanwhile, and the workers did not call it a
        // deadlock because of us.
        crate::sched::runtime().ask_again();
    }
}

/// No thread can be had for these calls: their goroutines make them.
fn give_up(jobs: queue::Orphans<Job>) {
    jobs.into_iter().for_each(|job| give_back(job, Fate::NoHelper));
}

impl Pool {
    fn queue(self) -> &'static Queue<Job> {
        static CALLS: OnceLock<Queue<Job>> = OnceLock::new();
        static WAITS: OnceLock<Queue<Job>> = OnceLock::new();
        let config = crate::config::get();
        match self {
            Pool::Calls => CALLS.get_or_init(|| Queue::new(config.blocking_threads)),
            Pool::Waits => WAITS.get_or_init(|| Queue::new(config.max_threads)),
        }
    }

    fn submit(self, job: Job, ticket: Option<&Ticket>) {
        IN_FLIGHT.fetch_add(1, Ordering::SeqCst);
        match self.queue().submit(job, ticket) {
            Submitted::Queued => {}
            Submitted::StartHelper if self.start_helper() => {}
            Submitted::StartHelper => {
                let (then, orphans) = self.queue().helper_failed();
                give_up(orphans);
                if let Submitted::StartWatch = then {
                    self.start_watch();
                }
            }
            Submitted::StartWatch => self.start_watch(),
            Submitted::Withdrawn(job) => give_back(job, Fate::Withdrawn),
        }
    }

    /// `false` if the system gives no thread.
    fn start_helper(self) -> bool {
        let rt = crate::sched::runtime();
        rt.count_thread();
        let started = crate::sys::thread::spawn(String::from("gort-helper"), move || self.help()).is_ok();
        if !started {
            rt.threads.fetch_sub(1, Ordering::SeqCst);
        }
        started
    }

    /// The life of a helper thread.
    fn help(self) {
        let keep_alive = crate::config::get().blocking_keep_alive;
        let _listed = growth::Listed::new();
        let mut from = From::Start;
        while let Next::Job(job) = self.queue().next(from, keep_alive) {
            // SAFETY: the job was submitted by a goroutine that waits for it, and the queue gives
            // it out once. Panics of the call are caught inside.
            unsafe { (job.run)(job.frame) };
            give_back(job, Fate::Made);
            from = From::Call;
        }
        crate::sched::runtime().threads.fetch_sub(1, Ordering::SeqCst);
    }
}
