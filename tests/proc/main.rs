//! Ends of processes, and processes that do nothing: each program runs in a child of its own, whose status and output are
//! compared (GS-5, GS-6, GS-9, GS-10, GS-73 to GS-76, GS-88, GS-90, GS-91, GS-99 to GS-104).

mod deadlock;
mod exit;
mod idle;
mod overflow;
mod panic;

#[path = "../support/mod.rs"]
mod support;

/// How long a program that must end by itself tries to stay.
const LONG: std::time::Duration = std::time::Duration::from_secs(30);

/// Prints when it is dropped.
struct Loud(&'static str);

impl Drop for Loud {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}
