//! What lies below a stack, with either backing.

use super::pool::LocalPool;
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

/// The whole of every guard is inaccessible: between neighbours, whatever their size, and also
/// after the memory of idle ones has gone back to the kernel.
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

/// What is made at once is as good as what is made alone, and others may begin before it is finished.
#[test]
fn stacks_made_at_once_have_guards() {
    for size in [MIN_STACK, DEFAULT_STACK] {
        let mut calls = 0;
        let fibers = Fiber::new_some(size, backing::AT_ONCE, || calls += 1).expect("address space");
        assert_eq!((fibers.len(), calls), (backing::AT_ONCE, 1));
        fibers.iter().for_each(|fiber| check(fiber, size));
        assert_apart(&fibers);
        let left = backing::give_back(fibers);
        left.iter().for_each(|fiber| check(fiber, size));
        backing::give_back(left);
    }
}

/// Workers that need stacks at the same time wait for each other and take of what the other one has made: each gets its own.
#[test]
fn workers_that_need_stacks_at_once_get_their_own() {
    let size = crate::config::get().stack_size;
    let worker = || {
        let mut pool = LocalPool::default();
        let taken: Vec<_> = (0..500)
            .map(|_| pool.take(size, size).expect("address space"))
            .collect();
        pool.empty();
        taken
    };
    let fibers: Vec<Fiber> = std::thread::scope(|scope| {
        let workers = [(); 4].map(|()| scope.spawn(worker));
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a worker"))
            .collect()
    });
    assert_eq!(fibers.len(), 2000);
    fibers.iter().for_each(|fiber| check(fiber, size));
    assert_apart(&fibers);
    super::pool::give_back(fibers, size);
}

#[track_caller]
fn assert_apart(fibers: &[Fiber]) {
    let mut ranges: Vec<_> = fibers
        .iter()
        .map(|fiber| fiber.guard().start..fiber.top())
        .collect();
    ranges.sort_unstable_by_key(|range| range.start);
    assert!(
        ranges.windows(2).all(|pair| pair[0].end <= pair[1].start),
        "two share memory"
    );
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
        .flat_map(|&size| (0..8).map(move |_| Fiber::new(size).expect("address space")))
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
