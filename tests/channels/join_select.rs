//! Join handles as operands of `<-`: in `select!`, `chan!` and the `Select` builder (DESIGN.md,
//! GS-1).

use crate::support;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gort::prelude::*;
use gort::{JoinError, Select};

use crate::support::child::Child;
use crate::support::seed::{Rng, seed};

#[gort::test]
fn the_result_comes_once() {
    let gate = chan!(());
    let handle = go!([gate] {
        chan!(<-gate);
        7
    });
    let other = chan!(u8);
    select! {
        _ = <-handle => panic!("it has not ended"),
        default => {}
    }
    gate.close();
    select! {
        Some(result) = <-handle => assert_eq!(result.unwrap(), 7),
        v = <-other => panic!("{v:?}"),
    }
    assert!(chan!(<-handle).is_none(), "received before");
    select! {
        Some(_) = <-handle => panic!("received before"),
        else => {}
    }
    assert!(handle.is_finished());
    assert!(matches!(handle.join(), Err(JoinError::Taken)));
}

#[gort::test]
fn a_panic_that_is_received_is_observed() {
    let handle: JoinHandle<u8> = go!(|| panic!("boom"));
    let error = chan!(<-handle).expect("a result").unwrap_err();
    assert_eq!(error.into_panic().unwrap().message(), "boom");
    drop(handle);
    let handle: JoinHandle<()> = go!(|| gort::runtime::goexit());
    select! {
        Some(result) = <-handle => assert!(matches!(result, Err(JoinError::Goexit))),
    }
}

#[gort::test]
fn a_handle_that_was_waited_for_in_vain_can_be_joined() {
    let gate = chan!(());
    let handle = go!([gate] {
        chan!(<-gate);
        String::from("late")
    });
    select! {
        _ = <-handle => panic!("it has not ended"),
        <-gort::time::after(Duration::from_millis(1)) => {}
    }
    gate.close();
    assert_eq!(handle.join().unwrap(), "late");
}

#[gort::test]
fn a_handle_that_was_waited_for_in_vain_can_be_dropped() {
    struct Counts(Arc<AtomicUsize>);
    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let (gate, drops) = (chan!(()), Arc::new(AtomicUsize::new(0)));
    let counts = Counts(drops.clone());
    let handle = go!([gate] {
        chan!(<-gate);
        counts
    });
    select! {
        _ = <-handle => panic!("it has not ended"),
        default => {}
    }
    drop(handle);
    gate.close();
    support::eventually("the result is dropped", Duration::from_secs(60), || {
        drops.load(Ordering::SeqCst) == 1
    });
}

#[gort::test]
fn two_wait_for_one_handle() {
    let gate = chan!(());
    let handle = go!([gate] { chan!(<-gate).is_none() });
    let results = gort::scope(|s| {
        let waiting = [(); 2].map(|()| s.spawn(|| chan!(<-handle)));
        gort::time::sleep(Duration::from_millis(2));
        gate.close();
        waiting.map(|waiting| waiting.join().unwrap())
    });
    let taken = results.iter().flatten().count();
    assert_eq!(taken, 1, "{results:?}");
}

#[gort::test]
fn a_scoped_handle_may_borrow() {
    let words = ["one".to_owned(), "two".to_owned()];
    let longest = gort::scope(|s| {
        let handle = s.spawn(|| words.iter().max().expect("a word"));
        select! {
            Some(word) = <-handle => word.unwrap().as_str(),
        }
    });
    assert_eq!(longest, "two");
}

#[test]
fn a_plain_thread_waits_too() {
    let handle = go!(|| {
        gort::time::sleep(Duration::from_millis(5));
        3
    });
    assert_eq!(chan!(<-handle).unwrap().unwrap(), 3);
}

#[gort::test]
fn a_set_of_handles_is_waited_for_in_the_order_in_which_they_end() {
    let gates: Vec<_> = (0..5).map(|_| chan!(())).collect();
    let handles: Vec<_> = gates
        .iter()
        .enumerate()
        .map(|(i, gate)| {
            go!([gate] {
                chan!(<-gate);
                i
            })
        })
        .collect();
    let mut waiting: Vec<_> = handles.iter().collect();
    for next in [3, 0, 4, 1, 2] {
        gates[next].close();
        let mut set = Select::new();
        for handle in &waiting {
            set.recv(handle);
        }
        let chosen = set.select().unwrap();
        let index = chosen.index();
        let ended = chosen.recv(waiting[index]).expect("a result").unwrap();
        assert_eq!(ended, next);
        // A handle whose result was received is as a closed channel: ready for ever.
        drop(set);
        waiting.remove(index);
    }
}

/// Handles are received from, joined, dropped and raced at random; every result is seen or dropped
/// exactly once.
fn mixture() {
    struct Token(Arc<AtomicUsize>);
    impl Drop for Token {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let mut rng = Rng::new(seed());
    let rounds = support::rounds(20_000);
    let drops = Arc::new(AtomicUsize::new(0));
    for round in 0..rounds {
        let (waits, what, gate) = (rng.below(4), rng.below(6), chan!(()));
        let token = Token(drops.clone());
        let handle = go!([gate] {
            for _ in 0..waits {
                gort::runtime::gosched();
            }
            if waits == 3 {
                chan!(<-gate);
            }
            token
        });
        let mut received = false;
        select! {
            Some(token) = <-handle => {
                received = true;
                drop(token.expect("it does not panic"));
            }
            default => {}
        }
        gate.close();
        match what {
            0 => drop(handle),
            1 => match handle.join() {
                Ok(token) => drop(token),
                Err(error) => assert!(received && matches!(error, JoinError::Taken), "round {round}"),
            },
            2 => assert_eq!(chan!(<-handle).is_none(), received, "round {round}"),
            3 => {
                let seen = gort::scope(|s| {
                    let both = [(); 2].map(|()| s.spawn(|| chan!(<-handle).is_some()));
                    both.map(|one| usize::from(one.join().unwrap()))
                        .iter()
                        .sum::<usize>()
                });
                assert_eq!(seen, usize::from(!received), "round {round}");
            }
            // On a plain thread.
            4 => {
                let nothing = gort::blocking(|| chan!(<-handle).is_none());
                assert_eq!(nothing, received, "round {round}");
            }
            _ => {
                select! {
                    _ = <-handle => {}
                    <-gort::time::after(Duration::from_micros(rng.below(50) as u64)) => {}
                }
            }
        }
    }
    support::eventually("every result is dropped once", Duration::from_secs(60), || {
        drops.load(Ordering::SeqCst) == rounds
    });
}

#[test]
fn stress() {
    for procs in [1, 2, 4, 8] {
        for migration in ["stealing", "always", "pinned"] {
            Child::default()
                .env("GOMAXPROCS", procs)
                .env("GORT_MIGRATION", migration)
                .run(|| gort::run(mixture))
                .expect_code(0);
        }
    }
}
