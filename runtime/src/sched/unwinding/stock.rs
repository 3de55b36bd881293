//! The carriers that nobody has, and the life of the thread that loads them.
//!
//! Invariants, whenever nobody is between taking a carrier and putting one back:
//! * as many empty ones are on the shelf as goroutines that wait have set aside;
//! * the thread that loads counts those, and what is on the shelf of loaded ones;
//! * who waits for a loaded one is counted in `wanted`, and the thread that loads has been told so.
//!
//! Another may take what was loaded for one who waits. That one asks again, and is counted until it
//! has the lock, so that the thread sees that one is missing.

use std::time::Duration;

use crate::shim::{Condvar, Mutex};

/// How long the thread keeps what is loaded while nobody needs any of it; twice that, if somebody
/// has in the first half. While std counts a panic anywhere, every question whether a thread panics
/// takes a little longer.
const LULL: Duration = Duration::from_millis(500);
/// At most this many carriers are loaded beyond those that are asked for, stay as they are when
/// nobody needs them, and are unloaded or ended at a time: whoever asks meanwhile may hold a
/// channel's lock.
#[cfg(not(loom))]
const BATCH: usize = 64;
#[cfg(loom)]
const BATCH: usize = 1;

/// What can be one panic on a thread's count, or none.
pub(crate) trait Carries: Sized {
    /// An empty one.
    fn new() -> Self;
    /// Loads it if it is empty, and unloads it if it is loaded.
    fn switch(&self);
    /// Gives back what these took, which are empty.
    fn end(all: Vec<Self>);
}

pub(crate) struct Stock<C> {
    shelves: Mutex<Shelves<C>>,
    /// For the thread that loads.
    to_load: Condvar,
    /// For those that wait for it.
    loaded: Condvar,
}

struct Shelves<C> {
    loaded: Vec<C>,
    empty: Vec<C>,
    /// How many wait for a loaded one.
    wanted: usize,
    /// A loaded one was taken or put back since the thread looked last.
    used: bool,
    /// The thread sleeps until somebody wakes it.
    resting: bool,
}

/// What belongs to the thread that loads.
pub(crate) struct Loader<C> {
    /// Empty ones that nobody needs.
    spare: Vec<C>,
    /// How many have been made: as many goroutines waited at once as were made, or half as many.
    made: usize,
    /// Nobody has used any for a while.
    lull: bool,
}

impl<C> Loader<C> {
    pub(crate) fn new() -> Loader<C> {
        Loader {
            spare: Vec::new(),
            made: 0,
            lull: false,
        }
    }
}

impl<C: Carries> Stock<C> {
    pub(crate) fn new() -> Stock<C> {
        Stock {
            shelves: Mutex::new(Shelves {
                loaded: Vec::new(),
                empty: Vec::new(),
                wanted: 0,
                used: false,
                resting: false,
            }),
            to_load: Condvar::new(),
            loaded: Condvar::new(),
        }
    }

    /// Takes a loaded carrier; waits, as a thread, for one to be loaded if need be.
    pub(crate) fn take_loaded(&self) -> C {
        let mut shelves = self.shelves.lock();
        shelves.used = true;
        loop {
            if let Some(carrier) = shelves.loaded.pop() {
                return carrier;
            }
            shelves.wanted += 1;
            self.to_load.notify_one();
            shelves = self.loaded.wait(shelves);
            shelves.wanted -= 1;
        }
    }

    pub(crate) fn put_loaded(&self, carrier: C) {
        let mut shelves = self.shelves.lock();
        shelves.used = true;
        shelves.loaded.push(carrier);
        if shelves.wanted > 0 {
            self.loaded.notify_one();
        }
        // So that it comes to unload it some time.
        if shelves.resting {
            self.to_load.notify_one();
        }
    }

    /// There is one: whoever asks has put one there before.
    pub(crate) fn take_empty(&self) -> C {
        match self.shelves.lock().empty.pop() {
            Some(carrier) => carrier,
            None => unreachable!("what was set aside has an empty carrier"),
        }
    }

    pub(crate) fn put_empty(&self, carrier: C) {
        self.shelves.lock().empty.push(carrier);
    }

    /// What the thread that loads does again and again: it loads what is wanted, or waits until
    /// there is something to do, or unloads what nobody has used, and ends what that was.
    pub(crate) fn serve(&self, loader: &mut Loader<C>) {
        let mut shelves = self.shelves.lock();
        if shelves.loaded.len() < shelves.wanted {
            let more = shelves.wanted - shelves.loaded.len() + BATCH.min(loader.made / 2);
            drop(shelves);
            let batch: Vec<C> = (0..more)
                .map(|_| {
                    loader.spare.pop().unwrap_or_else(|| {
                        loader.made += 1;
                        C::new()
                    })
                })
                .inspect(C::switch)
                .collect();
            self.shelves.lock().loaded.extend(batch);
            self.loaded.notify_all();
            return;
        }
        if shelves.loaded.is_empty() && loader.spare.len() > BATCH {
            drop(shelves);
            let kept = loader.spare.len().saturating_sub(BATCH).max(BATCH);
            let all = loader.spare.split_off(kept);
            loader.made -= all.len();
            C::end(all);
            return;
        }
        if shelves.loaded.is_empty() {
            shelves.resting = true;
            shelves = self.to_load.wait(shelves);
            shelves.resting = false;
            loader.lull = false;
            return;
        }
        let mut lull = loader.lull;
        if !lull {
            (shelves, lull) = self.to_load.wait_for(shelves, LULL);
        }
        // What is on the shelf may have been loaded for somebody who was notified and has not come
        // yet.
        loader.lull = lull && !std::mem::take(&mut shelves.used) && shelves.wanted == 0;
        if !loader.lull {
            return;
        }
        let keep = shelves.loaded.len().saturating_sub(BATCH);
        let kept = shelves.loaded.split_off(keep);
        drop(shelves);
        kept.iter().for_each(C::switch);
        loader.spare.extend(kept);
    }

    /// For models: the thread that loads waits no longer.
    #[cfg(loom)]
    pub(crate) fn let_time_pass(&self) {
        let _shelves = self.shelves.lock();
        self.to_load.let_time_pass();
    }

    /// For models: how many are loaded, empty, and wanted.
    #[cfg(loom)]
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let shelves = self.shelves.lock();
        (shelves.loaded.len(), shelves.empty.len(), shelves.wanted)
    }
}
