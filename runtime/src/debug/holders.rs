//! Who holds a mutex: it remembers where it was locked, and in whose stack that is tells who did.

use crate::debug::goroutine::Goroutine;

/// Fills in who holds what the others wait for.
pub(super) fn find(all: &mut [Goroutine]) {
    let locked_in = |goroutine: &Goroutine| goroutine.objects.iter().any(|object| object.locked_in.is_some());
    if !all.iter().any(locked_in) {
        return;
    }
    let mut stacks: Vec<(usize, usize, u64)> = all
        .iter()
        .map(|goroutine| {
            (
                goroutine.reach.stack.start,
                goroutine.reach.stack.end,
                goroutine.id,
            )
        })
        .collect();
    stacks.sort_unstable();
    let owner = |address: usize| {
        let after = stacks.partition_point(|stack| stack.0 <= address);
        let stack = stacks[..after].last()?;
        (address < stack.1).then_some(stack.2)
    };
    let objects = all.iter_mut().flat_map(|goroutine| &mut goroutine.objects);
    for object in objects {
        object.holder = object.locked_in.and_then(owner);
    }
}
