//! No expansion contains `unsafe`: a crate that forbids it may use every macro.
#![forbid(unsafe_code)]
#![deny(warnings)]

use gort::prelude::*;

fn add(a: u32, b: u32) -> u32 {
    a + b
}

#[gort::main]
fn main() {
    let ch = chan!(u32, 1);
    chan!(ch <- 1);
    assert_eq!(chan!(<-ch), Some(1));
    let handle = go!(name = "sum", stack = 1 << 18; add(1, 2));
    assert_eq!(handle.join().unwrap(), 3);
    go!([ch] { chan!(ch <- 4); }).join().unwrap();
    gort::scope(|s| {
        let ch = &ch;
        go!(s => { assert_eq!(chan!(<-ch), Some(4)) });
    });
    select! {
        biased;
        ch <- 5 => {}
        (_, _) = <-ch => unreachable!("nothing is in the channel"),
        Some(_) = <-ch => unreachable!("nothing is in the channel"),
        <-ch => {}
        default => {}
        else => {}
    }
    gort::defer! { println!("bye"); }
}

#[gort::test]
fn test() {}
