//! What a crew remembers, and how it chooses who goes on. Under the lock of its group.

use super::calm::{self, Calm};
use super::director::{Candidate, Director, Ending, Step, Turn, Waiting};
use super::group::Next;
use crate::g::GRef;
use crate::reason::WaitReason;

pub(super) struct Inner {
    pub(super) director: Option<Box<dyn Director>>,
    /// It is a bubble, which nobody directs.
    pub(super) calm: Option<Calm>,
    /// Who waits until all others are durably blocked.
    pub(super) waiting: Option<u16>,
    /// How many wait for what somebody outside may do.
    pub(super) open: usize,
    /// The first member has ended: time stands still from then on, in a bubble.
    pub(super) main_ended: bool,
    pub(super) members: Vec<Member>,
    pub(super) active: Active,
    /// Who made the last step.
    pub(super) last: Option<u16>,
    /// See [`Turn::woke`].
    pub(super) woke: Vec<u16>,
    /// Members that have not ended.
    pub(super) alive: usize,
    pub(super) ending: Option<Ending>,
    pub(super) on_end: Option<Box<dyn FnOnce() + Send>>,
    /// Operations are not announced while this is not 0: whoever runs holds a lock that others
    /// would spin for.
    pub(super) quiet: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Active {
    Nobody,
    One(u16),
    /// Somebody makes several runnable, and asks then who goes first.
    Gathering,
}

pub(super) struct Member {
    /// None once it has ended.
    pub(super) g: Option<GRef>,
    pub(super) runnable: bool,
    pub(super) gave_way: bool,
    /// Once it waits, nothing is left to do but to go on.
    pub(super) handed_over: bool,
    /// It has waited for what its step says.
    pub(super) resumes: bool,
    pub(super) step: Step,
    /// It waits, or will, on something that is of no bubble.
    pub(super) foreign: bool,
    /// It waits, and somebody outside may end that.
    pub(super) open: bool,
}

impl Inner {
    pub(super) fn empty() -> Inner {
        Inner {
            director: None,
            calm: None,
            waiting: None,
            open: 0,
            main_ended: false,
            members: Vec::new(),
            active: Active::Nobody,
            last: None,
            woke: Vec::new(),
            alive: 0,
            ending: None,
            on_end: None,
            quiet: 0,
        }
    }

    /// A member can go on.
    pub(super) fn can_go_on(&mut self, number: u16) {
        match &mut self.calm {
            Some(calm) => calm.can_go_on(number),
            None => self.woke.push(number),
        }
    }

    pub(super) fn any_can_go_on(&self) -> bool {
        match &self.calm {
            Some(calm) => calm.any(),
            None => self.members.iter().any(|member| member.runnable),
        }
    }

    /// Member `number` has begun to wait: notes whether somebody outside may make it runnable.
    pub(super) fn begins_to_wait(&mut self, number: u16) {
        let in_bubble = self.calm.is_some();
        let Some(member) = self.members.get_mut(usize::from(number)) else {
            return;
        };
        let Some(reason) = member.g.and_then(|g| g.reason()) else {
            return;
        };
        let on_channel = matches!(
            reason,
            WaitReason::ChanReceive | WaitReason::ChanSend | WaitReason::Select
        );
        // It may be runnable again already.
        member.open = !member.runnable && (member.foreign && on_channel || calm::is_open(reason, in_bubble));
        self.open += usize::from(member.open);
    }

    /// It waits no more.
    pub(super) fn stops_waiting(&mut self, number: u16) {
        if let Some(member) = self.members.get_mut(usize::from(number)) {
            member.foreign = false;
            self.open -= usize::from(std::mem::take(&mut member.open));
        }
    }

    /// Makes `number` the active one.
    pub(super) fn activate(&mut self, number: u16) -> Option<GRef> {
        self.woke.clear();
        self.last = Some(number);
        self.active = Active::One(number);
        let member = &mut self.members[usize::from(number)];
        member.runnable = false;
        member.g
    }

    /// Asks who goes on, and makes that one the active one. None: nobody, from now on.
    pub(super) fn choose(&mut self) -> Option<GRef> {
        if self.ending.is_some() {
            return None;
        }
        if let Some(calm) = &mut self.calm {
            let number = calm.next()?;
            return self.activate(number);
        }
        let runnable = |(_, member): &(usize, &Member)| member.runnable && member.g.is_some();
        let enabled: Vec<Candidate<'_>> = self
            .members
            .iter()
            .enumerate()
            .filter(runnable)
            .map(|(number, member)| Candidate {
                number: number as u16,
                step: &member.step,
                resumes: member.resumes,
                gave_way: member.gave_way,
            })
            .collect();
        let turn = Turn {
            last: self.last,
            woke: &self.woke,
            enabled: &enabled,
        };
        let chosen = self.director.as_mut().and_then(|director| director.choose(&turn));
        let Some(number) = chosen.and_then(|index| enabled.get(index)).map(|one| one.number) else {
            self.ending = Some(Ending::Stopped);
            return None;
        };
        for member in &mut self.members {
            member.gave_way = false;
        }
        self.activate(number)
    }

    pub(super) fn end(&mut self) -> Next {
        self.active = Active::Gathering;
        match self.on_end.take() {
            Some(on_end) => Next::End(on_end),
            None => Next::Nothing,
        }
    }

    pub(super) fn stuck(&self) -> Vec<Waiting> {
        let waiting = |(number, member): (usize, &Member)| {
            let g = member.g?;
            let name = g.read_label().and_then(|(_, name)| name);
            Some(Waiting {
                number: number as u16,
                id: g.id(),
                name,
                reason: g.reason().map_or("runnable", WaitReason::as_str),
                site: g.wait_site(),
            })
        };
        self.members.iter().enumerate().filter_map(waiting).collect()
    }
}
