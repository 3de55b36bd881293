//! Names and places of what the expansions add to the user's code.

use proc_macro2::{Ident, Span};

/// A name that the user's code cannot see, shown at `at` in rustc's messages.
pub(crate) fn hygienic(name: &str, at: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(at))
}

/// For tokens that rustc should show at `at`, but that are the macro's: no lint takes them for the
/// user's code.
pub(crate) fn shown_at(at: Span) -> Span {
    Span::call_site().located_at(at)
}
