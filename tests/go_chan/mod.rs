//! Go's `test/chan` suite on gort: one module per Go file, each naming its origin.
//!
//! The originals are Copyright 2009 to 2019 The Go Authors; use of their source code is governed by
//! a BSD-style license, found in Go's LICENSE file. The Rust is written anew, in gort's own idiom.
//!
//! `select2.go` measures memory and lives in `go_memory.rs`; `perm.go` must not compile and lives
//! in `ui/fail/perm_*.rs`.

mod doubleselect;
mod fifo;
mod goroutines;
mod nonblock;
mod powser;
mod powser1;
mod powser2;
mod rat;
mod select;
mod select3;
mod select4;
mod select5;
mod select5_order;
mod select6;
mod select7;
mod select8;
mod sendstmt;
mod sieve1;
mod sieve2;
mod zerosize;

/// The primes both sieves must yield.
const PRIMES: [u64; 25] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
];
