//! `schedules = 1000`: under how many schedules a test is run.

use syn::parse::ParseStream;
use syn::{Expr, Ident, Lit, Token};

use crate::error::Mistakes;

const USAGE: &str = "write `schedules = 1000`, for a test that is run under so many schedules";

/// Parses the whole option.
pub(super) fn parse(
    input: ParseStream<'_>,
    schedules: &mut Option<u64>,
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
        mistakes.at(equals, format!("the value of `schedules` is missing: {USAGE}"));
        return Ok(());
    }
    let value: Expr = input.parse()?;
    if schedules.is_some() {
        mistakes.at(&name, "`schedules` is given twice: remove one");
    }
    let number = match &value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) if number.suffix().is_empty() => number.base10_parse::<u64>().ok(),
            _ => None,
        },
        _ => None,
    };
    match number {
        None => mistakes.at(value, format!("this is no whole number: {USAGE}")),
        Some(0) => mistakes.at(value, format!("a test that is never run shows nothing: {USAGE}")),
        Some(number) => *schedules = Some(number),
    }
    Ok(())
}
