//! The monitor thread (Go's sysmon): sees to it that a goroutine which keeps its worker does not stop the others.
//!
//! It looks at every worker every 20 µs to 10 ms. A worker whose goroutine has not switched away for [`LONG_RUN`], or which
//! sleeps in the kernel in the middle of one (a system call that was not handed to [`blocking`](crate::blocking), a lock of
//! std), is called *stuck* if work waits that nobody else will take. GOMAXPROCS counts workers that are not stuck: so one more
//! worker may run anything, the *stand-in*. It steals what the stuck one has in its queues. When the long run is over the
//! stuck worker counts again, and the last of the workers retires.
//!
//! It also gives the memory back of stacks and control blocks that nobody needs (`fiber::pool`, `g::pool`), and does not sleep
//! before that is done.
//!
//! If the settings ask for it, it also has long runs reported ([`stalls`], `stall`).
//!
//! When all workers sleep, so does the monitor, on an alarm ([`Alarm`]) that is set with the first worker to wake, and stopped with the last
//! to lie down: a server that wakes now and then for a message wakes no second thread.
//!
//! A goroutine that has overflowed its stack has the frames of it printed by the monitor: its own thread is in a signal's handler.
//!
//! What is due on the clock while every worker is busy, the monitor expires itself; likewise it looks into the poller.
//!
//! Nothing here is on anybody's fast path: a worker's tick counter and the pointer to what it runs are written anyway. Only
//! the mark is looked at, once after every run. A worker that misses it (the mark is set while it is on its way from one run
//! to the next) finds it after its next run, or before it goes to sleep.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use std::time::Duration;

use crossbeam_utils::sync::{Parker, Unparker};

use crate::fiber;
use crate::g::{self, G};
use crate::idle::Idle;
use crate::sched::Runtime;
use crate::sys::alarm::Alarm;
use crate::sys::clock::{self, NEVER};
use crate::sys::thread::{self, Doing};
use crate::worker::promise::LONG;

mod stalls;

use stalls::Stalls;

/// A goroutine that runs longer than this keeps its worker from the others.
const LONG_RUN: u64 = 10_000_000;
/// One that sleeps in the kernel does so after this already.
const LONG_CALL: u64 = 40_000;
/// The monitor expires timers that are late by this much: nobody else is going to.
const LATE: u64 = 500_000;
/// Between two rounds: at first, and when nothing has happened for long.
const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
/// Rounds without an event after which pauses get longer.
const PATIENCE: u32 = 50;
/// Twice the rounds in which every worker slept and none had run anything, after which the monitor sleeps until one is awake.
const IDLE: u32 = 20;
/// A worker that is awake for so long makes it look.
const ALARM: Duration = Duration::from_micros(200);
/// To set an alarm and to stop it again costs more than a round: so many of them may not come quicker than rounds would.
const ALARMS: u32 = 64;

/// What others see of the monitor.
pub(crate) struct Monitor {
    /// It sleeps until a worker has been awake for a moment.
    asleep: AtomicBool,
    /// What it sleeps on, from the start on; where there is none, it is woken with the worker.
    alarm: OnceLock<Option<Alarm>>,
    /// Somebody has set the alarm, or is about to.
    alarmed: AtomicBool,
    /// How often it was set since it rang.
    alarms: AtomicU32,
    /// It has taken timers out of their heaps and has not done yet what they are for.
    expiring: AtomicBool,
    thread: OnceLock<Unparker>,
}

impl Monitor {
    pub(crate) const fn new() -> Monitor {
        Monitor {
            asleep: AtomicBool::new(false),
            alarm: OnceLock::new(),
            alarmed: AtomicBool::new(false),
            alarms: AtomicU32::new(0),
            expiring: AtomicBool::new(false),
            thread: OnceLock::new(),
        }
    }

    /// To be called after a worker was taken off the list of sleepers.
    #[inline]
    pub(crate) fn worker_woken(&self) {
        // The list's lock orders this: if the monitor found every worker on the list, it had set the flag before. Acquire: and
        // the alarm was made before that.
        if self.asleep.load(Ordering::Acquire) {
            self.wake();
        }
    }

    /// To be called by a worker that has lain down. If everybody sleeps now, so may the monitor.
    #[inline]
    pub(crate) fn worker_sleeps(&self, idle: &Idle) {
        // After very many of them it rings, so that the monitor sees how many.
        if self.alarmed.load(Ordering::Relaxed) && self.alarms.load(Ordering::Relaxed) < ALARMS {
            self.stop_alarm(idle);
        }
    }

    /// While all are asleep nobody can be woken, and whoever is woken later sets the alarm after that.
    #[cold]
    fn stop_alarm(&self, idle: &Idle) {
        if let Some(_all_asleep) = idle.all_asleep()
            && self.alarmed.swap(false, Ordering::SeqCst)
            && let Some(Some(alarm)) = self.alarm.get()
        {
            alarm.stop();
        }
    }

    /// Whether it is about to make somebody runnable, whom no queue and no timer names yet. To be asked after the timers: it
    /// says so before it touches them.
    pub(crate) fn is_expiring(&self) -> bool {
        self.expiring.load(Ordering::SeqCst)
    }

    #[cold]
    fn wake(&self) {
        match self.alarm.get() {
            // Whoever wakes a worker that soon sleeps again pays for two short calls, and not for a thread that wakes too.
            Some(Some(alarm)) => {
                if !self.alarmed.swap(true, Ordering::SeqCst) {
                    self.alarms.fetch_add(1, Ordering::Relaxed);
                    alarm.set(ALARM);
                }
            }
            _ => {
                if let Some(thread) = self.thread.get() {
                    thread.unpark();
                }
            }
        }
    }
}

/// Starts the monitor's thread. Called once.
///
/// `prepare_bias`: it has that to do first. It takes some milliseconds, which others would wait for.
pub(crate) fn start(rt: &'static Runtime, prepare_bias: bool) {
    let parker = Parker::new();
    let _ = rt.monitor.thread.set(parker.unparker().clone());
    // Not at its first sleep: that comes at some time, when all descriptors may be in use, and whoever counts them sees one more.
    let _ = rt.monitor.alarm.set(Alarm::new());
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
struct Look {
    tick: u64,
    goroutine: *const G,
    /// `NEVER` if it ran nothing then.
    since: u64,
}

/// The life of the monitor.
fn watch(rt: &'static Runtime, parker: &Parker, mut stalls: Option<Stalls>) -> ! {
    let longest_pause = stalls.as_ref().map_or(LONGEST_PAUSE, Stalls::longest_pause);
    let mut looks: Vec<Look> = Vec::new();
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
            // A program that wakes now and then is left alone too, unless that is almost every time.
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
            sleep_until_a_worker_wakes(rt, parker);
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

fn sleep_until_a_worker_wakes(rt: &Runtime, parker: &Parker) {
    let monitor = &rt.monitor;
    let alarm = monitor.alarm.get().and_then(Option::as_ref);
    monitor.alarms.store(0, Ordering::Relaxed);
    let mut since = clock::now();
    monitor.asleep.store(true, Ordering::SeqCst);
    while rt.idle.nobody_is_awake() {
        match alarm {
            Some(alarm) => alarm.wait(),
            None => parker.park(),
        }
        // It may be set again. If somebody does so at this moment, that one was woken before the look that follows.
        monitor.alarmed.store(false, Ordering::SeqCst);
        let (now, alarms) = (clock::now(), monitor.alarms.swap(0, Ordering::Relaxed));
        if alarms >= ALARMS && Duration::from_nanos(now - since) < LONGEST_PAUSE * alarms {
            break;
        }
        since = now;
    }
    monitor.asleep.store(false, Ordering::SeqCst);
}

/// What a round saw.
#[derive(Default)]
struct Round {
    anything_ran: bool,
    acted: bool,
}

fn look_around(rt: &'static Runtime, looks: &mut Vec<Look>, mut stalls: Option<&mut Stalls>) -> Round {
    let mut round = Round::default();
    let now = clock::now();
    let mut stuck_anew = false;
    for (index, post) in rt.posts() {
        let tick = post.queue.ticks();
        if index >= looks.len() {
            looks.push(Look {
                tick,
                goroutine: std::ptr::null(),
                since: NEVER,
            });
        }
        let look = &mut looks[index];
        let goroutine = post.running();
        let runs = !goroutine.is_null();
        // What a worker finds after it has slept runs under the tick with which it began to look for it: the sleep is not a part
        // of the run.
        if tick != look.tick || goroutine != look.goroutine || look.since == NEVER {
            round.anything_ran |= tick != look.tick || runs;
            if let Some(stalls) = &mut stalls {
                stalls.over(index, now);
            }
            *look = Look {
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
        rt.monitor.expiring.store(true, Ordering::SeqCst);
        let any = rt.expire_neglected(now, LATE, usize::MAX);
        rt.monitor.expiring.store(false, Ordering::SeqCst);
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
