//! Who can never go on, and who probably cannot.
//!
//! *Certain*: a goroutine needs others (the holder of a mutex, the one that it joins, the members of its scope), and following these
//! needs one comes back to where one was, or to somebody who waits for nothing at all.
//!
//! Channels too, if all handles that could wake it are accounted for as below, and nothing that looks like one of them is anywhere else in
//! the memory of the process (`elsewhere`); and a mutex counts as held by whoever locked it only if no guard of it is anywhere else.
//! What is certain was found twice, so far apart that everybody in it waited at one moment.
//!
//! *Likely*: it has waited for long, and all handles through which it could be woken lie on the stacks of goroutines that are in the same
//! position. A handle is a word on a stack (`tally`); one that was moved leaves its word behind, so it may be counted
//! for somebody who has it no more. That is why this alone is never certain.
//!
//! *Old*: it has waited for long.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::debug::Snapshot;
use crate::debug::goroutine::{Goroutine, Status};
use crate::debug::object::{Object, ObjectKind};
use crate::debug::stuck::{Certainty, StuckGoroutine};
use crate::debug::tally::{Tally, guard, handles, has};
use crate::g::label::Title;
use crate::reason::WaitReason;

/// What follows from a snapshot.
pub(super) struct Survey<'a> {
    all: &'a [Goroutine],
    /// Whom each needs, by place.
    needs: Vec<Vec<usize>>,
    /// Those of them that are beyond doubt.
    sure: Vec<Vec<usize>>,
    certain: Vec<bool>,
    /// Waits for long enough.
    old: Vec<bool>,
    likely: Vec<bool>,
}

impl<'a> Survey<'a> {
    pub(super) fn of(
        snapshot: &'a Snapshot,
        age: Duration,
        may_be_certain: impl Fn(&Goroutine) -> bool,
    ) -> Survey<'a> {
        let all = &snapshot.all[..];
        let places: HashMap<u64, usize> = all.iter().enumerate().map(|(at, one)| (one.id, at)).collect();
        let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
        for (place, one) in all.iter().enumerate().filter(|(_, one)| one.reach.scope != 0) {
            members.entry(one.reach.scope).or_default().push(place);
        }
        let needs: Vec<Vec<usize>> = all
            .iter()
            .map(|one| match one.objects.as_slice() {
                [object] => needs_of(object, all, &places, &members),
                _ => Vec::new(),
            })
            .collect();
        let mut survey = Survey {
            all,
            sure: needs.clone(),
            needs,
            certain: Vec::new(),
            old: all.iter().map(|one| is_old(one, age)).collect(),
            likely: Vec::new(),
        };
        survey.certain = survey.find_certain();
        survey.likely = survey.find_likely();
        survey.make_sure(may_be_certain);
        survey
    }

    /// All but those who are free: who needs nobody is, and who needs only such as are.
    fn find_certain(&self) -> Vec<bool> {
        let mut needed_by = vec![Vec::new(); self.all.len()];
        let mut left: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        for (place, needs) in self.needs.iter().enumerate() {
            for &need in needs {
                needed_by[need].push(place);
            }
        }
        let mut certain = vec![true; self.all.len()];
        let mut free: Vec<usize> = (0..self.all.len())
            .filter(|&place| left[place] == 0 && !waits_for_nothing(&self.all[place]))
            .collect();
        while let Some(place) = free.pop() {
            certain[place] = false;
            for &other in &needed_by[place] {
                left[other] -= 1;
                if left[other] == 0 {
                    free.push(other);
                }
            }
        }
        certain
    }

    /// Begins with all who have waited for long, and takes out who may be woken by somebody else, until nobody is left to take out.
    fn find_likely(&self) -> Vec<bool> {
        let mut stuck: Vec<bool> = (0..self.all.len())
            .map(|place| self.certain[place] || self.old[place])
            .collect();
        let mut tally = Tally::of(self.all, &stuck);
        loop {
            let leaving: Vec<usize> = (0..self.all.len())
                .filter(|&place| {
                    stuck[place] && !self.certain[place] && self.may_be_woken(place, &stuck, &tally)
                })
                .collect();
            if leaving.is_empty() {
                return stuck;
            }
            for place in leaving {
                stuck[place] = false;
                tally.leaves(&self.all[place]);
            }
        }
    }

    /// Takes out of the certain ones whoever something anywhere in the memory might wake, and adds the likely ones of whom that is not true.
    fn make_sure(&mut self, may_be_certain: impl Fn(&Goroutine) -> bool) {
        let words = self.words_that_could_wake();
        let doubts = self.find_elsewhere(&words);
        let is_doubted = |word: usize| doubts.as_ref().is_none_or(|found| found.contains(&word));
        for (place, one) in self.all.iter().enumerate() {
            if let [object] = one.objects.as_slice()
                && object.kind == ObjectKind::Mutex
                && is_doubted(guard(object))
            {
                self.sure[place].clear();
            }
        }
        let mut sure: Vec<bool> = (0..self.all.len())
            .map(|place| {
                let one = &self.all[place];
                let known = |object: &Object| {
                    object.kind == ObjectKind::Channel
                        && handles(object, one.status).all(|word| !is_doubted(word))
                };
                let by_channels = !one.objects.is_empty() && one.objects.iter().all(known);
                (self.certain[place] || self.likely[place])
                    && may_be_certain(one)
                    && (waits_for_nothing(one) || !self.sure[place].is_empty() || by_channels)
            })
            .collect();
        loop {
            let tally = Tally::of(self.all, &sure);
            let goes = |place: usize| {
                let one = &self.all[place];
                if waits_for_nothing(one) {
                    false
                } else if !self.sure[place].is_empty() {
                    !self.sure[place].iter().any(|&need| sure[need])
                } else {
                    one.objects.iter().any(|object| {
                        tally.is_open(object, one.status) || self.is_shared(object, one.status, &sure)
                    })
                }
            };
            let leaving: Vec<usize> = (0..self.all.len())
                .filter(|&place| sure[place] && goes(place))
                .collect();
            if leaving.is_empty() {
                break;
            }
            leaving.into_iter().for_each(|place| sure[place] = false);
        }
        for ((likely, was), is) in self.likely.iter_mut().zip(&self.certain).zip(&sure) {
            *likely |= *was && !*is;
        }
        self.certain = sure;
    }

    /// Whether somebody has access whose stack was left out of the search.
    fn is_shared(&self, object: &Object, status: Status, sure: &[bool]) -> bool {
        let left_out = |place: &usize| !sure[*place] && (self.certain[*place] || self.likely[*place]);
        (0..self.all.len())
            .filter(left_out)
            .any(|place| has(&self.all[place], object, status))
    }

    /// Guards of mutexes, and handles of channels, of which nothing may be but on the stacks of those who are stuck. Inverted.
    fn words_that_could_wake(&self) -> HashSet<usize> {
        let mut words = HashSet::new();
        for (place, one) in self.all.iter().enumerate() {
            if !self.certain[place] && !self.likely[place] {
                continue;
            }
            for object in &one.objects {
                match object.kind {
                    ObjectKind::Mutex if !self.needs[place].is_empty() => {
                        words.insert(guard(object));
                    }
                    ObjectKind::Channel => words.extend(handles(object, one.status)),
                    _ => {}
                }
            }
        }
        words
    }

    fn find_elsewhere(&self, words: &HashSet<usize>) -> Option<HashSet<usize>> {
        if words.is_empty() {
            return Some(HashSet::new());
        }
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        {
            let stuck = (0..self.all.len()).filter(|&place| self.certain[place] || self.likely[place]);
            let mut except: Vec<std::ops::Range<usize>> = stuck
                .flat_map(|place| {
                    let reach = &self.all[place].reach;
                    [reach.stack.clone(), reach.block.clone()]
                })
                .collect();
            except.sort_by_key(|range| range.start);
            super::elsewhere::occurring(words, &except)
        }
        #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
        None
    }

    fn may_be_woken(&self, place: usize, stuck: &[bool], tally: &Tally) -> bool {
        if !self.needs[place].is_empty() {
            return self.needs[place].iter().any(|&need| !stuck[need]);
        }
        let one = &self.all[place];
        one.objects.is_empty() || one.objects.iter().any(|object| tally.is_open(object, one.status))
    }

    pub(super) fn judge(&self, place: usize) -> Option<StuckGoroutine> {
        let goroutine = &self.all[place];
        let certainty = if self.certain[place] {
            Certainty::Certain
        } else if self.likely[place] {
            Certainty::Likely
        } else if self.old[place] {
            Certainty::Old
        } else {
            return None;
        };
        Some(StuckGoroutine {
            reason: format!(
                "{} {}: {}",
                Title(goroutine.id, goroutine.name.as_deref()),
                waits(goroutine),
                self.why(place, certainty)
            ),
            goroutine: goroutine.clone(),
            certainty,
        })
    }

    fn why(&self, place: usize, certainty: Certainty) -> String {
        let goroutine = &self.all[place];
        if certainty == Certainty::Old {
            let length = goroutine.waiting_for.unwrap_or_default();
            return format!("for {length:.1?} already");
        }
        if waits_for_nothing(goroutine) {
            return String::from("nothing can ever wake it");
        }
        let stuck = |other: &usize| self.certain[*other] || self.likely[*other];
        if let Some(&need) = self.needs[place].iter().find(|need| stuck(need)) {
            return self.why_needed(place, need, certainty);
        }
        let held = match goroutine.status {
            Status::Waiting(WaitReason::ChanReceive) => "all that can send on it is held by",
            Status::Waiting(WaitReason::ChanSend) => "all that can receive from it is held by",
            _ => "only these seem to have access:",
        };
        let mut who: Vec<u64> = (0..self.all.len())
            .filter(|&other| {
                stuck(&other)
                    && goroutine
                        .objects
                        .iter()
                        .any(|object| has(&self.all[other], object, goroutine.status))
            })
            .map(|other| self.all[other].id)
            .collect();
        who.truncate(5);
        match who.as_slice() {
            [] => String::from("nobody seems to have access to it"),
            [own] if *own == goroutine.id => format!("{held} goroutine {own} itself"),
            who => {
                let who: Vec<String> = who.iter().map(|id| format!("goroutine {id}")).collect();
                format!("{held} {}, stuck too", who.join(", "))
            }
        }
    }

    /// The way along the needs, until it comes back.
    fn why_needed(&self, place: usize, first: usize, certainty: Certainty) -> String {
        let mut text = String::new();
        let (mut at, mut need, mut seen) = (place, first, vec![place]);
        loop {
            let (object, id) = (&self.all[at].objects[0], self.all[need].id);
            let link = match object.kind {
                ObjectKind::Goroutine => format!("goroutine {id}"),
                ObjectKind::Scope => format!("its member goroutine {id}"),
                _ => format!("goroutine {id} holds it and"),
            };
            let object_is_goroutine = matches!(object.kind, ObjectKind::Goroutine | ObjectKind::Scope);
            if need == place && seen.len() == 1 {
                return if object_is_goroutine {
                    String::from("that is itself")
                } else {
                    String::from("it holds that itself")
                };
            }
            text.push_str(&link);
            if seen.contains(&need) || seen.len() > 8 {
                text.push_str(" waits too");
                return text;
            }
            text.push(' ');
            text.push_str(&waits(&self.all[need]));
            let stuck = |other: &&usize| match certainty {
                Certainty::Certain => self.certain[**other],
                _ => self.certain[**other] || self.likely[**other],
            };
            let Some(&next) = self.needs[need].iter().find(stuck) else {
                return text;
            };
            if next == place {
                let id = self.all[place].id;
                text.push_str(&match self.all[need].objects[0].kind {
                    ObjectKind::Goroutine => String::new(),
                    ObjectKind::Scope => format!(", of which goroutine {id} is a member"),
                    _ => format!(", which goroutine {id} holds"),
                });
                return text;
            }
            text.push_str("; ");
            seen.push(need);
            (at, need) = (need, next);
        }
    }
}

/// Whom somebody needs who waits on this alone, if that is known.
fn needs_of(
    object: &Object,
    all: &[Goroutine],
    places: &HashMap<u64, usize>,
    members: &HashMap<usize, Vec<usize>>,
) -> Vec<usize> {
    match object.kind {
        ObjectKind::Mutex => {
            let holder = object.holder.and_then(|holder| places.get(&holder));
            // Its guard, or what else refers to the mutex, is on the stack of whoever holds it. If not, it has given that away.
            let holder = holder.filter(|&&holder| has(&all[holder], object, Status::Runnable));
            holder.copied().into_iter().collect()
        }
        ObjectKind::Goroutine => places.get(&(object.number as u64)).copied().into_iter().collect(),
        ObjectKind::Scope => members.get(&object.number).cloned().unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn waits_for_nothing(goroutine: &Goroutine) -> bool {
    match goroutine.status {
        Status::Waiting(reason) => super::waits_for_nothing(reason),
        _ => false,
    }
}

fn is_old(goroutine: &Goroutine, age: Duration) -> bool {
    !goroutine.reach.may_wake && goroutine.waiting_for.is_some_and(|length| length >= age)
}

/// `waits to send on channel "results" at src/a.rs:12`.
fn waits(goroutine: &Goroutine) -> String {
    let Status::Waiting(reason) = goroutine.status else {
        return String::from("runs");
    };
    let site = goroutine.wait_site;
    let does = match reason {
        WaitReason::ChanReceive => "to receive from",
        WaitReason::ChanSend => "to send on",
        WaitReason::MutexLock | WaitReason::RwLockWrite => "to lock",
        WaitReason::RwLockRead => "to read-lock",
        WaitReason::Select => "to select from",
        _ => "for",
    };
    let objects: Vec<String> = goroutine.objects.iter().map(Object::to_string).collect();
    if objects.is_empty() {
        format!("in {reason} at {site}")
    } else {
        format!("waits {does} {} at {site}", objects.join(", "))
    }
}
