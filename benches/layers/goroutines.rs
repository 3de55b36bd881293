//! The life of a goroutine that does nothing, its handle and a call that may panic.

use criterion::Criterion;
use gort::prelude::*;
use gort::sync::WaitGroup;

pub(crate) fn all(c: &mut Criterion) {
    let mut group = crate::group(c, "goroutines");
    crate::step(&mut group, "go and join", 1, || go!(|| 1).join());
    crate::step(&mut group, "go and wait (WaitGroup)", 1, || {
        let wg = WaitGroup::new();
        wg.go(|| {});
        wg.wait();
    });
    crate::step(&mut group, "scope with one", 1, || {
        gort::scope(|s| s.spawn(|| 1).join())
    });
    crate::step(&mut group, "recover, no panic", 1, || gort::recover(|| 1));
}
