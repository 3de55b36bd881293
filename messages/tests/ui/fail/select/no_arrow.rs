//! Methods and names instead of arrows.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v = a.recv() => println!("{v:?}"),
        b.send(1) => println!("sent"),
        a => println!("a"),
    }
}
