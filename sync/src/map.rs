//! `Map`: shards of a `HashMap`, each under a read-write lock of its own.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use super::{RwLock, RwLockReadGuard, RwLockWriteGuard, rt};

/// A hash map that goroutines share: Go's `sync.Map`.
///
/// Values are cloned out, so keep large ones in an `Arc`. No reference into the map exists outside
/// of it, and so no lock is held between two calls: whatever runs in [`range`](Map::range) may call
/// any method. The `Hash`, `Eq` and `Clone` of keys and values, and the `Drop` of keys, run under a
/// shard's lock, and must not use the same map.
///
/// No poisoning: a panic in a method of a key or value leaves the map as it was.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::Map;
/// use std::sync::Arc;
///
/// gort::run(|| {
///     let visits = Arc::new(Map::new());
///     let handles: Vec<_> = (0..4).map(|i| go!([visits] { visits.load_or_store("page", i).1 })).collect();
///     let loaded = handles.into_iter().map(|h| h.join().unwrap()).filter(|&loaded| loaded).count();
///     assert_eq!(loaded, 3);
/// });
/// ```
pub struct Map<K, V, S = RandomState> {
    shards: Box<[Shard<K, V, S>]>,
    hasher: S,
}

/// Alone on its cache lines.
#[repr(align(128))]
struct Shard<K, V, S>(RwLock<HashMap<K, V, S>>);

impl<K, V> Map<K, V> {
    /// An empty map.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// map.store("a", 1);
    /// assert_eq!(map.load("a"), Some(1));
    /// ```
    pub fn new() -> Map<K, V> {
        Map::default()
    }
}

impl<K, V, S: BuildHasher + Clone> Map<K, V, S> {
    /// An empty map that hashes with `hasher`.
    ///
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    ///
    /// let map = gort::sync::Map::with_hasher(BuildHasherDefault::<DefaultHasher>::default());
    /// map.store("a", 1);
    /// assert_eq!(map.load("a"), Some(1));
    /// ```
    pub fn with_hasher(hasher: S) -> Map<K, V, S> {
        let count = (4 * rt::num_cpu()).next_power_of_two().clamp(8, 128);
        let shard = || Shard(RwLock::new(HashMap::with_hasher(hasher.clone())));
        let shards = std::iter::repeat_with(shard).take(count).collect();
        Map { shards, hasher }
    }
}

impl<K, V, S> Map<K, V, S> {
    /// How many keys there are; those that others store or delete meanwhile may be counted or not.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// map.store("a", 1);
    /// assert_eq!(map.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.0.read().len()).sum()
    }

    /// Whether there was no key.
    ///
    /// ```
    /// assert!(gort::sync::Map::<u8, u8>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Eq + Hash, V, S: BuildHasher> Map<K, V, S> {
    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> &RwLock<HashMap<K, V, S>> {
        let hash = self.hasher.hash_one(key);
        // The table inside uses the lowest and the highest bits.
        let index = (hash >> 32) as usize & (self.shards.len() - 1);
        &self.shards[index].0
    }

    #[track_caller]
    fn read<Q: Hash + ?Sized>(&self, key: &Q) -> RwLockReadGuard<'_, HashMap<K, V, S>> {
        self.shard(key).read()
    }

    #[track_caller]
    fn write<Q: Hash + ?Sized>(&self, key: &Q) -> RwLockWriteGuard<'_, HashMap<K, V, S>> {
        self.shard(key).write()
    }

    /// The value of `key`.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// map.store("a", 1);
    /// assert_eq!((map.load("a"), map.load("b")), (Some(1), None));
    /// ```
    #[doc(alias = "Load")]
    #[track_caller]
    pub fn load<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: Clone,
    {
        self.read(key).get(key).cloned()
    }

    /// Whether `key` has a value.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// map.store("a", 1);
    /// assert!(map.contains_key("a") && !map.contains_key("b"));
    /// ```
    #[track_caller]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.read(key).contains_key(key)
    }

    /// Sets the value of `key`.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// map.store("a", 1);
    /// map.store("a", 2);
    /// assert_eq!(map.load("a"), Some(2));
    /// ```
    #[doc(alias = "Store")]
    #[track_caller]
    pub fn store(&self, key: K, value: V) {
        drop(self.swap(key, value));
    }

    /// Sets the value of `key` and gives the one it had.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// assert_eq!(map.swap("a", 1), None);
    /// assert_eq!(map.swap("a", 2), Some(1));
    /// ```
    #[doc(alias = "Swap")]
    #[track_caller]
    pub fn swap(&self, key: K, value: V) -> Option<V> {
        self.write(&key).insert(key, value)
    }

    /// The value of `key` and `true`; or sets it to `value` and gives that and `false`.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// assert_eq!(map.load_or_store("a", 1), (1, false));
    /// assert_eq!(map.load_or_store("a", 2), (1, true));
    /// ```
    #[doc(alias = "LoadOrStore")]
    #[track_caller]
    pub fn load_or_store(&self, key: K, value: V) -> (V, bool)
    where
        V: Clone,
    {
        if let Some(found) = self.load(&key) {
            return (found, true);
        }
        let mut shard = self.write(&key);
        if let Some(found) = shard.get(&key) {
            return (found.clone(), true);
        }
        shard.insert(key, value.clone());
        (value, false)
    }

    /// Removes `key` and gives the value it had.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// map.store("a", 1);
    /// assert_eq!(map.load_and_delete("a"), Some(1));
    /// assert_eq!(map.load_and_delete("a"), None);
    /// ```
    #[doc(alias = "LoadAndDelete")]
    #[track_caller]
    pub fn load_and_delete<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        // The key is dropped after the lock is released.
        let entry = self.write(key).remove_entry(key);
        entry.map(|(_, value)| value)
    }

    /// Removes `key`.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// map.store("a", 1);
    /// map.delete("a");
    /// assert!(map.is_empty());
    /// ```
    #[doc(alias = "Delete")]
    #[track_caller]
    pub fn delete<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        drop(self.load_and_delete(key));
    }

    /// Sets the value of `key` to `new` if it has one that equals `old`. `true` if so.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// map.store("a", 1);
    /// assert!(map.compare_and_swap("a", &1, 2) && !map.compare_and_swap("a", &1, 3));
    /// ```
    #[doc(alias = "CompareAndSwap")]
    #[track_caller]
    pub fn compare_and_swap<Q>(&self, key: &Q, old: &V, new: V) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: PartialEq,
    {
        let mut shard = self.write(key);
        let replaced = match shard.get_mut(key) {
            Some(value) if value == old => std::mem::replace(value, new),
            _ => return false,
        };
        drop(shard);
        drop(replaced);
        true
    }

    /// Removes `key` if it has a value that equals `old`. `true` if so.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// map.store("a", 1);
    /// assert!(!map.compare_and_delete("a", &2) && map.compare_and_delete("a", &1));
    /// ```
    #[doc(alias = "CompareAndDelete")]
    #[track_caller]
    pub fn compare_and_delete<Q>(&self, key: &Q, old: &V) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        V: PartialEq,
    {
        let mut shard = self.write(key);
        if shard.get(key) != Some(old) {
            return false;
        }
        let removed = shard.remove_entry(key);
        drop(shard);
        removed.is_some()
    }

    /// Calls `f` with every key and its value until it gives `false`.
    ///
    /// No key comes twice, but the map as a whole is not a snapshot: of a key that is stored or
    /// deleted meanwhile, also by `f`, any value that it has had during the call may come, or none.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// (0..10).for_each(|i| map.store(i, i * i));
    /// map.range(|key, _| { map.delete(key); true });
    /// assert!(map.is_empty());
    /// ```
    #[doc(alias = "Range")]
    #[track_caller]
    pub fn range(&self, mut f: impl FnMut(&K, &V) -> bool)
    where
        K: Clone,
        V: Clone,
    {
        for shard in &self.shards {
            let entries: Vec<(K, V)> = shard
                .0
                .read()
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            for (key, value) in &entries {
                if !f(key, value) {
                    return;
                }
            }
        }
    }

    /// Removes every key.
    ///
    /// ```
    /// let map = gort::sync::Map::new();
    /// map.store("a", 1);
    /// map.clear();
    /// assert!(map.is_empty());
    /// ```
    #[doc(alias = "Clear")]
    #[track_caller]
    pub fn clear(&self) {
        for shard in &self.shards {
            // Dropped after the lock is released.
            let entries: Vec<(K, V)> = shard.0.write().drain().collect();
            drop(entries);
        }
    }
}

impl<K, V, S: BuildHasher + Clone + Default> Default for Map<K, V, S> {
    fn default() -> Map<K, V, S> {
        Map::with_hasher(S::default())
    }
}

impl<K: Eq + Hash, V, S: BuildHasher + Clone + Default> FromIterator<(K, V)> for Map<K, V, S> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Map<K, V, S> {
        let map = Map::default();
        entries.into_iter().for_each(|(key, value)| map.store(key, value));
        map
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for Map<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for shard in &self.shards {
            // One that is being written to is left out rather than waited for.
            if let Some(entries) = shard.0.try_read() {
                map.entries(&*entries);
            }
        }
        map.finish()
    }
}
