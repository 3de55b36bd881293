//! Go's `:=`.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v := <-a => println!("{v:?}"),
        v, ok := <-b => println!("{v:?} {ok}"),
    }
}
