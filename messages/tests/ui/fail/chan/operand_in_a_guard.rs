//! A channel in what a lock guards: the operation would hold the lock while it waits. Clone the channel, or bind the guard.

use gort::prelude::*;
use gort::sync::Mutex;

fn main() {
    let (tx, rx) = gort::channel::<u32>(1);
    let ends = Mutex::new((tx, rx));
    chan!(ends.lock().0 <- 1);
    chan!(<-ends.lock().1);
}
