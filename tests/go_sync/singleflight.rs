//! Port of golang.org/x/sync/singleflight's singleflight_test.go: TestDo, TestDoErr,
//! TestDoDupSuppress, TestForget, TestDoChan, TestPanicDo, TestGoexitDo, TestPanicDoChan,
//! TestPanicDoSharedByDoChan (GS-154, GS-155).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use gort::prelude::*;
use gort::runtime::{Builder, gosched};
use gort::sync::{SingleFlight, WaitGroup};

use crate::support::child;

#[gort::test]
fn do_it() {
    let g = SingleFlight::new();
    assert_eq!(g.do_("key", || "bar"), ("bar", false));
}

#[gort::test]
fn error() {
    let g = SingleFlight::<_, Result<u8, &str>>::new();
    assert_eq!(g.do_("key", || Err("some error")).0, Err("some error"));
    assert_eq!(g.do_("key", || Ok(1)).0, Ok(1));
}

#[gort::test]
fn duplicates_are_suppressed() {
    const N: usize = 10;
    let g = Arc::new(SingleFlight::new());
    let c = chan!(&'static str, 1);
    let calls = Arc::new(AtomicUsize::new(0));
    let ready = WaitGroup::new();
    ready.add(1);
    let mut all = Vec::new();
    for _ in 0..N {
        ready.add(1);
        all.push(go!([g, c, calls, ready] {
            ready.done();
            g.do_("key", || {
                if calls.fetch_add(1, Ordering::Relaxed) == 0 {
                    ready.done();
                }
                let v = chan!(<-c).unwrap();
                // For any later call.
                chan!(c <- v);
                gort::time::sleep(Duration::from_millis(10));
                v
            })
        }));
    }
    ready.wait();
    // One is in the function, and all have come to the line before `do_`.
    chan!(c <- "bar");
    let got: Vec<_> = all.into_iter().map(|one| one.join().unwrap()).collect();
    assert!(got.iter().all(|(v, _)| *v == "bar"));
    let calls = calls.load(Ordering::Relaxed);
    assert!((1..N).contains(&calls), "number of calls = {calls}");
    assert!(got.iter().any(|(_, shared)| *shared));
}

/// After `forget` another call runs, and those that come later join that one.
#[gort::test]
fn forget() {
    let g = Arc::new(SingleFlight::new());
    let (started, unblock, finished) = (chan!(()), chan!(()), chan!(()));
    go!([g, started, unblock, finished] {
        g.do_("key", || {
            started.close();
            chan!(<-unblock);
            finished.close();
            1
        });
    });
    chan!(<-started);
    g.forget(&"key");

    let unblock_second = chan!(());
    let waits = unblock_second.clone();
    let second = g.do_chan("key", move || {
        chan!(<-waits);
        2
    });
    unblock.close();
    chan!(<-finished);

    let third = g.do_chan("key", || 3);
    unblock_second.close();
    assert_eq!(chan!(<-second), Some((2, true)));
    assert_eq!(
        chan!(<-third),
        Some((2, true)),
        "forgetting the first forgot the second"
    );
}

#[gort::test]
fn do_chan() {
    let g = SingleFlight::new();
    let result = g.do_chan("key", || "bar");
    assert_eq!(chan!(<-result), Some(("bar", false)));
    assert_eq!(chan!(<-result), None);
}

/// Runs `f` five times at once, as one call; gives how each ended.
fn five_at_once(f: impl Fn() + Send + Sync + 'static) -> Vec<Result<((), bool), gort::JoinError>> {
    let g = Arc::new(SingleFlight::new());
    let f = Arc::new(f);
    let all: Vec<_> = (0..5).map(|_| go!([g, f] { g.do_("key", || f()) })).collect();
    all.into_iter().map(JoinHandle::join).collect()
}

#[gort::test]
fn panic() {
    for end in five_at_once(|| panic!("invalid memory address or nil pointer dereference")) {
        let panic = end.unwrap_err().into_panic().unwrap();
        assert_eq!(
            panic.message(),
            "invalid memory address or nil pointer dereference"
        );
    }
}

#[gort::test]
fn goexit() {
    for end in five_at_once(|| gort::runtime::goexit()) {
        assert!(matches!(end, Err(gort::JoinError::Goexit)));
    }
}

/// Those that joined a running call get its panic, its goexit; those that came too late run their
/// own.
#[gort::test]
fn who_waits_shares_the_end() {
    for panics in [true, false] {
        let g = Arc::new(SingleFlight::<_, u8>::new());
        let (started, go_on) = (chan!(()), chan!(()));
        let first = go!([g, started, go_on] {
            g.do_("key", || {
                chan!(started <- ());
                chan!(<-go_on);
                if panics {
                    panic!("x");
                }
                gort::runtime::goexit()
            })
        });
        chan!(<-started);
        let ran = Arc::new(AtomicBool::new(false));
        let second = go!([g, ran] {
            g.do_("key", || {
                ran.store(true, Ordering::Relaxed);
                7
            })
        });
        gosched();
        go_on.close();
        assert_eq!(first.join().unwrap_err().is_panic(), panics);
        let second = second.join();
        let ran = ran.load(Ordering::Relaxed);
        match second {
            Ok(result) => assert_eq!((result, ran), ((7, false), true)),
            Err(error) => assert_eq!((error.is_panic(), ran), (panics, false)),
        }
    }
}

/// A channel cannot pass a panic on: it ends the process.
#[test]
fn panic_do_chan() {
    let program = || {
        gort::run(|| {
            let g = SingleFlight::<_, u8>::new();
            let result = g.do_chan("", || panic!("Panicking in DoChan"));
            chan!(<-result);
            println!("went on");
        });
    };
    child::run(program)
        .expect_code(2)
        .expect_stdout("")
        .expect_stderr(&["panic: Panicking in DoChan"]);
}

/// Also when somebody else's `do_` ran the function, and would observe it.
#[test]
fn panic_do_shared_by_do_chan() {
    let program = || {
        gort::run(|| {
            let g = Arc::new(SingleFlight::<_, u8>::new());
            let (started, go_on) = (chan!(()), chan!(()));
            let runner = go!([g, started, go_on] {
                gort::recover(|| {
                    g.do_("", || {
                        started.close();
                        chan!(<-go_on);
                        panic!("Panicking in Do");
                    })
                })
                .is_err()
            });
            chan!(<-started);
            let result = g.do_chan("", || panic!("DoChan unexpectedly executed callback"));
            go_on.close();
            select! {
                <-result => {}
                <-runner => {}
            }
            println!("went on");
        });
    };
    child::run(program)
        .expect_code(2)
        .expect_stdout("")
        .expect_stderr(&["panic: Panicking in Do"]);
}

/// Also from a plain thread.
#[test]
fn panic_on_a_thread_shared_by_do_chan() {
    let program = || {
        let g = SingleFlight::<_, u8>::new();
        let (started, go_on) = (chan!(()), chan!(()));
        std::thread::scope(|s| {
            let (g, started, go_on) = (&g, &started, &go_on);
            let runner = s.spawn(move || {
                g.do_("", || {
                    started.close();
                    chan!(<-go_on);
                    panic!("Panicking on a thread");
                })
            });
            chan!(<-started);
            let result = g.do_chan("", || 1);
            go_on.close();
            chan!(<-result);
            println!("went on");
            let _ = runner.join();
        });
    };
    child::run(program)
        .expect_code(2)
        .expect_stdout("")
        .expect_stderr(&["panic: Panicking on a thread"]);
}

/// Where the program decides what becomes of a panic that nobody hears of, it hears of this one
/// first, then those who wait go on.
#[test]
fn a_panic_policy_hears_before_those_who_wait() {
    let program = || {
        let heard = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&heard);
        Builder::new()
            .on_panic(move |report| {
                assert_eq!(report.panic().message(), "for the policy");
                assert!(!note.swap(true, Ordering::SeqCst), "heard twice");
            })
            .run(move || {
                let g = SingleFlight::<_, u8>::new();
                assert_eq!(chan!(<-g.do_chan("", || panic!("for the policy"))), None);
                assert!(heard.swap(false, Ordering::SeqCst));
                assert_eq!(g.do_("", || 7), (7, false));

                let wg = gort::sync::WaitGroup::new();
                wg.go(|| panic!("for the policy"));
                wg.wait();
                assert!(heard.swap(false, Ordering::SeqCst));

                let group = gort::errgroup::Group::<()>::new();
                group.go(|| panic!("for the policy"));
                drop(group);
                while !heard.load(Ordering::SeqCst) {
                    gosched();
                }
            })
            .unwrap();
        println!("went on");
    };
    child::run(program).expect_code(0).expect_stdout("went on\n");
}
