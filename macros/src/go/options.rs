//! `name = …, stack = …;`

use proc_macro2::TokenTree;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Lit, Token};

use super::Options;
use crate::arrow::{find_punct, is_assign, is_joint, is_punct, is_word, stream};
use crate::error::Mistakes;

const KNOWN: &str = "the options are `name = \"…\"` and `stack = bytes`";

/// Parses the options at the front, if there are any; returns the tokens after them.
pub(super) fn parse<'t>(
    tokens: &'t [TokenTree],
    options: &mut Options,
    mistakes: &mut Mistakes,
) -> &'t [TokenTree] {
    let is_known = is_word(tokens, 0, "name") || is_word(tokens, 0, "stack");
    if is_known && is_punct(tokens, 1, ':') && !is_joint(tokens, 1, ':', ':') {
        mistakes.at(
            &tokens[1],
            "an option is written with `=`: `go!(name = \"…\"; f())`",
        );
        return after_semicolon(tokens);
    }
    if !matches!(tokens.first(), Some(TokenTree::Ident(_))) || !is_assign(tokens, 1) {
        return tokens;
    }
    let Some(end) = find_punct(tokens, ';') else {
        if !is_known {
            return tokens;
        }
        mistakes.at(
            stream(&tokens[..2]),
            format!(
                "options end with `;`: `go!({} = …; f(a, b))`, and what to run comes after it",
                tokens[0]
            ),
        );
        return &[];
    };
    let each = |input: ParseStream<'_>| {
        while !input.is_empty() {
            parse_one(input, options, mistakes)?;
        }
        Ok(())
    };
    let result = each.parse2(stream(&tokens[..end]));
    mistakes.take(result);
    &tokens[end + 1..]
}

fn after_semicolon(tokens: &[TokenTree]) -> &[TokenTree] {
    find_punct(tokens, ';').map_or(&[], |end| &tokens[end + 1..])
}

fn parse_one(input: ParseStream<'_>, options: &mut Options, mistakes: &mut Mistakes) -> syn::Result<()> {
    let name: Ident = input
        .parse()
        .map_err(|mistake| syn::Error::new(mistake.span(), KNOWN))?;
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(
            name.span(),
            format!("an option is written `option = value`: {KNOWN}"),
        ));
    }
    let equals: Token![=] = input.parse()?;
    if input.is_empty() || input.peek(Token![,]) {
        mistakes.at(equals, format!("the value of `{name}` is missing: {KNOWN}"));
        let _comma: Option<Token![,]> = input.parse()?;
        return Ok(());
    }
    let value: Expr = input.parse()?;
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(input.error("options are separated by commas and end with `;`"));
    }
    let _comma: Option<Token![,]> = input.parse()?;
    let slot = match name.to_string().as_str() {
        "name" => &mut options.name,
        "stack" => &mut options.stack,
        other => {
            let hint = match other {
                _ if other.contains("stack") || other.contains("size") => "; did you mean `stack`?",
                "id" | "label" | "title" => "; did you mean `name`?",
                _ => "",
            };
            mistakes.at(&name, format!("unknown option `{other}`: {KNOWN}{hint}"));
            return Ok(());
        }
    };
    if slot.is_some() {
        mistakes.at(&name, format!("`{name}` is given twice: remove one"));
        return Ok(());
    }
    if let Expr::Lit(literal) = &value {
        match (name == "name", &literal.lit) {
            (true, Lit::Str(_)) | (false, Lit::Int(_)) => {}
            (true, _) => mistakes.at(literal, "a name is a string: `name = \"worker\"`"),
            (false, _) => mistakes.at(literal, "a stack is a number of bytes: `stack = 1 << 20`"),
        }
    }
    *slot = Some(value);
    Ok(())
}
