//! The places where another goroutine could come in between: each operation of the library says
//! there what it is about to do.
//!
//! Unless somebody explores schedules, such a place is a load of one word that nobody writes, and a
//! branch that is never taken: no thread-local and no goroutine is looked at.

use std::panic::Location;

use super::director::{DROPPED, How, Op};
use super::group;
use super::reach::Reach;
use super::searches;
use crate::g::crew;

/// The goroutine is about to change an object, or may. Not to be called with a spin lock held:
/// others may run.
#[inline(always)]
#[track_caller]
pub fn point(op: Op, object: usize) {
    if searches::any() {
        announce(op, object, How::Plain, Location::caller());
    }
}

/// The same for an operation that, if it waits, is over when it is woken.
#[inline(always)]
#[track_caller]
pub fn point_handed_over(op: Op, object: usize) {
    if searches::any() {
        announce(op, object, How::HandedOver, Location::caller());
    }
}

/// The same in a destructor: nobody knows where that is called.
#[inline(always)]
pub fn point_in_drop(op: Op, object: usize) {
    if searches::any() {
        announce_drop(op, object);
    }
}

/// The goroutine is about to look at an object.
#[inline(always)]
#[track_caller]
pub fn glance(op: Op, object: usize) {
    if searches::any() {
        announce_glance(op, object, Location::caller());
    }
}

/// The goroutine is about to change several objects, or may.
#[inline(always)]
#[track_caller]
pub fn point_at_all(op: Op, objects: impl Iterator<Item = usize>) {
    if searches::any() {
        announce_all(op, objects.collect(), Location::caller());
    }
}

#[cold]
#[inline(never)]
fn announce(op: Op, object: usize, how: How, site: &'static Location<'static>) {
    crew::take_turn(op, Reach::Writes(object), Some(site), how);
}

#[cold]
#[inline(never)]
fn announce_drop(op: Op, object: usize) {
    crew::take_turn(op, Reach::Writes(object), None, How::Plain);
}

#[cold]
#[inline(never)]
fn announce_glance(op: Op, object: usize, site: &'static Location<'static>) {
    crew::take_turn(op, Reach::Reads(object), Some(site), How::Plain);
}

#[cold]
#[inline(never)]
fn announce_all(op: Op, objects: Vec<usize>, site: &'static Location<'static>) {
    let reach = match objects.as_slice() {
        [] => Reach::Nothing,
        &[one] => Reach::Writes(one),
        _ => Reach::Several(objects.into()),
    };
    crew::take_turn(op, reach, Some(site), How::Plain);
}

/// A handle whose like are counted was dropped, and was not the last: that has an order, but is no
/// place to come in between.
#[cold]
pub fn note_drop() {
    if let Some((group, _)) = group::here() {
        group.note(DROPPED);
    }
}

/// Which of `count`, if the schedules of this goroutine are explored.
#[cold]
pub fn pick(count: usize) -> Option<usize> {
    group::here().map(|(group, _)| group.pick(count))
}

/// Whether the schedules of this goroutine are explored.
#[cold]
pub fn is_explored() -> bool {
    group::here().is_some()
}

/// Runs `f`, which announces nothing: a lock is held for which others would spin.
pub fn quietly<R>(f: impl FnOnce() -> R) -> R {
    if !searches::any() {
        return f();
    }
    let Some((group, _)) = group::here() else {
        return f();
    };
    group.hush(1);
    let result = f();
    group.hush(-1);
    result
}
