//! Tests of golang.org/x/sync/errgroup on gort (errgroup_test.go, 2026), of panics and goexit in
//! members, and of the scope that borrows.
//!
//! The originals are Copyright 2016 to 2026 The Go Authors; use of their source code is governed by
//! a BSD-style license, found in Go's LICENSE file. The Rust is written anew, in gort's own idiom.

mod group;
mod scope;
