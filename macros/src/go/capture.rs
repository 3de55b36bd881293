//! `[a, mut b]`: what is cloned for the goroutine.

use proc_macro2::{Group, Ident, TokenTree};

use super::Capture;
use crate::arrow::{is_assign, is_punct, is_word, stream};
use crate::error::Mistakes;

pub(super) fn parse(list: &Group, lost: &mut Vec<Ident>, mistakes: &mut Mistakes) -> Vec<Capture> {
    let tokens: Vec<TokenTree> = list.stream().into_iter().collect();
    let mut captures: Vec<Capture> = Vec::new();
    let mut items: Vec<&[TokenTree]> = tokens
        .split(|token| is_punct(std::slice::from_ref(token), 0, ','))
        .collect();
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
            Err(say) => {
                mistakes.at(stream(item), say);
                if let Some(TokenTree::Ident(name)) = item.first()
                    && is_assign(item, 1)
                {
                    lost.push(name.clone());
                }
            }
        }
    }
    captures
}

fn variable(item: &[TokenTree]) -> Result<Capture, String> {
    let is_mut = is_word(item, 0, "mut");
    let name = &item[usize::from(is_mut)..];
    if let [TokenTree::Ident(name)] = name {
        if name == "self" {
            return Err(
                "`self` cannot be renamed: clone it first, `let this = self.clone();`, and list `this`"
                    .to_owned(),
            );
        }
        if syn::parse2::<Ident>(TokenTree::Ident(name.clone()).into()).is_ok() {
            return Ok(Capture {
                is_mut,
                name: name.clone(),
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
    if is_assign(item, 1) {
        return Err(format!(
            "a capture list holds names only: write `let {};` before this `go!`; it is moved in",
            stream(item)
        ));
    }
    Err(format!(
        "a capture list holds names only: bind this first, `let value = {};`, then use `value` (it is moved in)",
        stream(item)
    ))
}
