//! What a select promises, sentence by sentence (GS-30, GS-55, GS-56, GS-57, GS-62, GS-63, GS-64,
//! GS-66, GS-72): `arms` has evaluation, values, arms that drop out and sources; `effects` what
//! happens to values, chosen or not, `operands` how long they live, `take` what gives its value
//! back.

use gort::prelude::*;

mod arms;
mod effects;
mod operands;
mod take;

#[path = "../support/mod.rs"]
mod support;

const NIL: Option<Receiver<u32>> = None;

/// A channel that is closed, and one whose receivers are gone.
fn closed() -> Chan<u32> {
    let ch = chan!(u32);
    ch.close();
    ch
}

fn deaf<T>() -> Sender<T> {
    gort::channel(0).0
}
