//! How many explore schedules in this process. Everything that exploring costs those who do not is
//! a look at this number.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

static SEARCHES: AtomicUsize = AtomicUsize::new(0);

/// Whether anybody explores schedules.
#[inline(always)]
pub fn any() -> bool {
    // Relaxed: whoever explores has set it before its goroutines start, and they see it as they see
    // everything before their start.
    SEARCHES.load(Ordering::Relaxed) != 0
}

/// While one lives, schedules may be explored.
#[derive(Debug)]
pub struct Search(());

impl Search {
    /// Begins.
    pub fn begin() -> Search {
        SEARCHES.fetch_add(1, Ordering::Relaxed);
        Search(())
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        SEARCHES.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Takes a panic of a goroutine that nobody can observe: `true` if schedules of that goroutine are
/// explored.
pub(crate) type Listener = fn(goroutine: *const (), message: &str, location: Option<&str>) -> bool;

static LISTENER: OnceLock<Listener> = OnceLock::new();

/// Who takes such panics, from now on.
pub(crate) fn listen(listener: Listener) {
    LISTENER.get_or_init(|| listener);
}

/// Tells of such a panic. `true` if that was all that is to be done.
pub(crate) fn tell_panic(goroutine: *const (), message: &str, location: Option<&str>) -> bool {
    any()
        && LISTENER
            .get()
            .is_some_and(|listener| listener(goroutine, message, location))
}
