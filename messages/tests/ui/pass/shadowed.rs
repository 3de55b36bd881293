//! Items of the user's with the names of std's do no harm.
#![allow(dead_code, non_camel_case_types, unused_macros)]

mod std {}
mod core {}
mod alloc {}
mod gort_macros {}

enum Option {
    Some,
    None,
}
struct Result;
struct Box;
struct String;
struct Vec;
struct usize;
struct bool;
trait Clone {}
trait Copy {}
trait Default {}
trait Send {}
trait Sized {}
trait FnOnce {}
trait Drop {}
trait Into {}
trait Iterator {}
struct Some(u8);
struct None;
struct Ok(u8);
struct Err(u8);
fn drop() {}
macro_rules! panic {
    () => {};
}
macro_rules! unreachable {
    () => {};
}

mod gort {
    // The crate is `::gort`.
}

fn double(n: u8) -> u8 {
    n + n
}

#[::gort::main]
fn main() {
    let ch = ::gort::chan!(u8, 2);
    ::gort::chan!(ch <- 1);
    let Some(_) = Some(0);
    let one = ::gort::chan!(<-ch);
    assert!(one.is_some());

    assert!(::gort::go!(double(2)).join().is_ok());
    assert!(::gort::go!([ch] { ::gort::chan!(ch <- 4); }).join().is_ok());
    assert!(::gort::go!(name = "n"; [ch] move || ch.len()).join().is_ok());

    let mut seen = 0;
    ::gort::select! {
        v = <-ch => seen = v.unwrap_or(0),
        default => {}
    }
    assert_eq!(seen, 4);
    ::gort::select! {
        ch <- 6 => {}
        else => {}
    }
    ::gort::select! { (v, ok) = <-ch => assert!(v == 6 && ok) }
    ::gort::chan!(ch <- 7);
    ::gort::select! { Some(v) = <-ch => assert_eq!(v, 7), else => {} }
}
