//! Stealing that looks before it takes.
//!
//! A second worker that robs every short queue ruins small groups of goroutines that talk to each
//! other: each hand-off then crosses a core. So a thief looks at each victim's tick counter twice.
//! A victim that spends only a few cycles on each run gets through a short queue sooner than the
//! thief could: it is left alone. Unless so many take turns there that none finds its lines in the
//! cache when it comes round ([`ReuseDistance`](super::reuse_distance::ReuseDistance)): then it
//! does not matter who runs them.
//!
//! Run-next is taken only from a victim that stands still for longer: the goroutine that runs there
//! may be about to wait for the one in the slot. A producer that fills a buffer of a hundred values
//! does so in 1 µs; if its consumer were taken away, both would fight for the channel's lock.

use crate::g::GRef;
use crate::sched::worker::{LONG_QUEUE, Post, Worker};
use crate::sys::clock;

/// How long the thief watches, in cycles: about 1 µs.
const WATCH_CYCLES: u64 = 2_500;
/// How long a victim has to stand still before its run-next is taken, in cycles: about 4 µs. (Go
/// waits 3 µs.)
const STANDSTILL_CYCLES: u64 = 10_000;
/// A victim that spends less than this many cycles on a run gets along on its own.
const QUICK_RUN: u64 = 3_000;

/// What a round of stealing brought.
pub(super) enum Loot {
    Goroutine(GRef),
    /// There is work, or there will be, but its owner is quicker than the thief would be.
    LeftAlone,
    Nothing,
}

impl Worker {
    pub(super) fn steal(&self) -> Loot {
        let known = self.rt.known();
        if known == 1 {
            return Loot::Nothing;
        }
        let before = clock::cycles();
        let mut ticks = [0_u64; 64];
        for (index, post) in self.rt.posts().take(ticks.len()) {
            ticks[index] = post.queue.ticks();
        }
        let mut watched = 0;
        while watched < WATCH_CYCLES {
            std::hint::spin_loop();
            watched = clock::cycles().wrapping_sub(before);
        }
        let mut left_alone = false;
        let first = self.random() as usize % known;
        for offset in 0..known {
            let index = (first + offset) % known;
            if index == self.index {
                continue;
            }
            let Some(post) = self.rt.post(index) else { continue };
            // Beyond the table every victim counts as standing still.
            let runs = ticks
                .get(index)
                .map_or(0, |&then| post.queue.ticks().wrapping_sub(then));
            match self.rob(post, runs, watched) {
                Loot::Goroutine(g) => return Loot::Goroutine(g),
                Loot::LeftAlone => left_alone = true,
                Loot::Nothing => {}
            }
        }
        if left_alone {
            Loot::LeftAlone
        } else {
            Loot::Nothing
        }
    }

    fn rob(&self, victim: &Post, runs: u64, watched: u64) -> Loot {
        let quick = runs > 0 && watched / runs < QUICK_RUN;
        let waiting = victim.queue.len();
        let worth_it = waiting >= LONG_QUEUE
            || waiting > 0 && (!quick || victim.reuse_distance.is_long(victim.queue.ticks()));
        if worth_it && let Some(g) = victim.queue.steal_half(&self.queue) {
            return Loot::Goroutine(g);
        }
        if runs == 0
            && stands_still(victim, watched)
            && let Some(g) = victim.queue.steal_next()
        {
            return Loot::Goroutine(g);
        }
        if quick || victim.queue.has_work() {
            Loot::LeftAlone
        } else {
            Loot::Nothing
        }
    }
}

/// Whether the victim, seen at a standstill for `watched` cycles, goes on standing still with
/// something in its run-next.
fn stands_still(victim: &Post, watched: u64) -> bool {
    let ticks = victim.queue.ticks();
    let start = clock::cycles();
    loop {
        if !victim.queue.has_next() || victim.queue.ticks() != ticks {
            return false;
        }
        if watched + clock::cycles().wrapping_sub(start) >= STANDSTILL_CYCLES {
            return true;
        }
        std::hint::spin_loop();
    }
}
