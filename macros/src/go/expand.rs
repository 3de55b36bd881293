//! `Go` to tokens.
//!
//! ```text
//! go!(name = "n"; [tx] worker(id, tx.clone()))
//! {
//!     let options = $crate::__private::options().name("n");
//!     let tx = { use $crate::__private::core::clone::Clone as _; tx.clone() };
//!     let mut callee = worker;                  // callee, receiver and arguments: now, in order, in the caller
//!     let argument0 = id;
//!     let argument1 = tx.clone();
//!     $crate::__private::go(options, move || callee(argument0, argument1))
//! }
//! ```
//!
//! Arguments that have no effect and need the parameter's type to be understood (closures, literals) stay in the call.
//! The call of `go` has the span of the user's `go!`, so that `#[track_caller]` reports the user's line.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
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
    before.extend(bind(private, captures.unwrap_or_default()));
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
        Form::Method(call) => method(call, &mut before),
    };
    let spawn = match target {
        // A method call finds the target through references and smart pointers.
        Some(target) => quote!(#target.spawn_goroutine(#options, #closure)),
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
    let clones = bind(private, go.captures.as_deref().unwrap_or_default());
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

/// The variables of a capture list. Clones and values are made in order, like arguments: none sees the variables of the others.
fn bind(private: &Private, captures: &[Capture]) -> TokenStream {
    let only_clones = captures.iter().all(|capture| capture.value.is_none());
    let mut made = TokenStream::new();
    let mut names = TokenStream::new();
    for (at, Capture { is_mut, name, value }) in captures.iter().enumerate() {
        let is_mut = is_mut.then(|| Token![mut](name.span()));
        let value = match value {
            Some(value) => quote!(#value),
            None => clone(private, name),
        };
        let shown = shown_at(name.span());
        if only_clones {
            names.extend(quote_spanned!(shown=> let #is_mut #name = #value;));
        } else {
            let held = hygienic(&format!("capture{at}"), name.span());
            made.extend(quote_spanned!(shown=> let #held = #value;));
            names.extend(quote_spanned!(shown=> let #is_mut #name = #held;));
        }
    }
    quote!(#made #names)
}

/// A clone of the variable. `tx.clone()` as a method, so that a `&Sender` gives a `Sender`; the trait is named by its path, in case
/// that the user's module has no `Clone`.
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
        func => mutable("callee", &func, before),
    };
    let arguments = arguments(args, before);
    quote_spanned!(at=> move || #callee(#arguments))
}

fn method(call: ExprMethodCall, before: &mut TokenStream) -> TokenStream {
    let at = shown_at(call.span());
    let ExprMethodCall {
        receiver,
        method,
        turbofish,
        args,
        ..
    } = call;
    let receiver = mutable("receiver", &receiver, before);
    let arguments = arguments(args, before);
    quote_spanned!(at=> move || #receiver.#method #turbofish(#arguments))
}

/// Evaluates a callee or a receiver. `mut`, since calling may need that (`FnMut`, `&mut self`) and the value was moved here.
fn mutable(name: &str, value: &Expr, before: &mut TokenStream) -> TokenStream {
    let name = hygienic(name, value.span());
    let value = bare(value);
    before.extend(quote! {
        #[allow(unused_mut)]
        let mut #name = #value;
    });
    quote!(#name)
}

fn arguments(arguments: Punctuated<Expr, Token![,]>, before: &mut TokenStream) -> TokenStream {
    let evaluated = arguments.iter().enumerate().map(|(at, argument)| {
        if matches!(argument, Expr::Closure(_) | Expr::Lit(_)) {
            return quote!(#argument);
        }
        let name = hygienic(&format_ident!("argument{at}").to_string(), argument.span());
        before.extend(quote!(let #name = #argument;));
        quote!(#name)
    });
    let evaluated: Vec<TokenStream> = evaluated.collect();
    quote!(#(#evaluated),*)
}
