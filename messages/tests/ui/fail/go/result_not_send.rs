//! A result that must not change threads.

use std::rc::Rc;

use gort::prelude::*;

fn main() {
    go!({ Rc::new(1) });
}
