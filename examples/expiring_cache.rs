//! A cache whose entries expire, tested on a clock that jumps: `gort::testing::bubble`; and at the one moment at which it is
//! difficult, when an entry is renewed as it expires, under every schedule: `gort::testing::explore`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gort::prelude::*;
use gort::sync::Mutex;
use gort::testing::{self, Options, Strategy, explore};
use gort::time::{self, Timer};

const MINUTE: Duration = Duration::from_secs(60);

/// Forgets what has not been put for so long.
struct Cache {
    entries: Arc<Mutex<HashMap<&'static str, Entry>>>,
    lifetime: Duration,
}

struct Entry {
    value: u32,
    /// Which `put` it is of: a timer that has rung already, and comes too late to be stopped, is of an earlier one.
    version: u64,
    timer: Timer,
}

impl Cache {
    fn new(lifetime: Duration) -> Cache {
        Cache {
            entries: Arc::default(),
            lifetime,
        }
    }

    fn put(&self, key: &'static str, value: u32) {
        let mut entries = self.entries.lock();
        let version = entries.get(key).map_or(0, |old| {
            old.timer.stop();
            old.version + 1
        });
        let expiring = Arc::clone(&self.entries);
        let timer = time::after_func(self.lifetime, move || {
            let mut entries = expiring.lock();
            if entries.get(key).is_some_and(|entry| entry.version == version) {
                entries.remove(key);
            }
        });
        let entry = Entry {
            value,
            version,
            timer,
        };
        entries.insert(key, entry);
    }

    fn get(&self, key: &str) -> Option<u32> {
        self.entries.lock().get(key).map(|entry| entry.value)
    }
}

fn main() {
    // An hour and a half, in no time.
    let minutes = testing::bubble(|| {
        let begun = testing::now();
        let cache = Cache::new(30 * MINUTE);
        cache.put("a", 1);
        testing::sleep(29 * MINUTE);
        assert_eq!(cache.get("a"), Some(1), "its time is not over");
        cache.put("a", 2);
        testing::sleep(29 * MINUTE);
        assert_eq!(cache.get("a"), Some(2), "it was renewed");
        testing::sleep(MINUTE);
        assert_eq!(cache.get("a"), None, "half an hour after that it is gone");
        testing::sleep(31 * MINUTE);
        testing::now().duration_since(begun).unwrap_or_default().as_secs() / 60
    });
    println!("{minutes} minutes went by in the bubble");

    // The timer rings, and somebody puts a new value, at the same moment.
    let options = Options::default().strategy(Strategy::Exhaustive { preemptions: 3 });
    let report = explore(options, || {
        let cache = Arc::new(Cache::new(MINUTE));
        cache.put("a", 1);
        let renewer = go!(name = "renewer"; [cache] {
            time::sleep(MINUTE);
            cache.put("a", 2);
        });
        renewer.join().unwrap();
        assert_eq!(
            cache.get("a"),
            Some(2),
            "the new one is there, whoever came first"
        );
    });
    println!("{report}");
    report.assert_passed();
}
