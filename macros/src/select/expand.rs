//! `Select` to tokens.
//!
//! ```text
//! {
//!     enum __GortChosen<T0> { Arm0(T0), Arm1, Default }
//!     let chosen = match (&rx, &tx, value) {                   // every operand once, in source order
//!         (channel0, channel1, value1) => {
//!             let mut arm0 = $crate::__private::recv_arm(channel0);
//!             let mut arm1 = $crate::__private::send_arm(channel1, value1);
//!             match $crate::__private::select([&mut arm0, &mut arm1], false, true, false) {
//!                 0usize => __GortChosen::Arm0(arm0.take()),
//!                 1usize => { arm1.finish(); __GortChosen::Arm1 }
//!                 $crate::__private::DEFAULT => __GortChosen::Default,
//!                 _ => $crate::__private::unreachable_arm(),
//!             }
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
//! Choosing and running are apart, so the bodies are plain code in the user's function (`break`, `?` and labels work, and
//! no operand is still borrowed), while the operands' temporaries live until the choice is made. The inner `match` binds
//! them (instead of `let`) for that reason. All names are hygienic but the enum's, which is an item: it has a name that
//! nobody else uses, and an inner `select!` declares its own.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Pat;
use syn::spanned::Spanned;

use super::{Arm, Binding, Operation, Select};
use crate::operand::borrowed;
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

    let operands = parts.iter().map(|part| &part.operands);
    let names = parts.iter().map(|part| &part.names);
    let declare = parts.iter().map(|part| &part.declare);
    let arm_names = parts.iter().map(|part| &part.arm);
    let choices = parts.iter().map(|part| &part.choice);
    let bodies = parts.iter().map(|part| &part.body);
    let (has_default, has_else) = (default.is_some(), otherwise.is_some());
    let value = hygienic("chosen", Span::call_site());
    quote!({
        enum #chosen<#(#types),*> { #(#variants,)* #(#extra_names),* }
        let #value = match (#(#operands)*) {
            (#(#names)*) => {
                #(#declare)*
                match #private::select([#(&mut #arm_names),*], #biased, #has_default, #has_else) {
                    #(#choices)*
                    #(#extra_choices)*
                    _ => #private::unreachable_arm(),
                }
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
    /// `&channel,` or `&channel, value,`
    operands: TokenStream,
    /// Names for the operands.
    names: TokenStream,
    arm: Ident,
    /// `let mut arm0 = …;`
    declare: TokenStream,
    /// `0usize => …,`
    choice: TokenStream,
    /// `__GortChosen::Arm0(v) => body,`
    body: TokenStream,
}

fn part(private: &Private, chosen: &Ident, at: usize, arm: &Arm) -> Part {
    let variant = format_ident!("Arm{at}");
    let index = Literal::usize_suffixed(at);
    let name = hygienic(&format!("arm{at}"), Span::call_site());
    let body = &arm.body;
    match &arm.operation {
        Operation::Send { channel, value } => {
            let to = hygienic(&format!("channel{at}"), channel.span());
            let what = hygienic(&format!("value{at}"), value.span());
            let channel = borrowed(channel.clone());
            Part {
                parameter: None,
                operands: quote!(#channel, #value,),
                names: quote!(#to, #what,),
                declare: quote!(let mut #name = #private::send_arm(#to, #what);),
                choice: quote!(#index => { #name.finish(); #chosen::#variant }),
                body: quote!(#chosen::#variant => #body,),
                arm: name,
                variant,
            }
        }
        Operation::Receive { binding, channel } => {
            let from = hygienic(&format!("channel{at}"), channel.span());
            let channel = borrowed(channel.clone());
            let (make, take, pattern) = receiving(binding);
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
                    // If the pattern does not take everything after all, rustc shows the pattern, not the whole macro.
                    let value = hygienic("value", pattern.span());
                    let apart = quote_spanned!(pattern.span()=> match #value { #pattern => #body });
                    (
                        quote!(#chosen::#variant(#name.#take()),),
                        quote!(#chosen::#variant(#value) => #apart,),
                    )
                }
            };
            Part {
                parameter: pattern.map(|_| format_ident!("T{at}")),
                operands: quote!(#channel,),
                names: quote!(#from,),
                declare: quote!(let mut #name = #private::#make(#from);),
                choice: quote!(#index => #choice),
                body,
                arm: name,
                variant,
            }
        }
    }
}

/// The constructor of a receiving arm, the method that takes its value, and the pattern for what that gives.
pub(super) fn receiving(binding: &Binding) -> (Ident, Ident, Option<&Pat>) {
    let call_site = Span::call_site();
    let (make, take, at, pattern) = match binding {
        Binding::Nothing => ("recv_arm", "take", call_site, None),
        Binding::Plain(pattern) => ("recv_arm", "take", call_site, Some(pattern)),
        // Where the type has no default, rustc shows the pattern.
        Binding::Two(pattern) => ("recv_arm", "take_or_default", pattern.span(), Some(pattern)),
        Binding::Some(pattern) => ("recv_some_arm", "take_some", call_site, Some(pattern)),
    };
    (
        Ident::new(make, call_site),
        Ident::new(take, call_site.located_at(at)),
        pattern,
    )
}

fn is_plain_name(pattern: &Pat) -> bool {
    let Pat::Ident(ident) = pattern else {
        return matches!(pattern, Pat::Wild(_));
    };
    ident.subpat.is_none() && !ident.ident.to_string().starts_with(char::is_uppercase)
}

/// A name that the user's code cannot see, shown at `at` in rustc's messages.
fn hygienic(name: &str, at: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(at))
}
