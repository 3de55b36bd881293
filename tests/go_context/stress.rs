//! Seeded stress of cancel trees, at 1, 2, 4 and 8 workers and in each migration mode, each in a
//! process of its own.
//!
//! `GORT_SEED` replays the choices of a run (not its timing), `GORT_STRESS_SECS` sets how long each
//! part runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gort::context::{
    self, Context, after_func, background, with_cancel, with_cancel_cause, with_timeout, with_value,
};
use gort::prelude::*;

use super::{K3, is_done, ms};
use crate::support::eventually;
use crate::support::seed::{Rng, seed};
use crate::support::stress::in_every_mode;

/// Goroutines build a tree while others cancel, drop, listen and register functions.
fn trees(rng: &mut Rng) {
    let (root, cancel_root) = with_cancel_cause(background());
    let (called, stopped, registered) = (counter(), counter(), counter());
    let members: Vec<_> = (0..6)
        .map(|i| {
            let mut rng = rng.fork(i);
            go!([root, called, stopped, registered] {
                let mut own: Vec<Context> = vec![root];
                let mut listeners = Vec::new();
                for _ in 0..60 {
                    let parent = own[rng.below(own.len())].clone();
                    match rng.below(8) {
                        0 | 1 => {
                            let (ctx, cancel) = with_cancel(&parent);
                            if rng.below(3) == 0 {
                                cancel();
                                assert!(is_done(&ctx) && ctx.err().is_some());
                            }
                            own.push(ctx);
                        }
                        2 => own.push(with_timeout(&parent, Duration::from_micros(rng.below(400) as u64)).0),
                        3 => own.push(with_value::<K3>(&parent, 1)),
                        4 => {
                            registered.fetch_add(1, SeqCst);
                            let called = called.clone();
                            let stop = after_func(&parent, move || { called.fetch_add(1, SeqCst); });
                            if rng.below(2) == 0 && stop() {
                                stopped.fetch_add(1, SeqCst);
                            }
                        }
                        5 => {
                            let at = rng.below(own.len());
                            if at > 0 {
                                own.swap_remove(at);
                            }
                        }
                        6 => listeners.push(go!({
                            chan!(<-parent.done());
                            // GS-123: closed means that there is an error.
                            assert!(parent.err().is_some() && context::cause(&parent).is_some());
                        })),
                        _ => {
                            // GS-123: an error means that it is closed.
                            if parent.err().is_some() {
                                assert!(is_done(&parent));
                            }
                            gort::runtime::gosched();
                        }
                    }
                }
                (own, listeners)
            })
        })
        .collect();
    if rng.below(2) == 0 {
        gort::time::sleep(Duration::from_micros(rng.below(300) as u64));
        cancel_root.cancel("the root");
    }
    let ends: Vec<_> = members.into_iter().map(|one| one.join().unwrap()).collect();
    cancel_root.cancel("the root");
    for (contexts, listeners) in ends {
        assert!(contexts.iter().all(is_done));
        listeners.into_iter().for_each(|one| one.join().unwrap());
    }
    eventually("each function ran or was stopped", ms(120_000), || {
        called.load(SeqCst) + stopped.load(SeqCst) == registered.load(SeqCst)
    });
}

fn counter() -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(0))
}

fn seconds() -> f64 {
    crate::support::stress::seconds(0.1)
}

/// In the child.
fn stress(seconds: f64) {
    let (mut rng, end) = (
        Rng::new(seed()),
        Instant::now() + Duration::from_secs_f64(seconds),
    );
    gort::run(move || {
        while Instant::now() < end {
            trees(&mut rng);
            rng.next();
        }
    });
}

in_every_mode!(stress(seconds()), patience = 60.0 + 20.0 * seconds());
