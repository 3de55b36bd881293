//! One side of an arrow: a channel or a value, as an expression.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::Expr;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;

use crate::arrow::{find_arrow, is_punct, is_word, mistyped, stream};
use crate::names::{hygienic, shown_at};
use crate::path::Private;

/// Parses all of `tokens` as one expression. `what` names it in messages ("the channel", "the value").
///
/// The caller has made sure that there is at least one token.
pub(crate) fn operand(tokens: &[TokenTree], what: &str) -> syn::Result<Expr> {
    if let Some(at) = find_arrow(tokens) {
        let say = "a second `<-`: one operation has one arrow. Receive first, `let v = chan!(<-rx);` (an `Option`); \
                   for a comparison put a space: `a < -b`";
        return Err(syn::Error::new_spanned(stream(&tokens[at..at + 2]), say));
    }
    let (expr, rest) = match parse_front.parse2(stream(tokens)) {
        Ok(parsed) => parsed,
        Err(mistake) => return Err(explain(tokens, mistake)),
    };
    if rest.is_empty() {
        return Ok(expr);
    }
    let say = if is_word(&rest, 0, "if") {
        "an arm has no guard; as in Go, switch it off by its channel: `v = <-cond.then_some(&rx) => …` (`None` is never \
         ready)"
            .to_owned()
    } else if is_punct(&rest, 0, ',') && what == "the capacity" {
        "a channel has one capacity: `chan!(T, capacity)`".to_owned()
    } else if is_punct(&rest, 0, ',') {
        format!("{what} is one expression; for several values make a tuple: `(a, b)`")
    } else if is_punct(&rest, 0, ';') {
        "remove this `;`".to_owned()
    } else if let Some((_, say)) = mistyped(&rest) {
        say.to_owned()
    } else {
        format!("{what} ends before this: is an operator or a comma missing?")
    };
    let shown = if rest.len() > 1 && is_word(&rest, 0, "if") {
        &rest[..]
    } else {
        &rest[..1]
    };
    Err(syn::Error::new_spanned(stream(shown), say))
}

/// The expression at the front, and the tokens after it.
fn parse_front(input: ParseStream<'_>) -> syn::Result<(Expr, Vec<TokenTree>)> {
    let expr = input.parse()?;
    let mut rest = Vec::new();
    while !input.is_empty() {
        rest.push(input.parse()?);
    }
    Ok((expr, rest))
}

/// A receive inside brackets is the usual reason why an operand does not parse: say what to write.
fn explain(tokens: &[TokenTree], mistake: syn::Error) -> syn::Error {
    for token in tokens {
        let TokenTree::Group(group) = token else { continue };
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        if let Some(at) = find_arrow(&inner) {
            let say = "inside an expression write `chan!(<-rx)` (an `Option`) to receive";
            return syn::Error::new_spanned(stream(&inner[at..at + 2]), say);
        }
    }
    mistake
}

/// `match &channel { operand => function(operand) }`, with what brings `function` of the support module into scope.
///
/// Why not `…::function(&channel)`: where that is no channel, rustc shows the argument, or, where the argument or the path of the
/// function is partly the macro's and partly not, the whole macro. Single names of our own can be shown at the operand. The
/// channel's temporaries live as long as those of an argument.
pub(crate) fn given(private: &Private, function: &str, channel: &Expr) -> Given {
    let at = channel.span();
    let operand = hygienic("operand", at);
    let local = hygienic(&format!("__gort_{function}"), at);
    let function = Ident::new(function, shown_at(at));
    let borrowed = borrowed(channel.clone());
    Given {
        import: quote!(use #private::#function as #local;),
        call: quote_spanned!(shown_at(at)=> (match #borrowed { #operand => #local(#operand) })),
    }
}

/// See [`given`].
pub(crate) struct Given {
    /// To be written once in the block around the call.
    pub(crate) import: TokenStream,
    pub(crate) call: TokenStream,
}

/// `&expr`, with parentheses where the expression needs them and only there.
fn borrowed(expr: Expr) -> Expr {
    Expr::Reference(syn::ExprReference {
        attrs: Vec::new(),
        and_token: syn::Token![&](shown_at(expr.span())),
        mutability: None,
        expr: Box::new(expr),
    })
}
