//! Tests of Go's package `context` on gort (Go 1.27: x_test.go, context_test.go,
//! afterfunc_test.go), and seeded stress of trees.
//!
//! The originals are Copyright 2014 to 2026 The Go Authors; use of their source code is governed by
//! a BSD-style license, found in Go's LICENSE file. The Rust is written anew, in gort's own idiom.
//!
//! Left out: TestInvalidDerivedFail, TestWithValueChecksKey (GS-83: there is no nil parent and no
//! key that cannot be compared), TestCustomContext… and afterfunc_test.go's contexts of another
//! make (GS-135, GS-136: `Context` is a type), TestAllocs, TestContextErrDoneRace's run under the
//! race detector (its invariant is in `stress`). TestCancelRemoves and TestWithCancelCanceledParent
//! look at the list of children and are unit tests, `src/context/tests.rs`.

mod afterfunc;
mod cause;
mod stress;
mod x;

use std::time::Duration;

use gort::context::{Context, Key};

/// Milliseconds.
pub(crate) const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Whether the context's channel is closed.
pub(crate) fn is_done(ctx: &Context) -> bool {
    gort::select! {
        <-ctx.done() => true,
        default => false,
    }
}

macro_rules! keys {
    ($($name:ident: $type:ty),*) => {$(
        pub(crate) struct $name;
        impl Key for $name {
            type Value = $type;
        }
    )*};
}
keys!(K1: &'static str, K2: &'static str, K3: u32, Tree: Vec<u64>);
