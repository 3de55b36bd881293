//! Run queues: the only folder that names `crossbeam_deque`.

pub(crate) mod bound;
pub(crate) mod injector;
pub(crate) mod local;
