//! Port of test/chan/fifo.go: channels are pure fifos, buffered and not (GS-13, GS-14, GS-21).

use gort::prelude::*;

const N: usize = 10;

#[gort::test]
fn asynch_fifo() {
    let ch = chan!(usize, N);
    for i in 0..N {
        chan!(ch <- i);
    }
    for i in 0..N {
        assert_eq!(chan!(<-ch), Some(i));
    }
}

fn chain(ch: Receiver<usize>, val: usize, input: Receiver<u8>, out: Sender<u8>) {
    chan!(<-input);
    assert_eq!(chan!(<-ch), Some(val));
    chan!(out <- 1);
}

/// A daisy chain reads the elements in sequence.
#[gort::test]
fn synch_fifo() {
    let ch = chan!(usize);
    let mut input = chan!(u8);
    let start = input.tx();
    for i in 0..N {
        let out = chan!(u8);
        go!(chain(ch.rx(), i, input.rx(), out.tx()));
        input = out;
    }
    chan!(start <- 0);
    for i in 0..N {
        chan!(ch <- i);
    }
    assert_eq!(chan!(<-input), Some(1));
}
