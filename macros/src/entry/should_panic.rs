//! Whether a test is one that should panic: a test that hangs fails by a panic, which must not pass
//! for that one.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// When the attributes hold a `#[should_panic]`: `None` if never, else under these conditions, all
/// of which have to hold; an empty list if always. It may stand in `#[cfg_attr(…)]`, which rustc
/// resolves only after the attributes above it.
fn condition(attribute: &Meta) -> Option<Vec<Meta>> {
    if attribute.path().is_ident("should_panic") {
        return Some(Vec::new());
    }
    if !attribute.path().is_ident("cfg_attr") {
        return None;
    }
    let list = attribute.require_list().ok()?;
    let parts = list
        .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .ok()?;
    let mut parts = parts.into_iter();
    let first = parts.next()?;
    let mut rest = parts.find_map(|part| condition(&part))?;
    rest.push(first);
    Some(rest)
}

pub(super) enum Condition {
    Always,
    /// If this expression is true.
    If(TokenStream),
}

/// When a test with these attributes should panic.
pub(super) fn of(attributes: &[Attribute]) -> Option<Condition> {
    let mut all = Vec::new();
    for conditions in attributes
        .iter()
        .filter_map(|attribute| condition(&attribute.meta))
    {
        if conditions.is_empty() {
            return Some(Condition::Always);
        }
        all.push(quote!(all(#(#conditions),*)));
    }
    (!all.is_empty()).then(|| Condition::If(quote!(::core::cfg!(any(#(#all),*)))))
}
