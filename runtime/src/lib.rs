//! The runtime of gort: goroutines on a work-stealing scheduler.
//!
//! Programs use the facade crate `gort`; this crate is what it, and `gort-channels`, stand on. The modules, lowest first; a
//! module uses those above it (and, where the comment says so, hands them a function of its own to call back):
//!
//! | layer | modules |
//! |---|---|
//! | OS and primitives | `sys`, `shim`, `lock`, `random`, `reason`, `config`, `traceback`, `fatal`, `claim`, `parker`, `locals`, `panic_value`, `twin` |
//! | thread-locals, bias | `head`, `tls`, `here`, `quiet`, `bias` |
//! | context switch | `fiber` |
//! | goroutine | `explore/searches`, `explore/reach`, `explore/director`, `g`, `panics`, `goexit` |
//! | queues and idleness | `queue`, `idle` |
//! | event sources | `timer`, `poll`, `explore/calm`, `explore/state`, `explore/group` |
//! | scheduler and workers | `sched` |
//! | services | `blocking`, `deadlock`, `stall`, `debug`, `waiters`, `monitor`, `signals`, `quit` |
//! | start | `boot` |
//! | interface | `poll_fd`, `call_timer`, `spawn`, `unheard`, `sema`, `explore`, `future`, `join_handle`, `scope`, `main_goroutine`, `testing`, `local`, `builder` |
//!
//! # The rule
//!
//! Between two points where a goroutine may wait, do not keep anything tied to the OS thread: a reference out of a
//! `thread_local!`, a `std::sync::MutexGuard`, an `Rc` that a thread-local shares. A goroutine may resume on another thread,
//! and the compiler cannot see that. `docs/HACKING.md` has what may wait; with [`Migration::Pinned`], or under
//! [`lock_os_thread`], a goroutine does not change threads.

mod bias;
mod blocking;
mod boot;
mod builder;
mod call_timer;
mod claim;
mod config;
mod deadlock;
#[doc(hidden)]
pub mod debug;
#[doc(hidden)]
pub mod explore;
mod fatal;
mod fiber;
#[doc(hidden)]
pub mod future;
mod g;
mod goexit;
mod head;
mod here;
mod idle;
mod join_handle;
mod local;
mod locals;
mod lock;
#[cfg(all(test, loom))]
mod loom_tests;
mod main_goroutine;
mod monitor;
mod panic_value;
mod panics;
mod parker;
mod poll;
mod poll_fd;
mod queue;
mod quiet;
mod quit;
mod random;
mod reason;
mod sched;
mod scope;
mod sema;
mod shim;
#[doc(hidden)]
pub mod signals;
mod spawn;
mod stall;
mod sys;
#[doc(hidden)]
pub mod testing;
mod timer;
mod tls;
mod traceback;
#[cfg(loom)]
#[doc(hidden)]
pub mod twin;
mod unheard;
mod waiters;

pub use bias::lock::RawLock;
#[doc(hidden)]
pub use blocking::blocking_wait;
pub use blocking::{Withdrawal, blocking, blocking_unless};
pub use builder::{AlreadyStarted, Builder};
pub use claim::Claim;
pub use config::Migration;
pub use g::crew::now;
pub use g::task::Task;
pub use goexit::{end_goroutine, goexit};
#[doc(hidden)]
pub use here::Here;
pub use here::random_u32;
#[doc(hidden)]
pub use join_handle::Outlet;
pub use join_handle::{JoinError, JoinHandle};
pub use local::LocalKey;
#[doc(hidden)]
pub use main_goroutine::main;
pub use main_goroutine::run;
pub use panic_value::Panic;
#[doc(hidden)]
pub use panics::catch_loudly;
pub use panics::{PanicReport, recover};
pub use poll_fd::{Closed, PollFd, RegisterError};
pub use reason::WaitReason;
pub use sched::park::{gosched, park, park_holding, park_on, park_until, polled_in_vain};
pub use sched::procs::{
    lock_os_thread, max_procs, num_cpu, num_goroutine, set_max_procs, unlock_os_thread, worker_index,
};
pub use sched::sleep::sleep_until;
pub use scope::{Scope, ScopedJoinHandle, scope};
pub use sema::{Place as SemaPlace, Sema};
pub use stall::StallReport;
#[doc(hidden)]
pub use sys::poll::connect_goes_on;
/// For `gort::io`: calls of the system.
#[doc(hidden)]
pub mod io {
    pub use crate::sys::poll::takes_a_page;
}
/// For `gort::net`: calls of the system.
#[doc(hidden)]
pub mod net {
    pub use crate::sys::poll::{peek, receive, send};
}
/// For `gort::process`: calls of the system that block the thread.
#[doc(hidden)]
pub mod process {
    pub use crate::sys::process::{await_end, await_readable, descriptor, has_ended, signal};
}
pub use spawn::{Spawn, go};
pub use timer::CallTimer;
#[doc(hidden)]
pub use unheard::unheard;
