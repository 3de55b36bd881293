//! A thread that says who is stuck, once each, as they appear.

use std::collections::HashMap;
use std::time::Duration;

use crate::debug::stuck::{Certainty, stuck};
use crate::sched::Runtime;

/// Between two looks, at least and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Starts the thread: whoever has waited for `age` is looked at.
pub(crate) fn start(rt: &'static Runtime, age: Duration) {
    let body = move || {
        crate::tls::set_serves();
        let mut said = HashMap::new();
        loop {
            std::thread::sleep((age / 2).clamp(PAUSES.0, PAUSES.1));
            look(age, &mut said);
        }
    };
    rt.start_thread(String::from("gort-watch"), body);
}

/// `said`: of whom something has been printed, and since when they waited then.
fn look(age: Duration, said: &mut HashMap<u64, (u64, Certainty)>) {
    let found = stuck(age);
    said.retain(|id, (since, _)| {
        found
            .get(*id)
            .is_some_and(|found| found.goroutine.reach.since == *since)
    });
    for found in &found {
        let waits_long = found.goroutine.waiting_for.is_some_and(|length| length >= age);
        let now = (found.goroutine.reach.since, found.certainty);
        let known = said.get(&found.goroutine.id);
        let is_news = known.is_none_or(|(_, before)| *before < found.certainty);
        if found.certainty > Certainty::Old && waits_long && is_news {
            said.insert(found.goroutine.id, now);
            eprintln!("stuck, {}: {found}", found.certainty);
        }
    }
}
