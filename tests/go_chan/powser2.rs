//! Port of test/chan/powser2.go: like powser1, with channels of interface values (GS-19).

use std::any::Any;

use super::powser::{self, Item};
use super::rat::Rat;

/// Go's `type item interface { … }`: what a channel element is behind the trait object is found out
/// at run time.
trait Interface: Any + Send {
    fn same(&self, other: &dyn Interface) -> bool;
    fn as_any(&self) -> &dyn Any;
}

impl Interface for Rat {
    fn same(&self, other: &dyn Interface) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Item for Box<dyn Interface> {
    fn of(rat: Rat) -> Box<dyn Interface> {
        Box::new(rat)
    }

    fn rat(&self) -> Rat {
        // Through the box to the value inside: `self.as_any()` on the box itself would do the same,
        // less visibly.
        let item: &dyn Interface = &**self;
        let rat = *item
            .as_any()
            .downcast_ref::<Rat>()
            .expect("only rationals are sent");
        assert!(item.same(&rat));
        rat
    }
}

#[gort::test]
fn series_of_interfaces() {
    powser::test::<Box<dyn Interface>>();
}
