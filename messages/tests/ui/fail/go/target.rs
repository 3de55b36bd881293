//! What cannot start goroutines, and what a group's goroutines must return.

use gort::errgroup::Group;
use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    let name = String::from("not a target");
    go!(name => work(1));

    let group = Group::<String>::new();
    go!(group => work(1));
}
