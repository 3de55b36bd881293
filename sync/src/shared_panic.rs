//! A panic that several callers get.

use std::any::Any;
use std::panic::panic_any;

use super::rt::Panic;

/// What can be copied of a panic's payload.
#[derive(Clone, Debug)]
pub(super) enum SharedPanic {
    Static(&'static str),
    Text(String),
    Other,
}

impl SharedPanic {
    pub(super) fn of(panic: &Panic) -> SharedPanic {
        let payload: &(dyn Any + Send) = panic.payload();
        if let Some(text) = payload.downcast_ref::<&'static str>() {
            SharedPanic::Static(text)
        } else if let Some(text) = payload.downcast_ref::<String>() {
            SharedPanic::Text(text.clone())
        } else {
            SharedPanic::Other
        }
    }

    /// Panics with a payload like the original. `what` begins the message that stands for one that
    /// cannot be copied.
    #[track_caller]
    pub(super) fn raise(&self, what: &str) -> ! {
        match self {
            SharedPanic::Static(text) => panic_any(*text),
            SharedPanic::Text(text) => panic_any(text.clone()),
            SharedPanic::Other => panic!("{what} a value that is neither &str nor String"),
        }
    }
}
