//! An async block, an async closure, an await.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(async { work(1) });
    go!(async move { work(1) });
    go!(async || work(1));
    go!(work(1).await);
}
