//! What may stand in the attribute, and what the function may look like.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, ItemFn, Lit, Path, Token};

use super::Kind;
use super::leaks;
use super::schedules;
use super::timeout::{self, Timeout};
use crate::error::Mistakes;

/// What was said in the attribute.
pub(super) struct Arguments {
    /// Where gort is.
    pub(super) path: TokenStream,
    pub(super) timeout: Timeout,
    /// Under how many schedules a test is run, if it is not run as it comes.
    pub(super) schedules: Option<u64>,
    /// A test is run in a bubble.
    pub(super) bubble: bool,
    /// No goroutine may be left that it has started.
    pub(super) leak_free: bool,
}

/// `crate = path` or `crate = "path"`: where gort is; of a test `timeout = "30s"`, `schedules =
/// 1000` and `bubble` too.
pub(super) fn arguments(kind: Kind, arguments: TokenStream, mistakes: &mut Mistakes) -> Arguments {
    let (mut path, mut timeout, mut schedules) = (None, None, None);
    let (mut bubble, mut leak_free) = (false, None);
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if input.peek(Token![crate]) {
                parse_path(kind, input, &mut path, mistakes)?;
            } else if kind == Kind::Test && input.peek(syn::Ident) && peek_word(input) == "timeout" {
                timeout::parse(input, &mut timeout, mistakes)?;
            } else if kind == Kind::Test && input.peek(syn::Ident) && peek_word(input) == "schedules" {
                schedules::parse(input, &mut schedules, mistakes)?;
            } else if kind == Kind::Test && input.peek(syn::Ident) && peek_word(input) == "leaks" {
                leaks::parse(input, &mut leak_free, mistakes)?;
            } else if kind == Kind::Test && input.peek(syn::Ident) && peek_word(input) == "bubble" {
                parse_bubble(input, &mut bubble, mistakes)?;
            } else {
                unknown(kind, input, mistakes)?;
            }
            if !input.is_empty() && !input.peek(Token![,]) {
                return Err(input.error("options are separated by commas"));
            }
            let _comma: Option<Token![,]> = input.parse()?;
        }
        Ok(())
    };
    let result = parser.parse2(arguments);
    mistakes.take(result);
    Arguments {
        path: path.map_or_else(|| quote!(::gort), Path::into_token_stream),
        timeout: timeout.unwrap_or(Timeout::Default),
        schedules,
        bubble,
        leak_free: leak_free.unwrap_or(false),
    }
}

/// `bubble`, without a value.
fn parse_bubble(input: ParseStream<'_>, bubble: &mut bool, mistakes: &mut Mistakes) -> syn::Result<()> {
    let word: syn::Ident = input.parse()?;
    if *bubble {
        mistakes.at(&word, "`bubble` is given twice: remove one");
    }
    *bubble = true;
    if input.peek(Token![=]) {
        let mut value = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            value.extend([input.parse::<proc_macro2::TokenTree>()?]);
        }
        mistakes.at(value, "`bubble` has no value: write `#[gort::test(bubble)]`");
    }
    Ok(())
}

/// The name that comes next, if it is one.
fn peek_word(input: ParseStream<'_>) -> String {
    input
        .fork()
        .parse::<syn::Ident>()
        .map_or_else(|_| String::new(), |word| word.to_string())
}

/// What the options are.
fn usage(kind: Kind) -> String {
    match kind {
        Kind::Main => {
            String::from("the only option is `#[gort::main(crate = path)]`, which says where gort is")
        }
        Kind::Test => String::from(
            "the options are `timeout = \"30s\"`, for how long the test may take, `schedules = 1000`, under how many schedules it is \
             run, `bubble`, for a clock that jumps, `leaks = \"deny\"`, and `crate = path`, which says where gort is",
        ),
    }
}

fn unknown(kind: Kind, input: ParseStream<'_>, mistakes: &mut Mistakes) -> syn::Result<()> {
    let word = peek_word(input).to_lowercase();
    let mut rest = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        rest.extend([input.parse::<proc_macro2::TokenTree>()?]);
    }
    let usage = usage(kind);
    let more = match (kind, word.as_str()) {
        (Kind::Main, _) => "; the runtime is set up by `gort::runtime::Builder`",
        (Kind::Test, "should_panic" | "ignore") => {
            "; this is an attribute of its own, beside `#[gort::test]`"
        }
        (Kind::Test, word)
            if word.contains("schedule") || word.contains("explore") || word == "iterations" =>
        {
            "; did you mean `schedules`?"
        }
        (Kind::Test, word) if word.contains("leak") => "; did you mean `leaks`?",
        (Kind::Test, "synctest" | "clock" | "start_paused") => "; did you mean `bubble`?",
        (Kind::Test, word) if word.contains("time") || word.contains("limit") || word == "deadline" => {
            "; did you mean `timeout`?"
        }
        (Kind::Test, _) => "; the runtime is set up by `gort::runtime::Builder`",
    };
    mistakes.at(rest, format!("unknown option: {usage}{more}"));
    Ok(())
}

fn parse_path(
    kind: Kind,
    input: ParseStream<'_>,
    path: &mut Option<Path>,
    mistakes: &mut Mistakes,
) -> syn::Result<()> {
    let usage = usage(kind);
    let word: Token![crate] = input.parse()?;
    let wrong = |at: TokenStream| syn::Error::new_spanned(at, format!("write `crate = path`: {usage}"));
    if !input.peek(Token![=]) {
        return Err(wrong(word.into_token_stream()));
    }
    let equals: Token![=] = input.parse()?;
    if input.is_empty() {
        return Err(wrong(quote!(#word #equals)));
    }
    let value: Expr = input.parse()?;
    let found = match &value {
        Expr::Path(found) if found.qself.is_none() => found.path.clone(),
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => text.parse_with(Path::parse_mod_style)?,
            _ => return Err(wrong(value.into_token_stream())),
        },
        _ => return Err(wrong(value.into_token_stream())),
    };
    if path.is_some() {
        mistakes.at(word, "`crate` is given twice: remove one");
    }
    *path = Some(found);
    Ok(())
}

/// The attribute stands on something that did not parse as a function with a body.
pub(super) fn no_function(kind: Kind, item: &TokenStream, mistake: syn::Error, mistakes: &mut Mistakes) {
    let name = kind.name();
    let example = if kind == Kind::Main {
        "fn main() { … }"
    } else {
        "fn it_works() { … }"
    };
    if item.to_string().contains("fn ") && syn::parse2::<syn::Item>(item.clone()).is_err() {
        mistakes.add(mistake);
    } else {
        mistakes.at(
            item,
            format!("`#[gort::{name}]` stands on a function: `{example}`"),
        );
    }
}

pub(super) fn function(kind: Kind, function: &ItemFn, mistakes: &mut Mistakes) {
    let signature = &function.sig;
    if let Some(word) = &signature.asyncness {
        mistakes.at(
            word,
            "remove `async`: a goroutine needs none; `fn` may call anything that parks, and `.await` is not needed",
        );
    }
    if let Some(word) = &signature.constness {
        mistakes.at(word, "remove `const`: the function runs on the runtime");
    }
    if let Some(word) = &signature.unsafety {
        mistakes.at(
            word,
            "remove `unsafe`: the runtime calls the function; put an `unsafe` block inside",
        );
    }
    if let Some(abi) = &signature.abi {
        mistakes.at(abi, "remove `extern`: the runtime calls this as a Rust function");
    }
    if !signature.inputs.is_empty() {
        let say = match kind {
            Kind::Main => "`main` takes no arguments; the command line is in `std::env::args()`",
            Kind::Test => "a test takes no arguments; bind the values inside",
        };
        mistakes.at(&signature.inputs, say);
    } else if let Some(dots) = &signature.variadic {
        mistakes.at(dots, "remove this: nobody passes arguments");
    }
    if !signature.generics.params.is_empty() {
        mistakes.at(
            &signature.generics,
            "remove the generics: nobody could choose them",
        );
    } else if let Some(bounds) = &signature.generics.where_clause {
        mistakes.at(bounds, "remove the `where`: there are no generics");
    }
    if kind == Kind::Main && signature.ident != "main" {
        let say = "`#[gort::main]` belongs to `fn main`; elsewhere call `gort::run(|| …)`";
        mistakes.at(&signature.ident, say);
    }
    if kind == Kind::Test
        && let Some(second) = function
            .attrs
            .iter()
            .find(|attribute| is_test_attribute(attribute))
    {
        mistakes.at(
            second,
            "remove one: `#[gort::test]` is `#[test]` already, and the test would run twice",
        );
    }
}

/// `#[test]`, under any path.
pub(super) fn is_test_attribute(attribute: &Attribute) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|last| last.ident == "test")
}
