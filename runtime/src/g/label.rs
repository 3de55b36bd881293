//! What a goroutine is called and where it was started, for reports.
//!
//! Both are written by the block's owner only. Reports read them at any time and of any block: that
//! is why they are atomic, and why a name is freed under a lock.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};

use parking_lot::Mutex;

/// Held by whoever reads the label of another goroutine, and by whoever frees a name. Most
/// goroutines have none.
static READING: Mutex<()> = Mutex::new(());

/// What reports call a goroutine: `goroutine 7 "hasher"`, by its number and its name.
pub(crate) struct Title<'a>(pub(crate) u64, pub(crate) Option<&'a str>);

impl fmt::Display for Title<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goroutine {}", self.0)?;
        match self.1 {
            Some(name) => write!(f, " {name:?}"),
            None => Ok(()),
        }
    }
}

pub(super) struct Label {
    spawn_site: AtomicPtr<Location<'static>>,
    /// Most goroutines have none: a pointer is all they pay.
    name: AtomicPtr<Cow<'static, str>>,
}

impl Label {
    #[track_caller]
    pub(super) fn vacant() -> Label {
        Label {
            spawn_site: AtomicPtr::new(std::ptr::from_ref(Location::caller()).cast_mut()),
            name: AtomicPtr::default(),
        }
    }

    /// For the owner of a block whose label has no name.
    #[inline]
    pub(super) fn write(&self, spawn_site: &'static Location<'static>, name: Option<Cow<'static, str>>) {
        let spawn_site = std::ptr::from_ref(spawn_site).cast_mut();
        self.spawn_site.store(spawn_site, Ordering::Relaxed);
        if let Some(name) = name {
            // Release: whoever reads the pointer reads the text too.
            self.name.store(Box::into_raw(Box::new(name)), Ordering::Release);
        }
    }

    /// For the owner.
    #[inline]
    pub(super) fn clear(&self) {
        if !self.name.load(Ordering::Relaxed).is_null() {
            self.free_name();
        }
    }

    #[cold]
    fn free_name(&self) {
        let _nobody_reads = READING.lock();
        let name = self.name.swap(std::ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: made by `write` from a box. The owner has no reference to it any more, and others
        // look for it, and at it, under the lock only.
        drop(unsafe { Box::from_raw(name) });
    }

    pub(super) fn spawn_site(&self) -> &'static Location<'static> {
        match self.site() {
            Some(site) => site,
            None => unreachable!("a block that somebody owns has been written"),
        }
    }

    /// `None` if the kernel has taken the memory of the block back: then it reads as zeros.
    fn site(&self) -> Option<&'static Location<'static>> {
        let site = NonNull::new(self.spawn_site.load(Ordering::Relaxed));
        // SAFETY: all that is ever stored are references to statics.
        site.map(|site| unsafe { site.as_ref() })
    }

    /// For the owner, its handle, and a report made while nothing runs.
    pub(super) fn name(&self) -> Option<&str> {
        // SAFETY: null, or made by `write`; it is cleared when handle and worker are done with the
        // block.
        let name = unsafe { self.name.load(Ordering::Acquire).as_ref() };
        name.map(AsRef::as_ref)
    }

    /// A copy for somebody who has nothing to do with the goroutine, but has just seen it: blocks
    /// outlive their goroutines by a second at least. It may end at any time, so whether the label
    /// was still its own has to be found out afterwards.
    pub(super) fn read(&self) -> Option<(&'static Location<'static>, Option<String>)> {
        let _nothing_is_freed = READING.lock();
        // SAFETY: null, or made by `write` and not freed: that would take the lock first.
        let name = unsafe { self.name.load(Ordering::Acquire).as_ref() };
        Some((self.site()?, name.map(ToString::to_string)))
    }
}
