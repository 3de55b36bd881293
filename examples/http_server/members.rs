//! Who is connected: how many there may be, and how all of them end.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use gort::net::TcpStream;
use gort::sync::{Mutex, WaitGroup};

/// Waits for a request: it may be closed at any time.
const IDLE: u8 = 0;
/// Has a request.
const BUSY: u8 = 1;
/// Was idle, and was closed.
const CLOSED: u8 = 2;

pub(crate) struct Members {
    most: usize,
    open: Mutex<Open>,
    all: WaitGroup,
    ending: AtomicBool,
}

#[derive(Default)]
struct Open {
    next: u64,
    members: HashMap<u64, Arc<Member>>,
}

struct Member {
    stream: TcpStream,
    state: AtomicU8,
}

impl Members {
    pub(crate) fn new(most: usize) -> Arc<Members> {
        Arc::new(Members {
            most,
            open: Mutex::default(),
            all: WaitGroup::new(),
            ending: AtomicBool::new(false),
        })
    }

    /// Takes a connection in; gives it back if there are too many.
    pub(crate) fn join(self: &Arc<Members>, stream: TcpStream) -> Result<Membership, TcpStream> {
        let mut open = self.open.lock();
        if open.members.len() == self.most {
            return Err(stream);
        }
        let member = Arc::new(Member {
            stream,
            state: AtomicU8::new(IDLE),
        });
        let number = open.next;
        open.next += 1;
        open.members.insert(number, Arc::clone(&member));
        self.all.add(1);
        Ok(Membership {
            members: Arc::clone(self),
            member,
            number,
        })
    }

    /// Everybody is to end: who is idle now, whoever has a request after it.
    pub(crate) fn end(&self) {
        // SeqCst, as all of these: either this sees that a member is idle, or the member sees that it is to end.
        self.ending.store(true, Ordering::SeqCst);
        for member in self.open.lock().members.values() {
            let closes = member
                .state
                .compare_exchange(IDLE, CLOSED, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok();
            if closes {
                let _ = member.stream.close(); // it fails if it is closed
            }
        }
    }

    /// Waits until nobody is left. `false` if it takes longer than `limit`.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        self.all.wait_timeout(limit)
    }

    /// Closes what is left; gives how many that are.
    pub(crate) fn cut(&self) -> usize {
        let open = self.open.lock();
        for member in open.members.values() {
            let _ = member.stream.close();
        }
        open.members.len()
    }
}

/// A connection that was taken in; dropping this is how it leaves.
pub(crate) struct Membership {
    members: Arc<Members>,
    member: Arc<Member>,
    number: u64,
}

impl Membership {
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.member.stream
    }

    /// It waits for a request from now on. `false` if it is to end instead.
    pub(crate) fn rest(&self) -> bool {
        self.member.state.store(IDLE, Ordering::SeqCst);
        !self.is_last_request()
    }

    /// It has a request. `false` if it was closed before that came.
    pub(crate) fn begin(&self) -> bool {
        self.member
            .state
            .compare_exchange(IDLE, BUSY, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    /// Whether there shall be no further request.
    pub(crate) fn is_last_request(&self) -> bool {
        self.members.ending.load(Ordering::SeqCst)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let _ = self.member.stream.close(); // before it leaves: then it counts as gone, and so does its descriptor
        self.members.open.lock().members.remove(&self.number);
        self.members.all.done();
    }
}
