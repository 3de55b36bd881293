//! One direction of a descriptor: the real [`Direction`], parked and readied through
//! [`twin`](crate::twin). The descriptor is a counter of bytes; an event is announced after a byte
//! has come, as the kernel does.
//!
//! Breaches that were tried, each of which fails a model: `READY` is taken back whatever has
//! happened since the look; a wait that does not compare the word with the look; events that are
//! not counted; a relaxed look or a relaxed step; a step that is no read-modify-write; nobody
//! passes on; an interruption that wakes one; a waiter that is readied although its time was up;
//! one that leaves its node behind when its time is up, or takes it out without the lock.
//!
//! Not shown to be caught: an interruption that wakes nobody behind one whose time is up.

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;
use std::time::Instant;

use super::model;
use crate::poll::direction::Direction;
use crate::twin as rt;

struct Pipe {
    direction: Direction,
    bytes: AtomicUsize,
    closed: AtomicUsize,
}

impl Pipe {
    fn new() -> Arc<Pipe> {
        Arc::new(Pipe {
            direction: Direction::new(),
            bytes: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
        })
    }

    fn write(&self) {
        self.bytes.fetch_add(1, Ordering::SeqCst);
        if let Some(task) = self.direction.announce() {
            // SAFETY: the real code has taken it out of the queue.
            unsafe { task.ready() };
        }
    }

    fn try_take(&self) -> bool {
        self.bytes
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |bytes| bytes.checked_sub(1))
            .is_ok()
    }

    /// The loop of `PollFd`. `false` if it was closed.
    fn read(&self, deadline: Option<Instant>) -> bool {
        let mut waited = false;
        let got = loop {
            let look = self.direction.look();
            if self.closed.load(Ordering::SeqCst) == 1 {
                break false;
            }
            if look.is_ready() {
                if self.try_take() {
                    break true;
                }
                self.direction.would_block(look);
            }
            waited = true;
            self.direction.wait(look, deadline);
        };
        if waited {
            self.direction.pass_on();
        }
        got
    }
}

/// A byte that comes between the failed call and the wait is not lost. All executions.
#[test]
fn loom_poll_event_against_wait() {
    model(None, || {
        let pipe = Pipe::new();
        let writer = {
            let pipe = Arc::clone(&pipe);
            thread::spawn(move || pipe.write())
        };
        assert!(pipe.read(None));
        writer.join().unwrap();
    });
}

/// Two bytes, two readers: whoever is woken wakes the next. Preemption bound 3.
#[test]
fn loom_poll_two_readers() {
    model(Some(3), || {
        let pipe = Pipe::new();
        let reader = {
            let pipe = Arc::clone(&pipe);
            thread::spawn(move || assert!(pipe.read(None)))
        };
        let writer = {
            let pipe = Arc::clone(&pipe);
            thread::spawn(move || {
                pipe.bytes.fetch_add(1, Ordering::SeqCst);
                pipe.write();
            })
        };
        assert!(pipe.read(None));
        reader.join().unwrap();
        writer.join().unwrap();
    });
}

/// A thread that closes.
fn closer(pipe: &Arc<Pipe>) -> thread::JoinHandle<()> {
    let pipe = Arc::clone(pipe);
    thread::spawn(move || {
        pipe.closed.store(1, Ordering::SeqCst);
        pipe.direction.interrupt();
    })
}

/// Closing ends a read that waits, or is about to. All executions.
#[test]
fn loom_poll_close_against_wait() {
    model(None, || {
        let pipe = Pipe::new();
        let closer = closer(&pipe);
        assert!(!pipe.read(None));
        closer.join().unwrap();
    });
}

/// Closing ends all reads, also behind one whose time is up at that moment: it has nothing to pass
/// on. Preemption bound 2.
#[test]
fn loom_poll_close_against_two_waits() {
    for times_out in [false, true] {
        model(Some(2), move || {
            let pipe = Pipe::new();
            // Nothing has come, and everybody knows it.
            let look = pipe.direction.look();
            pipe.direction.would_block(look);
            let first = {
                let pipe = Arc::clone(&pipe);
                thread::spawn(move || {
                    if times_out {
                        let look = pipe.direction.look();
                        pipe.direction.wait(look, Some(Instant::now()));
                        pipe.direction.pass_on();
                        assert!(!rt::was_readied());
                    } else {
                        assert!(!pipe.read(None));
                    }
                })
            };
            let closer = closer(&pipe);
            assert!(!pipe.read(None));
            first.join().unwrap();
            closer.join().unwrap();
            assert!(pipe.direction.nobody_waits());
        });
    }
}

/// A wait that runs out of time at the moment of the event: the byte is there for whoever reads
/// next, and nobody is readied twice. Preemption bound 3.
#[test]
fn loom_poll_timeout_against_event() {
    model(Some(3), || {
        let pipe = Pipe::new();
        let writer = {
            let pipe = Arc::clone(&pipe);
            thread::spawn(move || pipe.write())
        };
        let look = pipe.direction.look();
        if !pipe.try_take() {
            pipe.direction.would_block(look);
            pipe.direction.wait(look, Some(Instant::now()));
            assert!(pipe.direction.nobody_waits());
            pipe.direction.pass_on();
            assert!(pipe.read(None));
        }
        writer.join().unwrap();
        assert!(!rt::was_readied());
    });
}
