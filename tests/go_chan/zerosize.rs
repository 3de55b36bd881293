//! Port of test/chan/zerosize.go: channels of a type without size, with what GS-54 adds to it.

use gort::prelude::*;

#[gort::test]
fn they_can_be_made() {
    let _ = chan!([u8; 0]);
    let _ = chan!([u8; 0], 1);
    let _ = chan!(());
    let _ = chan!((), 1);
}

#[gort::test]
fn they_count_exactly() {
    let ch = chan!((), 2);
    for want in 1..=2 {
        chan!(ch <- ());
        assert_eq!((ch.len(), ch.capacity()), (want, 2));
    }
    select! {
        ch <- () => panic!("sent to a full channel"),
        default => {}
    }
    for _ in 0..2 {
        assert_eq!(chan!(<-ch), Some(()));
    }
    assert!(ch.is_empty());
    ch.close();
    assert_eq!(chan!(<-ch), None);
}

#[gort::test]
fn a_huge_buffer_of_nothing_takes_no_memory() {
    let ch = chan!((), 1 << 40);
    chan!(ch <- ());
    assert_eq!((ch.len(), ch.capacity()), (1, 1 << 40));
}

#[gort::test]
fn two_channels_differ() {
    let (a, b) = (chan!(()), chan!(()));
    assert!(a != b);
    assert!(a == a.clone());
}
