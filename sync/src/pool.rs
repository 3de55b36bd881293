//! `Pool`: a cache for each worker. The caches' locks are only ever tried, never waited for.

use std::fmt;

use super::{Mutex, OnceCell, rt};

/// Values that a cache keeps; more are dropped.
const KEPT: usize = 64;

/// Values that are expensive to make, kept for the next one who needs one.
///
/// Any value may vanish at any time. Which one [`get`](Pool::get) gives is not said: from the cache
/// of its worker if it can, else from another's. Go empties its pools in garbage collections; here
/// a cache keeps at most 64 values (one for each worker), and [`clear`](Pool::clear) drops them
/// all. No operation waits.
///
/// ```
/// use gort::sync::Pool;
///
/// static BUFFERS: Pool<Vec<u8>> = Pool::new(|| Vec::with_capacity(4096));
///
/// let mut buffer = BUFFERS.get();
/// buffer.extend_from_slice(b"hello");
/// buffer.clear();
/// BUFFERS.put(buffer);
/// ```
pub struct Pool<T, F = fn() -> T> {
    caches: OnceCell<Box<[Cache<T>]>>,
    make: F,
}

/// Alone on its cache lines.
#[repr(align(128))]
struct Cache<T>(Mutex<Vec<T>>);

impl<T, F> Pool<T, F> {
    rt::const_unless_loom! {
        /// An empty pool; `make` makes a value when there is none.
        ///
        /// ```
        /// let pool = gort::sync::Pool::new(|| vec![0_u8; 16]);
        /// assert_eq!(pool.get().len(), 16);
        /// ```
        #[doc(alias = "New")]
        pub fn new(make: F) -> Pool<T, F> {
            Pool { caches: OnceCell::new(), make }
        }
    }

    /// A value from the pool, if there is one.
    ///
    /// ```
    /// let pool = gort::sync::Pool::new(Vec::<u8>::new);
    /// let kept: Option<Vec<u8>> = pool.try_get();
    /// assert!(kept.is_none());
    /// ```
    #[track_caller]
    pub fn try_get(&self) -> Option<T> {
        self.near()
            .find_map(|cache| cache.0.try_lock().and_then(|mut values| values.pop()))
    }

    /// Gives a value to the pool.
    ///
    /// ```
    /// let pool = gort::sync::Pool::new(Vec::<u8>::new);
    /// pool.put(Vec::<u8>::with_capacity(64));
    /// ```
    #[doc(alias = "Put")]
    #[track_caller]
    pub fn put(&self, value: T) {
        for cache in self.near() {
            if let Some(mut values) = cache.0.try_lock()
                && values.len() < KEPT
            {
                return values.push(value);
            }
        }
        // Every cache is full or in use. The value is dropped here, with no lock held.
    }

    /// Drops what the pool keeps, except what others are just putting in or taking out.
    ///
    /// ```
    /// let pool = gort::sync::Pool::new(Vec::<u8>::new);
    /// pool.put(Vec::<u8>::with_capacity(64));
    /// pool.clear();
    /// assert!(pool.try_get().is_none());
    /// ```
    pub fn clear(&self) {
        for cache in self.near() {
            // Unlocked before they are dropped.
            let values = cache.0.try_lock().map(|mut values| std::mem::take(&mut *values));
            drop(values);
        }
    }

    /// All caches, that of this worker first.
    fn near(&self) -> impl Iterator<Item = &Cache<T>> {
        let caches = self.caches.get_or_init(|| {
            let cache = || Cache(Mutex::new(Vec::new()));
            std::iter::repeat_with(cache).take(rt::num_cpu().max(1)).collect()
        });
        let first = rt::worker_index().unwrap_or_else(|| rt::random_u32() as usize);
        let (before, after) = caches.split_at(first % caches.len());
        after.iter().chain(before)
    }
}

impl<T, F: Fn() -> T> Pool<T, F> {
    /// A value from the pool, or a new one.
    ///
    /// ```
    /// let pool = gort::sync::Pool::new(|| String::from("fresh"));
    /// assert_eq!(pool.get(), "fresh");
    /// ```
    #[doc(alias = "Get")]
    pub fn get(&self) -> T {
        self.try_get().unwrap_or_else(&self.make)
    }
}

impl<T: Default> Default for Pool<T> {
    /// An empty pool that makes default values.
    fn default() -> Pool<T> {
        Pool::new(T::default)
    }
}

impl<T, F> fmt::Debug for Pool<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
