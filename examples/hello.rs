//! A goroutine and a channel (Go by Example, "Channels").
//!
//! The Go idiom: an unbuffered channel is a meeting; the receive waits until the goroutine has something to say.

use gort::prelude::*;

#[gort::main]
fn main() {
    let messages = chan!(&str);
    go!([tx = messages.tx()] {
        chan!(tx <- "hello, goroutine");
    });
    println!("{}", chan!(<-messages).unwrap_or_default());
}
