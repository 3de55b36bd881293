//! Goroutines that wait while they unwind: nobody else sees it. Neither the library, for which a
//! goroutine that unwinds must not begin to unwind again, nor std, nor the user's own destructors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::panicking;
use std::time::Duration;

use gort::prelude::*;
use gort::runtime::{goexit, gosched};
use gort::time::sleep;

/// Four producers whose `defer!` reports their end: they are refused, and end, while main still
/// receives.
#[test]
fn producers_that_nobody_receives_from_any_more() {
    for _ in 0..20 {
        gort::run(|| {
            let done = chan!(());
            let (tx, rx) = gort::channel::<u64>(0);
            for _ in 0..4 {
                let (tx, done) = (tx.clone(), done.tx());
                go!(move || {
                    defer! { chan!(done <- ()); }
                    let mut n = 0;
                    loop {
                        chan!(tx <- n);
                        n += 1;
                    }
                });
            }
            drop(tx);
            assert_eq!(rx.iter().take(10).count(), 10);
            drop(rx);
            sleep(Duration::from_millis(1));
            for _ in 0..4 {
                chan!(<-done);
            }
        });
    }
}

/// The same with a select, whose send arm nobody receives from.
#[test]
fn selects_that_nobody_receives_from_any_more() {
    for _ in 0..20 {
        gort::run(|| {
            let done = chan!(());
            let never = chan!(());
            let (tx, rx) = gort::channel::<u64>(0);
            for _ in 0..4 {
                let (tx, done, never) = (tx.clone(), done.tx(), never.rx());
                go!(move || {
                    defer! { chan!(done <- ()); }
                    loop {
                        select! {
                            tx <- 1 => {}
                            Some(()) = <-never => {}
                        }
                    }
                });
            }
            drop(tx);
            assert_eq!(rx.iter().take(10).count(), 10);
            drop(rx);
            never.close();
            for _ in 0..4 {
                chan!(<-done);
            }
        });
    }
}

/// std asks the same question: a mutex is poisoned by whoever unwinds with it, and by nobody else.
#[test]
fn a_std_mutex_of_a_bystander_is_not_poisoned() {
    gort::run(|| {
        let (enter, leave) = (chan!(()), chan!(()));
        let panics = go!([enter, leave] {
            gort::recover(|| {
                defer! {
                    chan!(enter <- ());
                    chan!(<-leave);
                    assert!(panicking(), "it still does, wherever it goes on");
                }
                panic!("the only one");
            })
        });
        chan!(<-enter);
        let mutex = Arc::new(std::sync::Mutex::new(0));
        let bystanders: Vec<_> = (0..50)
            .map(|_| {
                go!([mutex] {
                    for _ in 0..10 {
                        assert!(!panicking());
                        *mutex.lock().unwrap() += 1;
                        gosched();
                    }
                })
            })
            .collect();
        bystanders.into_iter().for_each(|one| one.join().unwrap());
        assert_eq!(*mutex.lock().unwrap(), 500);
        chan!(leave <- ());
        assert_eq!(panics.join().unwrap().unwrap_err().message(), "the only one");
    });
}

/// A panic within a destructor of a panic, caught there: both come back, one after the other.
#[test]
fn nested_unwindings_wait_together() {
    struct Nested(usize);
    impl Drop for Nested {
        fn drop(&mut self) {
            let depth = self.0;
            gosched();
            if depth > 0 {
                let inner = catch_unwind(AssertUnwindSafe(|| {
                    let _next = Nested(depth - 1);
                    std::panic::resume_unwind(Box::new(depth));
                }));
                assert_eq!(inner.unwrap_err().downcast_ref(), Some(&depth));
            } else {
                sleep(Duration::from_micros(200));
            }
            assert!(panicking());
            gosched();
            assert!(panicking());
        }
    }
    gort::run(|| {
        let all: Vec<_> = (0..40)
            .map(|_| {
                go!({
                    let caught = gort::recover(|| {
                        let _nested = Nested(5);
                        std::panic::resume_unwind(Box::new("outermost"));
                    });
                    assert!(!panicking());
                    caught.unwrap_err().message().to_owned()
                })
            })
            .collect();
        for one in all {
            assert_eq!(one.join().unwrap(), "outermost");
            assert!(!panicking());
        }
    });
}

/// A goroutine that ends while others still unwind on its thread ends as any other.
#[test]
fn goexit_beside_those_that_unwind() {
    gort::run(|| {
        let (hold, ended) = (chan!(()), Arc::new(AtomicUsize::new(0)));
        for _ in 0..100 {
            let hold = hold.rx();
            go!([ended] {
                defer! {
                    chan!(<-hold);
                    ended.fetch_add(1, Ordering::SeqCst);
                }
                goexit();
            });
        }
        for _ in 0..100 {
            let one = go!({
                assert!(!panicking());
                goexit();
            });
            assert!(matches!(one.join(), Err(gort::JoinError::Goexit)));
        }
        hold.close();
        while ended.load(Ordering::SeqCst) < 100 {
            gosched();
        }
    });
}
