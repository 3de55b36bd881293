//! `go!`: start a goroutine.

mod capture;
mod expand;
mod form;
mod options;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Expr, ExprCall, ExprMethodCall};

use crate::error::Mistakes;
use crate::path::Private;

/// A well-formed `go!`, or what could be read of one (then a mistake was added).
#[derive(Default)]
struct Go {
    options: Options,
    /// `wg` of `go!(wg => …)`
    target: Option<Expr>,
    /// `[a, mut b, c = f()]`, if there is a list.
    captures: Option<Vec<Capture>>,
    /// Names from a capture list that was not understood. Not empty only beside a mistake.
    lost: Vec<Ident>,
    form: Option<Form>,
}

#[derive(Default)]
struct Options {
    name: Option<Expr>,
    stack: Option<Expr>,
}

/// A variable that the goroutine has for itself.
struct Capture {
    is_mut: bool,
    name: Ident,
    /// What it is; a clone of the variable of that name if nothing is said.
    value: Option<Expr>,
}

/// What the goroutine runs.
enum Form {
    /// The statements of a block, kept as raw tokens `{ … }`.
    Block(TokenStream),
    /// A closure, or anything else that can be called without arguments.
    Closure(Expr),
    /// `f(a, b)`
    Call(ExprCall),
    /// `x.m(a, b)`
    Method(ExprMethodCall),
}

pub(crate) fn expand(private: &Private, tokens: &[TokenTree]) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let go = parse::parse(tokens, &mut mistakes);
    if !mistakes.is_empty() {
        return mistakes.expression(|unknown| expand::keep(private, &go, unknown));
    }
    match go {
        Go {
            options,
            target,
            captures,
            form: Some(form),
            ..
        } => expand::expand(private, &options, target.as_ref(), captures.as_deref(), form),
        // No form without a mistake: `parse` never does that.
        Go { form: None, .. } => TokenStream::new(),
    }
}
