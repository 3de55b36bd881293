//! A place that cannot be changed, and one that two arms take from.

use std::collections::VecDeque;

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    let queue = VecDeque::from([1]);
    select! { a <- take queue => {} }
    let mut queue = queue;
    select! {
        a <- take queue => {}
        b <- take queue => {}
    }
}
