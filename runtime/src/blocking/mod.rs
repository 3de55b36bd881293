//! `blocking`: a call that blocks its thread, made on a helper thread while the goroutine parks.

use std::mem::ManuallyDrop;
use std::panic;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::panics::Panic;
use crate::reason::WaitReason;
use crate::task::Task;

pub(crate) mod queue;

use queue::{Next, Queue, Submitted};

/// A helper with nothing to do leaves after this long.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Calls that were handed over and whose goroutine has not been readied yet.
static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);

/// Calls that are queued or running.
pub(crate) fn in_flight() -> usize {
    IN_FLIGHT.load(Ordering::SeqCst)
}

/// A call that waits for a helper: a pointer to its frame on the goroutine's stack.
struct Job {
    frame: *mut (),
    run: unsafe fn(*mut ()) -> Task,
}

// SAFETY: the frame belongs to a parked goroutine; its closure and result are `Send`, and only the helper touches them until
// it readies the goroutine.
unsafe impl Send for Job {}

/// What the goroutine and the helper exchange.
struct Frame<F, T> {
    f: ManuallyDrop<F>,
    result: Option<Result<T, Panic>>,
    task: Option<Task>,
}

/// Runs `f` on a helper thread while the goroutine parks, so that no worker is blocked. The closure may borrow, since the
/// goroutine waits for it. Outside of a goroutine `f` runs right here.
///
/// At most [`Builder::blocking_threads`](crate::Builder::blocking_threads) calls run at once; the others queue.
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
    if crate::tls::current_g().is_null() {
        return f();
    }
    let mut frame = Frame {
        f: ManuallyDrop::new(f),
        result: None,
        task: Some(Task::current()),
    };
    let job = Job {
        frame: (&raw mut frame).cast(),
        run: run_frame::<F, T>,
    };
    // SAFETY: the helper that takes the job readies the task once, after it is done with the frame; the job is handed over in
    // the commit, when the goroutine is off its stack.
    unsafe { crate::task::park(WaitReason::Blocking, move || submit(job)) };
    match frame.result.take() {
        Some(Ok(value)) => value,
        Some(Err(panic)) => panic.resume(),
        None => unreachable!("the helper leaves a result before it readies the goroutine"),
    }
}

/// Runs the call of a parked goroutine. Gives its task back: to be readied when nothing touches the frame any more.
///
/// # Safety
/// `frame` is a `Frame<F, T>` whose goroutine is parked, and this is the only call for it.
unsafe fn run_frame<F: FnOnce() -> T, T>(frame: *mut ()) -> Task {
    // SAFETY: by the caller.
    let frame = unsafe { &mut *frame.cast::<Frame<F, T>>() };
    // SAFETY: taken once.
    let f = unsafe { ManuallyDrop::take(&mut frame.f) };
    frame.result = Some(crate::panics::quietly(f));
    match frame.task.take() {
        Some(task) => task,
        None => unreachable!("the goroutine left its task in the frame"),
    }
}

fn queue() -> &'static Queue<Job> {
    static QUEUE: OnceLock<Queue<Job>> = OnceLock::new();
    QUEUE.get_or_init(|| Queue::new(crate::config::get().blocking_threads))
}

fn submit(job: Job) {
    IN_FLIGHT.fetch_add(1, Ordering::SeqCst);
    if queue().submit(job) == Submitted::StartHelper {
        start_helper();
    }
}

fn start_helper() {
    let rt = crate::sched::runtime();
    rt.count_thread();
    if let Err(error) = crate::sys::thread::spawn(String::from("gort-helper"), help) {
        rt.threads.fetch_sub(1, Ordering::SeqCst);
        if queue().helper_failed() {
            // Nobody is left to make the call, and the goroutine cannot be told: it is parked in it.
            crate::panics::die(&format_args!(
                "runtime: failed to create a helper thread for a blocking call: {error}\nfatal error: newosproc\n"
            ));
        }
    }
}

/// The life of a helper thread.
fn help() {
    while let Next::Job(job) = queue().next(KEEP_ALIVE) {
        // SAFETY: the job was submitted by a goroutine that waits for it, and the queue gives it out once.
        let task = panic::catch_unwind(|| unsafe { (job.run)(job.frame) });
        match task {
            Ok(task) => task.ready(),
            Err(_) => unreachable!("panics of the call are caught inside"),
        }
        if IN_FLIGHT.fetch_sub(1, Ordering::SeqCst) == 1 {
            // The goroutine may have parked for good meanwhile, and the workers did not call it a deadlock because of us.
            crate::sched::runtime().ask_again();
        }
    }
    crate::sched::runtime().threads.fetch_sub(1, Ordering::SeqCst);
}
