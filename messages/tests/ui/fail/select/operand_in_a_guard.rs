//! Operands in what a lock guards: the select would hold the locks while it waits. Clone the channel, or bind the guard.

use gort::prelude::*;
use gort::sync::Mutex;

struct Hub {
    rx: Receiver<u32>,
    spare: Vec<Receiver<u32>>,
    name: String,
}

fn main() {
    let hub = Mutex::new(Hub { rx: chan!(u32).rx(), spare: Vec::new(), name: String::new() });
    let names = chan!(&str, 1);
    select! {
        <-hub.lock().rx => {}
        <-&hub.lock().spare[0] => {}
        v = <-hub.lock().spare.first() => println!("{v:?}"),
        Some(v) = <-Some(&hub.lock().rx) => println!("{v}"),
        names <- hub.lock().name.as_str() => {}
    }
}
