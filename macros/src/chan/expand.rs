//! `Chan` to tokens: one call into the facade's support module.

use proc_macro2::TokenStream;
use quote::quote;

use super::Chan;
use crate::operand::borrowed;
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
            let channel = borrowed(channel);
            quote!(#private::sending(#channel).send(#value))
        }
        Chan::Receive { channel } => {
            let channel = borrowed(channel);
            quote!(#private::recv(#channel))
        }
    }
}
