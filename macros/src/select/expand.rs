//! `Select` to tokens.
//!
//! ```text
//! {
//!     use $crate::__private::recv_arm as __gort_recv_arm;      // see `operand::given`
//!     use $crate::__private::sending as __gort_sending;
//!     enum __GortChosen<T0> { Arm0(T0), Arm1, Default }
//!     let chosen = {
//!         let operand0 = &rx;                                  // every operand once, in source order
//!         let mut arm0 = __gort_recv_arm(operand0);
//!         let operand1 = &tx;
//!         let mut arm1 = keep(Message { to: __gort_sending(operand1), value: value }).arm();
//!         let index = $crate::__private::select([&mut arm0, &mut arm1], false, true, false);
//!         match index {
//!             0usize => __GortChosen::Arm0(arm0.take()),
//!             1usize => { arm1.finish(); __GortChosen::Arm1 }
//!             $crate::__private::DEFAULT => __GortChosen::Default,
//!             _ => $crate::__private::unreachable_arm(),
//!         }
//!     };                                                       // operands and arms end here
//!     match chosen {
//!         __GortChosen::Arm0(v) => body0,
//!         __GortChosen::Arm1 => body1,
//!         __GortChosen::Default => body2,
//!     }
//! }
//! ```
//!
//! Choosing and running are apart, so the bodies are plain code in the user's function (`break`,
//! `?` and labels work, and no operand is still borrowed). Each operand and each value has a `let`
//! of its own, which ends its temporaries before the next one is evaluated: see [`given`]. All
//! names are hygienic but the enum's, which is an item: it has a name that nobody else uses, and an
//! inner `select!` declares its own.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Pat;
use syn::spanned::Spanned;

use super::{Arm, Binding, Operation, Select};
use crate::names::{hygienic, shown_at};
use crate::operand::{Given, given, message, taking};
use crate::path::Private;

pub(super) fn expand(private: &Private, select: &Select) -> TokenStream {
    let Select {
        biased,
        arms,
        default,
        otherwise,
        ..
    } = select;
    if arms.is_empty() && default.is_none() && otherwise.is_none() {
        return quote!(#private::select_forever());
    }
    let chosen = Ident::new("__GortChosen", Span::call_site());
    let parts: Vec<Part> = arms
        .iter()
        .enumerate()
        .map(|(at, arm)| part(private, &chosen, at, arm))
        .collect();
    let types = parts.iter().filter_map(|part| part.parameter.as_ref());
    let variants = parts.iter().map(|part| {
        let Part {
            variant, parameter, ..
        } = part;
        match parameter {
            Some(parameter) => quote!(#variant(#parameter)),
            None => quote!(#variant),
        }
    });
    let extra: Vec<(TokenStream, Ident, &TokenStream)> = [
        default
            .as_ref()
            .map(|body| (quote!(#private::DEFAULT), format_ident!("Default"), body)),
        otherwise
            .as_ref()
            .map(|body| (quote!(#private::ELSE), format_ident!("Else"), body)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let extra_names = extra.iter().map(|(_, name, _)| name);
    let extra_choices = extra
        .iter()
        .map(|(constant, name, _)| quote!(#constant => #chosen::#name,));
    let extra_bodies = extra
        .iter()
        .map(|(_, name, body)| quote!(#chosen::#name => #body,));

    let imports: BTreeMap<&str, &TokenStream> =
        parts.iter().map(|part| (part.import.0, &part.import.1)).collect();
    let imports = imports.values();
    let makes = parts.iter().map(|part| &part.make);
    let waiting = parts.iter().map(|part| &part.waiting);
    let choices = parts.iter().map(|part| &part.choice);
    let bodies = parts.iter().map(|part| &part.body);
    let (has_default, has_else) = (default.is_some(), otherwise.is_some());
    // As in Go, a single arm that waits says so as the plain operation does.
    let wait = match (arms.as_slice(), has_default) {
        ([arm], false) => match &arm.operation {
            Operation::Send { .. } | Operation::Take { .. } => quote!(select_send),
            Operation::Receive { .. } => quote!(select_recv),
        },
        _ => quote!(select),
    };
    let value = hygienic("chosen", Span::call_site());
    let index = hygienic("index", Span::call_site());
    quote!({
        #(#imports)*
        enum #chosen<#(#types),*> { #(#variants,)* #(#extra_names),* }
        let #value = {
            #(#makes)*
            let #index = #private::#wait([#(#waiting),*], #biased, #has_default, #has_else);
            match #index {
                #(#choices)*
                #(#extra_choices)*
                _ => #private::unreachable_arm(),
            }
        };
        match #value {
            #(#bodies)*
            #(#extra_bodies)*
        }
    })
}

/// What one arm adds to each place of the expansion.
struct Part {
    variant: Ident,
    /// The variant's type parameter, if it holds a value.
    parameter: Option<Ident>,
    /// What the arm is made with, and its import.
    import: (&'static str, TokenStream),
    /// The statements that evaluate its operands and make the arm.
    make: TokenStream,
    /// `&mut arm0`, for the engine.
    waiting: TokenStream,
    /// `0usize => …,`
    choice: TokenStream,
    /// `__GortChosen::Arm0(v) => body,`
    body: TokenStream,
}

fn part(private: &Private, chosen: &Ident, at: usize, arm: &Arm) -> Part {
    let variant = format_ident!("Arm{at}");
    let index = Literal::usize_suffixed(at);
    let name = hygienic(&format!("arm{at}"), Span::call_site());
    let operand = format!("operand{at}");
    let body = &arm.body;
    let waiting = quote!(&mut #name);
    match &arm.operation {
        Operation::Take { channel, place } => {
            let Given {
                import,
                binding,
                call,
            } = taking(private, &operand, channel, place);
            Part {
                parameter: None,
                import: ("sending", import),
                make: quote_spanned!(shown_at(channel.span())=> #binding let mut #name = #call;),
                choice: quote!(#index => { #name.finish(); #chosen::#variant }),
                body: quote!(#chosen::#variant => #body,),
                waiting: quote!(#name.send()),
                variant,
            }
        }
        Operation::Send { channel, value } => {
            let Given {
                import,
                binding,
                call,
            } = message(private, &operand, channel, value);
            Part {
                parameter: None,
                import: ("sending", import),
                make: quote_spanned!(shown_at(channel.span())=> #binding let mut #name = #call.arm();),
                choice: quote!(#index => { #name.finish(); #chosen::#variant }),
                body: quote!(#chosen::#variant => #body,),
                waiting,
                variant,
            }
        }
        Operation::Receive { binding, channel } => {
            let (make, take, pattern) = receiving(binding);
            let Given {
                import,
                binding,
                call,
            } = given(private, &operand, make, channel);
            let (choice, body) = match pattern {
                None => (
                    quote!({ let _ = #name.#take(); #chosen::#variant }),
                    quote!(#chosen::#variant => #body,),
                ),
                Some(pattern) if is_plain_name(pattern) => (
                    quote!(#chosen::#variant(#name.#take()),),
                    quote!(#chosen::#variant(#pattern) => #body,),
                ),
                Some(pattern) => {
                    // If the pattern does not take everything after all, rustc shows the pattern,
                    // not the whole macro.
                    let value = hygienic("value", pattern.span());
                    let apart = quote_spanned!(shown_at(pattern.span())=> match #value { #pattern => #body });
                    (
                        quote!(#chosen::#variant(#name.#take()),),
                        quote!(#chosen::#variant(#value) => #apart,),
                    )
                }
            };
            Part {
                parameter: pattern.map(|_| format_ident!("T{at}")),
                import: (make, import),
                make: quote!(#binding let mut #name = #call;),
                choice: quote!(#index => #choice),
                body,
                waiting,
                variant,
            }
        }
    }
}

/// The constructor of a receiving arm, the method that takes its value, and the pattern for what
/// that gives.
pub(super) fn receiving(binding: &Binding) -> (&'static str, Ident, Option<&Pat>) {
    let call_site = Span::call_site();
    let (make, take, at, pattern) = match binding {
        Binding::Nothing => ("recv_arm", "take", call_site, None),
        Binding::Plain(pattern) => ("recv_arm", "take", call_site, Some(pattern)),
        // Where the type has no default, rustc shows the pattern.
        Binding::Two(pattern) => ("recv_arm", "take_or_default", pattern.span(), Some(pattern)),
        Binding::Some(pattern) => ("recv_some_arm", "take_some", call_site, Some(pattern)),
    };
    (make, Ident::new(take, shown_at(at)), pattern)
}

fn is_plain_name(pattern: &Pat) -> bool {
    let Pat::Ident(ident) = pattern else {
        return matches!(pattern, Pat::Wild(_));
    };
    ident.subpat.is_none() && !ident.ident.to_string().starts_with(char::is_uppercase)
}
