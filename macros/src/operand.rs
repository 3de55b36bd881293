//! One side of an arrow: a channel or a value, as an expression.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Expr, Token};

use crate::arrow::{find_arrow, is_punct, is_word, mistyped, stream};
use crate::names::{hygienic, shown_at};
use crate::path::Private;

/// Parses all of `tokens` as one expression. `what` names it in messages ("the channel", "the
/// value").
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

/// A channel as an operand: it is evaluated, and its temporaries have ended, before anything else
/// happens. As in Go, where `<-slot.get()` holds nothing of `get` while it waits.
///
/// | operand | expansion | |
/// |---|---|---|
/// | a place in a variable, `self.rx` | `let operand = &self.rx;` | borrowed |
/// | a value, `ctx.done()` | `let operand = keep(ctx.done());` | moved into the binding, which outlives the wait |
/// | a place in a temporary, `hub.lock().rx` | `let operand = keep(&hub.lock().rx);` | borrowck: "temporary value dropped while borrowed" |
///
/// Why `keep` (the identity): an argument of a call is never extended, while `let operand =
/// &hub.lock().rx;` or `let operand = Some(&hub.lock().rx);` would extend the guard, and hold the
/// lock while the select waits.
///
/// `name` names the binding; `function`, of the support module, gets a reference to the operand.
/// Why not `…::function(&channel)`: where that is no channel, rustc shows the argument, or, where
/// the argument or the path of the function is partly the macro's and partly not, the whole macro.
/// Single names of our own can be shown at the operand.
pub(crate) fn given(private: &Private, name: &str, function: &str, channel: &Expr) -> Given {
    let at = channel.span();
    let operand = hygienic(name, at);
    let local = hygienic(&format!("__gort_{function}"), at);
    let function = Ident::new(function, shown_at(at));
    let channel = without_borrow(channel);
    let binding = match nature(channel) {
        Nature::Place => {
            let borrowed = borrowed(channel.clone());
            quote_spanned!(shown_at(at)=> let #operand = #borrowed;)
        }
        Nature::PlaceInTemporary => {
            let borrowed = borrowed(channel.clone());
            quote_spanned!(shown_at(at)=> let #operand = #private::keep(#borrowed);)
        }
        Nature::Value => {
            quote_spanned!(shown_at(at)=> let #operand = #private::keep(#channel); let #operand = &#operand;)
        }
    };
    Given {
        import: quote!(use #private::#function as #local;),
        binding,
        call: quote_spanned!(shown_at(at)=> #local(#operand)),
    }
}

/// `tx <- value`: the channel as an operand, and the message that holds it beside the evaluated
/// value.
pub(crate) fn message(private: &Private, name: &str, channel: &Expr, value: &Expr) -> Given {
    let Given {
        import,
        binding,
        call,
    } = given(private, name, "sending", channel);
    Given {
        import,
        binding,
        call: quote_spanned!(shown_at(channel.span())=> #private::keep(#private::Message { to: #call, value: #value })),
    }
}

/// `tx <- take place`: the channel as an operand, and the arm.
pub(crate) fn taking(private: &Private, name: &str, channel: &Expr, place: &Expr) -> Given {
    let Given {
        import,
        binding,
        call,
    } = given(private, name, "sending", channel);
    let at = place.span();
    let (borrow, local) = (
        hygienic(&format!("{name}_place"), at),
        hygienic("__gort_take_arm", at),
    );
    let (function, place) = (Ident::new("take_arm", shown_at(at)), bare(place));
    Given {
        import,
        // As the receiver of a method, since a variable that is a `&mut` need not be `mut` then.
        binding: quote_spanned!(shown_at(at)=> #binding
            let #borrow = { use #private::Place as _; #place.__gort_place() };),
        call: quote_spanned!(shown_at(at)=> { use #private::#function as #local; #local(#call, #borrow) }),
    }
}

/// See [`given`].
pub(crate) struct Given {
    /// To be written once in the block around the call.
    pub(crate) import: TokenStream,
    /// The statements that evaluate the operand.
    pub(crate) binding: TokenStream,
    pub(crate) call: TokenStream,
}

/// What an expression stands for, as far as its syntax tells.
enum Nature {
    /// Something that exists anyway: it must not be moved out of.
    Place,
    /// A part of what only exists while the expression is evaluated, or what a temporary points to.
    PlaceInTemporary,
    Value,
}

fn nature(expr: &Expr) -> Nature {
    match bare(expr) {
        Expr::Path(_) => Nature::Place,
        // It may expand to either. Borrowing is right for both, but for temporaries inside, which
        // it may extend.
        Expr::Macro(_) => Nature::Place,
        part => match whole(part) {
            None => Nature::Value,
            Some(whole) if is_in_variable(whole) => Nature::Place,
            Some(_) => Nature::PlaceInTemporary,
        },
    }
}

/// Whether it is a variable, or a place in one.
pub(crate) fn is_in_variable(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Path(_) => true,
        Expr::Reference(reference) => is_in_variable(&reference.expr),
        part => whole(part).is_some_and(is_in_variable),
    }
}

/// What a place expression goes through: `x` of `x.f`, `x[i]` and `*x`.
fn whole(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Field(field) => Some(&field.base),
        Expr::Index(index) => Some(&index.expr),
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => Some(&unary.expr),
        _ => None,
    }
}

/// Without parentheses, which rustc would call unnecessary in an assignment, and without the
/// invisible ones around a `$e:expr`.
pub(crate) fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => bare(&paren.expr),
        Expr::Group(group) => bare(&group.expr),
        expr => expr,
    }
}

/// `rx` of `&rx` and `(rx)`, since it is borrowed anyway, and `&ctx.done()` would not outlive the
/// temporary.
fn without_borrow(expr: &Expr) -> &Expr {
    match bare(expr) {
        Expr::Reference(reference) => without_borrow(&reference.expr),
        expr => expr,
    }
}

/// `&expr`, with parentheses where the expression needs them and only there.
fn borrowed(expr: Expr) -> Expr {
    Expr::Reference(syn::ExprReference {
        attrs: Vec::new(),
        and_token: Token![&](shown_at(expr.span())),
        mutability: None,
        expr: Box::new(expr),
    })
}
