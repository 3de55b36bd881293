//! Atomics and cells: the standard ones, or loom's under `cfg(loom)`, so that the model checker
//! runs the real channel code.
//!
//! The only file of the crate that names `core::sync::atomic` or `loom::sync::atomic`. The standard
//! [`UnsafeCell`] here has loom's shape (`with_mut`), which compiles to a bare pointer.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering};
#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering},
};

/// Stands for memory that loom does not see, so that the models notice who uses it at the wrong
/// time. Otherwise nothing.
#[derive(Debug, Default)]
pub(crate) struct Watch(#[cfg(loom)] UnsafeCell<()>);

impl Watch {
    /// Whoever calls this uses the memory, and must be alone with it.
    #[inline(always)]
    pub(crate) fn touch(&self) {
        #[cfg(loom)]
        self.0.with_mut(|_| ());
    }
}

/// [`core::cell::UnsafeCell`] with loom's closure for access.
#[cfg(not(loom))]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    #[inline(always)]
    pub(crate) const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(core::cell::UnsafeCell::new(value))
    }

    /// Exclusive access: the pointer may be read and written while nobody else has it.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
