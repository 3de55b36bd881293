//! The `($crate)` that every shell passes first, and the one path expansions start from.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// `$crate::__private`, ready to be written into an expansion: `#private::recv(…)`.
pub(crate) struct Private(TokenStream);

impl Private {
    /// The support module of the crate at `path` (tokens of a path, such as `$crate` or `::gort`).
    pub(crate) fn of(path: impl ToTokens) -> Private {
        Private(quote!(#path::__private))
    }
}

impl ToTokens for Private {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

/// Splits `($crate) user's tokens`. The group is taken as it is, never parsed: `$crate` is a token
/// of its own kind.
pub(crate) fn split(input: TokenStream) -> (Private, Vec<TokenTree>) {
    let mut tokens: Vec<TokenTree> = input.into_iter().collect();
    match tokens.first() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            let private = Private::of(group.stream());
            tokens.remove(0);
            (private, tokens)
        }
        // Only a direct call of the hidden macro gets here.
        _ => (Private::of(quote!(::gort)), tokens),
    }
}
