//! OS threads: starting one, counting them, yielding the CPU.

use std::io;
use std::sync::{OnceLock, mpsc};

/// Starts a named thread that nobody joins.
///
/// A thread inherits of the one that starts it: working directory, namespaces, signal mask,
/// scheduling class. Once there is a template, that one does.
pub(crate) fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let Some(template) = TEMPLATE.get() else {
        return start(name, Box::new(body));
    };
    let (answer, started) = mpsc::channel();
    let order = Order {
        name,
        body: Box::new(body),
        answer,
    };
    match template.send(order).map(|()| started.recv()) {
        Ok(Ok(result)) => result,
        // It never ends.
        _ => Err(io::Error::other("the template thread is gone")),
    }
}

type Body = Box<dyn FnOnce() + Send>;

/// Starts it from a thread that std knows nothing of and that ends at once. A test's thread hands
/// its captured output on to those that it starts; ours serve everybody, so what they print would
/// be found in one test, or nowhere.
fn start(name: String, body: Body) -> io::Result<()> {
    let (answer, started) = mpsc::channel();
    let order = Box::into_raw(Box::new(Order { name, body, answer }));
    // SAFETY: the order is a box's, given away here; `start_ordered` takes it, once.
    if unsafe { start_bare(start_ordered, order.cast()) } {
        return started
            .recv()
            .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    }
    // SAFETY: no thread was started, so it is ours again.
    let order = unsafe { Box::from_raw(order) };
    start_here(order.name, order.body)
}

fn start_here(name: String, body: Body) -> io::Result<()> {
    std::thread::Builder::new().name(name).spawn(body).map(drop)
}

extern "C" fn start_ordered(order: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: `start` gave it away.
    let order = unsafe { Box::from_raw(order.cast::<Order>()) };
    // The other end waits for it.
    let _ = order.answer.send(start_here(order.name, order.body));
    std::ptr::null_mut()
}

/// Starts a thread that is not std's, and that nobody joins. `false` if the system gives none.
///
/// # Safety
/// `body` may be called with `argument`, once, on another thread.
unsafe fn start_bare(
    body: extern "C" fn(*mut libc::c_void) -> *mut libc::c_void,
    argument: *mut libc::c_void,
) -> bool {
    /// It starts a thread and ends. Thread-locals of the C library are in it too.
    const STACK: usize = 256 << 10;
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    let at = attributes.as_mut_ptr();
    // SAFETY: initialised before anything else uses it, and destroyed at the end; what `body` asks
    // is by contract.
    unsafe {
        if libc::pthread_attr_init(at) != 0 {
            return false;
        }
        let mut thread = std::mem::MaybeUninit::uninit();
        let started = libc::pthread_attr_setdetachstate(at, libc::PTHREAD_CREATE_DETACHED) == 0
            && libc::pthread_attr_setstacksize(at, STACK) == 0
            && libc::pthread_create(thread.as_mut_ptr(), at, body, argument) == 0;
        libc::pthread_attr_destroy(at);
        started
    }
}

/// A thread to be started.
struct Order {
    name: String,
    body: Body,
    answer: mpsc::Sender<io::Result<()>>,
}

static TEMPLATE: OnceLock<mpsc::Sender<Order>> = OnceLock::new();

/// Whether threads are started from a template.
pub(crate) fn has_template() -> bool {
    TEMPLATE.get().is_some()
}

/// Starts a thread that does nothing but start others. `false` if there is one.
///
/// # Errors
/// The system refuses the thread.
pub(crate) fn start_template() -> io::Result<bool> {
    let (orders, incoming) = mpsc::channel::<Order>();
    if TEMPLATE.set(orders).is_err() {
        return Ok(false);
    }
    let serve = move || {
        for order in incoming {
            // The other end waits for it.
            let _ = order.answer.send(start(order.name, order.body));
        }
    };
    start(String::from("gort-template"), Box::new(serve)).map(|()| true)
}

/// How often the kernel has taken the processor away from the calling thread, in favour of another
/// one.
pub(crate) fn preemptions() -> i64 {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: all of its fields are integers.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: room for what the call writes. A failure leaves the zeros.
        unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
        usage.ru_nivcsw
    }
    #[cfg(not(target_os = "linux"))]
    0
}

/// Lets the kernel run another thread.
pub(crate) fn yield_now() {
    std::thread::yield_now();
}

/// Asks the kernel to end this thread's naps on time. The default slack of 50 µs is longer than a
/// nap.
pub(crate) fn precise_sleeps() {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: PR_SET_TIMERSLACK takes one integer and touches only the calling thread's slack
        // value.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_000, 0, 0, 0) };
    }
}

/// The kernel's number of the calling thread; 0 where it has none.
pub(crate) fn own_id() -> i32 {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: takes nothing and always succeeds.
        unsafe { libc::gettid() }
    }
    #[cfg(not(target_os = "linux"))]
    {
        0
    }
}

/// Whether the calling thread is the one that the process has begun with.
pub(crate) fn is_main() -> bool {
    own_id() != 0 && i64::from(own_id()) == i64::from(std::process::id())
}

/// What a thread is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It runs, or would if the kernel gave it a CPU.
    Computes,
    Sleeps,
    /// The system does not say.
    Unknown,
}

/// Whether a thread of this process sleeps in the kernel or computes.
pub(crate) fn doing(id: i32) -> Doing {
    #[cfg(target_os = "linux")]
    {
        // `TID (NAME) STATE …`; the name may contain anything, so the state is what follows the
        // last parenthesis.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/self/task/{id}/stat")) else {
            return Doing::Unknown;
        };
        match stat.rsplit_once(") ").map(|(_, rest)| rest.as_bytes()[0]) {
            Some(b'S' | b'D') => Doing::Sleeps,
            Some(_) => Doing::Computes,
            None => Doing::Unknown,
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = id;
        Doing::Unknown
    }
}

/// The number of threads in this process, or `None` where the system does not say.
pub(crate) fn count() -> Option<usize> {
    #[cfg(target_os = "linux")]
    {
        // One number, read at one moment. A list of them all ends early where a thread ends that
        // has just been read.
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let threads = status.lines().find_map(|line| line.strip_prefix("Threads:"))?;
        threads.trim().parse().ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        None
    }
}
