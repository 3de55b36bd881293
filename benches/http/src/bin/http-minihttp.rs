//! `may_minihttp`, two workers, with the handler of `examples/http_server`. It has no timeouts and
//! few limits.

use std::io;
use std::net::TcpListener;

use may_minihttp::{HttpServer, HttpService, Request, Response};

#[derive(Clone)]
struct Hello;

impl HttpService for Hello {
    fn call(&mut self, _: Request, response: &mut Response) -> io::Result<()> {
        response.header("Content-Type: text/plain; charset=utf-8");
        response.body("Hello, world!\n");
        Ok(())
    }
}

fn main() {
    may::config().set_workers(2);
    // It does not say which port it got, so it is given one that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let server = HttpServer(Hello).start(address).expect("a server");
    println!("listening on {address}");
    server.join().expect("it never ends");
}
