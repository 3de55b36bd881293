//! What lies below a stack, with either backing.

use std::ptr::NonNull;

use super::{Body, Fiber, backing};
use crate::config::{DEFAULT_STACK, MIN_STACK};
use crate::sys::memory;

/// For fibers that are never resumed.
struct Nobody;

impl Body for Nobody {
    fn run(_: NonNull<()>) {}
}

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

/// The whole of every guard is inaccessible: between neighbours, whatever their size, and also
/// after the memory of idle ones has gone back to the kernel.
#[test]
fn a_guard_is_64_kib() {
    for size in [MIN_STACK, DEFAULT_STACK, 3 << 20] {
        let make = || Fiber::new::<Nobody>(size).expect("address space");
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

/// Where the kernel always uses huge pages, a stack's first page must not become 2 MiB. What could
/// take one is marked as not to: large stacks, and small ones that lie side by side in one mapping.
#[cfg(target_os = "linux")]
#[test]
fn a_stack_gets_no_huge_pages() {
    if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
        return;
    }
    let fibers: Vec<_> = [DEFAULT_STACK, 8 << 20]
        .iter()
        .flat_map(|&size| (0..8).map(move |_| Fiber::new::<Nobody>(size).expect("address space")))
        .collect();
    let smaps = std::fs::read_to_string("/proc/self/smaps").expect("Linux");
    let mut mappings = Vec::new();
    for line in smaps.lines() {
        let (word, rest) = line.split_once(' ').expect("two words");
        if let Some((start, end)) = word.split_once('-') {
            let [start, end] = [start, end].map(|text| usize::from_str_radix(text, 16).expect("an address"));
            mappings.push((start..end, false));
        } else if word == "VmFlags:" {
            let last = mappings.last_mut().expect("a line with addresses comes first");
            last.1 = rest.split_whitespace().any(|flag| flag == "nh");
        }
    }
    for fiber in &fibers {
        let (mapping, refuses) = mappings
            .iter()
            .find(|(mapping, _)| mapping.contains(&fiber.low()))
            .expect("a mapping");
        assert!(*refuses || mapping.len() < 2 << 20, "{mapping:x?}");
    }
    backing::give_back(fibers);
}
