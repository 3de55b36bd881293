//! A server that has answered quickly so far, and is trusted to keep watch over events and timers
//! itself, computes for long: others take over.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gort::net::TcpListener;
use gort::prelude::*;

use crate::support::child::{Child, Outcome};

/// More than the 16 times that a worker is on probation after a long run, such as those of the
/// start.
const QUICK: usize = 200;

fn ask(connection: &mut TcpStream, question: u8) {
    connection.write_all(&[question]).unwrap();
    connection.read_exact(&mut [0]).unwrap();
}

/// Echoes; a question of 1 is answered when `over` is set, and until then its goroutine computes.
fn serve(mut connection: gort::net::TcpStream, over: &AtomicBool) {
    let mut question = [0];
    while connection.read_exact(&mut question).is_ok() {
        while question[0] == 1 && !over.load(Ordering::SeqCst) {
            std::hint::spin_loop();
        }
        connection.write_all(&question).unwrap();
        if question[0] == 2 {
            over.store(true, Ordering::SeqCst);
        }
    }
}

/// A plain thread with two connections: the first one has the server compute after many short
/// words. `help` ends that.
fn with_a_long_run(help: impl FnOnce(&mut TcpStream, Arc<AtomicBool>)) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&over);
    go!(move || loop {
        let (connection, _) = listener.accept().unwrap();
        let over = Arc::clone(&flag);
        go!(move || serve(connection, &over));
    });
    let [mut first, mut second] = [address; 2].map(|address| TcpStream::connect(address).unwrap());
    ask(&mut second, 0);
    for _ in 0..QUICK {
        // A moment of rest, so that the server sleeps in between.
        std::thread::sleep(Duration::from_micros(300));
        ask(&mut first, 0);
    }
    first.write_all(&[1]).unwrap();
    help(&mut second, over);
    first.read_exact(&mut [0]).unwrap();
    println!("answered");
}

/// Both connections' goroutines could be bound to one worker otherwise, where one that computes
/// keeps the other one off.
fn on_two_workers() -> Child {
    Child::default()
        .env("GOMAXPROCS", 2)
        .env("GORT_MIGRATION", "stealing")
}

#[track_caller]
fn answered(out: Outcome) {
    let out = out.expect_code(0).expect_silent_stderr();
    assert_eq!(out.stdout.trim(), "answered");
}

/// The second connection's word ends the run of the first one's goroutine.
pub(crate) fn an_event_during_a_long_run() {
    fn program() {
        gort::run(|| {
            let client = || with_a_long_run(|second, _| ask(second, 2));
            gort::blocking(client);
        });
    }
    answered(on_two_workers().run(program));
}

/// A timer ends it that was armed long before, and is due in a while.
pub(crate) fn a_timer_during_a_long_run() {
    fn program() {
        gort::run(|| {
            let (tell, told) = gort::channel::<Arc<AtomicBool>>(1);
            go!(move || {
                let over = chan!(<-told).unwrap();
                gort::time::sleep(Duration::from_millis(5));
                over.store(true, Ordering::SeqCst);
            });
            let client = || with_a_long_run(|_, over| tell.send(over).unwrap());
            gort::blocking(client);
        });
    }
    answered(on_two_workers().run(program));
}
