//! Looking at one goroutine after the other.

use std::time::Duration;

use crate::debug::goroutine::{Goroutine, Reach, Status};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use crate::debug::objects::Facts;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use crate::debug::parked::Memory;
use crate::debug::stacks::Known;
use crate::g::{G, GRef, NO_HOME, pool};
use crate::reason::WaitReason;
use crate::sched::Runtime;
use crate::sys::clock;

/// A goroutine that goes on each time that it is looked at is looked at this often.
const LOOKS: usize = 4;

/// What is needed to look.
pub(super) struct Looker {
    rt: &'static Runtime,
    now: u64,
    with_frames: bool,
    #[cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), expect(dead_code))]
    with_reach: bool,
    known: Known,
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    memory: Option<Memory>,
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    reader: crate::stall::frames::Reader,
}

impl Looker {
    pub(super) fn new(rt: &'static Runtime, with_frames: bool, with_reach: bool) -> Looker {
        Looker {
            rt,
            now: clock::now(),
            with_frames,
            with_reach,
            known: Known::default(),
            #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
            memory: Memory::open(),
            #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
            reader: crate::stall::frames::Reader::new(),
        }
    }

    /// Everybody, by their numbers.
    pub(super) fn look_at_all(&mut self) -> Vec<Goroutine> {
        let mut blocks: Vec<GRef> = Vec::new();
        pool::for_each(|g| {
            if g.id() != 0 {
                blocks.push(g);
            }
        });
        let mut all: Vec<Goroutine> = blocks.iter().filter_map(|g| self.look_at(g)).collect();
        all.sort_unstable_by_key(|goroutine| goroutine.id);
        super::holders::find(&mut all);
        all
    }

    /// `None` if it has ended.
    fn look_at(&mut self, g: &G) -> Option<Goroutine> {
        for _ in 0..LOOKS {
            let id = g.id();
            let found = self.look_once(g);
            if g.id() != id || id == 0 {
                return None;
            }
            match found {
                Some(found) => return Some(found),
                None if g.life.is_done() => return None,
                None => {}
            }
        }
        // It goes on all the time: so it runs, or will soon.
        self.describe(g, Status::Runnable)
    }

    /// `None` if it went on meanwhile.
    fn look_once(&mut self, g: &G) -> Option<Goroutine> {
        if self.runs(g) {
            return self.look_at_running(g);
        }
        match g.reason() {
            Some(reason) => self.look_at_waiting(g, reason),
            None if g.life.is_done() => None,
            None => self.look_at_runnable(g),
        }
    }

    fn runs(&self, g: &G) -> bool {
        self.rt.posts().any(|(_, post)| std::ptr::eq(post.running(), g))
    }

    /// What is the same for all.
    fn describe(&self, g: &G, status: Status) -> Option<Goroutine> {
        let (spawn_site, name) = g.read_label()?;
        let home = g.home();
        let locked = home != NO_HOME && self.rt.post(home.into()).is_some_and(|post| post.is_locked());
        Some(Goroutine {
            id: g.id(),
            name,
            status,
            waiting_for: None,
            objects: Vec::new(),
            wait_site: spawn_site,
            spawn_site,
            creator: Some(g.creator()).filter(|creator| *creator != 0),
            calls: None,
            stack_used: 0,
            stack_size: g.fiber_if_bound().map_or(0, |fiber| fiber.size()),
            locked,
            reach: self.reach(g),
        })
    }

    /// Of one that may be running: what is on its stack, old or new.
    fn reach(&self, g: &G) -> Reach {
        let fiber = g.fiber_if_bound();
        let mut reach = Reach {
            stack: fiber.as_ref().map_or(0..0, crate::fiber::Fiber::frames),
            block: std::ptr::from_ref(g).addr()..std::ptr::from_ref(g).addr() + size_of::<G>(),
            may_wake: true,
            ..Reach::default()
        };
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        if self.with_reach
            && let (Some(memory), Some(fiber)) = (&self.memory, fiber)
        {
            reach.words = memory.top_of(&fiber);
            reach.scope = memory
                .word(std::ptr::from_ref(g).addr() + G::SCOPE_AT)
                .unwrap_or(0);
        }
        reach
    }

    fn look_at_waiting(&mut self, g: &G, reason: WaitReason) -> Option<Goroutine> {
        let site = g.wait_site()?;
        let mut found = self.describe(g, Status::Waiting(reason))?;
        found.wait_site = site;
        let fiber = g.fiber_if_bound()?;
        let stands = g.hints().stands().addr();
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        let mut facts = None;
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        if let Some(memory) = &self.memory {
            facts = Some(Facts::read(memory, g, reason));
            // 0: the worker has yet to note it.
            let since = memory.word(stands).filter(|since| *since != 0);
            let since = since.map_or(self.now, |since| since as u64);
            found.reach.since = since;
            found.waiting_for = Some(Duration::from_nanos(self.now.saturating_sub(since)));
            if self.with_frames || self.with_reach {
                let mut copy = memory.copy(&fiber)?;
                found.stack_used = copy.used;
                if self.with_reach {
                    found.reach.words = copy.take_words();
                }
                let stack = copy.into_stack();
                if self.with_frames {
                    // A panic about tables that make no sense costs this stack only.
                    let addresses = crate::panics::quietly(|| self.reader.addresses(&stack));
                    found.calls = addresses.ok().map(|addresses| self.known.calls(addresses));
                }
            }
        }
        let same = g.reason() == Some(reason)
            && g.wait_site().is_some_and(|now| std::ptr::eq(now, site))
            && g.hints().stands().addr() == stands
            && !self.runs(g);
        if !same {
            return None;
        }
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        if let Some(facts) = facts {
            found.reach.may_wake = !facts.complete;
            found.objects = facts.into_objects();
        }
        Some(found)
    }

    fn look_at_running(&mut self, g: &G) -> Option<Goroutine> {
        let mut found = self.describe(g, Status::Running)?;
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        if self.with_frames {
            let addresses = if std::ptr::eq(crate::g::current_ptr(), g) {
                found.stack_used = found.stack_size - crate::g::room().unwrap_or(0);
                Some(crate::stall::frames::own_addresses())
            } else {
                let post = self.rt.posts().find(|(_, post)| std::ptr::eq(post.running(), g));
                post.and_then(|(index, post)| crate::stall::addresses_of(index, post, g))
            };
            found.calls = addresses.map(|addresses| self.known.calls(addresses));
        }
        self.runs(g).then_some(found)
    }

    /// One that has not begun has no stack yet. One that has yielded, or was woken, is where it left off.
    fn look_at_runnable(&mut self, g: &G) -> Option<Goroutine> {
        let mut found = self.describe(g, Status::Runnable)?;
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        if self.with_frames
            && let (Some(memory), Some(fiber)) = (&self.memory, g.fiber_if_bound())
        {
            let copy = memory.copy(&fiber)?;
            found.stack_used = copy.used;
            let stack = copy.into_stack();
            let addresses = crate::panics::quietly(|| self.reader.addresses(&stack));
            found.calls = addresses.ok().map(|addresses| self.known.calls(addresses));
        }
        (g.reason().is_none() && !self.runs(g) && !g.life.is_done()).then_some(found)
    }
}
