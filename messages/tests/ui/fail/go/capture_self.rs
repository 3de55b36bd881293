//! `self` in a capture list.

use gort::prelude::*;

#[derive(Clone)]
struct Server;

impl Server {
    fn start(&self) {
        go!([self] { self.serve() });
    }

    fn serve(&self) {}
}

fn main() {
    Server.start();
}
