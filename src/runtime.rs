//! The switches of the runtime: what Go has in package `runtime`.
//!
//! ```
//! use gort::runtime;
//!
//! gort::run(|| {
//!     runtime::gosched();
//!     assert!(runtime::num_goroutine() >= 1);
//!     assert!(runtime::max_procs() >= 1);
//! });
//! ```

pub use gort_runtime::{
    AlreadyStarted, Builder, Migration, PanicReport, StallReport, WaitReason, goexit, gosched,
    lock_os_thread, max_procs, num_cpu, num_goroutine, set_max_procs, unlock_os_thread,
};
