//! A `crate` that is no path.

mod a {
    #[gort::main(crate = 5)]
    fn main() {}
}

#[gort::main(crate)]
fn main() {}
