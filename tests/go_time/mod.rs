//! Tests of Go's package `time` on gort (Go 1.27: sleep_test.go, tick_test.go), one `select!` over
//! everything, and seeded stress.
//!
//! The originals are Copyright 2009 to 2026 The Go Authors; use of their source code is governed by
//! a BSD-style license, found in Go's LICENSE file. The Rust is written anew, in gort's own idiom.
//!
//! Times are lower bounds and orders; upper bounds are generous, since machines are busy.
//!
//! Left out: TestZeroTimer and TestZeroTimer…Panics (GS-81: there is no timer that was not made),
//! TestTimerGC and TestChan's asynctimerchan modes (GS-148), TestLinknameGet, and what only
//! calendars and zones concern.

mod select;
mod sleep;
mod stress;
mod tick;

use std::time::Duration;

/// Milliseconds.
pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}
