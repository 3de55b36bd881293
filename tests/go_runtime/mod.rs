//! Tests of Go's own runtime on gort: runtime/chan_test.go and the portable part of
//! runtime/proc_test.go (Go 1.27).
//!
//! The originals are Copyright 2009 to 2011 The Go Authors; use of their source code is governed by
//! a BSD-style license, found in Go's LICENSE file. The Rust is written anew, in gort's own idiom.
//!
//! Left out, because there is nothing to port: garbage collection and stack shrinking (gort's
//! stacks never move), and what reads Go's own stack dumps. TestSelectFairness with more rounds and
//! more arms is in `channels/fairness.rs`.

mod chan_basic;
mod chan_select;
mod chan_stacks;
mod proc_locked;
mod proc_progress;
