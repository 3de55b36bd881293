//! What differs between operating systems, one file per facility; nothing else in the crate names `libc`.

pub(crate) mod clock;
pub(crate) mod cpu;
pub(crate) mod fault;
pub(crate) mod memory;
pub(crate) mod thread;
