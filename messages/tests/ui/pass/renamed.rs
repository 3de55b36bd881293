//! A dependency under another name: the macros need nothing, the attributes are told by `crate = path`.

pub extern crate gort as renamed;

mod gort {
    // Not the crate.
}

pub mod inner {
    pub use crate::renamed as again;
}

fn send(tx: renamed::Sender<u8>) {
    renamed::chan!(tx <- 1);
}

#[renamed::main(crate = renamed)]
fn main() {
    let ch = renamed::chan!(u8);
    renamed::go!(send(ch.tx()));
    renamed::select! { Some(v) = <-ch => assert_eq!(v, 1) }
}

#[renamed::test(crate = "renamed")]
fn as_a_string() {}

#[renamed::test(crate = crate::inner::again)]
fn as_a_path() {}
