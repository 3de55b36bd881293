//! gort's own promises, under many schedules: each small program is right in all of them.

mod channels;
mod contexts;
mod sync;
mod timers;

use gort::testing::{Options, Strategy, explore};

/// The program passes under random schedules, and under all with two preemptions, as far as they
/// go.
#[track_caller]
fn holds(program: fn()) {
    let pct = Strategy::Pct { depth: 3 };
    explore(Options::default().strategy(pct).schedules(500), program).assert_passed();
    explore(
        Options::default().strategy(Strategy::Random).schedules(300),
        program,
    )
    .assert_passed();
    let two = Strategy::Exhaustive { preemptions: 2 };
    explore(Options::default().strategy(two).schedules(3000), program).assert_passed();
}
