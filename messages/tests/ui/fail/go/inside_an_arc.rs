//! A method of what is inside of an `Arc`: the goroutine wants its own `Arc`, `go!([shared] shared.1.notify_all())`.

use std::sync::Arc;

use gort::prelude::*;
use gort::sync::{Cond, Mutex};

fn main() {
    let shared = Arc::new((Mutex::new(0), Cond::new()));
    go!(shared.1.notify_all());
    let all = [shared];
    go!(all[0].1.notify_all());
}
