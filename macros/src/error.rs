//! Mistakes: collected, spanned, reported all at once.
//!
//! A message says what to write instead. The report is an expression (or an item) that still holds
//! the user's own code; the expression has rustc's error type, so that nothing around it is
//! reported a second time.

use std::fmt::Display;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use crate::names::hygienic;

/// The mistakes found so far in one macro call.
#[derive(Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }

    pub(crate) fn add(&mut self, mistake: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(mistake),
            none => *none = Some(mistake),
        }
    }

    /// Adds a mistake that covers `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    /// Keeps the value; a mistake is added instead.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|mistake| self.add(mistake)).ok()
    }

    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0
            .iter()
            .flatten()
            .map(|mistake| mistake.to_string())
            .collect()
    }

    /// Every mistake as a statement or an item.
    pub(crate) fn statements(self) -> TokenStream {
        self.0.map(|all| all.to_compile_error()).unwrap_or_default()
    }

    /// An expression that reports every mistake. `keep` gives the end of a block, with the user's
    /// code that editors should still see; it gets a variable of rustc's error type, which stands
    /// for anything that is not known.
    pub(crate) fn expression(self, keep: impl FnOnce(&Ident) -> TokenStream) -> TokenStream {
        let mut reports: Vec<TokenStream> = self
            .0
            .into_iter()
            .flatten()
            .map(|mistake| mistake.to_compile_error())
            .collect();
        let last = reports.pop();
        let unknown = hygienic("unknown", Span::call_site());
        let keep = keep(&unknown);
        // A `compile_error!` in the place of an expression has the error type: no "mismatched
        // types" follows from it.
        quote!({ #(#reports)* let #unknown = #last; #keep })
    }
}

/// The mistake of something that is not there, reported at the macro call when there is no token to
/// show.
pub(crate) fn missing(near: impl ToTokens, message: impl Display) -> syn::Error {
    let near = near.into_token_stream();
    if near.is_empty() {
        syn::Error::new(Span::call_site(), message)
    } else {
        syn::Error::new_spanned(near, message)
    }
}
