//! Port of test/chan/select.go: simple select; send values are evaluated chosen or not (GS-30,
//! GS-31, GS-55).

use std::cell::Cell;

use gort::prelude::*;

#[derive(Default)]
struct Source {
    counter: Cell<u32>,
    shift: Cell<u32>,
}

impl Source {
    fn value(&self) -> u32 {
        self.counter.set(self.counter.get() + 1);
        1 << self.shift.get()
    }

    /// Sends a value to each channel that takes one, disabling it afterwards, as Go does with nil.
    fn send(&self, mut a: Option<&Chan<u32>>, mut b: Option<&Chan<u32>>) -> u32 {
        let mut sent = 0;
        loop {
            select! {
                a <- self.value() => {
                    sent += 1;
                    a = None;
                }
                b <- self.value() => {
                    sent += 1;
                    b = None;
                }
                default => return sent,
            }
            self.shift.set(self.shift.get() + 1);
        }
    }
}

#[gort::test]
fn each_channel_takes_one_and_every_value_is_evaluated() {
    let source = Source::default();
    let a = chan!(u32, 1);
    let b = chan!(u32, 1);
    assert_eq!(source.send(Some(&a), Some(&b)), 2);
    let (av, bv) = (chan!(<-a).unwrap(), chan!(<-b).unwrap());
    assert_eq!(av | bv, 3, "bad values {av} {bv}");
    assert_eq!(source.send(Some(&a), None), 1);
    assert_eq!(source.counter.get(), 10);
}
