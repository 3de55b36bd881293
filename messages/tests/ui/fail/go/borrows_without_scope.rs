//! Borrowing needs `gort::scope`.

use gort::prelude::*;

fn show(text: &str) {
    println!("{text}");
}

fn main() {
    let text = String::from("text");
    go!(show(&text));
    let part = text.as_str();
    go!({ println!("{part}") });
}
