//! Port of runtime/chan_test.go: TestChan, TestNonblockRecvRace, TestNonblockSelectRace,
//! TestNonblockSelectRace2, TestChanSendInterface, TestMultiConsumer (GS-20, GS-21, GS-22, GS-25,
//! GS-47, GS-59).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use gort::prelude::*;
use gort::runtime::gosched;
use gort::sync::WaitGroup;

use crate::support::{MaxProcs, rounds};

const MILLISECOND: Duration = Duration::from_millis(1);

fn full(capacity: usize) -> Chan<usize> {
    let c = chan!(usize, capacity);
    for i in 0..capacity {
        chan!(c <- i);
    }
    c
}

fn receive_from_empty_blocks(capacity: usize) {
    let c = chan!(i32, capacity);
    let received = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let receivers = [0, 1].map(|i| {
        go!([c, received] {
            assert_eq!(chan!(<-c), Some(0));
            received[i].store(true, Ordering::Relaxed);
        })
    });
    gort::time::sleep(MILLISECOND);
    assert!(
        !received.iter().any(|r| r.load(Ordering::Relaxed)),
        "receive from empty chan[{capacity}]"
    );
    select! {
        _ = <-c => panic!("receive from empty chan[{capacity}]"),
        default => {}
    }
    select! {
        (_, _) = <-c => panic!("receive from empty chan[{capacity}]"),
        default => {}
    }
    chan!(c <- 0);
    chan!(c <- 0);
    for receiver in receivers {
        receiver.join().unwrap();
    }
}

fn send_to_full_blocks(capacity: usize) {
    let c = full(capacity);
    let sent = Arc::new(AtomicBool::new(false));
    let sender = go!([c, sent] {
        chan!(c <- usize::MAX);
        sent.store(true, Ordering::Relaxed);
    });
    gort::time::sleep(MILLISECOND);
    assert!(!sent.load(Ordering::Relaxed), "send to full chan[{capacity}]");
    select! {
        c <- 0 => panic!("send to full chan[{capacity}]"),
        default => {}
    }
    // The blocked sender's value takes the place of the one taken out, at the end of the queue.
    for want in (0..capacity).chain([usize::MAX]) {
        assert_eq!(chan!(<-c), Some(want));
    }
    sender.join().unwrap();
}

fn a_closed_channel_yields_its_buffer_first(capacity: usize) {
    let c = full(capacity);
    c.close();
    for want in 0..capacity {
        assert_eq!(chan!(<-c), Some(want), "chan[{capacity}]");
    }
    assert_eq!(chan!(<-c), None);
    select! {
        (v, ok) = <-c => assert_eq!((v, ok), (0, false)),
    }
}

fn close_unblocks_receive(capacity: usize) {
    let c = chan!(i32, capacity);
    let receiver = go!([c] {
        select! {
            (v, ok) = <-c => (v, ok),
        }
    });
    gort::time::sleep(MILLISECOND);
    c.close();
    assert_eq!(receiver.join().unwrap(), (0, false), "chan[{capacity}]");
}

fn values_come_in_order(capacity: usize) {
    let c = chan!(usize, capacity);
    for _ in 0..2 {
        go!([c] {
            for i in 0..100 {
                chan!(c <- i);
            }
        });
        for want in 0..100 {
            assert_eq!(chan!(<-c), Some(want), "chan[{capacity}]");
        }
    }
}

fn many_senders_and_receivers_lose_nothing(capacity: usize) {
    const GOROUTINES: usize = 4;
    let values = rounds(1000);
    let c = chan!(usize, capacity);
    for _ in 0..GOROUTINES {
        go!([c] {
            for i in 0..values {
                chan!(c <- i);
            }
        });
    }
    let receivers: Vec<_> = (0..GOROUTINES)
        .map(|_| go!([c] { (0..values).map(|_| chan!(<-c).unwrap()).collect::<Vec<_>>() }))
        .collect();
    let mut received = HashMap::new();
    for receiver in receivers {
        for v in receiver.join().unwrap() {
            *received.entry(v).or_insert(0) += 1;
        }
    }
    assert_eq!(received.len(), values, "chan[{capacity}]");
    assert!(received.values().all(|&n| n == GOROUTINES), "chan[{capacity}]");
}

fn len_and_capacity(capacity: usize) {
    let c = chan!(usize, capacity);
    assert_eq!((c.len(), c.capacity()), (0, capacity));
    let c = full(capacity);
    assert_eq!((c.len(), c.capacity()), (capacity, capacity));
}

#[gort::test]
fn test_chan() {
    let _procs = MaxProcs::set(4);
    for capacity in 0..rounds(200) {
        receive_from_empty_blocks(capacity);
        send_to_full_blocks(capacity);
        a_closed_channel_yields_its_buffer_first(capacity);
        close_unblocks_receive(capacity);
        values_come_in_order(capacity);
        many_senders_and_receivers_lose_nothing(capacity);
        len_and_capacity(capacity);
    }
}

#[gort::test]
fn test_nonblock_recv_race() {
    for _ in 0..rounds(10_000) {
        let c = chan!(i32, 1);
        chan!(c <- 1);
        let receiver = go!([c] {
            select! {
                <-c => {}
                default => panic!("chan is not ready"),
            }
        });
        c.close();
        chan!(<-c);
        receiver.join().unwrap();
    }
}

/// Select acts on the state of the channels at one moment, not over a smeared time window: of `c1`
/// and `c2` one is ready at any time once the other goroutine exists, so that its select may never
/// take `default`.
fn nonblock_select_race(capacity: usize, make_ready: fn(&Chan<i32>)) {
    let done = chan!(bool, 1);
    for _ in 0..rounds(100_000) {
        let c1 = chan!(i32, 1);
        let c2 = chan!(i32, capacity);
        chan!(c1 <- 1);
        go!([c1, c2, done] {
            let ready = select! {
                <-c1 => true,
                <-c2 => true,
                default => false,
            };
            chan!(done <- ready);
        });
        make_ready(&c2);
        select! {
            <-c1 => {}
            default => {}
        }
        assert_eq!(chan!(<-done), Some(true), "no chan is ready");
    }
}

#[gort::test]
fn test_nonblock_select_race() {
    nonblock_select_race(1, |c2| chan!(c2 <- 1));
}

#[gort::test]
fn test_nonblock_select_race_2() {
    nonblock_select_race(0, |c2| c2.close());
}

#[gort::test]
fn test_chan_send_interface() {
    type Any = Arc<dyn std::any::Any + Send + Sync>;
    #[derive(Debug)]
    struct Mt;
    let m: Any = Arc::new(Mt);
    let new = || -> Any { Arc::new(Mt) };
    let c = chan!(Any, 1);
    chan!(c <- m.clone());
    select! {
        c <- m.clone() => panic!("sent to a full channel"),
        default => {}
    }
    select! {
        c <- m.clone() => panic!("sent to a full channel"),
        c <- new() => panic!("sent to a full channel"),
        default => {}
    }
    // The values that were not sent are gone.
    assert_eq!(Arc::strong_count(&m), 2);
    let got = chan!(<-c).unwrap();
    assert!(Arc::ptr_eq(&got, &m) && got.is::<Mt>());
}

#[gort::test]
fn test_multi_consumer() {
    const WORKERS: usize = 23;
    const PRIMES: [u64; 10] = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31];
    let values = rounds(271_828);

    let (feed, q) = gort::channel(WORKERS * 3);
    let (results, r) = gort::channel(WORKERS * 3);
    let wg = WaitGroup::new();
    for w in 0..WORKERS {
        wg.add(1);
        go!([q, results, wg] {
            for v in q {
                // Mess with the fifo-ish nature of ranging.
                if PRIMES[w % PRIMES.len()] == v {
                    gosched();
                }
                chan!(results <- v);
            }
            wg.done();
        });
    }

    let expect = Arc::new(AtomicU64::new(0));
    go!([expect] {
        for i in 0..values {
            let v = PRIMES[i % PRIMES.len()];
            expect.fetch_add(v, Ordering::Relaxed);
            chan!(feed <- v);
        }
        feed.close(); // no more work
        wg.wait(); // workers done
        results.close(); // so there can be no more results
    });

    let (mut n, mut sum) = (0, 0);
    for v in r {
        n += 1;
        sum += v;
    }
    assert_eq!((n, sum), (values, expect.load(Ordering::Relaxed)));
}
