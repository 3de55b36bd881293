//! The arms, one after the other: head, `=>`, body, comma.
//!
//! A head is cut off at the `=>` before it is parsed, since `<-` means nothing to syn. A body is
//! cut off as rustc cuts a match arm: a `{ … }` ends it and needs no comma, so does `if`, `match`
//! and the like. Bodies are kept as raw tokens; a block is not even parsed, so that what is wrong
//! inside is reported by rustc.
//!
//! After a mistake the parser goes on with the next arm, so that all mistakes are found.

use proc_macro2::{TokenStream, TokenTree};
use syn::buffer::Cursor;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Token};

use super::head::{self, Head};
use super::{Arm, Broken, Select};
use crate::arrow::{find_arrow, find_punct, is_braces, is_punct, is_word, stream};
use crate::error::{Mistakes, missing};

pub(super) fn parse(tokens: Vec<TokenTree>) -> (Select, Mistakes) {
    let mut select = Select::default();
    let mut mistakes = Mistakes::default();
    let parser = |input: ParseStream<'_>| {
        parse_biased(input, &mut select, &mut mistakes)?;
        while !input.is_empty() {
            parse_arm(input, &mut select, &mut mistakes)?;
        }
        Ok(())
    };
    // The closure consumes everything and reports through `mistakes`; what it returns as an error
    // is a mistake too.
    let result = parser.parse2(tokens.into_iter().collect());
    mistakes.take(result);
    (select, mistakes)
}

fn parse_biased(input: ParseStream<'_>, select: &mut Select, mistakes: &mut Mistakes) -> syn::Result<()> {
    if !is_biased(input) {
        return Ok(());
    }
    let word: TokenTree = input.parse()?;
    select.biased = true;
    if !input.is_empty() {
        let end: TokenTree = input.parse()?;
        if !is_punct(&[end], 0, ';') {
            mistakes.at(word, "`biased` ends with a semicolon: `biased;`");
        }
    } else {
        mistakes.at(word, "`biased` ends with a semicolon: `biased;`");
    }
    Ok(())
}

/// `biased` as a word of its own, not a channel or a variable of that name.
fn is_biased(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let Ok(TokenTree::Ident(word)) = ahead.parse() else {
        return false;
    };
    word == "biased" && (ahead.is_empty() || ahead.peek(Token![;]) || ahead.peek(Token![,]))
}

fn parse_arm(input: ParseStream<'_>, select: &mut Select, mistakes: &mut Mistakes) -> syn::Result<()> {
    if input.peek(Token![,]) || input.peek(Token![;]) {
        let extra: TokenTree = input.parse()?;
        mistakes.at(extra, "an arm was expected before this: remove it");
        return Ok(());
    }
    if is_biased(input) {
        let word: TokenTree = input.parse()?;
        let _semicolon: TokenTree = input.parse()?;
        mistakes.at(word, "`biased;` comes first, before every arm");
        return Ok(());
    }
    let mut tokens = Vec::new();
    while !input.is_empty() && !input.peek(Token![=>]) {
        tokens.push(input.parse::<TokenTree>()?);
    }
    let tokens = skip_arms_without_fat_arrow(tokens, select, mistakes);
    if input.is_empty() {
        report_no_fat_arrow(&tokens, select, mistakes);
        return Ok(());
    }
    let fat_arrow: Token![=>] = input.parse()?;
    let head = if tokens.is_empty() {
        mistakes.at(
            fat_arrow,
            "an arm is missing before `=>`: `v = <-rx => …`, `tx <- value => …`, `default => …`",
        );
        Head::Broken(Vec::new())
    } else {
        head::parse(&tokens, mistakes)
    };
    if let Some(body) = parse_body(input, fat_arrow, mistakes)? {
        add_arm(head, &tokens, body, select, mistakes);
    }
    Ok(())
}

fn add_arm(
    head: Head,
    tokens: &[TokenTree],
    body: TokenStream,
    select: &mut Select,
    mistakes: &mut Mistakes,
) {
    let (slot, word) = match head {
        Head::Operation(operation) => {
            return select.arms.push(Arm {
                operation: *operation,
                body,
            });
        }
        Head::Broken(names) => return select.broken.push(Broken { names, body }),
        Head::Default => (&mut select.default, "default"),
        Head::Else => (&mut select.otherwise, "else"),
    };
    if slot.is_some() {
        mistakes.at(
            &tokens[0],
            format!("a second `{word}`: a `select!` has at most one; put both bodies into one"),
        );
        select.broken.push(Broken {
            names: Vec::new(),
            body,
        });
    } else {
        *slot = Some(body);
    }
}

/// The body and the comma behind it. `None` only if a mistake was added.
fn parse_body(
    input: ParseStream<'_>,
    fat_arrow: Token![=>],
    mistakes: &mut Mistakes,
) -> syn::Result<Option<TokenStream>> {
    if input.is_empty() || input.peek(Token![,]) || input.peek(Token![;]) {
        mistakes.at(
            fat_arrow,
            "a body is missing after `=>`; to do nothing write `=> {}`",
        );
        if !input.is_empty() {
            input.parse::<TokenTree>()?;
        }
        return Ok(None);
    }
    let goes_on = input.peek2(Token![?]) || input.peek2(Token![.]) && !input.peek2(Token![..]);
    if input.peek(syn::token::Brace) && !goes_on {
        let block: TokenTree = input.parse()?;
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        }
        return Ok(Some(block.into()));
    }
    let start = input.cursor();
    let expr = match Expr::parse_with_earlier_boundary_rule(input) {
        Ok(expr) => expr,
        Err(mistake) => {
            mistakes.add(mistake);
            skip_to_comma(input)?;
            return Ok(None);
        }
    };
    let body = tokens_between(start, input.cursor());
    if let Some(at) = find_arrow(&body) {
        // To syn this was a comparison.
        let arrow = stream(&body[at..at + 2]);
        if input.peek(Token![=>]) {
            mistakes.at(
                arrow,
                "a comma is missing before this arm: only a body in `{ … }` may do without",
            );
            let fat_arrow: Token![=>] = input.parse()?;
            parse_body(input, fat_arrow, mistakes)?;
            return Ok(Some(stream(&body[..at])));
        }
        mistakes.at(
            arrow,
            "in a body a channel is used through `chan!`: `=> chan!(tx <- value)`; a comparison is `a < -b`",
        );
        skip_to_comma(input)?;
        return Ok(None);
    }
    if input.peek(Token![,]) {
        input.parse::<Token![,]>()?;
    } else if input.peek(Token![;]) {
        let semicolon: TokenTree = input.parse()?;
        mistakes.at(
            semicolon,
            "arms are separated by commas: write `,`, or put the body into `{ … }`",
        );
    } else if !input.is_empty() && needs_comma(&expr) {
        let next = input.fork().parse::<TokenTree>()?;
        mistakes.at(
            next,
            "a comma is missing before this arm: only a body in `{ … }` may do without",
        );
    }
    Ok(Some(stream(&body)))
}

fn tokens_between(start: Cursor<'_>, end: Cursor<'_>) -> Vec<TokenTree> {
    let mut tokens = Vec::new();
    let mut cursor = start;
    while cursor != end
        && let Some((token, next)) = cursor.token_tree()
    {
        tokens.push(token);
        cursor = next;
    }
    tokens
}

fn needs_comma(body: &Expr) -> bool {
    !matches!(
        body,
        Expr::Block(_)
            | Expr::Const(_)
            | Expr::ForLoop(_)
            | Expr::If(_)
            | Expr::Loop(_)
            | Expr::Match(_)
            | Expr::TryBlock(_)
            | Expr::Unsafe(_)
            | Expr::While(_)
    )
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() {
        if is_punct(&[input.parse::<TokenTree>()?], 0, ',') {
            break;
        }
    }
    Ok(())
}

/// Nothing but a `=>` can end a head, so an arm without one reaches into the next arm. Reports such
/// arms at the front of `tokens` and returns the head that is left.
fn skip_arms_without_fat_arrow(
    mut tokens: Vec<TokenTree>,
    select: &mut Select,
    mistakes: &mut Mistakes,
) -> Vec<TokenTree> {
    while let Some(end) = end_of_arm_without_fat_arrow(&tokens) {
        report_no_fat_arrow(&tokens[..end], select, mistakes);
        tokens.drain(..end);
        if is_punct(&tokens, 0, ',') {
            tokens.remove(0);
        }
    }
    tokens
}

/// Where an arm without `=>` ends that is followed by something that looks like another arm.
fn end_of_arm_without_fat_arrow(tokens: &[TokenTree]) -> Option<usize> {
    let may_end = |at: usize| is_punct(tokens, at, ',') || is_braces(tokens, at - 1);
    if !(1..tokens.len()).any(may_end) || head::is_well_formed(tokens) {
        return None;
    }
    let is_arm = |tokens: &[TokenTree]| {
        let is_word = |word: &&str| is_word(tokens, 0, word);
        find_arrow(tokens).is_some() || ["default", "else", "case"].iter().any(is_word)
    };
    let starts_arm = |at: usize| is_arm(&tokens[at..]) && !is_punct(tokens, at, '=');
    (1..tokens.len()).filter(|&at| is_arm(&tokens[..at])).find(|&at| {
        (is_punct(tokens, at, ',') && starts_arm(at + 1))
            || (is_braces(tokens, at - 1) && !is_punct(tokens, at, ',') && starts_arm(at))
    })
}

/// `tokens` are an arm that has no `=>`, up to where the next arm seems to start.
fn report_no_fat_arrow(tokens: &[TokenTree], select: &mut Select, mistakes: &mut Mistakes) {
    if let Some(body) = tokens
        .iter()
        .find(|token| is_braces(std::slice::from_ref(token), 0))
    {
        let names = find_punct(tokens, '=')
            .map(|at| head::names(&tokens[..at]))
            .unwrap_or_default();
        select.broken.push(Broken {
            names,
            body: body.clone().into(),
        });
    }
    if head::report_gos_way(tokens, mistakes) {
        return;
    }
    let say = if is_word(tokens, 0, "default") || is_word(tokens, 0, "else") {
        format!("`=>` and a body are missing: `{} => {{ … }}`", tokens[0])
    } else {
        "`=>` and a body are missing in this arm: `v = <-rx => { … }`, `tx <- value => { … }`".to_owned()
    };
    mistakes.add(missing(stream(tokens), say));
}
