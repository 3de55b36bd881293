//! How many CPUs this process may use.

/// The CPUs this process may use: affinity mask and cgroup quota, at least 1.
pub(crate) fn count() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
