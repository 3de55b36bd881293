//! The one file that names `mio`: registering descriptors, waiting for events, being woken from
//! that.
//!
//! Every descriptor is registered once, for both directions, edge-triggered. One thread at a time
//! is in [`Driver::wait`] or [`Driver::look`], by the lock; registering needs no lock.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use parking_lot::Mutex;

use super::direction::Task;
use super::slot::{Happened, Slot};
use crate::sys::clock::{self, NEVER};

/// Events fetched by one call.
const EVENTS: usize = 256;
/// The token of the waker; no slot has this address.
const WAKER: Token = Token(0);
/// The kernel's wait counts in milliseconds here: the last two of a deadline are waited for more
/// exactly.
const COARSE: u64 = 2_000_000;
/// For so long the one that waits asks again and again, before it sleeps in the kernel. To be woken
/// from there takes both sides longer than many a peer takes for its next word. But a peer that
/// rests between its words has the processor busy for nothing; and one that runs on this very
/// processor cannot even answer. So each time that it was in vain the next attempts are left out:
/// one, then three, and so on, up to [`VAIN`].
const ATTENTIVE: u64 = 40_000;
const VAIN: u32 = 1023;

pub(crate) struct Driver {
    registry: Registry,
    waker: Waker,
    inner: Mutex<Inner>,
    /// Somebody rang for the one that waits. The bell alone is not enough: its event may be fetched
    /// by one that only looks.
    wanted: AtomicBool,
    /// When somebody looked last.
    looked: AtomicU64,
    /// Descriptors that are registered.
    watched: AtomicUsize,
    /// Whether a peer can run while a worker asks.
    several_cpus: bool,
}

struct Inner {
    poll: Poll,
    events: Events,
    /// So many attempts are left out after the next one that is in vain.
    vain: u32,
    /// So many are left out still.
    left_out: u32,
}

impl Driver {
    pub(crate) fn new() -> io::Result<Driver> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(&registry, WAKER)?;
        let events = Events::with_capacity(EVENTS);
        Ok(Driver {
            registry,
            waker,
            inner: Mutex::new(Inner {
                poll,
                events,
                vain: 0,
                left_out: 0,
            }),
            wanted: AtomicBool::new(false),
            looked: AtomicU64::new(0),
            watched: AtomicUsize::new(0),
            several_cpus: crate::sys::cpu::count() > 1,
        })
    }

    /// From now on events on `fd` go to `slot`.
    pub(crate) fn register(&self, fd: RawFd, slot: &'static Slot) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        // Where the system does not tell of urgent data, a read that ends before it is taken for
        // all there is.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let both = both | Interest::PRIORITY;
        self.registry
            .register(&mut SourceFd(&fd), Token(slot.token()), both)?;
        // Before anybody can wait for it. SeqCst: a worker that lies down later must see it.
        self.watched.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Whether an event may come.
    #[inline]
    pub(crate) fn watches_anything(&self) -> bool {
        self.watched.load(Ordering::SeqCst) > 0
    }

    /// No events on `fd` any more, but for those that somebody has fetched already.
    pub(crate) fn deregister(&self, fd: RawFd) {
        // It fails only if the descriptor is closed already, against the rules of `AsFd`; and then
        // the kernel has forgotten it.
        let _ = self.registry.deregister(&mut SourceFd(&fd));
        self.watched.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whoever is in [`Driver::wait`], or comes next, returns at once.
    pub(crate) fn wake(&self) {
        // Before the bell. If the one that waits misses this, it looked before, under the lock, and
        // then nobody but itself can fetch the bell's event.
        self.wanted.store(true, Ordering::SeqCst);
        if let Err(error) = self.waker.wake() {
            crate::panics::die(&format_args!(
                "runtime: netpollBreak: {error}\nfatal error: netpoll failed\n"
            ));
        }
    }

    /// Fetches the events that are there. Gives those who have to be made runnable; nothing if
    /// another thread is at it.
    pub(crate) fn look(&self, woken: &mut Vec<Task>) {
        if let Some(mut inner) = self.inner.try_lock() {
            self.fetch(&mut inner, Some(Duration::ZERO), woken);
        }
    }

    /// Waits for events until `deadline`, or until woken. By one thread at a time: what was rung
    /// for one must not be taken by another.
    pub(crate) fn wait(&self, deadline: u64, woken: &mut Vec<Task>) {
        let mut inner = self.inner.lock();
        if !self.wanted.swap(false, Ordering::SeqCst) {
            if !self.ask_again(&mut inner, deadline, woken) {
                self.wait_in_kernel(&mut inner, deadline, woken);
            }
            // Awake: whoever has rung meanwhile has what he wanted.
            self.wanted.store(false, Ordering::SeqCst);
        }
    }

    /// Asks without sleeping for a moment, unless that was in vain lately. `true` if somebody
    /// became runnable, or somebody rang.
    fn ask_again(&self, inner: &mut Inner, deadline: u64, woken: &mut Vec<Task>) -> bool {
        if !self.several_cpus {
            return false;
        }
        if inner.left_out > 0 {
            inner.left_out -= 1;
            return false;
        }
        let end = clock::now().saturating_add(ATTENTIVE).min(deadline);
        while clock::now() < end {
            self.fetch(inner, Some(Duration::ZERO), woken);
            if !woken.is_empty() {
                inner.vain = 0;
                return true;
            }
            if self.wanted.load(Ordering::SeqCst) {
                return true;
            }
            std::hint::spin_loop();
        }
        inner.left_out = inner.vain;
        inner.vain = (2 * inner.vain + 1).min(VAIN);
        false
    }

    fn wait_in_kernel(&self, inner: &mut Inner, deadline: u64, woken: &mut Vec<Task>) {
        let left = deadline.saturating_sub(if deadline == NEVER { 0 } else { clock::now() });
        if deadline == NEVER {
            self.fetch(inner, None, woken);
        } else if left > COARSE {
            // The caller comes again for the rest.
            self.fetch(
                inner,
                Some(Duration::from_millis((left - COARSE) / 1_000_000 + 1)),
                woken,
            );
        } else {
            crate::sys::poll::wait_readable(inner.poll.as_raw_fd(), Duration::from_nanos(left));
            self.fetch(inner, Some(Duration::ZERO), woken);
        }
    }

    /// Nanoseconds since somebody looked, or waits: 0 while somebody does.
    pub(crate) fn unattended(&self, now: u64) -> u64 {
        if self.inner.is_locked() {
            return 0;
        }
        now.saturating_sub(self.looked.load(Ordering::Relaxed))
    }

    fn fetch(&self, inner: &mut Inner, limit: Option<Duration>, woken: &mut Vec<Task>) {
        let Inner { poll, events, .. } = inner;
        match poll.poll(events, limit) {
            Ok(()) => {
                woken.reserve(events.iter().count());
                for event in events.iter().filter(|event| event.token() != WAKER) {
                    // SAFETY: all other tokens are slots'.
                    unsafe { Slot::from_token(event.token().0) }.happened(read(event), woken);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                crate::panics::die(&format_args!(
                    "runtime: netpoll: {error}\nfatal error: netpoll failed\n"
                ));
            }
        }
        self.looked.store(clock::now(), Ordering::Relaxed);
    }
}

fn read(event: &Event) -> Happened {
    let failed = event.is_error();
    Happened {
        readable: event.is_readable(),
        writable: event.is_writable(),
        // A read ends before urgent data, whatever follows: as after a hang-up, a short one is not
        // taken for all there is.
        read_ended: event.is_read_closed() || event.is_priority() || failed,
        write_ended: event.is_write_closed() || failed,
    }
}
