//! The channel programs from the other folders of Go's `test` tree on gort: one module per Go file,
//! each naming its origin.
//!
//! The originals are Copyright 2009 to 2021 The Go Authors; use of their source code is governed by
//! a BSD-style license, found in Go's LICENSE file. The Rust is written anew, in gort's own idiom.
//!
//! `fixedbugs/issue9110.go` measures memory and lives in `go_memory.rs`.

mod chancap;
mod chans;
mod closedchan;
mod fixedbugs;
mod func5;
mod ken_chan;
mod ken_chan1;
mod range;
mod two_three_five;
