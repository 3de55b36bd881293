//! The arrow of another language.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(ch -> 1);
    let v = chan!(->ch);
}
