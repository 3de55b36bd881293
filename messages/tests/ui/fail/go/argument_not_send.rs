//! An argument that must not change threads.

use std::rc::Rc;

use gort::prelude::*;

fn show(n: Rc<u64>) {
    println!("{n}");
}

fn main() {
    go!(show(Rc::new(1)));
}
