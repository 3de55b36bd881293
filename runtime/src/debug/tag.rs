//! What objects carry so that reports can say which they are: a name, and for channels who made them, of what, and how many handles
//! they have. Reports read all of it from outside, by address, so it lies at places that are agreed here.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

/// The names that objects were given, each text once. They stay: a program has as many as its source has, about.
static NAMES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// The name of an object: 0 for none, else one more than its place among all names.
#[derive(Debug, Default)]
pub struct Label(AtomicU32);

impl Label {
    /// How far behind the lock of an object of `sync` it lies.
    pub const AT: usize = 4;

    /// No name.
    pub const fn new() -> Label {
        Label(AtomicU32::new(0))
    }

    /// Gives the name.
    pub fn set(&self, name: impl Into<Cow<'static, str>>) {
        let name = name.into();
        let mut names = NAMES.lock();
        let known = names.iter().position(|known| *known == name);
        let place = known.unwrap_or_else(|| {
            names.push(Box::leak(name.into_owned().into_boxed_str()));
            names.len() - 1
        });
        drop(names);
        // Relaxed: who reads it looks the text up under the lock. More names than fit are none.
        self.0
            .store(u32::try_from(place + 1).unwrap_or(0), Ordering::Relaxed);
    }
}

/// The name that a label stands for.
pub(super) fn name_of(label: u32) -> Option<&'static str> {
    let place = usize::try_from(label).ok()?.checked_sub(1)?;
    NAMES.lock().get(place).copied()
}

/// Marks what is an [`About`].
static MARK: u8 = 1;

/// How far behind a channel's lock the pointer to its [`About`] lies. Behind that is the pointer to where it was made,
/// and the label.
pub const CHANNEL_ABOUT: usize = 56;
pub(super) const CHANNEL_LABEL: usize = CHANNEL_ABOUT + 2 * size_of::<usize>();

/// What all channels of a type have in common.
#[derive(Debug)]
#[repr(C)]
pub struct About {
    mark: &'static u8,
    type_name: fn() -> &'static str,
    senders: usize,
    receivers: usize,
}

impl About {
    /// Of channels for `T`, whose counts of handles lie so far behind the lock; 0: there are none.
    pub const fn new<T>(senders: usize, receivers: usize) -> About {
        About {
            mark: &MARK,
            type_name: std::any::type_name::<T>,
            senders,
            receivers,
        }
    }
}

/// How many handles a channel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Handles {
    pub(super) send: usize,
    pub(super) receive: usize,
}

/// What a channel says of itself, read by `word`. `None` if there is no channel at this address.
pub(super) struct ChannelFacts {
    pub(super) type_name: fn() -> &'static str,
    pub(super) made: usize,
    pub(super) handles: Option<Handles>,
}

pub(super) fn channel_at(lock: usize, word: impl Fn(usize) -> Option<usize>) -> Option<ChannelFacts> {
    let about = word(lock + CHANNEL_ABOUT)?;
    if word(about)? != (&raw const MARK).addr() {
        return None;
    }
    // SAFETY: only a static `About` begins with the address of the mark, which nobody else knows; so it is one.
    let about = unsafe { &*std::ptr::with_exposed_provenance::<About>(about) };
    let handles = if about.senders == 0 {
        None
    } else {
        Some(Handles {
            send: word(lock + about.senders)?,
            receive: word(lock + about.receivers)?,
        })
    };
    Some(ChannelFacts {
        type_name: about.type_name,
        made: word(lock + CHANNEL_ABOUT + size_of::<usize>())?,
        handles,
    })
}
