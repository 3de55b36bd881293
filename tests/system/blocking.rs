//! `blocking_ctx`: what a context does to a call, before, while and after it runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use gort::context::{self, Error};
use gort::prelude::*;

use crate::support::child::Child;

/// Fills a pool of one thread; gives what ends that call.
fn occupy() -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (open, gate) = mpsc::channel();
    let begun = chan!(());
    let holder = go!([begun] {
        gort::blocking(move || {
            begun.close();
            let _ = gate.recv();
        });
    });
    chan!(<-begun);
    (open, holder)
}

#[test]
fn a_queued_call_ends_with_its_context() {
    Child::default()
        .env("GOMAXPROCS", 2)
        .run(|| {
            let builder = gort::runtime::Builder::new()
                .blocking_threads(1)
                .blocking_patience(Duration::MAX);
            let run = builder.run(|| {
                let (open, holder) = occupy();
                let ran = AtomicBool::new(false);
                let (ctx, _cancel) = context::with_timeout(context::background(), Duration::from_millis(5));
                let call = gort::blocking_ctx(&ctx, || ran.store(true, Ordering::SeqCst));
                assert_eq!(call, Err(Error::DeadlineExceeded));

                let (ctx, cancel) = context::with_cancel(context::background());
                let queued: Vec<_> = (0..100)
                    .map(|_| go!([ctx] { gort::blocking_ctx(&ctx, || unreachable!("cancelled before")) }))
                    .collect();
                for _ in 0..100 {
                    gort::runtime::gosched();
                }
                cancel();
                for call in queued {
                    assert_eq!(call.join().unwrap(), Err::<(), _>(Error::Canceled));
                }
                assert!(!holder.is_finished());
                drop(open);
                holder.join().unwrap();
                // What was withdrawn left nothing behind.
                assert_eq!(gort::blocking(|| 7), 7);
                assert!(!ran.into_inner());
            });
            run.unwrap();
        })
        .expect_code(0);
}

#[gort::test]
fn a_call_that_runs_is_waited_for() {
    let (ctx, cancel) = context::with_cancel(context::background());
    let made = gort::blocking_ctx(&ctx, || {
        cancel();
        std::thread::sleep(Duration::from_millis(5));
        7
    });
    assert_eq!(made, Ok(7));
    assert_eq!(gort::blocking_ctx(&ctx, || 7), Err(Error::Canceled));
}

#[gort::test]
fn its_panic_arrives() {
    let caught =
        gort::recover(|| gort::blocking_ctx(context::background(), || std::panic::panic_any(7))).unwrap_err();
    assert_eq!(caught.payload().downcast_ref(), Some(&7));
}

#[test]
fn outside_of_a_goroutine_it_is_just_made() {
    let (ctx, cancel) = context::with_cancel(context::background());
    assert_eq!(gort::blocking_ctx(&ctx, || 7), Ok(7));
    cancel();
    assert_eq!(gort::blocking_ctx(&ctx, || 7), Err(Error::Canceled));
}

/// GS-96: a thousand goroutines open a FIFO that nobody writes to yet. Files are read, names looked
/// up and children started all the same, calls inside of calls too; and whoever opens the other end
/// at last needs a call for that.
#[test]
fn a_thousand_calls_that_wait_stop_nobody() {
    Child::default()
        .run(|| {
            gort::run(|| {
                let dir = tempfile::tempdir().unwrap();
                let path = dir.path().join("fifo");
                let made = gort::process::Command::new("mkfifo").arg(&path).status();
                assert!(made.unwrap().success());
                let readers: Vec<_> = (0..1000)
                    .map(|_| go!([path] { gort::fs::File::open(path).unwrap() }))
                    .collect();
                gort::time::sleep(Duration::from_millis(1));
                assert!(!gort::fs::read("/proc/version").unwrap().is_empty());
                assert!(!gort::net::lookup_host("localhost:80").unwrap().is_empty());
                assert!(gort::process::Command::new("true").status().unwrap().success());
                let nested = gort::blocking(|| go!({ gort::blocking(|| 7) }).join().unwrap());
                assert_eq!(nested, 7);
                assert!(readers.iter().all(|reader| !reader.is_finished()));
                let writer = gort::fs::OpenOptions::new().write(true).open(&path).unwrap();
                for reader in readers {
                    reader.join().unwrap();
                }
                drop(writer);
            });
        })
        .expect_code(0);
}
