//! `self` behind a reference: the goroutine wants its own `Arc`, `go!([this = Arc::clone(self)] this.run())`.

use std::sync::Arc;

use gort::prelude::*;

struct Server;

impl Server {
    fn run(&self) {}

    fn start(self: &Arc<Self>) {
        go!(self.run());
    }

    fn start_block(&self) {
        go!({ self.run() });
    }
}

fn main() {
    Arc::new(Server).start();
    Server.start_block();
}
