//! Everything at once, seeded, at every worker count and in every migration mode.

mod bias;
mod channels;
mod locked;
mod select;
mod unwinding;

#[path = "../support/mod.rs"]
mod support;
