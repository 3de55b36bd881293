//! `Limit`: how long to wait: for ever, to a deadline, or until a channel says that it is enough.

use std::time::{Duration, Instant};
#[cfg(not(loom))]
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

#[cfg(not(loom))]
use super::rt::{Receiver, RecvFrom, Sender, channel, recv_arm, select};

/// How long to wait.
pub(super) enum Limit<'a> {
    Never,
    Until(Instant),
    /// Until `wait` returns, which it does when the channel has something, or (`true`) when what it
    /// watches has ended. That may be seen only once, so it is noted in `came`.
    #[cfg(not(loom))]
    Done {
        wait: &'a dyn Fn(&Receiver<()>) -> bool,
        came: &'a Cell<bool>,
        grant: Sender<()>,
        ready: Receiver<()>,
    },
    /// Keeps the lifetime in use.
    #[cfg(loom)]
    #[allow(dead_code)]
    Nothing(&'a std::convert::Infallible),
}

/// Runs `f` with a limit that ends when a value comes from `done`, or nothing can come any more.
///
/// That may happen at the same time as `f` gets what it waits for. Then `f` has to give it back, if
/// [`Limit::has_come`]: whoever used up the value of `done` must hear of it.
#[cfg(not(loom))]
pub(super) fn until_done<R>(done: &impl RecvFrom, f: impl FnOnce(&Limit<'_>) -> R) -> R {
    // Room for two: a grant that came together with the end may still be in there when another wait
    // is granted, and a grant, which is given under the lock of a list, must not find it full.
    let (grant, ready) = channel(2);
    let came = &Cell::new(false);
    let panicked = Cell::new(None);
    // This runs foreign code (of `done`, and wakers of who sends there). It may not unwind past a
    // waiter, nor past a guard that is unlocked: the panic counts as the end, and goes on when all
    // is in order again.
    let wait = &|ready: &Receiver<()>| {
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let (mut granted, mut ended) = (recv_arm(ready), recv_arm(done));
            let first = select([&mut granted, &mut ended], false, false, false);
            if first == 0 {
                granted.take();
            } else {
                ended.take();
            }
            first != 0
        }));
        ended.unwrap_or_else(|payload| {
            panicked.set(Some(payload));
            true
        })
    };
    let result = f(&Limit::Done {
        wait,
        came,
        grant,
        ready,
    });
    if let Some(payload) = panicked.take() {
        resume_unwind(payload);
    }
    result
}

impl Limit<'_> {
    /// From now; what does not fit into an `Instant` is for ever.
    pub(super) fn after(duration: Duration) -> Limit<'static> {
        super::rt::now()
            .checked_add(duration)
            .map_or(Limit::Never, Limit::Until)
    }

    /// Whether what [`until_done`] watches has ended.
    #[cfg(not(loom))]
    pub(super) fn has_come(&self) -> bool {
        matches!(self, Limit::Done { came, .. } if came.get())
    }
}
