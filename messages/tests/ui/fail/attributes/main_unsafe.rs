//! Words that do not belong to `main`.

#[gort::main]
const unsafe extern "C" fn main() {}
