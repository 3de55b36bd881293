//! The monitor thread (Go's sysmon): sees to it that a goroutine which keeps its worker does not
//! stop the others.
//!
//! It looks at every worker every 20 µs to 10 ms. A worker whose goroutine has not switched away
//! for [`LONG_RUN`], or which sleeps in the kernel in the middle of one (a system call that was not
//! handed to [`blocking`](crate::blocking), a lock of std), is called *stuck* if work waits that
//! nobody else will take. GOMAXPROCS counts workers that are not stuck: so one more worker may run
//! anything, the *stand-in*. It steals what the stuck one has in its queues. When the long run is
//! over the stuck worker counts again, and the last of the workers retires.
//!
//! It also gives the memory back of stacks and control blocks that nobody needs (`fiber::pool`,
//! `g::pool`), and does not sleep before that is done.
//!
//! If the settings ask for it, it also has long runs reported ([`stalls`], `stall`).
//!
//! When all workers sleep, so does the monitor ([`Bell`](crate::sched::bell::Bell)).
//!
//! A goroutine that has overflowed its stack has the frames of it printed by the monitor: its own
//! thread is in a signal's handler.
//!
//! What is due on the clock while every worker is busy, the monitor expires itself; likewise it
//! looks into the poller.
//!
//! Nothing here is on anybody's fast path: a worker's tick counter and the pointer to what it runs
//! are written anyway. Only the mark is looked at, once after every run. A worker that misses it
//! (the mark is set while it is on its way from one run to the next) finds it after its next run,
//! or before it goes to sleep.

use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use crossbeam_utils::sync::Parker;

use crate::config::BiasMode;
use crate::fiber;
use crate::g::{self, G};
use crate::idle::Surroundings;
use crate::sched::Runtime;
use crate::sched::bell::LONGEST_PAUSE;
use crate::sched::worker::promise::LONG;
use crate::sys::clock::{self, NEVER};
use crate::sys::thread::{self, Doing};

mod stalls;

use stalls::Stalls;

/// A goroutine that runs longer than this keeps its worker from the others.
const LONG_RUN: u64 = 10_000_000;
/// A shorter limit, for a goroutine that is blocked in the kernel.
const LONG_CALL: u64 = 40_000;
/// The monitor expires timers that are late by this much: nobody else is going to.
const LATE: u64 = 500_000;
/// Between two rounds, at first; later up to [`LONGEST_PAUSE`].
const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
/// Rounds without an event after which pauses get longer.
const PATIENCE: u32 = 50;
/// Twice the rounds in which every worker slept and none had run anything, after which the monitor
/// sleeps until one is awake.
const IDLE: u32 = 20;
/// Starts the monitor's thread. Called once.
pub(crate) fn start(rt: &'static Runtime) {
    let parker = Parker::new();
    rt.bell.install(parker.unparker().clone());
    // It takes some milliseconds in a process of several threads, and others would wait for it.
    let prepare_bias = rt.config.bias_mode != BiasMode::Off && !crate::bias::is_possible();
    let stalls = Stalls::of(rt);
    let body = move || {
        crate::tls::set_serves();
        thread::precise_sleeps();
        if prepare_bias {
            crate::bias::prepare();
        }
        watch(rt, &parker, stalls);
    };
    rt.start_thread(String::from("gort-monitor"), body);
}

/// What the monitor saw of a worker last.
#[derive(Clone, Copy)]
struct LastSeen {
    tick: u64,
    goroutine: *const G,
    /// `NEVER` if it ran nothing then.
    since: u64,
}

/// The life of the monitor.
fn watch(rt: &'static Runtime, parker: &Parker, mut stalls: Option<Stalls>) -> ! {
    let longest_pause = stalls.as_ref().map_or(LONGEST_PAUSE, Stalls::longest_pause);
    let mut looks: Vec<LastSeen> = Vec::new();
    let mut pause = SHORTEST_PAUSE;
    let (mut quiet, mut idle) = (0_u32, 0_u32);
    let mut next_trim = 0_u64;
    loop {
        let until_trim = Duration::from_nanos(next_trim.saturating_sub(clock::now()));
        std::thread::sleep(pause.min(until_trim.max(SHORTEST_PAUSE)));
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        crate::stall::show_overflow_if_asked();
        let round = look_around(rt, &mut looks, stalls.as_mut());
        let resting = rt.idle.nobody_is_awake();
        let calm = resting && !round.anything_ran;
        idle = match (resting, round.anything_ran) {
            (true, false) => idle + 2,
            // A program that wakes now and then is left alone too, unless that is almost every
            // time.
            (true, true) => idle.saturating_sub(1),
            (false, _) => 0,
        };
        let now = clock::now();
        let mut trims = false;
        if now >= next_trim || idle >= IDLE {
            let next = [fiber::pool::trim(now), g::pool::trim(now)]
                .into_iter()
                .flatten()
                .min();
            trims = next.is_some();
            next_trim = next.unwrap_or(now + fiber::pool::PERIOD);
        }
        if idle >= IDLE && !trims {
            rt.bell.sleep(parker, &rt.idle);
            (pause, quiet, idle) = (SHORTEST_PAUSE, 0, 0);
        } else if round.acted {
            (pause, quiet) = (SHORTEST_PAUSE, 0);
        } else if calm {
            // Not sooner again: a program that only ticks would have as many rounds as ticks.
            pause = LONGEST_PAUSE;
        } else {
            quiet += 1;
            if quiet > PATIENCE {
                pause = (pause * 2).min(longest_pause);
            }
        }
    }
}

/// What a round saw.
#[derive(Default)]
struct Round {
    anything_ran: bool,
    acted: bool,
}

fn look_around(rt: &'static Runtime, looks: &mut Vec<LastSeen>, mut stalls: Option<&mut Stalls>) -> Round {
    let mut round = Round::default();
    let now = clock::now();
    let mut stuck_anew = false;
    for (index, post) in rt.posts() {
        post.set_clock(now);
        let tick = post.queue.ticks();
        if index >= looks.len() {
            looks.push(LastSeen {
                tick,
                goroutine: std::ptr::null(),
                since: NEVER,
            });
        }
        let look = &mut looks[index];
        let goroutine = post.running();
        let runs = !goroutine.is_null();
        // What a worker finds after it has slept runs under the tick with which it began to look
        // for it: the sleep is not a part of the run.
        if tick != look.tick || goroutine != look.goroutine || look.since == NEVER {
            round.anything_ran |= tick != look.tick || runs;
            if let Some(stalls) = &mut stalls {
                stalls.over(index, now);
            }
            *look = LastSeen {
                tick,
                goroutine,
                since: if runs { now } else { NEVER },
            };
            continue;
        }
        round.anything_ran = true;
        let length = now - look.since;
        if let Some(stalls) = &mut stalls {
            stalls.lasts(index, post, look, now);
        }
        if post.is_absent() {
            round.acted |= rt.send_elsewhere(post);
            continue;
        }
        if length < LONG_CALL || !(post.inbox.has_free() || rt.work_waits(now)) {
            continue;
        }
        if length >= LONG_RUN || thread::doing(post.thread_id()) == Doing::Sleeps {
            post.mark_stuck(tick);
            stuck_anew = true;
        }
    }
    if let Some(stalls) = stalls {
        stalls.round_ends();
    }
    if stuck_anew {
        rt.rebalance();
        for (_, post) in rt.posts().filter(|(_, post)| post.is_absent()) {
            rt.send_elsewhere(post);
        }
        round.acted = true;
    }
    // A worker that was to be back soon is not.
    if let Some(index) = rt.timekeeper.overdue(LONG, clock::cycles) {
        rt.break_promise(index);
        round.acted = true;
    }
    if look_at_poller(now) {
        round.acted = true;
    }
    let due = rt.earliest_timer();
    if due != NEVER && now.saturating_sub(due) > LATE {
        rt.bell.set_expiring(true);
        let any = rt.expire_neglected(now, LATE, usize::MAX);
        rt.bell.set_expiring(false);
        // Whoever asked meanwhile whether anybody can run again was told to wait for this.
        rt.ask_again();
        round.acted |= any;
    }
    round
}

/// Fetches events if nobody has for long, though somebody waits for one. `true` if there were any.
fn look_at_poller(now: u64) -> bool {
    if !crate::poll::is_of_use() || crate::poll::driver().is_none_or(|driver| driver.unattended(now) < LATE) {
        return false;
    }
    let woken = crate::poll::look();
    let any = !woken.is_empty();
    crate::sched::ready::ready_polled(woken);
    any
}

impl Runtime {
    /// Whether there is work that no worker is about to take.
    fn work_waits(&self, now: u64) -> bool {
        if !self.any_visible_work() && self.earliest_timer() > now {
            return false;
        }
        fence(Ordering::SeqCst);
        // A sleeper or a searcher can do it; at most it has to be woken.
        if self.idle.any_asleep() {
            self.notify();
            return false;
        }
        !self.idle.anybody_searches()
    }
}
