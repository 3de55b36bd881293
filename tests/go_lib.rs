//! Go's own tests of its libraries, in one binary: each takes seconds to link.

mod go_context;
mod go_errgroup;
mod go_sync;
mod go_time;
mod support;
