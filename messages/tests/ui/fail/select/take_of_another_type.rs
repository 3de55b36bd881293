//! `take` from what holds no values of the channel's type, or none at all.

use std::collections::VecDeque;

use gort::prelude::*;

fn main() {
    let out = chan!(u64, 1);
    let mut words = VecDeque::from(["one"]);
    let mut number = 7u64;
    select! {
        out <- take words => {}
        out <- take number => {}
    }
}
