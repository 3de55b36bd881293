//! The values of `goroutine_local!` as data: what a goroutine, or a thread, keeps of them.

use std::any::Any;

/// The values of one goroutine or thread, by the address of their key. Each is a box of its own, so
/// that a reference to one stays valid while others are added.
#[derive(Default)]
pub(crate) struct Locals {
    values: Vec<(usize, Box<dyn Any>)>,
}

impl Locals {
    pub(crate) fn find<T: 'static>(&self, key: usize) -> Option<*const T> {
        let (_, value) = self.values.iter().find(|(of, _)| *of == key)?;
        value.downcast_ref::<T>().map(std::ptr::from_ref)
    }

    /// Adds a value for a key that has none.
    pub(crate) fn add(&mut self, key: usize, value: Box<dyn Any>) {
        self.values.push((key, value));
    }
}
