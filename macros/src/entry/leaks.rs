//! `leaks = "deny"`: whether goroutines may be left that a test has started.

use syn::parse::ParseStream;
use syn::{Expr, Ident, Lit, Token};

use crate::error::Mistakes;

const USAGE: &str = "write `leaks = \"deny\"`, for a test that fails if goroutines are left that it has started, or `leaks = \"allow\"`";

/// Parses the whole option: whether they are denied.
pub(super) fn parse(
    input: ParseStream<'_>,
    denied: &mut Option<bool>,
    mistakes: &mut Mistakes,
) -> syn::Result<()> {
    let name: Ident = input.parse()?;
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(
            name.span(),
            format!("an option has a value: {USAGE}"),
        ));
    }
    let equals: Token![=] = input.parse()?;
    if input.is_empty() || input.peek(Token![,]) {
        mistakes.at(equals, format!("the value of `leaks` is missing: {USAGE}"));
        return Ok(());
    }
    let value: Expr = input.parse()?;
    if denied.is_some() {
        mistakes.at(&name, "`leaks` is given twice: remove one");
    }
    let text = match &value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => text.value(),
            _ => String::new(),
        },
        _ => String::new(),
    };
    match text.as_str() {
        "deny" => *denied = Some(true),
        "allow" => *denied = Some(false),
        _ => mistakes.at(value, format!("leaks are denied or allowed: {USAGE}")),
    }
    Ok(())
}
