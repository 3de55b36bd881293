//! `Chan` to tokens: one call into the facade's support module.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::Chan;
use crate::names::{hygienic, shown_at};
use crate::operand::{Given, given, message};
use crate::path::Private;

pub(super) fn expand(private: &Private, chan: Chan) -> TokenStream {
    match chan {
        Chan::Make {
            element,
            capacity: None,
        } => quote!(#private::make::<#element>(0)),
        Chan::Make {
            element,
            capacity: Some(capacity),
        } => quote!(#private::make::<#element>(#capacity)),
        Chan::Send { channel, value } => {
            let Given {
                import,
                binding,
                call,
            } = message(private, "operand", &channel, &value);
            // A `let` of its own: the value's temporaries end before the send waits.
            let at = channel.span();
            let message = hygienic("message", at);
            let send = quote_spanned!(shown_at(at)=> let #message = #call; #message.send());
            quote!({ #import #binding #send })
        }
        Chan::Receive { channel } => {
            let Given {
                import,
                binding,
                call,
            } = given(private, "operand", "recv", &channel);
            quote!({ #import #binding #call })
        }
    }
}
