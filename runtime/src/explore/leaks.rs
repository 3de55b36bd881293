//! Goroutines that somebody leaves behind: a crew that nobody directs, and that only knows its members.

use std::panic::Location;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::director::{How, Op};
use super::reach::Reach;
use super::searches::Search;
use crate::debug::{self, Goroutine, Snapshot, Status};
use crate::g::crew::{self, Crew, Membership};
use crate::g::{G, GRef};

/// Whoever has waited for so long, without going on once, is left. On a slow machine others take longer, but they go on.
const LEFT_AFTER: Duration = Duration::from_secs(1);
/// Between two looks, at first and at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// Knows who was started.
#[derive(Debug)]
struct Roll {
    membership: OnceLock<Membership>,
    started: Mutex<Vec<u64>>,
}

impl Crew for Roll {
    fn enlist(&'static self, g: &G) {
        self.started.lock().push(g.id());
        self.admit_member(g);
    }

    fn admit(&self, g: GRef) -> Option<GRef> {
        Some(g)
    }

    fn take_turn(&self, _: &G, _: Op, _: Reach, _: Option<&'static Location<'static>>, _: How) {}

    fn directs(&self) -> bool {
        false
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}

impl Roll {
    fn admit_member(&'static self, g: &G) {
        let membership = self.membership.get_or_init(|| {
            let crew: &'static dyn Crew = self;
            Box::leak(Box::new(crew))
        });
        crew::join(g, membership);
    }

    /// Those that live still.
    fn left(&self, all: &Snapshot) -> Vec<Goroutine> {
        let mut started = self.started.lock();
        started.retain(|id| all.get(*id).is_some());
        started.iter().filter_map(|id| all.get(*id).cloned()).collect()
    }
}

/// Runs `f`, and sees to it that the goroutines end that it starts, and that those start.
///
/// # Panics
/// If some are left that wait, and say who. Not in a bubble: that looks for itself.
#[track_caller]
pub fn deny_leaks<T>(f: impl FnOnce() -> T) -> T {
    struct Leave<'a>(&'a G);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            self.0.crew.set(None);
        }
    }
    let Some(g) = crate::g::current().filter(|g| crew::of(g).is_none()) else {
        return f();
    };
    let search = Search::begin();
    // Members point to it for as long as they live.
    let roll: &'static Roll = Box::leak(Box::new(Roll {
        membership: OnceLock::new(),
        started: Mutex::new(Vec::new()),
    }));
    roll.admit_member(g);
    let leave = Leave(g);
    let value = f();
    drop(leave);
    let left = wait_for_the_end(roll);
    drop(search);
    if !left.is_empty() {
        let list: String = left.iter().map(|goroutine| format!("\n\n{goroutine}")).collect();
        panic!(
            "{} that the test started {} left:{}",
            if left.len() == 1 {
                String::from("a goroutine")
            } else {
                format!("{} goroutines", left.len())
            },
            if left.len() == 1 { "is" } else { "are" },
            list.trim_end()
        );
    }
    value
}

/// Waits until all have ended, or all that are left have waited for long.
fn wait_for_the_end(roll: &Roll) -> Vec<Goroutine> {
    let waits = |goroutine: &Goroutine| {
        matches!(goroutine.status(), Status::Waiting(_))
            && goroutine.waiting_for().is_none_or(|length| length >= LEFT_AFTER)
    };
    let (mut pause, longest) = PAUSES;
    let begun = Instant::now();
    loop {
        let left = roll.left(&debug::goroutines_without_frames());
        if left.is_empty() {
            return left;
        }
        // Where nobody knows how long one has waited, all are given that time.
        if left.iter().all(waits) && begun.elapsed() >= LEFT_AFTER {
            let left = roll.left(&debug::goroutines());
            if left.iter().all(waits) {
                return left;
            }
        }
        crate::sched::sleep::sleep_until(Instant::now() + pause);
        pause = (pause * 2).min(longest);
    }
}
