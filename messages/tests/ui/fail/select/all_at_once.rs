//! Every mistake is reported at once, and the bodies cause no more.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v := <-a => println!("{}", v + 1),
        Some(0) = <-b => println!("zero"),
        case w = <-a => println!("{}", w.unwrap()),
        b <- => println!("sent"),
        default => println!("one"),
        default => println!("two"),
    }
}
