//! Quicksort whose halves are sorted side by side (the usual first exercise after the `go` statement).
//!
//! The Go idiom: start a goroutine for one half, do the other half yourself, wait for the first. Go trusts that the two
//! slices do not overlap; `split_at_mut` proves it, and `scope` lets the goroutine borrow its half.

use gort::prelude::*;

/// Fewer values than this are not worth a goroutine.
const SMALL: usize = 512;

#[gort::main]
fn main() {
    let mut values = random(200_000);
    println!("before: {}", first(&values));
    quicksort(&mut values);
    println!("after: {}", first(&values));
    println!("sorted: {}", values.is_sorted());
    let checksum: u64 = (1..).zip(&values).map(|(i, v)| i * v).sum();
    println!("checksum: {checksum}");
}

/// A few, as Go prints a slice.
fn first(values: &[u64]) -> String {
    let few: Vec<_> = values[..5].iter().map(u64::to_string).collect();
    format!("[{}]", few.join(" "))
}

fn quicksort(values: &mut [u64]) {
    if values.len() <= SMALL {
        values.sort_unstable();
        return;
    }
    let at = partition(values);
    let (low, rest) = values.split_at_mut(at);
    gort::scope(|s| {
        go!(s => quicksort(low));
        quicksort(&mut rest[1..]);
    });
}

/// Moves what is less than some value before it; says where that value is now.
fn partition(values: &mut [u64]) -> usize {
    let last = values.len() - 1;
    values.swap(last / 2, last);
    let mut at = 0;
    for i in 0..last {
        if values[i] < values[last] {
            values.swap(i, at);
            at += 1;
        }
    }
    values.swap(at, last);
    at
}

/// Marsaglia's xorshift, the same numbers in every language.
fn random(count: usize) -> Vec<u64> {
    let mut x: u64 = 88_172_645_463_325_252;
    let next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x % 1_000_000
    };
    std::iter::repeat_with(next).take(count).collect()
}
