//! What a wait group's goroutines may not take.

use std::rc::Rc;

use gort::prelude::*;
use gort::sync::WaitGroup;

fn main() {
    let wg = WaitGroup::new();
    let local = Rc::new(1);
    go!(wg => [local] { println!("{local}") });
}
