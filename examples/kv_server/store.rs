//! The store: keys and values in shards, each behind a lock of its own, and what is no longer valid.
//!
//! A command about one key takes one lock for a moment. One about several takes the locks of all their shards at once, always in the
//! same order, so that nobody sees half of it. Nothing waits while it holds a lock.
//!
//! A key whose time is over is gone for everybody at once: whoever looks at it removes it. A goroutine removes those that nobody looks at.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::sync::{Mutex, MutexGuard};

use super::reply::Failure;

const SHARDS: usize = 64;
/// How often a goroutine looks for keys whose time is over.
const SWEEP: Duration = Duration::from_millis(100);
/// How many of them it removes before it lets others at the shard.
const SWEEP_AT_ONCE: usize = 256;

pub(crate) type Key = Arc<[u8]>;

#[derive(Debug)]
pub(crate) enum Value {
    Text(Vec<u8>),
    List(VecDeque<Vec<u8>>),
    Set(HashSet<Vec<u8>>),
}

impl Value {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "string",
            Value::List(_) => "list",
            Value::Set(_) => "set",
        }
    }
}

/// What a key has to hold for a command; made empty if there is no such key.
pub(crate) trait Kind: Default {
    fn wrap(self) -> Value;
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    fn is_empty(&self) -> bool;
}

macro_rules! kind {
    ($type:ty, $variant:ident, $empty:expr) => {
        impl Kind for $type {
            fn wrap(self) -> Value {
                Value::$variant(self)
            }

            fn of(value: &Value) -> Option<&Self> {
                match value {
                    Value::$variant(inner) => Some(inner),
                    _ => None,
                }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                match value {
                    Value::$variant(inner) => Some(inner),
                    _ => None,
                }
            }

            fn is_empty(&self) -> bool {
                let is_empty: fn(&Self) -> bool = $empty;
                is_empty(self)
            }
        }
    };
}

// An empty text is a value; an empty list or set is no key.
kind!(Vec<u8>, Text, |_| false);
kind!(VecDeque<Vec<u8>>, List, VecDeque::is_empty);
kind!(HashSet<Vec<u8>>, Set, HashSet::is_empty);

struct Entry {
    value: Value,
    expires: Option<Instant>,
}

/// A part of the keys.
#[derive(Default)]
pub(crate) struct Shard {
    entries: HashMap<Key, Entry>,
    /// The keys that have an end, by it.
    ends: BTreeSet<(Instant, Key)>,
}

/// What is said about the end of a value that replaces another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Never,
    At(Instant),
    AsBefore,
}

impl Shard {
    /// Removes the key if its time is over.
    fn settle(&mut self, key: &[u8], now: Instant) {
        // Most shards have no such keys at all.
        if !self.ends.is_empty()
            && let Some(entry) = self.entries.get(key)
            && entry.expires.is_some_and(|end| end <= now)
        {
            self.remove(key, now);
        }
    }

    pub(crate) fn get(&mut self, key: &[u8], now: Instant) -> Option<&Value> {
        self.settle(key, now);
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// The value, if it is of this kind.
    pub(crate) fn look<K: Kind>(&mut self, key: &[u8], now: Instant) -> Result<Option<&K>, Failure> {
        self.get(key, now)
            .map(|value| K::of(value).ok_or(Failure::WrongType))
            .transpose()
    }

    /// Changes the value, if there is one of this kind; `None` if there is no key. A value that is empty afterwards is removed.
    pub(crate) fn change<K: Kind, R>(
        &mut self,
        key: &[u8],
        now: Instant,
        f: impl FnOnce(&mut K) -> R,
    ) -> Result<Option<R>, Failure> {
        self.settle(key, now);
        let Some(entry) = self.entries.get_mut(key) else {
            return Ok(None);
        };
        let value = K::of_mut(&mut entry.value).ok_or(Failure::WrongType)?;
        let result = f(value);
        if value.is_empty() {
            self.remove(key, now);
        }
        Ok(Some(result))
    }

    /// Changes the value, which is made if there is none. If `f` fails, nothing has changed.
    pub(crate) fn make<K: Kind, R>(
        &mut self,
        key: &[u8],
        now: Instant,
        f: impl FnOnce(&mut K) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        self.settle(key, now);
        if let Some(entry) = self.entries.get_mut(key) {
            return f(K::of_mut(&mut entry.value).ok_or(Failure::WrongType)?);
        }
        let mut value = K::default();
        let result = f(&mut value)?;
        if !value.is_empty() {
            let entry = Entry {
                value: value.wrap(),
                expires: None,
            };
            self.entries.insert(key.into(), entry);
        }
        Ok(result)
    }

    /// Puts a value there, whatever there was.
    pub(crate) fn put(&mut self, key: &[u8], value: Value, end: End, now: Instant) {
        self.settle(key, now);
        let ends = match self.entries.get_mut(key) {
            Some(entry) => {
                entry.value = value;
                entry.expires.is_some()
            }
            None => {
                let expires = None;
                self.entries.insert(key.into(), Entry { value, expires });
                false
            }
        };
        match end {
            End::At(at) => drop(self.set_end(key, Some(at), now)),
            End::Never if ends => drop(self.set_end(key, None, now)),
            End::Never | End::AsBefore => {}
        }
    }

    /// Whether there was such a key.
    pub(crate) fn remove(&mut self, key: &[u8], now: Instant) -> bool {
        let Some((key, entry)) = self.entries.remove_entry(key) else {
            return false;
        };
        match entry.expires {
            Some(end) => {
                self.ends.remove(&(end, key));
                end > now
            }
            None => true,
        }
    }

    /// When the key ends: `None` without such a key, `Some(None)` if it does not end.
    pub(crate) fn end(&mut self, key: &[u8], now: Instant) -> Option<Option<Instant>> {
        self.settle(key, now);
        self.entries.get(key).map(|entry| entry.expires)
    }

    /// Sets when the key ends; what it was before, as [`Shard::end`].
    pub(crate) fn set_end(
        &mut self,
        key: &[u8],
        end: Option<Instant>,
        now: Instant,
    ) -> Option<Option<Instant>> {
        self.settle(key, now);
        if self.ends.is_empty() && end.is_none() {
            return self.entries.contains_key(key).then_some(None);
        }
        let (shared, _) = self.entries.get_key_value(key)?;
        let shared = Arc::clone(shared);
        let entry = self.entries.get_mut(key)?;
        let before = std::mem::replace(&mut entry.expires, end);
        if let Some(before) = before {
            self.ends.remove(&(before, Arc::clone(&shared)));
        }
        if let Some(end) = end {
            self.ends.insert((end, shared));
        }
        Some(before)
    }

    /// Those keys that `wanted` likes.
    pub(crate) fn keys(&self, now: Instant, wanted: impl Fn(&[u8]) -> bool) -> Vec<Key> {
        self.entries
            .iter()
            .filter(|(key, entry)| entry.expires.is_none_or(|end| end > now) && wanted(key))
            .map(|(key, _)| Arc::clone(key))
            .collect()
    }

    /// Removes some of the keys whose time is over; whether these were all.
    fn sweep(&mut self, now: Instant) -> bool {
        for _ in 0..SWEEP_AT_ONCE {
            match self.ends.first() {
                Some((end, _)) if *end <= now => {
                    let (_, key) = self.ends.pop_first().expect("there is a first one");
                    self.entries.remove(&key);
                }
                _ => return true,
            }
        }
        false
    }
}

pub(crate) struct Store {
    shards: Box<[Mutex<Shard>]>,
    hasher: std::hash::RandomState,
}

impl Store {
    pub(crate) fn new() -> Store {
        Store {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: std::hash::RandomState::new(),
        }
    }

    fn number(&self, key: &[u8]) -> usize {
        // The map inside a shard has a hasher of its own, so these bits tell it nothing.
        self.hasher.hash_one(key) as usize % SHARDS
    }

    /// The shard of a key, locked.
    pub(crate) fn shard(&self, key: &[u8]) -> MutexGuard<'_, Shard> {
        self.shards[self.number(key)].lock()
    }

    /// All shards of these keys, locked.
    pub(crate) fn shards<K: AsRef<[u8]>>(&self, keys: impl Iterator<Item = K>) -> Locked<'_> {
        let mut numbers: Vec<_> = keys.map(|key| self.number(key.as_ref())).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Locked {
            store: self,
            guards: numbers
                .into_iter()
                .map(|number| (number, self.shards[number].lock()))
                .collect(),
        }
    }

    /// How many shards there are; [`Store::part`] gives one of them.
    pub(crate) fn parts(&self) -> usize {
        SHARDS
    }

    pub(crate) fn part(&self, number: usize) -> MutexGuard<'_, Shard> {
        self.shards[number].lock()
    }

    /// How many keys there are, with those that are over but have not been removed yet.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().entries.len()).sum()
    }

    /// Removes everything, at once for everybody.
    pub(crate) fn clear(&self) {
        let mut guards: Vec<_> = self.shards.iter().map(Mutex::lock).collect();
        let old: Vec<Shard> = guards
            .iter_mut()
            .map(|shard| std::mem::take(&mut **shard))
            .collect();
        drop(guards);
        drop(old); // which may take a while, and nobody has to wait for it
    }

    /// Removes keys whose time is over, until `done`.
    pub(crate) fn sweep(&self, done: &Receiver<()>) {
        let ticker = gort::time::Ticker::new(SWEEP);
        loop {
            select! {
                <-done => return,
                now = <-ticker => for shard in &self.shards {
                    let now = now.expect("a ticker does not end");
                    while !shard.lock().sweep(now) {
                        gort::runtime::gosched();
                    }
                },
            }
        }
    }
}

/// Several shards, locked.
pub(crate) struct Locked<'a> {
    store: &'a Store,
    guards: Vec<(usize, MutexGuard<'a, Shard>)>,
}

impl Locked<'_> {
    /// The shard of one of the keys that these were locked for.
    pub(crate) fn shard(&mut self, key: &[u8]) -> &mut Shard {
        let number = self.store.number(key);
        let at = self
            .guards
            .binary_search_by_key(&number, |(number, _)| *number)
            .expect("a key that was named");
        &mut self.guards[at].1
    }
}
