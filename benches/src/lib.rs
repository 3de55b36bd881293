//! What the Rust sides share: the harness, and the parts of workloads that must be the same on all
//! of them.

mod echo;
mod harness;
mod lateness;
mod memory;
mod served;
mod sort;
mod work;

pub use echo::{call, serve};
pub use harness::{Figure, Workload, check, main, share, sum_below, workers};
pub use lateness::{Lateness, percentiles};
pub use memory::resident;
pub use served::{ROOM, Served, listening};
pub use sort::{SMALL, check_sorted, partition, random, sort_small};
pub use work::spin;

/// Round trips of `echo` go over this many connections.
pub const CONNECTIONS: usize = 64;
/// Bytes of a message of `echo`.
pub const MESSAGE: usize = 64;
/// Goroutines that block their thread in `blocking`.
pub const BLOCKERS: usize = 64;
/// How long each of them does.
pub const BLOCKED: std::time::Duration = std::time::Duration::from_millis(100);
/// How long the loops of `hogs` compute.
pub const HOGGED: std::time::Duration = std::time::Duration::from_secs(2);
/// How long their neighbour wants to sleep, again and again.
pub const NAP: std::time::Duration = std::time::Duration::from_millis(1);
/// How long each goroutine of `sleeping` sleeps from its start.
pub const SLEEP: std::time::Duration = std::time::Duration::from_secs(1);
/// Leaves of `skynet`.
pub const LEAVES: usize = 1_000_000;
/// Primes of `sieve`, and the last of them.
pub const PRIMES: (usize, usize) = (4000, 37_813);
