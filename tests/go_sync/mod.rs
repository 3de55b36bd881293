//! Tests of Go's package `sync` and of golang.org/x/sync's semaphore and singleflight on gort (Go
//! 1.27), and what gort has beyond: deadlines, cancellation, seeded stress.
//!
//! The originals are Copyright 2009 to 2026 The Go Authors; use of their source code is governed by
//! a BSD-style license, found in Go's LICENSE file. The Rust is written anew, in gort's own idiom.
//!
//! Left out, because there is nothing to port: TestMutexMisuse (GS-77: a guard unlocks once, and
//! nobody can unlock without one), TestCondCopy (GS-80: a `Cond` cannot be copied), what looks at
//! the garbage collector (TestPoolGC, TestPoolDequeue), counts allocations, or reads Go's own
//! tracebacks. What a deadlock report says is in `tests/proc`.

mod barrier;
mod cond;
mod deadlines;
mod map;
mod mutex;
mod once;
mod oncefunc;
mod owned;
mod pool;
mod rwmutex;
mod semaphore;
mod singleflight;
mod stress;
mod waitgroup;
