//! Port of test/chan/sieve2.go: a sieve of Eratosthenes over a heap of channels (GS-20, GS-31).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use gort::prelude::*;

/// Numbers from `from` in steps of `step`, for ever.
fn count(buffer: usize, from: u64, step: u64) -> Receiver<u64> {
    let (tx, rx) = gort::channel(buffer);
    go!(move || {
        let mut n = from;
        loop {
            chan!(tx <- n);
            n += step;
        }
    });
    rx
}

/// The odd numbers from 5.
fn odds() -> Receiver<u64> {
    count(50, 5, 2)
}

/// The odd multiples of the prime `p`, from p × p.
fn multiples(p: u64) -> Receiver<u64> {
    count(10, p * p, 2 * p)
}

/// A channel of multiples with its first number taken out; the heap orders by that number.
struct Peeked {
    head: u64,
    rest: Receiver<u64>,
}

impl Peeked {
    fn next(rest: Receiver<u64>) -> Peeked {
        Peeked {
            head: chan!(<-rest).expect("multiples never end"),
            rest,
        }
    }
}

impl PartialEq for Peeked {
    fn eq(&self, other: &Peeked) -> bool {
        self.head == other.head
    }
}

impl Eq for Peeked {}

impl PartialOrd for Peeked {
    fn partial_cmp(&self, other: &Peeked) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Peeked {
    fn cmp(&self, other: &Peeked) -> std::cmp::Ordering {
        self.head.cmp(&other.head)
    }
}

/// A channel in front of `out` on which sending never blocks for long: a goroutine buffers without
/// bound.
fn sendproxy(out: Sender<u64>) -> Sender<u64> {
    let (proxy, input) = gort::channel(10);
    go!(move || {
        let mut queue = VecDeque::new();
        loop {
            // An empty queue disables the sending arm, as a nil channel does in Go.
            let (to, first) = match queue.front() {
                Some(&first) => (Some(&out), first),
                None => (None, 0),
            };
            select! {
                Some(e) = <-input => queue.push_back(e),
                to <- first => {
                    queue.pop_front();
                }
                else => return,
            }
        }
    });
    proxy
}

/// Merges the multiples of all `primes` into `composites`, in increasing order.
fn merge(primes: Receiver<u64>, composites: Sender<u64>) {
    let mut heap = BinaryHeap::<Reverse<Peeked>>::new();
    let mut min = 15;
    let advance = |heap: &mut BinaryHeap<Reverse<Peeked>>| {
        let Reverse(top) = heap.pop().expect("15 is a multiple of 3, which comes first");
        let head = top.head;
        heap.push(Reverse(Peeked::next(top.rest)));
        head
    };
    for prime in primes {
        let m = multiples(prime);
        let head = chan!(<-m).expect("multiples never end");
        while min < head {
            chan!(composites <- min);
            min = advance(&mut heap);
        }
        while min == head {
            min = advance(&mut heap);
        }
        chan!(composites <- head);
        heap.push(Reverse(Peeked::next(m)));
    }
}

/// Sends the odd numbers which are not composite to `out` and back into the merge. It needs only
/// the multiples of primes up to the root of what it looks at, so that `merge` takes primes far
/// more slowly than this finds them: without the proxy in between both would wait for each other.
fn sift(composites: Receiver<u64>, primes: Sender<u64>, out: Sender<u64>) {
    let primes = sendproxy(primes);
    let candidates = odds();
    let next = || chan!(<-candidates).expect("odd numbers never end");
    let mut p = next();
    for c in composites {
        while p < c {
            chan!(primes <- p);
            chan!(out <- p);
            p = next();
        }
        if p == c {
            p = next();
        }
    }
}

fn sieve() -> Receiver<u64> {
    let (out, result) = gort::channel(10);
    chan!(out <- 2);
    chan!(out <- 3);
    let (composites_tx, composites) = gort::channel(50);
    let (primes_tx, primes) = gort::channel(10);
    chan!(primes_tx <- 3);
    go!(merge(primes, composites_tx));
    go!(sift(composites, primes_tx, out));
    result
}

#[gort::test]
fn primes_up_to_100() {
    let primes = sieve();
    for want in super::PRIMES {
        assert_eq!(chan!(<-primes), Some(want));
    }
}
