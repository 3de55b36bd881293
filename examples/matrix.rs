//! Matrix multiplication by a grid of goroutines (C. A. R. Hoare, "Communicating Sequential Processes", 1978, 6.2).
//!
//! The Go idiom: the structure of the program is a picture of channels. A vector enters from the west, one component a row;
//! every cell passes it on to the east and adds its share to the sum that runs from north to south.

use gort::prelude::*;

const N: usize = 3;
type Vector = [i64; N];

const A: [Vector; N] = [[1, 2, 3], [4, 5, 6], [7, 8, 10]];
const INPUT: [Vector; 4] = [[1, 0, 0], [0, 1, 0], [2, -1, 3], [10, 20, 30]];

#[gort::main]
fn main() {
    let mut sums = [(); N].map(|()| zeros());
    for (row, weights) in A.iter().enumerate() {
        let mut west = feed(row);
        for (&weight, sum) in weights.iter().zip(&mut sums) {
            let (east_tx, east) = gort::channel(0);
            let (south_tx, south) = gort::channel(0);
            let north = std::mem::replace(sum, south);
            go!(cell(weight, west, east_tx, north, south_tx));
            west = east;
        }
        go!({ west.into_iter().for_each(drop) }); // the eastern border swallows what arrives
    }
    for vector in INPUT {
        let out = sums
            .each_ref()
            .map(|sum| chan!(<-sum).expect("one sum for each vector"));
        println!("{} * A = {}", show(vector), show(out));
    }
}

fn cell(weight: i64, west: Receiver<i64>, east: Sender<i64>, north: Receiver<i64>, south: Sender<i64>) {
    for x in west {
        chan!(east <- x);
        let sum = chan!(<-north).expect("as many sums as components");
        chan!(south <- sum + weight * x);
    }
}

/// The western border: one component of every vector.
fn feed(row: usize) -> Receiver<i64> {
    let (tx, rx) = gort::channel(0);
    go! {
        for vector in INPUT {
            chan!(tx <- vector[row]);
        }
    };
    rx
}

/// The northern border: sums begin with 0.
fn zeros() -> Receiver<i64> {
    let (tx, rx) = gort::channel(0);
    go! {
        for _ in INPUT {
            chan!(tx <- 0);
        }
    };
    rx
}

/// As Go prints an array.
fn show(vector: Vector) -> String {
    format!("[{}]", vector.map(|x| x.to_string()).join(" "))
}
