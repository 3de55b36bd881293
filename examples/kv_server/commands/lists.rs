//! Lists.

use std::collections::VecDeque;

use super::{Call, Done};

type List = VecDeque<Vec<u8>>;

pub(super) fn lpush(call: &mut Call<'_>) -> Done {
    push(call, List::push_front)
}

pub(super) fn rpush(call: &mut Call<'_>) -> Done {
    push(call, List::push_back)
}

fn push(call: &mut Call<'_>, one: fn(&mut List, Vec<u8>)) -> Done {
    let values = call.request.from(2);
    let length = call
        .store()
        .shard(call.key())
        .make(call.key(), call.now, |list: &mut List| {
            values.for_each(|value| one(list, value.to_vec()));
            Ok(list.len())
        })?;
    call.out.count(length);
    Ok(())
}

pub(super) fn lpop(call: &mut Call<'_>) -> Done {
    pop(call, List::pop_front)
}

pub(super) fn rpop(call: &mut Call<'_>) -> Done {
    pop(call, List::pop_back)
}

/// One value; or, with a count, a list of so many.
fn pop(call: &mut Call<'_>, one: fn(&mut List) -> Option<Vec<u8>>) -> Done {
    let count = call.how_many()?;
    let popped = call
        .store()
        .shard(call.key())
        .change(call.key(), call.now, |list: &mut List| {
            let count = count.unwrap_or(1).min(list.len());
            (0..count).filter_map(|_| one(list)).collect::<Vec<_>>()
        })?;
    match (popped, count) {
        (None, None) => call.out.null(),
        (None, Some(_)) => call.out.null_array(),
        (Some(values), None) => call.out.maybe_bulk(values.first().map(Vec::as_slice)),
        (Some(values), Some(_)) => {
            call.out.array(values.len());
            for value in values {
                call.out.bulk(&value);
            }
        }
    }
    Ok(())
}

pub(super) fn llen(call: &mut Call<'_>) -> Done {
    let mut shard = call.store().shard(call.key());
    let list = shard.look::<List>(call.key(), call.now)?;
    call.out.count(list.map_or(0, List::len));
    Ok(())
}

/// From one place to another, with both; negative ones count from the end.
pub(super) fn lrange(call: &mut Call<'_>) -> Done {
    let (first, last) = (call.integer(2)?, call.integer(3)?);
    let mut shard = call.store().shard(call.key());
    let Some(list) = shard.look::<List>(call.key(), call.now)? else {
        call.out.array(0);
        return Ok(());
    };
    let length = list.len() as i64;
    let place = |n: i64| if n < 0 { n.saturating_add(length) } else { n };
    let (first, end) = (place(first).max(0), place(last).saturating_add(1).min(length));
    if first >= end {
        call.out.array(0);
        return Ok(());
    }
    let (first, end) = (first as usize, end as usize);
    call.out.array(end - first);
    for value in list.range(first..end) {
        call.out.bulk(value);
    }
    Ok(())
}
