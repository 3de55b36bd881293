//! `Go` to tokens.
//!
//! ```text
//! go!(name = "n"; [tx] worker(id, tx.clone()))
//! {
//!     let options = $crate::__private::options().name("n");
//!     let tx = { use $crate::__private::core::clone::Clone as _; tx.clone() };
//!     let mut callee = worker;                  // callee, receiver and arguments: now, in order, in the caller
//!     let argument0 = (id,);                    // why in a tuple: see `shown_as_written`
//!     let argument1 = (tx.clone(),);
//!     $crate::__private::go(options, move || callee(argument0.0, argument1.0))
//! }
//! ```
//!
//! Arguments that have no effect and need the parameter's type to be understood (closures,
//! literals) stay in the call. The call of `go` has the span of the user's `go!`, so that
//! `#[track_caller]` reports the user's line.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprMethodCall, Token};

use super::{Capture, Form, Go, Options};
use crate::names::{hygienic, shown_at};
use crate::operand::bare;
use crate::path::Private;

pub(super) fn expand(
    private: &Private,
    options: &Options,
    target: Option<&Expr>,
    captures: Option<&[Capture]>,
    form: Form,
) -> TokenStream {
    let mut before = TokenStream::new();
    let options = with_options(private, options, &mut before);
    let target = target.map(|target| {
        let name = hygienic("target", target.span());
        before.extend(quote! {
            #[allow(unused_imports)]
            use #private::Spawner as _;
            let #name = &#target;
        });
        name
    });
    let stays = match &form {
        Form::Method(call) => inside_capture(&call.receiver, captures.unwrap_or_default()),
        _ => None,
    };
    before.extend(bind(private, captures.unwrap_or_default(), stays));
    let closure = match form {
        Form::Block(block) => {
            let at = block.span();
            quote_spanned!(shown_at(at)=> move || #block)
        }
        Form::Closure(Expr::Closure(mut closure)) => {
            // What is not in the capture list is moved, as in a block.
            if captures.is_some() && closure.capture.is_none() {
                closure.capture = Some(Token![move](closure.or1_token.spans[0]));
            }
            quote!(#closure)
        }
        Form::Closure(value) => quote!(#value),
        Form::Call(call) => self::call(call, &mut before),
        Form::Method(call) => method(private, call, stays.is_some(), &mut before),
    };
    let spawn = match target {
        // A method call finds the target through references and smart pointers.
        Some(target) => {
            let start = Ident::new("spawn_goroutine", shown_at(target.span()));
            quote!(#target.#start(#options, #closure))
        }
        None => quote!(#private::go(#options, #closure)),
    };
    if before.is_empty() {
        spawn
    } else {
        quote!({ #before #spawn })
    }
}

/// The user's own code in a `go!` with mistakes, as the end of a block.
pub(super) fn keep(private: &Private, go: &Go, unknown: &Ident) -> TokenStream {
    let lost = &go.lost;
    let clones = bind(private, go.captures.as_deref().unwrap_or_default(), None);
    let form = match &go.form {
        Some(Form::Block(block)) => quote!(let _ = move || #block;),
        Some(Form::Closure(closure)) => quote!(let _ = #closure;),
        Some(Form::Call(call)) => quote!(let _ = #call;),
        Some(Form::Method(call)) => quote!(let _ = #call;),
        None => TokenStream::new(),
    };
    quote! {
        #(#[allow(warnings)] let #lost = #unknown;)*
        #clones
        #form
        #unknown
    }
}

fn with_options(private: &Private, options: &Options, before: &mut TokenStream) -> TokenStream {
    let Options { name, stack } = options;
    if name.is_none() && stack.is_none() {
        return quote!(#private::options());
    }
    let set_name = name
        .iter()
        .map(|name| quote_spanned!(shown_at(name.span())=> .name(#name)));
    let set_stack = stack
        .iter()
        .map(|stack| quote_spanned!(shown_at(stack.span())=> .stack(#stack)));
    let options = hygienic("options", Span::call_site());
    before.extend(quote!(let #options = #private::options() #(#set_name)* #(#set_stack)*;));
    quote!(#options)
}

/// The variables of a capture list. Clones and values are made in order, like arguments: none sees
/// the variables of the others. A method may be called on the one called `receiver`, so it is
/// `mut`.
fn bind(private: &Private, captures: &[Capture], receiver: Option<&Ident>) -> TokenStream {
    let only_clones = captures.iter().all(|capture| capture.value.is_none());
    let mut made = TokenStream::new();
    let mut names = TokenStream::new();
    for (at, capture) in captures.iter().enumerate() {
        let Capture { is_mut, name, value } = capture;
        let is_mut = if *is_mut {
            let word = Token![mut](name.span());
            quote!(#word)
        } else if receiver == Some(name) {
            quote!(mut)
        } else {
            TokenStream::new()
        };
        let allow = (!capture.is_mut && receiver == Some(name)).then(|| quote!(#[allow(unused_mut)]));
        let value = match value {
            Some(value) => quote!(#value),
            None => clone(private, name),
        };
        let shown = shown_at(name.span());
        if only_clones {
            names.extend(quote_spanned!(shown=> #allow let #is_mut #name = #value;));
        } else {
            let held = hygienic(&format!("capture{at}"), name.span());
            made.extend(quote_spanned!(shown=> let #held = #value;));
            names.extend(quote_spanned!(shown=> #allow let #is_mut #name = #held;));
        }
    }
    quote!(#made #names)
}

/// A clone of the variable. `tx.clone()` as a method, so that a `&Sender` gives a `Sender`; the
/// trait is named by its path, in case that the user's module has no `Clone`.
fn clone(private: &Private, name: &Ident) -> TokenStream {
    quote_spanned! {shown_at(name.span())=>
        {
            #[allow(unused_imports)]
            use #private::core::clone::Clone as _;
            #name.clone()
        }
    }
}

fn call(call: ExprCall, before: &mut TokenStream) -> TokenStream {
    let at = shown_at(call.span());
    let ExprCall { func, args, .. } = call;
    let callee = match *func {
        Expr::Path(path) if path.path.get_ident().is_none() => quote!(#path),
        Expr::Closure(_) => quote!(#func),
        Expr::Paren(paren) if matches!(*paren.expr, Expr::Closure(_)) => quote!(#paren),
        func => {
            let callee = bare(&func);
            mutable("callee", quote!(#callee), func.span(), before)
        }
    };
    let arguments = arguments(args, before);
    quote_spanned!(at=> move || #callee(#arguments))
}

fn method(private: &Private, call: ExprMethodCall, stays: bool, before: &mut TokenStream) -> TokenStream {
    let at = shown_at(call.span());
    let ExprMethodCall {
        receiver,
        method,
        turbofish,
        args,
        ..
    } = call;
    let receiver = if stays {
        quote!(#receiver)
    } else if is_part(&receiver) {
        // Through `keep`, or rustc offers to borrow what cannot be moved, and shows that at the
        // whole call.
        let part = bare(&receiver);
        mutable("receiver", quote!(#private::keep(#part)), receiver.span(), before)
    } else {
        let whole = bare(&receiver);
        mutable("receiver", quote!(#whole), receiver.span(), before)
    };
    let arguments = arguments(args, before);
    quote_spanned!(at=> move || #receiver.#method #turbofish(#arguments))
}

/// Evaluates a callee or a receiver. `mut`, since calling may need that (`FnMut`, `&mut self`) and
/// the value was moved here.
fn mutable(name: &str, value: TokenStream, at: Span, before: &mut TokenStream) -> TokenStream {
    let name = hygienic(name, at);
    before.extend(quote! {
        #[allow(unused_mut)]
        let mut #name = #value;
    });
    quote!(#name)
}

/// The captured variable that `receiver` is a field of: `[shared] shared.1.notify_all()`. It stays
/// in the closure, since what `shared` points to cannot be moved out; and nobody can tell when it
/// is evaluated, because the goroutine owns `shared`.
fn inside_capture<'a>(receiver: &Expr, captures: &'a [Capture]) -> Option<&'a Ident> {
    match bare(receiver) {
        Expr::Field(field) => match bare(&field.base) {
            Expr::Path(path) => {
                let variable = path.path.get_ident()?;
                captures
                    .iter()
                    .map(|capture| &capture.name)
                    .find(|name| *name == variable)
            }
            base => inside_capture(base, captures),
        },
        _ => None,
    }
}

/// Whether it is a field, an element or what a reference points to.
fn is_part(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Field(_) | Expr::Index(_) => true,
        Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Deref(_)),
        _ => false,
    }
}

fn arguments(arguments: Punctuated<Expr, Token![,]>, before: &mut TokenStream) -> TokenStream {
    let evaluated = arguments.iter().enumerate().map(|(at, argument)| {
        if matches!(argument, Expr::Closure(_) | Expr::Lit(_)) {
            return quote!(#argument);
        }
        if is_variable_or_clone(argument) {
            return shown_as_written(at, argument, before);
        }
        let name = hygienic(&format!("argument{at}"), argument.span());
        before.extend(quote!(let #name = #argument;));
        quote!(#name)
    });
    let evaluated: Vec<TokenStream> = evaluated.collect();
    quote!(#(#evaluated),*)
}

/// Evaluates an argument, and gives it to the call as if the user had written it there. Or else,
/// when it has another type than the parameter's, what rustc suggests to add to it (`.into()`, for
/// a channel where a half is wanted) is added to the whole `go!`.
///
/// In a tuple, since `argument.0` is shown from its first token to its second: so rustc shows all
/// of the user's argument.
///
/// Not for arguments that may borrow: rustc would take our variable for the one that does not live
/// long enough.
fn shown_as_written(at: usize, argument: &Expr, before: &mut TokenStream) -> TokenStream {
    let first = argument.span();
    let last = argument.to_token_stream().into_iter().last();
    let name = Ident::new(&format!("__gort_argument{at}"), first);
    let mut value = Literal::usize_unsuffixed(0);
    value.set_span(last.map_or(first, |last| last.span()));
    before.extend(quote!(let #name = (#argument,);));
    quote!(#name.#value)
}

/// `jobs`, `self.jobs.clone()`
fn is_variable_or_clone(argument: &Expr) -> bool {
    match argument {
        Expr::Path(path) => path.path.get_ident().is_some(),
        Expr::MethodCall(call) => call.method == "clone" && call.args.is_empty() && call.attrs.is_empty(),
        _ => false,
    }
}
