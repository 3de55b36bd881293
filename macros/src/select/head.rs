//! What stands before `=>`: `pattern = <-ch`, `<-ch`, `ch <- value`, `default` or `else`.

use proc_macro2::{Delimiter, Ident, TokenTree};
use syn::Expr;

use super::pattern;
use super::{Binding, Operation};
use crate::arrow::{
    find_arrow, find_punct, is_assign, is_braces, is_joint, is_punct, is_word, mistyped, stream,
};
use crate::error::Mistakes;
use crate::operand::{bare, is_in_variable, operand};

pub(super) enum Head {
    Operation(Box<Operation>),
    Default,
    Else,
    /// Only beside a mistake; the names its body probably uses.
    Broken(Vec<Ident>),
}

/// Parses the tokens of one head (at least one).
pub(super) fn parse(tokens: &[TokenTree], mistakes: &mut Mistakes) -> Head {
    if tokens.len() == 1 && is_word(tokens, 0, "default") {
        return Head::Default;
    }
    if tokens.len() == 1 && is_word(tokens, 0, "else") {
        return Head::Else;
    }
    let left_of_assign = find_punct(tokens, '=').map(|at| &tokens[..at]);
    let operation = if report_gos_way(tokens, mistakes) {
        None
    } else {
        match find_arrow(tokens) {
            Some(0) => receive(None, &tokens[2..], &tokens[..2], mistakes),
            Some(at) if is_assign(tokens, at - 1) => receive(
                Some(&tokens[..at - 1]),
                &tokens[at + 2..],
                &tokens[at..at + 2],
                mistakes,
            ),
            Some(at) => send(tokens, at, mistakes),
            None => {
                report_no_arrow(tokens, mistakes);
                None
            }
        }
    };
    match operation {
        Some(operation) => Head::Operation(Box::new(operation)),
        None => Head::Broken(left_of_assign.map(names).unwrap_or_default()),
    }
}

/// Whether these tokens are a head without mistakes.
pub(super) fn is_well_formed(tokens: &[TokenTree]) -> bool {
    let mut mistakes = Mistakes::default();
    !tokens.is_empty() && !matches!(parse(tokens, &mut mistakes), Head::Broken(_)) && mistakes.is_empty()
}

/// The names a pattern (well-formed or not) probably binds.
pub(super) fn names(pattern: &[TokenTree]) -> Vec<Ident> {
    let mut found = Vec::new();
    collect_names(pattern.iter().cloned(), &mut found);
    found
}

fn collect_names(tokens: impl Iterator<Item = TokenTree>, found: &mut Vec<Ident>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                let text = ident.to_string();
                let is_name = syn::parse_str::<Ident>(&text).is_ok() && !text.starts_with(char::is_uppercase);
                if is_name && text != "case" && !found.contains(&ident) {
                    found.push(ident);
                }
            }
            TokenTree::Group(group) => collect_names(group.stream().into_iter(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn receive(
    left: Option<&[TokenTree]>,
    channel: &[TokenTree],
    arrow: &[TokenTree],
    mistakes: &mut Mistakes,
) -> Option<Operation> {
    let binding = match left {
        None => Some(Binding::Nothing),
        Some(left) => pattern::parse(left, arrow, mistakes),
    };
    if channel.is_empty() {
        mistakes.at(stream(arrow), "a channel is missing after `<-`: `v = <-rx => …`");
        return None;
    }
    let channel = mistakes.take(operand(channel, "the channel"));
    Some(Operation::Receive {
        binding: binding?,
        channel: channel?,
    })
}

fn send(tokens: &[TokenTree], at: usize, mistakes: &mut Mistakes) -> Option<Operation> {
    let channel = mistakes.take(operand(&tokens[..at], "the channel"));
    let value = &tokens[at + 2..];
    if value.is_empty() {
        let arrow = stream(&tokens[at..at + 2]);
        mistakes.at(
            arrow,
            "a value is missing after `<-`: `tx <- value => …` sends, `v = <-rx => …` receives",
        );
        return None;
    }
    if is_take(value) {
        let place = mistakes.take(place(&value[1..]));
        return Some(Operation::Take {
            channel: channel?,
            place: place?,
        });
    }
    let value = mistakes.take(operand(value, "the value"));
    Some(Operation::Send {
        channel: channel?,
        value: value?,
    })
}

/// `take PLACE`. After an expression `take` there is never a name, so this is no variable of that
/// name.
fn is_take(value: &[TokenTree]) -> bool {
    let starts_place = match value.get(1) {
        Some(TokenTree::Ident(word)) => word != "as" && word != "if",
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::None,
        // `take & mut x` is no expression, either.
        _ => is_punct(value, 1, '&') && is_word(value, 2, "mut"),
    };
    is_word(value, 0, "take") && starts_place
}

/// What `take` takes from: a variable, or a part of one.
fn place(tokens: &[TokenTree]) -> syn::Result<Expr> {
    let place = operand(tokens, "the place")?;
    let say = match bare(&place) {
        expr if is_in_variable(expr) && !matches!(expr, Expr::Unary(_) | Expr::Reference(_)) => {
            return Ok(place);
        }
        Expr::Reference(_) => "`take` borrows by itself: remove the `&mut`",
        Expr::MethodCall(_) => {
            "`take` takes the value out by itself, and puts it back if another arm is chosen: write the variable or field \
             that holds the values, `tx <- take queue`"
        }
        _ => {
            "behind `take` stands a variable or a field that holds the values, `tx <- take self.queue`; to send a value that \
             you have, leave `take` out"
        }
    };
    Err(syn::Error::new_spanned(&place, say))
}

/// Reports `case v := <-rx:`, `default:`, `v, ok := <-rx` and the like. Whether it did.
pub(super) fn report_gos_way(tokens: &[TokenTree], mistakes: &mut Mistakes) -> bool {
    let is_name = is_punct(tokens, 1, '=')
        || is_punct(tokens, 1, '<') && !(2..tokens.len()).any(|at| is_colon(tokens, at));
    if is_word(tokens, 0, "case") && tokens.len() > 1 && !is_name {
        mistakes.at(
            &tokens[0],
            "remove `case`: an arm is written `v = <-rx => { … }` or `tx <- value => { … }`",
        );
        return true;
    }
    if (is_word(tokens, 0, "default") || is_word(tokens, 0, "else")) && is_punct(tokens, 1, ':') {
        mistakes.at(stream(&tokens[..2]), format!("write `{} => {{ … }}`", tokens[0]));
        return true;
    }
    if let Some(at) = (0..tokens.len()).find(|&at| is_joint(tokens, at, ':', '=')) {
        let left = &tokens[..at];
        let say = if find_punct(left, ',').is_some() {
            format!(
                "write `({}) = <-…`: every arm declares its own variables",
                stream(left)
            )
        } else {
            format!(
                "write `{} = <-…`: every arm declares its own variables, `:=` is not needed",
                stream(left)
            )
        };
        mistakes.at(stream(&tokens[at..at + 2]), say);
        return true;
    }
    false
}

/// A `:` that is not half of a `::`.
fn is_colon(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens, at, ':')
        && !is_joint(tokens, at, ':', ':')
        && !(at > 0 && is_joint(tokens, at - 1, ':', ':'))
}

fn report_no_arrow(tokens: &[TokenTree], mistakes: &mut Mistakes) {
    if let Some((range, say)) = mistyped(tokens) {
        return mistakes.at(stream(&tokens[range]), say);
    }
    if is_word(tokens, 0, "default") || is_word(tokens, 0, "else") {
        return mistakes.at(
            stream(&tokens[1..]),
            format!(
                "`{0}` stands alone: `{0} => {{ … }}`; a condition goes into the body",
                tokens[0]
            ),
        );
    }
    let say = if tokens.len() == 1 && is_word(tokens, 0, "_") {
        "for \"none of the others is ready\" write `default => …`; for \"a value, ignored\" write `<-rx => …`"
    } else if (0..tokens.len()).any(|at| is_assign(tokens, at)) {
        "the arrow is missing: a receive is written `v = <-rx`, without `.recv()`"
    } else if tokens.len() > 2
        && is_punct(tokens, tokens.len() - 3, '.')
        && is_word(tokens, tokens.len() - 2, "send")
    {
        "the arrow is missing: a send is written `tx <- value`"
    } else if is_braces(tokens, tokens.len() - 1) {
        "an arm is missing before this: `v = <-rx => { … }`, `tx <- value => { … }`"
    } else {
        "an arm waits for a channel: `v = <-rx => …` receives, `tx <- value => …` sends; or it is `default => …`"
    };
    mistakes.at(stream(tokens), say);
}
