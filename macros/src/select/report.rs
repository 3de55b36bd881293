//! A `select!` with mistakes: the mistakes, and every body in a place where its variables have a
//! type.
//!
//! Well-formed arms keep their operands, so that editors still know the types; the names of broken
//! arms get rustc's error type, so that their bodies cause no second message.

use proc_macro2::TokenStream;
use quote::quote;

use super::expand::receiving;
use super::{Operation, Select};
use crate::error::Mistakes;
use crate::operand::{Given, given, message, taking};
use crate::path::Private;

pub(super) fn expand(private: &Private, select: Select, mistakes: Mistakes) -> TokenStream {
    let arms = select.arms.into_iter().map(|arm| {
        let body = arm.body;
        match arm.operation {
            Operation::Send { channel, value } => {
                let Given {
                    import,
                    binding,
                    call,
                } = message(private, "operand", &channel, &value);
                quote!({ #import #binding #call.arm().finish(); #body })
            }
            Operation::Take { channel, place } => {
                let Given {
                    import,
                    binding,
                    call,
                } = taking(private, "operand", &channel, &place);
                quote!({ #import #binding #call.finish(); #body })
            }
            Operation::Receive { binding, channel } => {
                let (make, take, pattern) = receiving(&binding);
                let Given {
                    import,
                    binding,
                    call,
                } = given(private, "operand", make, &channel);
                let pattern = pattern.map_or_else(|| quote!(_), |pattern| quote!(#pattern));
                quote!({ #import #binding match #call.#take() { #pattern => #body } })
            }
        }
    });
    let fallbacks = select.default.into_iter().chain(select.otherwise);
    mistakes.expression(|unknown| {
        let broken = select.broken.into_iter().map(|broken| {
            let (names, body) = (broken.names, broken.body);
            quote!({ #(let #names = #unknown;)* #body })
        });
        quote! {
            #[allow(warnings)]
            let result = match #unknown {
                #(_ => #arms,)*
                #(_ => #fallbacks,)*
                #(_ => #broken,)*
                _ => #unknown,
            };
            result
        }
    })
}
