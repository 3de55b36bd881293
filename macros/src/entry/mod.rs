//! `#[gort::main]` and `#[gort::test]`: a function whose body runs as a goroutine.
//!
//! The user's function moves, whole, into a function of the same name, which hands it to the
//! runtime. (Not into a closure: a closure's return type cannot be `impl Trait`.) What it returns
//! becomes an exit code inside the goroutine, as rustc does it for `main` and `#[test]`; so it need
//! not be `Send`, and `Result<(), Box<dyn Error>>` works. A function with mistakes is kept inside
//! an empty one, so that nothing else is said about it and editors still see it.

mod check;
mod leaks;
mod schedules;
mod should_panic;
#[cfg(test)]
mod tests;
mod timeout;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{AttrStyle, ItemFn, ReturnType, Visibility};

use check::Arguments;
use should_panic::Condition;
use timeout::Timeout;

use crate::error::Mistakes;
use crate::names::shown_at;
use crate::path::Private;

/// Which attribute this is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Main,
    Test,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Main => "main",
            Kind::Test => "test",
        }
    }
}

pub(crate) fn expand(kind: Kind, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let Arguments {
        path,
        timeout,
        schedules,
        bubble,
        leak_free,
    } = check::arguments(kind, arguments, &mut mistakes);
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(mistake) => {
            // Something that is no function, or a function rustc itself will complain about.
            check::no_function(kind, &item, mistake, &mut mistakes);
            let reports = mistakes.statements();
            return quote!(#reports #item);
        }
    };
    check::function(kind, &function, &mut mistakes);
    if !mistakes.is_empty() {
        return report(function, mistakes);
    }
    let private = Private::of(path);
    let (outer, inner) = apart(function);
    let (attrs, vis, name) = (&outer.attrs, &outer.vis, &outer.sig.ident);
    let is_test = (kind == Kind::Test).then(|| quote!(#[::core::prelude::v1::test]));
    let (returns, body) = match &outer.sig.output {
        ReturnType::Default => (TokenStream::new(), quote!(#name)),
        ReturnType::Type(_, result) => (
            quote!(-> ::std::process::ExitCode),
            // If the type is none that `main` may return, rustc shows it.
            quote_spanned!(shown_at(result.span())=> || ::std::process::Termination::report(#name())),
        ),
    };
    let body = match schedules {
        Some(schedules) => quote!(|| #private::explored(#schedules, #body)),
        // Every schedule is in a bubble anyway.
        None if bubble => quote!(|| #private::bubbled(#body)),
        None if leak_free => quote!(|| #private::leak_free(#body)),
        None => body,
    };
    let call = match (kind, timeout) {
        (Kind::Main, _) => quote!(#private::main(#body)),
        (Kind::Test, timeout) => {
            let timeout = match timeout {
                Timeout::Default => quote!(Default),
                Timeout::Never => quote!(Never),
                Timeout::Nanos(nanos) => quote!(Nanos(#nanos)),
            };
            let run = |function| quote!(#private::#function(#private::Timeout::#timeout, #body));
            let (plain, panics) = (run(quote!(test)), run(quote!(test_that_panics)));
            match should_panic::of(&outer.attrs) {
                None => plain,
                Some(Condition::Always) => panics,
                Some(Condition::If(condition)) => quote!(if #condition { #panics } else { #plain }),
            }
        }
    };
    quote! {
        #is_test
        #(#attrs)*
        #vis fn #name() #returns {
            #inner
            #call
        }
    }
}

/// The function's shell, and the function that moves inside: it takes the attributes that stand in
/// the body.
fn apart(mut function: ItemFn) -> (ItemFn, ItemFn) {
    let mut inner = function.clone();
    inner
        .attrs
        .retain(|attribute| matches!(attribute.style, AttrStyle::Inner(_)));
    inner.vis = Visibility::Inherited;
    function
        .attrs
        .retain(|attribute| matches!(attribute.style, AttrStyle::Outer));
    function.block.stmts.clear();
    (function, inner)
}

fn report(function: ItemFn, mistakes: Mistakes) -> TokenStream {
    let (outer, inner) = apart(function);
    let reports = mistakes.statements();
    let attrs = outer
        .attrs
        .iter()
        .filter(|attribute| !check::is_test_attribute(attribute));
    let (vis, name) = (&outer.vis, &outer.sig.ident);
    quote!(#reports #(#attrs)* #vis fn #name() { #inner })
}
