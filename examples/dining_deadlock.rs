//! Five philosophers each take their left fork and wait for the right one: who waits for whom, in words, and as the picture in the
//! README if a file is named.

use std::sync::Arc;
use std::time::Duration;

use gort::debug;
use gort::prelude::*;
use gort::sync::{Barrier, Mutex};

const NAMES: [&str; 5] = ["Kant", "Hume", "Locke", "Mill", "Hegel"];

#[gort::main]
fn main() {
    let forks: Vec<Arc<Mutex<()>>> = (0..5)
        .map(|i| Arc::new(Mutex::named(format!("fork {i}"), ())))
        .collect();
    let seated = Arc::new(Barrier::new(5));
    for (i, name) in NAMES.into_iter().enumerate() {
        let (left, right) = (forks[i].clone(), forks[(i + 1) % 5].clone());
        go!(name = name; [seated] move || {
            let _left = left.lock();
            seated.wait();
            let _right = right.lock();
        });
    }
    let stuck = loop {
        let stuck = debug::stuck(Duration::from_secs(60));
        if stuck.len() == 5 {
            break stuck;
        }
        gort::time::sleep(Duration::from_millis(10));
    };
    for found in &stuck {
        let name = found.goroutine().name().unwrap_or_default();
        println!(
            "{name} waits for {:?}: {}",
            found.goroutine().waits_on()[0].name().unwrap_or_default(),
            found.certainty()
        );
    }
    if let Some(file) = std::env::args().nth(1) {
        std::fs::write(file, debug::wait_graph().to_svg()).expect("the picture can be written");
    }
}
