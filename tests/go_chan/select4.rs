//! Port of test/chan/select4.go: the place a value goes to is looked for only if that arm is chosen
//! (GS-57).

use gort::prelude::*;

fn place() -> &'static mut u32 {
    panic!("BUG: looked for the place of an arm that was not chosen");
}

#[gort::test]
fn select_proceeds_when_a_value_is_ready() {
    let mut x = 0;
    let c = chan!(u32, 1);
    let c1 = chan!(u32);
    chan!(c <- 42);
    select! {
        v = <-c1 => *place() = v.unwrap(),
        v = <-c => x = v.unwrap(),
    }
    assert_eq!(x, 42);
}
