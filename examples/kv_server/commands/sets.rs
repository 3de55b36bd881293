//! Sets.

use std::collections::HashSet;

use super::{Call, Done};

type Set = HashSet<Vec<u8>>;

pub(super) fn sadd(call: &mut Call<'_>) -> Done {
    let members = call.request.from(2);
    let added = call
        .store()
        .shard(call.key())
        .make(call.key(), call.now, |set: &mut Set| {
            Ok(members.filter(|member| set.insert(member.to_vec())).count())
        })?;
    call.out.count(added);
    Ok(())
}

pub(super) fn srem(call: &mut Call<'_>) -> Done {
    let members = call.request.from(2);
    let removed = call
        .store()
        .shard(call.key())
        .change(call.key(), call.now, |set: &mut Set| {
            members.filter(|&member| set.remove(member)).count()
        })?;
    call.out.count(removed.unwrap_or(0));
    Ok(())
}

/// Any member, which is none of anybody's choice; or, with a count, so many.
pub(super) fn spop(call: &mut Call<'_>) -> Done {
    let count = call.how_many()?;
    let popped = call
        .store()
        .shard(call.key())
        .change(call.key(), call.now, |set: &mut Set| {
            let some: Vec<_> = set.iter().take(count.unwrap_or(1)).cloned().collect();
            for member in &some {
                set.remove(member);
            }
            // Looking for a member of a table that is mostly empty would take longer and longer.
            if set.len() * 8 < set.capacity() {
                set.shrink_to(set.len() * 2);
            }
            some
        })?
        .unwrap_or_default();
    match count {
        None => call.out.maybe_bulk(popped.first().map(Vec::as_slice)),
        Some(_) => {
            call.out.array(popped.len());
            for member in popped {
                call.out.bulk(&member);
            }
        }
    }
    Ok(())
}

pub(super) fn scard(call: &mut Call<'_>) -> Done {
    let mut shard = call.store().shard(call.key());
    let set = shard.look::<Set>(call.key(), call.now)?;
    call.out.count(set.map_or(0, Set::len));
    Ok(())
}

pub(super) fn sismember(call: &mut Call<'_>) -> Done {
    let mut shard = call.store().shard(call.key());
    let set = shard.look::<Set>(call.key(), call.now)?;
    let is = set.is_some_and(|set| set.contains(call.arg(2)));
    call.out.integer(is.into());
    Ok(())
}

pub(super) fn smembers(call: &mut Call<'_>) -> Done {
    let mut shard = call.store().shard(call.key());
    let set = shard.look::<Set>(call.key(), call.now)?;
    call.out.array(set.map_or(0, Set::len));
    for member in set.into_iter().flatten() {
        call.out.bulk(member);
    }
    Ok(())
}
