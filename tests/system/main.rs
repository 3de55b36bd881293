//! What the system does for a goroutine: files, streams, children, calls that block. (Sockets:
//! `net`.)

mod blocking;
mod captured;
mod fs;
mod given_up;
mod process;
mod should_panic;
mod stdout;

#[path = "../support/mod.rs"]
mod support;
