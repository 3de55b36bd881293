//! `timeout = "30s"`: for how long a test may take.

use syn::parse::ParseStream;
use syn::{Expr, Ident, Lit, Token};

use crate::error::Mistakes;

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timeout {
    /// Nothing was said.
    Default,
    /// For ever.
    Never,
    Nanos(u64),
}

const USAGE: &str =
    "write `timeout = \"30s\"`, with a unit as in \"500ms\" or \"1m30s\", or `timeout = \"none\"`";

/// Parses the whole option.
pub(super) fn parse(
    input: ParseStream<'_>,
    timeout: &mut Option<Timeout>,
    mistakes: &mut Mistakes,
) -> syn::Result<()> {
    let name: Ident = input.parse()?;
    if !input.peek(Token![=]) {
        let at = if input.is_empty() {
            name.span()
        } else {
            input.span()
        };
        return Err(syn::Error::new(at, format!("an option has a value: {USAGE}")));
    }
    let equals: Token![=] = input.parse()?;
    if input.is_empty() || input.peek(Token![,]) {
        mistakes.at(equals, format!("the value of `timeout` is missing: {USAGE}"));
        return Ok(());
    }
    let value: Expr = input.parse()?;
    let found = match &value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => read(&text.value()),
            Lit::Int(number) => Err(format!(
                "a timeout is a string with a unit: `timeout = \"{}s\"` for seconds",
                number.base10_digits()
            )),
            _ => Err(format!("a timeout is a string: {USAGE}")),
        },
        _ => Err(format!(
            "a timeout is a string, known when the test is compiled: {USAGE}"
        )),
    };
    if timeout.is_some() {
        mistakes.at(name, "`timeout` is given twice: remove one");
    }
    match found {
        Ok(found) => *timeout = Some(found),
        Err(why) => mistakes.at(value, why),
    }
    Ok(())
}

/// A length of time as Go writes it, or `none`.
fn read(text: &str) -> Result<Timeout, String> {
    if text == "none" {
        return Ok(Timeout::Never);
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(format!(
            "the unit is missing: write `timeout = \"{text}s\"` for seconds, or `timeout = \"{text}ms\"`"
        ));
    }
    let nanos = nanos(text).ok_or_else(|| format!("`{text}` is not a length of time: {USAGE}"))?;
    if nanos < 1.0 {
        return Err(format!("no test is over so soon: {USAGE}"));
    }
    if nanos > u64::MAX as f64 {
        return Err(String::from("this is too long: write `timeout = \"none\"`"));
    }
    Ok(Timeout::Nanos(nanos.round() as u64))
}

/// Numbers with units, one after the other.
fn nanos(text: &str) -> Option<f64> {
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|letter| !is_number(letter))?);
        let (unit, after) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let unit = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * unit;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::{Timeout, read};

    #[test]
    fn lengths_of_time_are_written_as_in_go() {
        for (text, nanos) in [
            ("30s", 30_000_000_000),
            ("1.5s", 1_500_000_000),
            ("1m30s", 90_000_000_000),
            ("500ms", 500_000_000),
            ("3us", 3_000),
            ("3µs", 3_000),
            ("1ns", 1),
            ("2h", 7_200_000_000_000),
        ] {
            assert_eq!(read(text), Ok(Timeout::Nanos(nanos)), "{text}");
        }
        assert_eq!(read("none"), Ok(Timeout::Never));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (text, part) in [
            ("30", "write `timeout = \"30s\"` for seconds"),
            ("abc", "`abc` is not a length of time"),
            ("", "`` is not a length of time"),
            ("5 s", "is not a length of time"),
            ("-5s", "is not a length of time"),
            ("1.2.3s", "is not a length of time"),
            ("5d", "is not a length of time"),
            ("0s", "no test is over so soon"),
            ("99999999h", "`timeout = \"none\"`"),
        ] {
            let why = read(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
