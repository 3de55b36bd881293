//! Whose turn it is in a crew whose schedules are explored: switches away where another member goes
//! first.

use std::panic::Location;

use super::{park, ready, sleep};
use crate::explore::director::{How, Op};
use crate::explore::group::{Group, Next, member};
use crate::explore::reach::Reach;
use crate::g::{G, crew};

/// `g`, which runs this code, is about to do that. Returns when it is its turn.
pub(crate) fn take(g: &G, op: Op, reach: Reach, site: Option<&'static Location<'static>>, how: How) {
    let Some((group, number)) = member(g) else { return };
    let Some(next) = group.announce(number, op, reach, site, how) else {
        return;
    };
    g.flags.handing_over.set(true);
    // SAFETY: `g` runs this code. Who is queued by the commit is another one; this one is runnable
    // for its group, which queues it once, when it chooses it.
    unsafe { park::hand_over(g, move || carry_on(group, next)) };
    g.flags.handing_over.set(false);
}

/// Does what a group wants done, on a worker's own stack.
#[cold]
pub(crate) fn carry_on(group: &'static Group, mut next: Next) {
    loop {
        match next {
            Next::Nothing => return,
            Next::Run(g) => return ready::queue_between_runs(g),
            Next::End(tell) => return tell(),
            Next::Expire(member) => {
                next = crew::acting_for(member, || {
                    group.expire(|due| {
                        sleep::deliver(due);
                    })
                });
            }
        }
    }
}
