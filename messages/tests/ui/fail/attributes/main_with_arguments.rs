//! A `main` with arguments.

#[gort::main]
fn main(args: Vec<String>) {
    println!("{}", args.len());
}
