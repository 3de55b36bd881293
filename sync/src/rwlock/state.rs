//! Who holds a read-write lock and who waits for it: one word for the fast paths, a queue for the rest, a mutex among the writers.
//!
//! Go's order of turns. A writer first locks out the other writers (`turn`, which it keeps until it has unlocked), then waits for
//! those that read; meanwhile newcomers get in line behind it. When the last reader leaves, it has its turn; when it leaves, all
//! readers that wait by then do. So neither kind starves the other.
//!
//! Why the writers have a mutex of their own, and do not stand in the queue: it goes to whoever comes first. In the queue the lock
//! would be handed to a writer that does not run yet, and whoever runs would have to wait for that: from then on each operation
//! of everybody would cost two switches, for ever. (Now those that wait for `turn` let the one that runs go on.)
//!
//! `QUEUED` is set and cleared under the queue's lock only, and exactly while the queue is not empty. With it set, an unlock
//! that leaves no holder takes that lock and lets the next ones in. So a waiter may park if, when it set `QUEUED`, there was a
//! holder: that one's unlock comes after and sees the flag. There is at most one writer in the queue: it has `turn`.

use crate::limit::Limit;
use crate::mutex;
use crate::rt::explore::{self, Op};
use crate::rt::{AtomicUsize, Ordering, WaitReason, const_unless_loom};
use crate::wait_list::{Place, Queue, WaitList, Wake};

const READ: Op = Op::new("read-lock", "rwlock");
const WRITE: Op = Op::new("write-lock", "rwlock");
const READ_UNLOCK: Op = Op::new("read-unlock", "rwlock");
const UNLOCK: Op = Op::new("write-unlock", "rwlock");
const DOWNGRADE: Op = Op::new("downgrade", "rwlock");

/// A writer holds it.
const WRITER: usize = 1;
/// Somebody waits.
const QUEUED: usize = 2;
/// One reader; as many times as there are.
const READER: usize = 4;

/// Weights of the waiters.
const READS: usize = 0;
const WRITES: usize = 1;

#[derive(Debug)]
pub(crate) struct State {
    word: AtomicUsize,
    waiting: WaitList<()>,
    /// Locked by a writer before it looks at the word, and until it has left.
    turn: mutex::State,
}

impl State {
    const_unless_loom! {
        pub(crate) fn new() -> State {
            State { word: AtomicUsize::new(0), waiting: WaitList::new(()), turn: mutex::State::new() }
        }
    }

    #[cfg(not(loom))]
    pub(crate) fn labels(&self) -> [&crate::rt::Label; 2] {
        [self.waiting.label(), self.turn.label()]
    }

    /// Those in line, then the writers that wait for their turn to get in line.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn waiting(&self) -> Vec<bool> {
        let in_line = self.waiting.waiting();
        let writers = (0..self.turn.waiting()).map(|_| true);
        in_line
            .into_iter()
            .map(|kind| kind == WRITES)
            .chain(writers)
            .collect()
    }

    #[cfg(all(test, loom))]
    pub(crate) fn at_rest(&self) -> bool {
        self.word.load(Ordering::Relaxed) == 0 && self.turn.at_rest()
    }

    /// For whoever explores schedules: which lock it is.
    #[inline(always)]
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    #[inline]
    #[track_caller]
    pub(crate) fn try_read(&self) -> bool {
        explore::point(READ, self.address());
        self.try_read_unseen()
    }

    #[inline]
    fn try_read_unseen(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & (WRITER | QUEUED) == 0 {
            // Acquire pairs with the release of the writer that was here before.
            match self
                .word
                .compare_exchange_weak(word, word + READER, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(seen) => word = seen,
            }
        }
        false
    }

    #[inline]
    #[track_caller]
    pub(crate) fn try_write(&self) -> bool {
        explore::point(WRITE, self.address());
        self.turn.try_take() && (self.try_write_in_turn() || self.leave_turn())
    }

    /// Lets the next writer try. `false`, for one that has not got the lock.
    #[cold]
    fn leave_turn(&self) -> bool {
        self.turn.give();
        false
    }

    #[inline]
    fn try_write_in_turn(&self) -> bool {
        // Acquire pairs with the release of the writer or of all the readers that were here before.
        self.word
            .compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[track_caller]
    #[inline]
    pub(crate) fn read(&self, limit: &Limit<'_>) -> bool {
        explore::point(READ, self.address());
        self.try_read_unseen() || self.wait(READS, limit)
    }

    #[track_caller]
    #[inline]
    pub(crate) fn write(&self, limit: &Limit<'_>) -> bool {
        explore::point(WRITE, self.address());
        (self.turn.take_free() || self.turn.lock_slow(WaitReason::RwLockWrite, limit))
            && (self.try_write_in_turn() || self.wait(WRITES, limit) || self.leave_turn())
    }

    #[cold]
    #[track_caller]
    fn wait(&self, kind: usize, limit: &Limit<'_>) -> bool {
        let reading = kind == READS;
        let held = self.waiting.lock();
        let mut word = self.word.load(Ordering::Relaxed);
        while word & QUEUED == 0 {
            let blocked = word & WRITER != 0 || !reading && word != 0;
            let next = match (blocked, reading) {
                (true, _) => word | QUEUED,
                (false, true) => word + READER,
                (false, false) => WRITER,
            };
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) if blocked => break,
                Ok(_) => return true,
                Err(seen) => word = seen,
            }
        }
        let reason = if reading {
            WaitReason::RwLockRead
        } else {
            WaitReason::RwLockWrite
        };
        let Err(held) = held.wait(Place::Back, kind, reason, limit) else {
            // Whoever granted it counted it in the word, and its lock ordered what was before.
            return true;
        };
        // It may have been the writer that kept readers off.
        held.finish(|queue, (), wake| self.admit(queue, wake, false));
        false
    }

    #[inline]
    pub(crate) fn unlock_read(&self) {
        explore::point_in_drop(READ_UNLOCK, self.address());
        // Release pairs with the acquire of the next writer.
        let word = self.word.fetch_sub(READER, Ordering::Release) - READER;
        if word == QUEUED {
            self.pass_on();
        }
    }

    #[inline]
    pub(crate) fn unlock_write(&self) {
        explore::point_in_drop(UNLOCK, self.address());
        // Release pairs with the acquire of whoever is next.
        if self
            .word
            .compare_exchange(WRITER, 0, Ordering::Release, Ordering::Relaxed)
            .is_err()
        {
            self.leave_write(0);
        }
        // After the readers that waited: they come before the next writer.
        self.turn.give();
    }

    /// The writer becomes a reader.
    #[track_caller]
    pub(crate) fn downgrade(&self) {
        explore::point(DOWNGRADE, self.address());
        if self
            .word
            .compare_exchange(WRITER, READER, Ordering::Release, Ordering::Relaxed)
            .is_err()
        {
            self.leave_write(READER);
        }
        self.turn.give();
    }

    /// The writer leaves while somebody waits, and `stays` in the word instead.
    #[cold]
    fn leave_write(&self, stays: usize) {
        self.waiting.lock().finish(|queue, (), wake| {
            // Nobody else changes the word of a writer with a queue. Release: as above.
            self.word.store(stays | QUEUED, Ordering::Release);
            self.admit(queue, wake, true);
        });
    }

    #[cold]
    fn pass_on(&self) {
        self.waiting
            .lock()
            .finish(|queue, (), wake| self.admit(queue, wake, false));
    }

    /// Lets in whose turn it is, and clears `QUEUED` if nobody waits any more. Under the queue's lock, with `QUEUED` set (or
    /// nobody waiting, which is no harm): so nobody gets in by the fast path; readers may leave by it.
    fn admit(&self, queue: &mut Queue, wake: &mut Wake, after_writer: bool) {
        // Acquire: what the holders before did must be seen by whom is let in, through the lock of the queue.
        let word = self.word.load(Ordering::Acquire);
        if word & QUEUED == 0 {
            return;
        }
        if word & WRITER == 0 {
            let only_readers = !queue.weights().any(|kind| kind == WRITES);
            let mut readers = 0;
            if after_writer || only_readers {
                readers = queue.grant_all(READS, wake);
            }
            if readers == 0 && word < READER {
                if queue.grant_first_of(WRITES, wake) {
                    self.word.fetch_or(WRITER, Ordering::Relaxed);
                } else {
                    // The time of every writer has just run out.
                    readers = queue.grant_all(READS, wake);
                }
            }
            if readers > 0 {
                self.word.fetch_add(readers * READER, Ordering::Relaxed);
            }
        }
        if queue.is_empty() {
            self.word.fetch_and(!QUEUED, Ordering::Relaxed);
        }
    }
}
