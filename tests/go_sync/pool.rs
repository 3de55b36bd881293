//! Port of sync/pool_test.go: TestPool, TestPoolNew, TestPoolStress (GS-117).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gort::prelude::*;
use gort::sync::Pool;

use crate::support::rounds;

#[gort::test]
fn pool() {
    let p = Pool::new(|| "none");
    assert_eq!(p.try_get(), None);
    p.put("a");
    p.put("b");
    let mut got = [p.get(), p.get()];
    got.sort_unstable();
    assert_eq!((got, p.get(), p.try_get()), (["a", "b"], "none", None));

    // What goes in too often vanishes, and so does what is cleared.
    (0..100_000).for_each(|_| p.put("c"));
    let kept = std::iter::from_fn(|| p.try_get()).count();
    assert!((1..100_000).contains(&kept), "kept {kept}");
    (0..10).for_each(|_| p.put("d"));
    p.clear();
    assert_eq!(p.try_get(), None);
}

#[gort::test]
fn new() {
    let made = AtomicU32::new(0);
    let p = Pool::new(|| made.fetch_add(1, Ordering::Relaxed) + 1);
    assert_eq!((p.get(), p.get()), (1, 2));
    p.put(42);
    assert_eq!((p.get(), p.get()), (42, 3));
    assert_eq!(Pool::<u8>::default().get(), 0);
}

/// Every value is in one place only: nobody gets one that another has, and none is dropped twice.
#[gort::test]
fn stress() {
    const P: usize = 10;
    static ALIVE: AtomicU32 = AtomicU32::new(0);
    struct Token(AtomicU32);
    impl Drop for Token {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let p = Arc::new(Pool::new(|| {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Token(AtomicU32::new(0))
    }));
    let all: Vec<_> = (0..P)
        .map(|_| {
            go!([p] {
                let mut mine = Vec::new();
                for i in 0..rounds(100_000) {
                    let token = p.get();
                    assert_eq!(token.0.fetch_add(1, Ordering::Relaxed), 0, "in two hands");
                    mine.push(token);
                    if i % 3 != 0 {
                        for token in mine.drain(..) {
                            token.0.fetch_sub(1, Ordering::Relaxed);
                            p.put(token);
                        }
                    }
                    if i % 64 == 0 {
                        gort::runtime::gosched();
                    }
                }
            })
        })
        .collect();
    all.into_iter().for_each(|one| one.join().unwrap());
    p.clear();
    assert_eq!(ALIVE.load(Ordering::Relaxed), 0);
}

/// Threads that are no workers use it too.
#[test]
fn threads_share_it() {
    static POOL: Pool<Vec<u8>> = Pool::new(Vec::new);
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..rounds(1000) {
                    let mut buffer = POOL.get();
                    assert!(buffer.is_empty());
                    buffer.push(1);
                    buffer.clear();
                    POOL.put(buffer);
                }
            });
        }
    });
}
