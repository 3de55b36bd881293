//! Behind `take` stands the place, not the value.

use std::collections::VecDeque;

use gort::prelude::*;

fn main() {
    let out = chan!(u64, 1);
    let mut queue = VecDeque::from([1]);
    select! {
        out <- take queue.pop_front().unwrap() => {}
        out <- take &mut queue => {}
        out <- take Some(1) => {}
    }
}
