//! A service that is told to stop by SIGTERM: it takes no new work, finishes what it has begun, and ends in order.
//!
//! The Go idiom: `signal.NotifyContext` makes a context for the whole program; producers stop when it is done, workers when their
//! queue is closed and drained. Here the program plays the operator too and sends the signal to itself.

use gort::context::{self, Context};
use gort::prelude::*;
use gort::signal::{self, Signal};
use gort::sync::WaitGroup;

const WORKERS: usize = 3;
const BEFORE_THE_SIGNAL: u32 = 20;

#[gort::main]
fn main() {
    let (ctx, stop) = signal::notify_context(context::background(), &[Signal::INT, Signal::TERM]);
    let requests = chan!(u32);
    let answers = chan!(u32, 1);
    let wg = WaitGroup::new();
    for _ in 0..WORKERS {
        go!(wg => [requests = requests.rx(), answers = answers.tx()] {
            for request in requests {
                chan!(answers <- request * 2);
            }
        });
    }
    let accepted = go!(accept(ctx.clone(), requests.tx()));
    let counted = go!(count(answers.rx()));

    println!("serving");
    chan!(<-ctx.done());
    stop(); // from here on a second signal ends the program at once
    println!("stopping: {}", context::cause(&ctx).expect("it is done"));
    let accepted = accepted.join().expect("no panic");
    requests.close();
    wg.wait();
    println!("workers are done");
    answers.close();
    let answered = counted.join().expect("no panic");
    println!("every request was answered: {}", accepted == answered);
}

/// Takes requests until the context is done; gives their number.
fn accept(ctx: Context, requests: Sender<u32>) -> u32 {
    let done = ctx.done();
    for n in 0.. {
        if n == BEFORE_THE_SIGNAL {
            Signal::TERM.raise().expect("a process may signal itself");
        }
        select! {
            biased;
            <-done => return n,
            requests <- n => {}
        }
    }
    unreachable!("the loop has no end")
}

/// Counts the answers until there will be no more.
fn count(answers: Receiver<u32>) -> u32 {
    answers.into_iter().map(|_| 1).sum()
}
