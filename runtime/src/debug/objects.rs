//! On what a goroutine waits: read from outside, with what the objects say of themselves.

use std::mem::offset_of;
use std::panic::Location;
use std::sync::atomic::Ordering;

use crate::debug::object::{Object, ObjectKind};
use crate::debug::parked::Memory;
use crate::debug::tag::{self, CHANNEL_LABEL, ChannelFacts, Label};
use crate::g::G;
use crate::reason::WaitReason;
use crate::sched::park::{self, NOTED, Noted};

/// More objects than any wait has.
const MOST: usize = 1 << 16;
const WORD: usize = size_of::<usize>();
/// A mutex keeps where it was locked right before the lock that its waiters wait under, and its word before that.
const LOCKED_IN: usize = WORD;
const MUTEX_WORD: usize = 2 * WORD;

/// What was read, and may be wrong as long as nobody has found the goroutine still waiting.
pub(super) struct Facts {
    objects: Vec<Fact>,
    /// Whether these are all that can wake it.
    pub(super) complete: bool,
}

struct Fact {
    kind: ObjectKind,
    address: usize,
    label: u32,
    channel: Option<ChannelFacts>,
    locked_in: Option<usize>,
}

impl Facts {
    pub(super) fn read(memory: &Memory, g: &G, reason: WaitReason) -> Facts {
        // What its commit was given.
        let data = g.hints().data.load(Ordering::Relaxed).addr();
        let mut facts = Facts {
            objects: Vec::new(),
            complete: false,
        };
        let Some(kind) = ObjectKind::of(reason) else {
            facts.complete = super::waits_for_nothing(reason);
            return facts;
        };
        let commit = memory.word(std::ptr::from_ref(g).addr() + G::COMMIT_AT);
        if commit == Some(park::unlock as *const () as usize) {
            facts.objects.push(Fact::read(memory, kind, data));
            facts.complete = true;
        } else if memory.word(data + offset_of!(Noted<()>, mark)) == Some((&raw const NOTED).addr()) {
            let list = memory.word(data + offset_of!(Noted<()>, objects));
            let count = memory.word(data + offset_of!(Noted<()>, count));
            if let (Some(list), Some(count @ ..MOST)) = (list, count) {
                let addresses = (0..count).filter_map(|place| memory.word(list + place * WORD));
                facts.objects = addresses
                    .map(|address| Fact::read(memory, kind, address))
                    .collect();
                facts.complete = facts.objects.len() == count
                    && facts.objects.iter().all(|fact| fact.kind != ObjectKind::Source);
            }
        }
        facts
    }

    /// Once the goroutine was found still waiting: so they are right.
    pub(super) fn into_objects(self) -> Vec<Object> {
        self.objects.into_iter().map(Fact::into_object).collect()
    }
}

impl Fact {
    fn read(memory: &Memory, kind: ObjectKind, address: usize) -> Fact {
        let word = |at| memory.word(at);
        let mut fact = Fact {
            kind,
            address,
            label: 0,
            channel: None,
            locked_in: None,
        };
        match kind {
            ObjectKind::Goroutine => {
                fact.address = word(address + G::ID_AT).unwrap_or(0);
                return fact;
            }
            ObjectKind::Scope => return fact,
            ObjectKind::Channel => {
                fact.channel = tag::channel_at(address, word);
                if fact.channel.is_none() {
                    fact.kind = ObjectKind::Source;
                    return fact;
                }
            }
            ObjectKind::Mutex => {
                // Read from before it: its address is that of a guard, which is not to be found in this frame.
                let locked = memory.word_ahead::<4>(address.wrapping_sub(MUTEX_WORD + 4));
                let locked = locked.is_some_and(|word| word & 1 != 0);
                fact.locked_in = word(address.wrapping_sub(LOCKED_IN)).filter(|_| locked);
            }
            _ => {}
        }
        let (at, half) = match kind {
            ObjectKind::Channel => (CHANNEL_LABEL, 0),
            _ => (0, 8 * Label::AT),
        };
        fact.label = word(address + at).map_or(0, |both| (both >> half) as u32);
        fact
    }

    fn into_object(self) -> Object {
        let mut object = Object::new(self.kind, self.address);
        object.name = tag::name_of(self.label);
        object.locked_in = self.locked_in;
        if let Some(channel) = self.channel {
            object.item = Some((channel.type_name)());
            let made = std::ptr::with_exposed_provenance::<Location<'static>>(channel.made);
            // SAFETY: a channel writes a reference to a static there when it is made, and a goroutine waited on it when this was read.
            object.made = unsafe { made.as_ref() };
            object.handles = channel.handles;
        }
        object
    }
}
