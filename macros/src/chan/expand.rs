//! `Chan` to tokens: one call into the facade's support module.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::Chan;
use crate::names::shown_at;
use crate::operand::{Given, given};
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
            let Given { import, call } = given(private, "sending", &channel);
            let send = quote_spanned!(shown_at(channel.span())=> #call.send(#value));
            quote!({ #import #send })
        }
        Chan::Receive { channel } => {
            let Given { import, call } = given(private, "recv", &channel);
            quote!({ #import #call })
        }
    }
}
