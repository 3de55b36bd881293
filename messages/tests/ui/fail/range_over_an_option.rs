//! Go ranges over a nil channel for ever; here `for` takes the channel out of its `Option`. That is std's, and so is the warning.
#![deny(warnings)]

use gort::prelude::*;

fn main() {
    let jobs: Option<Receiver<u32>> = Some(chan!(u32).rx());
    for job in &jobs {
        println!("{job:?}");
    }
    for job in jobs {
        println!("{job:?}");
    }
}
