//! An async `main`.

use gort::prelude::*;

#[gort::main]
async fn main() {
    let ch = chan!(u64, 1);
    ch.rx().recv_async().await;
}
