//! To what goroutines have access, by the words on their stacks. All words are inverted ([`hidden`]).

use std::collections::HashMap;

use crate::debug::goroutine::{Goroutine, Status};
use crate::debug::hidden;
use crate::debug::object::{Object, ObjectKind};
use crate::reason::WaitReason;

/// What is added to a channel's address in a handle that can send, in one that can receive, and in one that can both.
const SENDS: usize = 1;
const RECEIVES: usize = 2;
/// How far before its lock an object may begin, to which somebody has access.
const BEFORE: usize = 192;

/// The guard of a mutex, inverted: a reference to what lies two words before the lock that its waiters wait under.
pub(super) fn guard(object: &Object) -> usize {
    // Computed without the word itself, which the search might find in this frame.
    hidden(object.number).wrapping_add(2 * size_of::<usize>())
}

/// The handles of a channel that can wake somebody who waits so, inverted.
pub(super) fn handles(object: &Object, status: Status) -> impl Iterator<Item = usize> {
    let kinds = wakers(status).iter().copied().chain([SENDS | RECEIVES]);
    kinds.map(move |kind| hidden(object.number).wrapping_sub(kind))
}

/// What kinds of handles can wake somebody who waits so.
fn wakers(status: Status) -> &'static [usize] {
    match status {
        Status::Waiting(WaitReason::ChanReceive) => &[SENDS],
        Status::Waiting(WaitReason::ChanSend) => &[RECEIVES],
        _ => &[SENDS, RECEIVES],
    }
}

/// Whether something on this stack gives access to the object.
pub(super) fn has(goroutine: &Goroutine, object: &Object, status: Status) -> bool {
    let Some(words) = &goroutine.reach.words else {
        return true;
    };
    let at = hidden(object.number);
    match object.kind {
        ObjectKind::Channel => handles(object, status).any(|handle| words.contains(&handle)),
        _ => words
            .iter()
            .any(|word| (at..=at.saturating_add(BEFORE)).contains(word)),
    }
}

/// How many handles of each channel, and of each object's neighbourhood how many words, are on whose stacks.
pub(super) struct Tally {
    /// Of those who are stuck: by address with its kind, inverted as all words.
    stuck: HashMap<usize, usize>,
    /// Addresses of locks that somebody has access to who is not stuck.
    open: Vec<bool>,
    /// The locks, ascending.
    locks: Vec<usize>,
    /// Somebody's stack is not known who is not stuck.
    unknown: bool,
}

impl Tally {
    pub(super) fn of(all: &[Goroutine], stuck: &[bool]) -> Tally {
        let objects = || all.iter().flat_map(|one| &one.objects);
        let is_channel = |object: &&Object| object.kind == ObjectKind::Channel;
        let kinds = [SENDS, RECEIVES, SENDS | RECEIVES];
        let handles = objects()
            .filter(is_channel)
            .flat_map(|object| kinds.map(|kind| (hidden(object.number).wrapping_sub(kind), 0)));
        let mut locks: Vec<usize> = objects()
            .filter(|object| !is_channel(object))
            .map(|object| object.number)
            .collect();
        locks.sort_unstable();
        locks.dedup();
        let mut tally = Tally {
            stuck: handles.collect(),
            open: vec![false; locks.len()],
            locks,
            unknown: false,
        };
        for (place, one) in all.iter().enumerate() {
            if stuck[place] {
                tally.count(one, 1);
            } else {
                tally.opens(one);
            }
        }
        tally
    }

    fn count(&mut self, one: &Goroutine, by: isize) {
        for word in one.reach.words.iter().flatten() {
            if let Some(count) = self.stuck.get_mut(word) {
                *count = count.saturating_add_signed(by);
            }
        }
    }

    /// It is not stuck after all.
    pub(super) fn leaves(&mut self, one: &Goroutine) {
        self.count(one, -1);
        self.opens(one);
    }

    /// To what it has access is open.
    fn opens(&mut self, one: &Goroutine) {
        let Some(words) = &one.reach.words else {
            self.unknown = true;
            return;
        };
        for word in words.iter().map(|word| hidden(*word)) {
            let first = self.locks.partition_point(|&lock| lock < word);
            let near = self.locks[first..]
                .iter()
                .take_while(|&&lock| lock - word <= BEFORE)
                .count();
            self.open[first..first + near].fill(true);
        }
    }

    /// Whether somebody may use it who is not stuck.
    pub(super) fn is_open(&self, object: &Object, status: Status) -> bool {
        match (object.kind, object.handles) {
            (ObjectKind::Channel, Some(handles)) => wakers(status).iter().any(|&kind| {
                let needed = if kind == SENDS {
                    handles.send
                } else {
                    handles.receive
                };
                let found = |kind: usize| {
                    self.stuck
                        .get(&hidden(object.number).wrapping_sub(kind))
                        .copied()
                        .unwrap_or(0)
                };
                // None at all: an event source, which needs no handle.
                needed == 0 || found(kind) + found(SENDS | RECEIVES) < needed
            }),
            (ObjectKind::Channel | ObjectKind::Source, _) => true,
            _ => {
                let place = self.locks.binary_search(&object.number);
                self.unknown || place.is_ok_and(|place| self.open[place])
            }
        }
    }
}
