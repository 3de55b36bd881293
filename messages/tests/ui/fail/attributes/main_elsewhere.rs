//! Another function than `main`.

#[gort::main]
fn start() {}

fn main() {
    start();
}
