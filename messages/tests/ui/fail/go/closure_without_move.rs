//! A closure that borrows.

use gort::prelude::*;

fn main() {
    let text = String::from("text");
    go!(|| println!("{text}"));
}
