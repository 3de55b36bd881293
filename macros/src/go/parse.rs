//! The parts of `go!` in order: options, target, capture list, form. Each part is cut off by its
//! own sign (`;`, `=>`, `[…]`).

use proc_macro2::{Delimiter, TokenTree};

use super::{Go, capture, form, options};
use crate::arrow::{find_fat_arrow, is_joint, is_punct, stream};
use crate::error::{Mistakes, missing};
use crate::operand::operand;

const FORMS: &str =
    "`go!(f(a, b))` calls a function, `go!({ … })` runs a block, `go!(move || …)` runs a closure";

/// The form is `None` only if a mistake was added.
pub(super) fn parse(tokens: &[TokenTree], mistakes: &mut Mistakes) -> Go {
    let mut go = Go::default();
    if tokens.is_empty() {
        mistakes.add(missing(
            stream(tokens),
            format!("what should the goroutine run? {FORMS}"),
        ));
        return go;
    }
    let mut rest = options::parse(tokens, &mut go.options, mistakes);
    if let Some(at) = find_fat_arrow(rest) {
        if at == 0 {
            mistakes.at(
                stream(&rest[..2]),
                "what to start the goroutine on is missing before `=>`: `go!(s => …)` inside `gort::scope(|s| …)`, `go!(wg => …)`",
            );
        } else {
            go.target = mistakes.take(operand(&rest[..at], "what to start the goroutine on"));
        }
        rest = options::parse(&rest[at + 2..], &mut go.options, mistakes);
    } else if is_joint(rest, 1, '-', '>') && matches!(rest[0], TokenTree::Ident(_)) {
        mistakes.at(
            stream(&rest[1..3]),
            "after what to start the goroutine on comes `=>`: `go!(s => …)`",
        );
        rest = &rest[3..];
    }
    if let Some(TokenTree::Group(list)) = rest.first()
        && list.delimiter() == Delimiter::Bracket
    {
        go.captures = Some(capture::parse(list, &mut go.lost, mistakes));
        rest = &rest[1..];
        if is_punct(rest, 0, ',') {
            mistakes.at(&rest[0], "no comma after the capture list: `go!([tx] { … })`");
            rest = &rest[1..];
        }
    }
    if rest.is_empty() {
        if mistakes.is_empty() {
            let last = tokens
                .last()
                .map(|token| stream(std::slice::from_ref(token)))
                .unwrap_or_default();
            mistakes.add(missing(
                last,
                format!("what the goroutine should run is missing after this: {FORMS}"),
            ));
        }
        return go;
    }
    go.form = form::parse(rest, mistakes);
    go
}
