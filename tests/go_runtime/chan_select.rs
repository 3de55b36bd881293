//! Port of runtime/chan_test.go: TestSelfSelect, TestSelectStress, TestSelectFairness,
//! TestPseudoRandomSend, TestSelectDuplicateChannel (GS-31, GS-58, GS-60, GS-61, GS-62, GS-63).

use std::time::Duration;

use gort::prelude::*;
use gort::runtime::gosched;

use crate::support::{MaxProcs, rounds};

/// Send and receive on the same channel in one select neither match each other nor deadlock.
#[gort::test]
fn test_self_select() {
    let _procs = MaxProcs::set(2);
    for capacity in [0, 10] {
        let c = chan!(i32, capacity);
        let check = move |p: i32, v: Option<i32>| assert!(capacity != 0 || v != Some(p), "self receive");
        let goroutines = [0, 1].map(|p| {
            go!([c] {
                for i in 0..1000 {
                    if p == 0 || i % 2 == 0 {
                        select! {
                            c <- p => {}
                            v = <-c => check(p, v),
                        }
                    } else {
                        select! {
                            v = <-c => check(p, v),
                            c <- p => {}
                        }
                    }
                }
            })
        });
        for goroutine in goroutines {
            goroutine.join().unwrap();
        }
    }
}

/// Four goroutines send `n` values on one channel each and four receive them, one sends `n` on each
/// channel in a single select and one receives `n` from each in a single select. All of them
/// interact chaotically; nothing may deadlock.
#[gort::test]
fn test_select_stress() {
    let _procs = MaxProcs::set(10);
    let n = rounds(100_000);
    let c: [Chan<u8>; 4] = [0, 0, 2, 3].map(|capacity| chan!(u8, capacity));
    let mut goroutines = Vec::new();
    for ch in &c {
        goroutines.push(go!([ch] {
            for _ in 0..n {
                chan!(ch <- 0);
            }
        }));
        goroutines.push(go!([ch] {
            for _ in 0..n {
                chan!(<-ch);
            }
        }));
    }
    goroutines.push(go!([c] {
        let mut c1 = c.map(Some);
        let mut sent = [0; 4];
        for _ in 0..4 * n {
            let k = select! {
                c1[3] <- 0 => 3,
                c1[2] <- 0 => 2,
                c1[0] <- 0 => 0,
                c1[1] <- 0 => 1,
            };
            sent[k] += 1;
            if sent[k] == n {
                c1[k] = None;
            }
        }
    }));
    goroutines.push(go!([c] {
        let mut c1 = c.map(Some);
        let mut received = [0; 4];
        for _ in 0..4 * n {
            let k = select! {
                <-c1[0] => 0,
                <-c1[1] => 1,
                <-c1[2] => 2,
                <-c1[3] => 3,
            };
            received[k] += 1;
            if received[k] == n {
                c1[k] = None;
            }
        }
    }));
    for goroutine in goroutines {
        goroutine.join().unwrap();
    }
    assert!(c.iter().all(Chan::is_empty));
}

#[gort::test]
fn test_select_fairness() {
    const TRIALS: usize = 10_000;
    let [c1, c2] = [1, 2].map(|b| {
        let c = chan!(u8, TRIALS + 1);
        for _ in 0..=TRIALS {
            chan!(c <- b);
        }
        c
    });
    let (c3, c4, out, done) = (chan!(u8), chan!(u8), chan!(u8), chan!(u8));
    let chooser = go!([out, done] {
        loop {
            let b = select! {
                b = <-c3 => b,
                b = <-c4 => b,
                b = <-c1 => b,
                b = <-c2 => b,
            };
            select! {
                out <- b.unwrap() => {}
                <-done => return,
            }
        }
    });
    let mut count = [0usize; 2];
    for _ in 0..TRIALS {
        count[usize::from(chan!(<-out).unwrap()) - 1] += 1;
    }
    let mean = TRIALS as f64 * 0.5;
    let deviation = (TRIALS as f64 * 0.5 * 0.5).sqrt();
    assert!(
        (count[0] as f64 - mean).abs() <= 10.0 * deviation,
        "unfair select: {TRIALS} trials gave {count:?}"
    );
    done.close();
    chooser.join().unwrap();
}

#[gort::test]
fn test_pseudo_random_send() {
    const N: usize = 100;
    for capacity in [0, N] {
        let c = chan!(usize, capacity);
        let receiver = go!([c] {
            let next = |_| {
                gosched();
                chan!(<-c).unwrap()
            };
            (0..N).map(next).sum::<usize>()
        });
        for _ in 0..N {
            select! {
                c <- 1 => {}
                c <- 0 => {}
            }
        }
        let ones = receiver.join().unwrap();
        assert!(
            (N / 10 + 1..N - N / 10).contains(&ones),
            "want pseudorandom, got {ones} ones of {N}"
        );
    }
}

/// A goroutine can queue on the same channel several times.
#[gort::test]
fn test_select_duplicate_channel() {
    let (c, d, e) = (chan!(i32), chan!(i32), chan!(i32));
    let a = go!([c, d, e] {
        select! {
            <-c => panic!("nobody has sent to c"),
            <-c => panic!("nobody has sent to c"),
            <-d => {}
        }
        chan!(e <- 9);
    });
    gort::time::sleep(Duration::from_millis(1)); // A is queued first on c
    let b = go!([c] { chan!(<-c) });
    gort::time::sleep(Duration::from_millis(1)); // B is queued on c too
    chan!(d <- 7); // wakes A, which takes itself off c
    chan!(<-e);
    chan!(c <- 8); // wakes B
    a.join().unwrap();
    assert_eq!(b.join().unwrap(), Some(8));
}
