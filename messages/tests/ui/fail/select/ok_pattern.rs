//! A receive gives an `Option`.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        Ok(v) = <-a => println!("{v}"),
        Err(e) = <-b => println!("{e}"),
    }
}
