//! The two-value form of a type without a default.

use gort::prelude::*;

struct Opaque(u64);

fn main() {
    let a = chan!(Opaque, 1);
    select! {
        (v, ok) = <-a => println!("{ok} {}", v.0),
    }
}
