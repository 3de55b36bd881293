//! The netpoller as a source of events: which descriptors are watched, and who waits for them.
//!
//! | file | what lives there |
//! |---|---|
//! | `direction` | who waits for one direction of a descriptor, and the protocol that loses no edge; modelled in `loom_tests::poll` |
//! | `slot` | the two directions of a descriptor, where the kernel's events find them |
//! | `driver` | `mio`: registering, fetching events |
//!
//! What waits and wakes is [`PollFd`](crate::PollFd), a service (`poll_fd/`).
//!
//! # Who looks for events
//!
//! The worker that keeps the time in its sleep (`sched/timekeeper.rs`) sleeps in the kernel's poll,
//! not on its parker, once there is a driver. When it wakes for an event it runs what the event was
//! for, and keeps the role in a way: nobody else is woken for it, as long as it is soon back
//! (`sched/worker/promise.rs`). A worker looks when its own queue is empty, and at every 64th run
//! if it never is. The monitor looks when nobody has for long. All of them make runnable what they
//! are given; this module does not know the scheduler.
//!
//! If there are several workers, one also looks after a goroutine that has written to a descriptor.
//! If the other end is in this process, the event is there by then, and whoever fetches it makes it
//! his: this worker has the connection in its cache, and for another one each message costs twice
//! as much. What nobody has caused here costs one empty look a write.

use std::io;
use std::sync::OnceLock;

pub(crate) mod direction;
mod driver;
pub(crate) mod slot;

pub(crate) use direction::Task;
pub(crate) use driver::Driver;

static DRIVER: OnceLock<Driver> = OnceLock::new();

/// The driver, once anything was registered.
#[inline]
pub(crate) fn driver() -> Option<&'static Driver> {
    DRIVER.get()
}

/// The driver, if it watches anything.
#[inline]
fn useful_driver() -> Option<&'static Driver> {
    driver().filter(|driver| driver.watches_anything())
}

/// Whether events may come: some descriptor is watched. Who waits is counted apart, by the worker
/// (`sched::io_wait_begins`), since one word for all would be written twice in every wait, by every
/// worker.
#[inline]
pub(crate) fn is_of_use() -> bool {
    useful_driver().is_some()
}

/// Fetches the events that are there. Gives those who have to be made runnable.
#[inline]
pub(crate) fn look() -> Vec<Task> {
    let mut woken = Vec::new();
    if let Some(driver) = useful_driver() {
        driver.look(&mut woken);
    }
    woken
}

/// Makes the driver, unless another thread is quicker. Who sleeps has to be told:
/// [`sched::poller_started`](crate::sched).
pub(crate) fn make_driver() -> io::Result<&'static Driver> {
    let fresh = Driver::new()?;
    // If another one was quicker, this one is dropped.
    Ok(DRIVER.get_or_init(|| fresh))
}
