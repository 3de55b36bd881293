//! Exploring schedules: a crew of goroutines of which one runs at a time, and somebody else, the
//! [`Director`], chooses which at every operation that another one could see. The strategies, and
//! what is printed, are in the facade: `gort::testing::explore`.
//!
//! | file | what it has |
//! |---|---|
//! | `searches` | whether anybody explores: all that others pay |
//! | `reach`, `director` | the words: what a step touches, who chooses, how it ended |
//! | `group`, `state` | the crew: who can go on, whose turn it is, what time it is |
//! | `point` | what operations call |
//! | `run` | one schedule from its beginning to its end |
//! | `leaks` | a crew that only knows its members |
//! | `bubble`, `calm` | a crew whose schedules nobody explores: first come, first served |
//!
//! `g/crew` is what the goroutine's floor knows of it, `sched/turn` what the scheduler does for it.

mod bubble;
mod calm;
pub(crate) mod director;
pub(crate) mod group;
mod leaks;
pub(crate) mod point;
pub(crate) mod reach;
mod run;
pub(crate) mod searches;
mod state;

pub use bubble::{NotInBubble, age, bubble, bubble_here, enter, wait};
pub use director::{Candidate, DROPPED, Director, Ending, Op, SET_TIMER, Step, Turn, Waiting};
pub use leaks::deny_leaks;
pub use point::{
    glance, is_explored, note_drop, pick, point, point_at_all, point_handed_over, point_in_drop, quietly,
};
pub use reach::{CLOCK, Reach, STARTS};
pub use run::run_once;
pub use searches::{Search, any as is_under_way};
