//! A capture that must not change threads.

use std::rc::Rc;

use gort::prelude::*;

fn main() {
    let shared = Rc::new(1);
    go!({ println!("{shared}") });
}
