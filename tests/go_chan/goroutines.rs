//! Port of test/chan/goroutines.go: many goroutines, threaded together and torn down cleanly
//! (GS-9).

use gort::prelude::*;

fn f(left: Sender<u32>, right: Receiver<u32>) {
    chan!(left <- chan!(<-right).expect("the chain holds until the value has passed"));
}

#[gort::test]
fn daisy_chain_of_ten_thousand() {
    let leftmost = chan!(u32);
    let mut left = leftmost.clone();
    for _ in 0..10_000 {
        let right = chan!(u32);
        go!(f(left.tx(), right.rx()));
        left = right;
    }
    go!(move || chan!(left <- 1));
    assert_eq!(chan!(<-leftmost), Some(1));
}
