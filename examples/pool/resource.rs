//! What a pool gives away, and what it says of itself.

use std::error::Error as StdError;
use std::fmt;
use std::ops::{Deref, DerefMut};

use gort::context;

use super::pool::{BoxError, Pool};

/// A value, and what the pool knows of it.
pub(crate) struct Held<T> {
    pub(crate) value: T,
    /// Of before the last reset, or of after it.
    pub(crate) generation: u32,
}

/// A value that is the caller's until it is dropped, which gives it back.
pub(crate) struct Resource<T: Send + 'static> {
    pool: Pool<T>,
    /// `None` when it is no longer the pool's.
    held: Option<Held<T>>,
}

impl<T: Send + 'static> Resource<T> {
    pub(crate) fn new(pool: Pool<T>, held: Held<T>) -> Resource<T> {
        Resource {
            pool,
            held: Some(held),
        }
    }

    fn held(&self) -> &Held<T> {
        self.held.as_ref().expect("it is there until the end")
    }

    /// Not back into the pool: it is broken.
    pub(crate) fn destroy(mut self) {
        if let Some(held) = self.held.take() {
            self.pool.discard(held.value);
        }
    }

    /// From now on it is the caller's alone.
    pub(crate) fn hijack(mut self) -> T {
        let held = self.held.take().expect("it is there until the end");
        self.pool.forget();
        held.value
    }
}

impl<T: Send + 'static> Drop for Resource<T> {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            self.pool.put_back(held);
        }
    }
}

impl<T: Send + 'static> Deref for Resource<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.held().value
    }
}

impl<T: Send + 'static> DerefMut for Resource<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.held.as_mut().expect("it is there until the end").value
    }
}

#[derive(Debug)]
pub(crate) enum AcquireError {
    Closed,
    /// None is free at the moment.
    NotAvailable,
    /// The caller's context ended first.
    Context(context::Error),
    Construct(BoxError),
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AcquireError::Closed => f.write_str("closed pool"),
            AcquireError::NotAvailable => f.write_str("resource not available"),
            AcquireError::Context(error) => error.fmt(f),
            AcquireError::Construct(error) => error.fmt(f),
        }
    }
}

impl StdError for AcquireError {}

/// How many there are, and how often one was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stat {
    pub(crate) constructing: usize,
    pub(crate) acquired: usize,
    pub(crate) idle: usize,
    pub(crate) acquires: usize,
    /// Of these, those that waited for somebody else's, or for the constructor.
    pub(crate) empty_acquires: usize,
    pub(crate) canceled_acquires: usize,
}
