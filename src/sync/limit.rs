//! `Limit`: how long to wait: for ever, to a deadline, or until a channel says that it is enough.

#[cfg(not(loom))]
use std::cell::Cell;
use std::time::{Duration, Instant};

#[cfg(not(loom))]
use crate::{__private::RecvFrom, Receiver, Sender};

/// How long to wait.
pub(super) enum Limit<'a> {
    Never,
    Until(Instant),
    /// Until `wait` returns, which it does when the channel has something, or (`true`) when what it watches has ended. That
    /// may be seen only once, so it is noted in `came`.
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
    let (grant, ready) = crate::channel(1);
    let came = &Cell::new(false);
    let wait = &|ready: &Receiver<()>| {
        crate::select! {
            <-ready => false,
            <-done => true,
        }
    };
    f(&Limit::Done {
        wait,
        came,
        grant,
        ready,
    })
}

impl Limit<'_> {
    /// From now; what does not fit into an `Instant` is for ever.
    pub(super) fn after(duration: Duration) -> Limit<'static> {
        Instant::now()
            .checked_add(duration)
            .map_or(Limit::Never, Limit::Until)
    }

    /// Whether what [`until_done`] watches has ended.
    #[cfg(not(loom))]
    pub(super) fn has_come(&self) -> bool {
        matches!(self, Limit::Done { came, .. } if came.get())
    }
}
