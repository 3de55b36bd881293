//! `[a, mut b, c = f()]`: what is cloned or made for the goroutine.

use proc_macro2::{Group, Ident, TokenTree};
use syn::Expr;

use super::Capture;
use crate::arrow::{is_assign, is_punct, is_word, stream};
use crate::error::{Mistakes, missing};
use crate::operand::operand;

pub(super) fn parse(list: &Group, lost: &mut Vec<Ident>, mistakes: &mut Mistakes) -> Vec<Capture> {
    let tokens: Vec<TokenTree> = list.stream().into_iter().collect();
    let mut captures: Vec<Capture> = Vec::new();
    let mut items = split(&tokens);
    if items.last().is_some_and(|last| last.is_empty()) {
        items.pop();
    }
    for item in items {
        if item.is_empty() {
            mistakes.at(list, "a name is missing in this capture list: `[a, b]`");
            continue;
        }
        match variable(item) {
            Ok(capture) if captures.iter().any(|earlier| earlier.name == capture.name) => {
                mistakes.at(
                    &capture.name,
                    format!("`{}` is listed twice: remove one", capture.name),
                );
            }
            Ok(capture) => captures.push(capture),
            Err(mistake) => {
                mistakes.add(mistake);
                if let Some(TokenTree::Ident(name)) = item.first()
                    && is_assign(item, 1)
                    && name != "self"
                {
                    lost.push(name.clone());
                }
            }
        }
    }
    captures
}

/// Cuts the list at its commas, but for those inside of an expression (`[a = f::<A, B>()]`).
fn split(tokens: &[TokenTree]) -> Vec<&[TokenTree]> {
    let mut items = Vec::new();
    let mut start = 0;
    while start <= tokens.len() {
        let ends = (start..=tokens.len()).filter(|&at| at == tokens.len() || is_punct(tokens, at, ','));
        let mut ends = ends.peekable();
        let first = ends.peek().copied().unwrap_or(tokens.len());
        let is_value = assigned(&tokens[start..first]).is_some();
        let end = if is_value {
            ends.find(|&end| assigned(&tokens[start..end]).is_some_and(|value| value.1.is_ok()))
        } else {
            None
        };
        let end = end.unwrap_or(first);
        items.push(&tokens[start..end]);
        start = end + 1;
    }
    items
}

/// `[mut] name = value`: what stands before the `=`, and the value.
fn assigned(item: &[TokenTree]) -> Option<(&[TokenTree], syn::Result<Expr>)> {
    let at = 1 + usize::from(is_word(item, 0, "mut"));
    is_assign(item, at).then(|| {
        let value = &item[at + 1..];
        let value = if value.is_empty() {
            Err(missing(
                stream(item),
                "a value is missing after this `=`: `[tx = jobs.tx()]`",
            ))
        } else {
            operand(value, "the value")
        };
        (&item[..at], value)
    })
}

fn variable(item: &[TokenTree]) -> Result<Capture, syn::Error> {
    if let Some((name, value)) = assigned(item) {
        let mut capture = named(name).map_err(|say| syn::Error::new_spanned(stream(item), say))?;
        capture.value = Some(value?);
        return Ok(capture);
    }
    named(item).map_err(|say| syn::Error::new_spanned(stream(item), say))
}

fn named(item: &[TokenTree]) -> Result<Capture, String> {
    let is_mut = is_word(item, 0, "mut");
    let name = &item[usize::from(is_mut)..];
    if let [TokenTree::Ident(name)] = name {
        if name == "self" {
            return Err(
                "`self` cannot be renamed: give it a name, `[this = self.clone()]`, and use `this`"
                    .to_owned(),
            );
        }
        if syn::parse2::<Ident>(TokenTree::Ident(name.clone()).into()).is_ok() {
            return Ok(Capture {
                is_mut,
                name: name.clone(),
                value: None,
            });
        }
    }
    if is_punct(item, 0, '&') || is_word(item, 0, "ref") {
        return Err("a capture list holds names, and each is cloned; to borrow use `gort::scope(|s| …)` and `go!(s => …)`"
            .to_owned());
    }
    if is_word(item, 0, "move") {
        return Err("remove it: what is not in the list is moved anyway".to_owned());
    }
    if let [TokenTree::Ident(name), dot, TokenTree::Ident(clone), _] = item
        && is_punct(std::slice::from_ref(dot), 0, '.')
        && clone == "clone"
    {
        return Err(format!(
            "everything in a capture list is cloned: write `[{name}]`"
        ));
    }
    Err(format!(
        "in a capture list everything has a name: `[value = {}]`",
        stream(item)
    ))
}
