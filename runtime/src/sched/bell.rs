//! The monitor's bell: when all workers sleep, so does the monitor, and the first worker to wake
//! rings for it.
//!
//! It sleeps on an alarm ([`Alarm`]) that is set with the first worker to wake, and stopped with
//! the last to lie down: a server that wakes now and then for a message wakes no second thread.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crossbeam_utils::sync::{Parker, Unparker};

use crate::idle::Idle;
use crate::sys::alarm::Alarm;
use crate::sys::clock;

/// A worker that is awake for so long makes it look.
const ALARM: Duration = Duration::from_micros(200);
/// To set an alarm and to stop it again costs more than a round: so many of them may not come
/// quicker than rounds would.
const ALARMS: u32 = 64;
/// The monitor's longest pause between two rounds.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// What the monitor sleeps on, and what wakes it.
pub(crate) struct Bell {
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

impl Bell {
    pub(crate) const fn new() -> Bell {
        Bell {
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
        // The list's lock orders this: if the monitor found every worker on the list, it had set
        // the flag before. Acquire: and the alarm was made before that.
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

    /// While all are asleep nobody can be woken, and whoever is woken later sets the alarm after
    /// that.
    #[cold]
    fn stop_alarm(&self, idle: &Idle) {
        if let Some(_all_asleep) = idle.all_asleep()
            && self.alarmed.swap(false, Ordering::SeqCst)
            && let Some(Some(alarm)) = self.alarm.get()
        {
            alarm.stop();
        }
    }

    /// Whether it is about to make somebody runnable, whom no queue and no timer names yet. To be
    /// asked after the timers: it says so before it touches them.
    pub(crate) fn is_expiring(&self) -> bool {
        self.expiring.load(Ordering::SeqCst)
    }

    /// Monitor: it is about to take timers out of their heaps, or has done what they are for.
    pub(crate) fn set_expiring(&self, expiring: bool) {
        self.expiring.store(expiring, Ordering::SeqCst);
    }

    #[cold]
    fn wake(&self) {
        match self.alarm.get() {
            // Whoever wakes a worker that soon sleeps again pays for two short calls, and not for a
            // thread that wakes too.
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

    /// Before the monitor's thread starts, which sleeps on the parker of `thread`.
    pub(crate) fn install(&self, thread: Unparker) {
        let _ = self.thread.set(thread);
        // Not at its first sleep: that comes at some time, when all descriptors may be in use, and
        // whoever counts them sees one more.
        let _ = self.alarm.set(Alarm::new());
    }

    /// Monitor: sleeps until a worker has been awake for a moment.
    pub(crate) fn sleep(&self, parker: &Parker, idle: &Idle) {
        let alarm = self.alarm.get().and_then(Option::as_ref);
        self.alarms.store(0, Ordering::Relaxed);
        let mut since = clock::now();
        self.asleep.store(true, Ordering::SeqCst);
        while idle.nobody_is_awake() {
            match alarm {
                Some(alarm) => alarm.wait(),
                None => parker.park(),
            }
            // It may be set again. If somebody does so at this moment, that one was woken before
            // the look that follows.
            self.alarmed.store(false, Ordering::SeqCst);
            let (now, alarms) = (clock::now(), self.alarms.swap(0, Ordering::Relaxed));
            if alarms >= ALARMS && Duration::from_nanos(now - since) < LONGEST_PAUSE * alarms {
                break;
            }
            since = now;
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}
