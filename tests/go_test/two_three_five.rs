//! Port of test/235.go: all numbers with no other factors than 2, 3 and 5, merged from three
//! multipliers (GS-20).

use gort::prelude::*;

const WANT: [u64; 100] = [
    2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 25, 27, 30, 32, 36, 40, 45, 48, 50, 54, 60, 64, 72, 75,
    80, 81, 90, 96, 100, 108, 120, 125, 128, 135, 144, 150, 160, 162, 180, 192, 200, 216, 225, 240, 243, 250,
    256, 270, 288, 300, 320, 324, 360, 375, 384, 400, 405, 432, 450, 480, 486, 500, 512, 540, 576, 600, 625,
    640, 648, 675, 720, 729, 750, 768, 800, 810, 864, 900, 960, 972, 1000, 1024, 1080, 1125, 1152, 1200,
    1215, 1250, 1280, 1296, 1350, 1440, 1458, 1500, 1536, 1600,
];

/// Multiplies by `f` whatever comes in.
fn multiplier(f: u64) -> (Sender<u64>, Receiver<u64>) {
    let (tx, input) = gort::channel(100);
    let (out, rx) = gort::channel(100);
    go!(move || {
        for x in input {
            chan!(out <- f * x);
        }
    });
    (tx, rx)
}

#[gort::test]
fn numbers_in_order() {
    let (ins, outs): (Vec<_>, Vec<_>) = [2, 3, 5].map(multiplier).into_iter().unzip();
    let mut x = 1;
    let mut heads = [x; 3];
    for want in WANT {
        for input in &ins {
            chan!(input <- x);
        }
        for (head, out) in heads.iter_mut().zip(&outs) {
            if *head == x {
                *head = chan!(<-out).unwrap();
            }
        }
        x = *heads.iter().min().unwrap();
        assert_eq!(x, want);
    }
}
