//! `SingleFlight`: one call for all who want the same thing at the same time, as
//! golang.org/x/sync/singleflight.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use super::rt::{self, Panic, Receiver, Sender};
use super::shared_panic::SharedPanic;
use super::{Mutex, WaitGroup};

/// Duplicate suppression: of several calls with the same key at the same time one runs, and all get
/// its result.
///
/// The result is cloned for each. For one that may fail let `V` be a `Result`, with an error that
/// can be cloned.
///
/// If the function panics, everybody who waits in [`do_`](SingleFlight::do_) panics: the one whose
/// function ran with the original value, the others with a copy of the message. If somebody waits
/// on a channel ([`do_chan`](SingleFlight::do_chan)) the panic cannot be observed there, so it ends
/// the process before anybody who waits goes on, and no `recover` prevents that (with
/// [`Builder::on_panic`](gort_runtime::Builder::on_panic) that function hears of it, and the
/// channels are closed). If the function calls [`goexit`](gort_runtime::goexit), so does everybody
/// in `do_`, and the channels are closed.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::SingleFlight;
/// use std::sync::Arc;
///
/// gort::run(|| {
///     let flights = Arc::new(SingleFlight::new());
///     let (value, shared) = flights.do_("key", || 42);
///     assert_eq!((value, shared), (42, false));
///     let result = flights.do_chan("key", || 43);
///     assert_eq!(chan!(<-result), Some((43, false)));
/// });
/// ```
#[doc(alias = "Group")]
pub struct SingleFlight<K, V> {
    calls: Calls<K, V>,
}

/// Begins the message for a panic that cannot be copied.
const WHAT: &str = "singleflight: the call panicked with";

type Calls<K, V> = Arc<Mutex<HashMap<K, Arc<Call<V>>>>>;

/// One call that runs.
struct Call<V> {
    done: WaitGroup,
    state: Mutex<State<V>>,
}

struct State<V> {
    /// Others that wait for it.
    duplicates: usize,
    channels: Vec<Sender<(V, bool)>>,
    outcome: Option<Outcome<V>>,
}

#[derive(Clone)]
enum Outcome<V> {
    Value(V),
    Panicked(SharedPanic),
    Goexit,
}

impl<K: Eq + Hash + Clone, V: Clone> SingleFlight<K, V> {
    /// One without calls.
    ///
    /// ```
    /// let flights = gort::sync::SingleFlight::new();
    /// assert_eq!(flights.do_("key", || 1), (1, false));
    /// ```
    pub fn new() -> SingleFlight<K, V> {
        SingleFlight::default()
    }

    /// Runs `f`, unless a call with this key is running: then waits for that one. Gives the result,
    /// and whether others got it too.
    ///
    /// # Panics
    /// If the function panics that ran; in every caller.
    ///
    /// ```
    /// let flight = gort::sync::SingleFlight::new();
    /// assert_eq!(flight.do_("key", || 7), (7, false));
    /// ```
    #[doc(alias = "Do")]
    #[track_caller]
    pub fn do_(&self, key: K, f: impl FnOnce() -> V) -> (V, bool) {
        match self.join(&key, None) {
            Ok(call) => Flight {
                calls: &self.calls,
                key,
                call,
            }
            .run(f, true),
            Err(call) => {
                call.done.wait();
                match call.state.lock().outcome.clone() {
                    Some(Outcome::Value(value)) => (value, true),
                    Some(Outcome::Panicked(panic)) => panic.raise(WHAT),
                    Some(Outcome::Goexit) | None => rt::goexit(),
                }
            }
        }
    }

    /// As [`do_`](SingleFlight::do_), but `f` runs in a goroutine of its own, and the result comes
    /// on a channel, which is then closed.
    ///
    /// ```
    /// use gort::prelude::*;
    ///
    /// let flight = gort::sync::SingleFlight::new();
    /// assert_eq!(chan!(<-flight.do_chan("key", || 7)), Some((7, false)));
    /// ```
    #[doc(alias = "DoChan")]
    #[track_caller]
    pub fn do_chan(&self, key: K, f: impl FnOnce() -> V + Send + 'static) -> Receiver<(V, bool)>
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        let (tx, rx) = rt::channel(1);
        if let Ok(call) = self.join(&key, Some(tx)) {
            let calls = Arc::clone(&self.calls);
            // Detached: a panic is one that nobody can observe.
            drop(rt::go(move || {
                let flight = Flight {
                    calls: &calls,
                    key,
                    call,
                };
                drop(flight.run(f, false));
            }));
        }
        rx
    }

    /// Forgets the call with this key, if one is running: the next [`do_`](SingleFlight::do_) runs
    /// its function rather than waiting for it.
    ///
    /// ```
    /// let flight = gort::sync::SingleFlight::<&str, u32>::new();
    /// flight.forget(&"key");
    /// ```
    #[doc(alias = "Forget")]
    pub fn forget(&self, key: &K) {
        // Dropped after the lock is released.
        let entry = self.calls.lock().remove_entry(key);
        drop(entry);
    }

    /// `Ok`: a new call that the caller has to run. `Err`: one that runs, joined.
    fn join(&self, key: &K, channel: Option<Sender<(V, bool)>>) -> Result<Arc<Call<V>>, Arc<Call<V>>> {
        let mut calls = self.calls.lock();
        if let Some(call) = calls.get(key) {
            let mut state = call.state.lock();
            state.duplicates += 1;
            state.channels.extend(channel);
            drop(state);
            return Err(Arc::clone(call));
        }
        let call = Arc::new(Call {
            done: WaitGroup::new(),
            state: Mutex::new(State {
                duplicates: 0,
                channels: channel.into_iter().collect(),
                outcome: None,
            }),
        });
        call.done.add(1);
        calls.insert(key.clone(), Arc::clone(&call));
        Ok(call)
    }
}

/// A call about to run. However it ends, whoever waits for it goes on.
struct Flight<'a, K: Eq + Hash, V: Clone> {
    calls: &'a Calls<K, V>,
    key: K,
    call: Arc<Call<V>>,
}

impl<K: Eq + Hash, V: Clone> Flight<'_, K, V> {
    /// `observed`: whether a panic of this goroutine can be observed.
    #[track_caller]
    fn run(self, f: impl FnOnce() -> V, observed: bool) -> (V, bool) {
        // Goexit passes; then dropping `self` does the rest.
        match rt::catch_loudly(f) {
            Ok(value) => {
                let shared = self.land(Outcome::Value(value.clone()));
                (value, shared)
            }
            Err(panic) => self.panicked(panic, observed),
        }
    }

    #[cold]
    #[track_caller]
    fn panicked(&self, panic: Panic, observed: bool) -> ! {
        let copy = SharedPanic::of(&panic);
        // First: afterwards nobody can join any more, on a channel or otherwise.
        self.depart();
        let heard = self.call.state.lock().channels.is_empty();
        if heard {
            self.arrive(Outcome::Panicked(copy));
            Panic::resume(panic);
        }
        // Before anything lets them go on: main might return, and the program end with status 0.
        rt::unheard(panic);
        self.arrive(Outcome::Panicked(copy.clone()));
        if observed {
            copy.raise(WHAT);
        }
        rt::goexit()
    }

    /// Ends the call. `true` if others got its outcome too.
    fn land(&self, outcome: Outcome<V>) -> bool {
        self.depart();
        self.arrive(outcome)
    }

    /// From here on nobody can join.
    fn depart(&self) {
        let mut calls = self.calls.lock();
        let mine = calls
            .get(&self.key)
            .is_some_and(|call| Arc::ptr_eq(call, &self.call));
        let entry = mine.then(|| calls.remove_entry(&self.key));
        drop(calls);
        drop(entry);
    }

    /// Lets those go on who have joined.
    fn arrive(&self, outcome: Outcome<V>) -> bool {
        let mut state = self.call.state.lock();
        let shared = state.duplicates > 0;
        for channel in std::mem::take(&mut state.channels) {
            if let Outcome::Value(value) = &outcome {
                // There is room; whether somebody still listens is not our business.
                let _ = channel.try_send((value.clone(), shared));
            }
        }
        state.outcome = Some(outcome);
        drop(state);
        self.call.done.done();
        shared
    }
}

impl<K: Eq + Hash, V: Clone> Drop for Flight<'_, K, V> {
    fn drop(&mut self) {
        let landed = self.call.state.lock().outcome.is_some();
        if !landed {
            self.land(Outcome::Goexit);
        }
    }
}

impl<K, V> Default for SingleFlight<K, V> {
    fn default() -> SingleFlight<K, V> {
        SingleFlight {
            calls: Arc::new(Mutex::new(HashMap::new())),
        }
    }
}

impl<K, V> fmt::Debug for SingleFlight<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").finish_non_exhaustive()
    }
}
