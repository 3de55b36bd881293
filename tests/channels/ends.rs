//! Ends that come while another end is under way: a `defer!` that sends, or selects, when nobody is
//! left to talk to, while its goroutine unwinds already. Starting a second unwinding there would
//! abort the process.

use gort::prelude::*;
use gort::{JoinError, Receiver};

use crate::support::child;

/// The panic reaches `join`, and the process lives.
#[test]
fn a_deferred_send_to_nobody_while_panicking() {
    fn program() {
        let text = gort::run(|| {
            let (tx, rx) = gort::channel(0);
            drop(rx);
            let handle: JoinHandle<()> = go!({
                defer! { chan!(tx <- ()); }
                panic!("the first");
            });
            let panic = handle.join().unwrap_err().into_panic().unwrap();
            panic.message().to_owned()
        });
        println!("{text}");
    }
    child::run(program).expect_code(0).expect_stdout("the first\n");
}

/// A worker whose readers are gone ends quietly, though its `defer!` wants to send to nobody as
/// well.
#[test]
fn a_deferred_send_to_nobody_while_ending() {
    fn program() {
        gort::run(|| {
            let (results, results_rx) = gort::channel(0);
            let (done, done_rx) = gort::channel(0);
            let handle: JoinHandle<()> = go!({
                defer! { chan!(done <- ()); }
                chan!(results <- 1);
                unreachable!("nobody receives");
            });
            drop((results_rx, done_rx));
            assert!(matches!(handle.join(), Err(JoinError::Goexit)));
        });
        println!("ended");
    }
    child::run(program)
        .expect_code(0)
        .expect_silent_stderr()
        .expect_stdout("ended\n");
}

/// The value that nobody can receive is dropped, once.
#[test]
fn the_value_of_a_deferred_send_to_nobody_is_dropped() {
    struct Says(&'static str);
    impl Drop for Says {
        fn drop(&mut self) {
            println!("dropped {}", self.0);
        }
    }
    fn program() {
        gort::run(|| {
            let (tx, rx) = gort::channel(1);
            drop(rx);
            let handle: JoinHandle<()> = go!({
                defer! { chan!(tx <- Says("the value")); }
                gort::runtime::goexit();
            });
            assert!(matches!(handle.join(), Err(JoinError::Goexit)));
        });
    }
    child::run(program)
        .expect_code(0)
        .expect_stdout("dropped the value\n");
}

/// A select cannot go on without an arm, and the goroutine cannot end twice: it blocks, as in Go,
/// and others live on.
#[test]
fn a_deferred_select_that_has_dropped_out_blocks() {
    fn program() {
        gort::run(|| {
            let (tx, rx) = gort::channel::<u32>(0);
            drop(tx);
            let (before, reached): (_, Receiver<()>) = gort::channel(1);
            let handle: JoinHandle<()> = go!({
                defer! {
                    chan!(before <- ());
                    select! { Some(_) = <-rx => unreachable!("it is closed") }
                }
                gort::runtime::goexit();
            });
            chan!(<-reached);
            gort::time::sleep(std::time::Duration::from_millis(20));
            assert!(!handle.is_finished());
        });
        println!("alive");
    }
    child::run(program).expect_code(0).expect_stdout("alive\n");
}
