//! What lies below a stack, with either backing.

use super::{Fiber, backing};
use crate::config::{DEFAULT_STACK, MIN_STACK};
use crate::sys::memory;

#[track_caller]
fn check(fiber: &Fiber, size: usize) {
    assert_eq!(fiber.size(), size);
    assert!(memory::is_accessible(fiber.low()), "the lowest byte");
    assert!(memory::is_accessible(fiber.top() - 1), "the highest one");
    let guard = fiber.guard();
    assert!(guard.len() >= 64 << 10 && guard.end == fiber.low());
    for address in guard.clone().step_by(memory::page_size()).chain([guard.end - 1]) {
        assert!(
            !memory::is_accessible(address),
            "{} bytes below the stack",
            guard.end - address
        );
    }
}

/// The whole of every guard is inaccessible: between neighbours, whatever their size, and also after the memory of idle ones has
/// gone back to the kernel.
#[test]
fn a_guard_is_64_kib() {
    for size in [MIN_STACK, DEFAULT_STACK, 3 << 20] {
        let make = || Fiber::new(size).expect("address space");
        // More than lie side by side when they are ended, and fewer.
        let mut fibers: Vec<_> = (0..40).map(|_| make()).collect();
        fibers.iter().for_each(|fiber| check(fiber, size));
        for count in [5, 30] {
            let left = backing::give_back(fibers.split_off(fibers.len() - count));
            left.iter().for_each(|fiber| check(fiber, size));
            fibers.extend(left);
            fibers.extend((0..count).map(|_| make()));
            fibers.iter().for_each(|fiber| check(fiber, size));
        }
        backing::give_back(fibers);
    }
}
