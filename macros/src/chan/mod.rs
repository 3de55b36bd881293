//! `chan!`: make a channel, send on it, receive from it.

mod expand;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, Type};

use crate::error::Mistakes;
use crate::path::Private;

/// A well-formed `chan!`.
enum Chan {
    /// `chan!(T)`, `chan!(T, n)`
    Make { element: Type, capacity: Option<Expr> },
    /// `chan!(ch <- value)`
    Send { channel: Expr, value: Expr },
    /// `chan!(<-ch)`
    Receive { channel: Expr },
}

pub(crate) fn expand(private: &Private, tokens: &[TokenTree]) -> TokenStream {
    let mut mistakes = Mistakes::default();
    match parse::parse(tokens, &mut mistakes) {
        Some(chan) if mistakes.is_empty() => expand::expand(private, chan),
        _ => mistakes.expression(|unknown| unknown.to_token_stream()),
    }
}
