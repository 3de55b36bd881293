//! Port of test/chan/sieve1.go: the classical prime sieve, a chain of divisibility filters (GS-13,
//! GS-42).

use gort::prelude::*;

/// Sends 2, 3, 4, … to `ch`.
fn generate(ch: Sender<u64>) {
    for i in 2.. {
        chan!(ch <- i);
    }
}

/// Copies from `input` to `out`, leaving out what `prime` divides.
fn filter(input: Receiver<u64>, out: Sender<u64>, prime: u64) {
    for i in input {
        if i % prime != 0 {
            chan!(out <- i);
        }
    }
}

/// Chains filters together, one for each prime found.
fn sieve(primes: Sender<u64>) {
    let (tx, mut ch) = gort::channel(0);
    go!(generate(tx));
    loop {
        let prime = chan!(<-ch).expect("numbers never end");
        chan!(primes <- prime);
        let (out, next) = gort::channel(0);
        go!(filter(ch, out, prime));
        ch = next;
    }
}

#[gort::test]
fn primes_up_to_100() {
    let (tx, primes) = gort::channel(0);
    let sieve = go!(sieve(tx));
    for want in super::PRIMES {
        assert_eq!(chan!(<-primes), Some(want));
    }

    // What Go leaks ends here: nobody receives, so the sieve's next send ends it, and the chain
    // after it.
    drop(primes);
    let error = sieve
        .join()
        .expect_err("a sieve without a receiver has no result");
    assert!(!error.is_panic(), "{error:?}");
}
