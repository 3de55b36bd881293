//! A variable is used after a block took it.

use gort::prelude::*;

fn main() {
    let text = String::from("text");
    go!({ println!("{text}") });
    println!("{text}");
}
