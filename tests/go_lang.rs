//! Go's own tests of the language and of its runtime, in one binary: each takes seconds to link.

mod go_chan;
mod go_runtime;
mod go_test;
mod support;
