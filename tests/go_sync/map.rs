//! Port of sync/map_test.go: TestMapMatchesRWMutex and TestMapMatchesDeepCopy (against a plain
//! `HashMap`, which is what those compare with), TestConcurrentRange, TestIssue40999,
//! TestMapRangeNestedCall, TestCompareAndSwap_NonExistingKey, TestConcurrentClear (GS-118).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gort::prelude::*;
use gort::runtime::gosched;
use gort::sync::{Map, WaitGroup};

use crate::support::rounds;
use crate::support::seed::{Rng, seed};

/// One call, and what it said, in words.
fn apply(model: &mut HashMap<u8, u8>, map: &Map<u8, u8>, rng: &mut Rng) -> (String, String) {
    let (k, v, w) = (rng.below(8) as u8, rng.below(4) as u8, rng.below(4) as u8);
    match rng.below(9) {
        0 => (
            format!("{:?}", model.get(&k)),
            format!("{:?}", map.load(&k).as_ref()),
        ),
        1 => {
            map.store(k, v);
            model.insert(k, v);
            (String::new(), String::new())
        }
        2 => {
            let loaded = model.contains_key(&k);
            let value = *model.entry(k).or_insert(v);
            (
                format!("{:?}", (value, loaded)),
                format!("{:?}", map.load_or_store(k, v)),
            )
        }
        3 => (
            format!("{:?}", model.remove(&k)),
            format!("{:?}", map.load_and_delete(&k)),
        ),
        4 => {
            model.remove(&k);
            map.delete(&k);
            (String::new(), String::new())
        }
        5 => (
            format!("{:?}", model.insert(k, v)),
            format!("{:?}", map.swap(k, v)),
        ),
        6 => {
            let swaps = model.get(&k) == Some(&v);
            if swaps {
                model.insert(k, w);
            }
            (format!("{swaps}"), format!("{}", map.compare_and_swap(&k, &v, w)))
        }
        7 => {
            let deletes = model.get(&k) == Some(&v);
            if deletes {
                model.remove(&k);
            }
            (
                format!("{deletes}"),
                format!("{}", map.compare_and_delete(&k, &v)),
            )
        }
        _ => {
            if rng.below(8) == 0 {
                model.clear();
                map.clear();
            }
            (
                format!("{}{}", model.len(), model.is_empty()),
                format!("{}{}", map.len(), map.is_empty()),
            )
        }
    }
}

fn content(map: &Map<u8, u8>) -> HashMap<u8, u8> {
    let mut all = HashMap::new();
    map.range(|&k, &v| {
        assert_eq!(all.insert(k, v), None, "key {k} came twice");
        true
    });
    all
}

#[gort::test]
fn matches_a_plain_map() {
    let mut rng = Rng::new(seed());
    for _ in 0..rounds(500) {
        let (mut model, map) = (HashMap::new(), Map::new());
        for step in 0..100 {
            let (want, got) = apply(&mut model, &map, &mut rng);
            assert_eq!(got, want, "step {step}");
        }
        assert_eq!(content(&map), model);
    }
}

#[gort::test]
fn concurrent_range() {
    const SIZE: i64 = 1 << 10;
    let m: Arc<Map<i64, i64>> = Arc::new((1..=SIZE).map(|n| (n, n)).collect());
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (1..=4)
        .map(|g| {
            go!([m, done] {
                let mut i = 0;
                while !done.load(Ordering::Relaxed) {
                    for n in 1..SIZE {
                        // Always a multiple of the key.
                        if (i * g) % n == 0 {
                            m.store(n, n * i * g);
                        } else {
                            m.load(&n);
                        }
                    }
                    i += 1;
                    gosched();
                }
            })
        })
        .collect();
    for _ in 0..rounds(160) {
        let mut seen = HashSet::new();
        m.range(|&k, &v| {
            assert_eq!(v % k, 0, "while storing multiples of {k}, range saw value {v}");
            assert!(seen.insert(k), "range visited key {k} twice");
            true
        });
        assert_eq!(seen.len(), SIZE as usize, "range visited too few");
    }
    done.store(true, Ordering::Relaxed);
    writers.into_iter().for_each(|writer| writer.join().unwrap());
}

/// A deleted key is let go of (TestIssue40999).
#[gort::test]
fn deleted_keys_are_dropped() {
    #[derive(PartialEq, Eq, Hash, Clone)]
    struct Key(Arc<u8>);
    let m = Map::new();
    m.store(None, ());
    m.load_and_delete(&None);
    let count = Arc::new(0);
    for _ in 0..10 {
        let key = Some(Key(count.clone()));
        m.store(key.clone(), ());
        m.delete(&key);
    }
    assert_eq!(Arc::strong_count(&count), 1);
}

/// What runs in `range` may call any method, and `range` stops when told.
#[gort::test]
fn nested_calls_in_range() {
    let m = Map::new();
    for (i, v) in ["hello", "world", "Go"].into_iter().enumerate() {
        m.store(i, v);
    }
    m.range(|&key, &value| {
        m.range(|key, value| {
            assert_eq!(m.load(key), Some(*value));
            assert_eq!(m.load_or_store(*key, "dummy"), (*value, true));
            true
        });
        assert_eq!(m.load_and_delete(&key), Some(value));
        assert_eq!(m.load(&key), None);
        m.store(key, value);
        assert!(m.compare_and_swap(&key, &value, "x"));
        assert_eq!(m.swap(key, "y"), Some("x"));
        assert!(m.compare_and_delete(&key, &"y"));
        true
    });
    assert!(m.is_empty());
    m.store(1, "a");
    m.store(2, "b");
    let mut calls = 0;
    m.range(|_, _| {
        calls += 1;
        m.clear();
        false
    });
    assert_eq!((calls, m.len()), (1, 0));
}

#[gort::test]
fn compare_and_swap_of_a_missing_key() {
    let m = Map::<u8, Option<u8>>::new();
    assert!(!m.compare_and_swap(&1, &None, Some(42)));
    assert!(!m.compare_and_delete(&1, &None));
    assert!(!m.contains_key(&1));
}

#[gort::test]
fn concurrent_clear() {
    let m: Arc<Map<usize, usize>> = Arc::new((0..10).map(|i| (i, i)).collect());
    let wg = WaitGroup::new();
    for i in 0..30 {
        let m = m.clone();
        wg.go(move || match i % 3 {
            0 => m.store(i, i),
            1 => m.range(|&k, &v| {
                assert_eq!(k, v);
                true
            }),
            _ => m.clear(),
        });
    }
    wg.wait();
    m.clear();
    m.range(|k, v| panic!("after clear, range saw {k}: {v}"));
}

/// Of many that store the same key one wins, and everybody sees its value.
#[gort::test]
fn load_or_store_has_one_winner() {
    for _ in 0..rounds(200) {
        let m = Arc::new(Map::new());
        let all: Vec<_> = (0..8).map(|i| go!([m] { m.load_or_store("key", i) })).collect();
        let seen: Vec<_> = all.into_iter().map(|one| one.join().unwrap()).collect();
        assert_eq!(seen.iter().filter(|(_, loaded)| !loaded).count(), 1);
        assert!(seen.iter().all(|&(value, _)| m.load("key") == Some(value)));
    }
}

#[gort::test]
fn says_what_it_holds() {
    let m = Map::new();
    m.store(1, "a");
    assert_eq!(format!("{m:?}"), r#"{1: "a"}"#);
}
