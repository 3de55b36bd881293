//! A generic `main`.

#[gort::main]
fn main<T: Default>() {
    drop(T::default());
}
