//! `select!`: wait for whichever of several channel operations can go on first.

mod expand;
mod head;
mod parse;
mod pattern;
mod report;
#[cfg(test)]
mod tests;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Expr, Pat};

use crate::path::Private;

/// What was read from the tokens of one `select!`. Without mistakes it can be expanded.
#[derive(Default)]
struct Select {
    biased: bool,
    /// In source order.
    arms: Vec<Arm>,
    /// The body of `default`.
    default: Option<TokenStream>,
    /// The body of `else`.
    otherwise: Option<TokenStream>,
    /// Arms with a mistake. Not empty only beside a mistake.
    broken: Vec<Broken>,
}

/// An arm that waits for a channel.
struct Arm {
    operation: Operation,
    /// The user's code as it was written: one expression or block.
    body: TokenStream,
}

enum Operation {
    Receive {
        binding: Binding,
        channel: Expr,
    },
    Send {
        channel: Expr,
        value: Expr,
    },
    /// `tx <- take place`
    Take {
        channel: Expr,
        place: Expr,
    },
}

/// What a receiving arm gives its body. The patterns take every value.
enum Binding {
    /// `<-rx`, `_ = <-rx`
    Nothing,
    /// `v = <-rx`: an `Option`
    Plain(Pat),
    /// `(v, ok) = <-rx`: the value or the type's default, and whether there was a value
    Two(Pat),
    /// `Some(pattern) = <-rx`, holding `pattern`: the arm drops out once the channel is closed
    Some(Pat),
}

/// What can be saved of an arm that was not understood: its body, and the names the body probably
/// uses.
struct Broken {
    names: Vec<Ident>,
    body: TokenStream,
}

pub(crate) fn expand(private: &Private, tokens: Vec<TokenTree>) -> TokenStream {
    let (select, mistakes) = parse::parse(tokens);
    if mistakes.is_empty() {
        expand::expand(private, &select)
    } else {
        report::expand(private, select, mistakes)
    }
}
