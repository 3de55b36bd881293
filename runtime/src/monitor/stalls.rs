//! Which runs are long enough to be reported, and when again.

use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::monitor::{LastSeen, SHORTEST_PAUSE};
use crate::sched::Runtime;
use crate::sched::bell::LONGEST_PAUSE;
use crate::sched::worker::Post;
use crate::stall::{self, Notice, Run};

/// The monitor looks so often while a run gets as long as the limit.
const LOOKS_A_LIMIT: u32 = 4;

pub(super) struct Stalls {
    limit: Duration,
    /// By worker: the run that was reported last, if it is not over.
    reported: Vec<Option<Reported>>,
    /// To be said at the end of the round, with how many others each keeps from going on.
    lasting: Vec<(usize, Notice)>,
    to: Sender<Notice>,
}

#[derive(Clone, Copy)]
struct Reported {
    run: Run,
    since: u64,
    /// As long as this it has to be to be reported again.
    next: u64,
}

impl Stalls {
    /// `None` if nobody wants reports. Otherwise starts the thread that makes them.
    pub(super) fn of(rt: &'static Runtime) -> Option<Stalls> {
        rt.config.stall_limit.map(|limit| Stalls {
            limit,
            reported: Vec::new(),
            lasting: Vec::new(),
            to: stall::start(rt),
        })
    }

    pub(super) fn longest_pause(&self) -> Duration {
        (self.limit / LOOKS_A_LIMIT).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
    }

    /// The run that was seen last is still the one.
    pub(super) fn lasts(&mut self, worker: usize, post: &Post, look: &LastSeen, now: u64) {
        let length = now - look.since;
        if u128::from(length) < self.limit.as_nanos() {
            return;
        }
        if worker >= self.reported.len() {
            self.reported.resize(worker + 1, None);
        }
        let reported = &mut self.reported[worker];
        let first = reported.is_none();
        if reported.is_some_and(|before| length < before.next) {
            return;
        }
        let run = Run {
            worker,
            tick: look.tick,
            goroutine: look.goroutine,
        };
        *reported = Some(Reported {
            run,
            since: look.since,
            next: length.saturating_mul(2),
        });
        if first {
            stall::opened();
        }
        self.lasting
            .push((run.neighbours(post), Notice::Lasts(run, length)));
    }

    /// The round is over: says which runs last. First the one that keeps most others, which may be
    /// what the others wait for.
    pub(super) fn round_ends(&mut self) {
        self.lasting.sort_by_key(|&(others, _)| std::cmp::Reverse(others));
        for (_, notice) in self.lasting.drain(..) {
            // The other end never goes.
            let _ = self.to.send(notice);
        }
    }

    /// The run that was seen last is over.
    pub(super) fn over(&mut self, worker: usize, now: u64) {
        if let Some(over) = self.reported.get_mut(worker).and_then(Option::take) {
            let _ = self.to.send(Notice::Over(over.run, now - over.since));
        }
    }
}
