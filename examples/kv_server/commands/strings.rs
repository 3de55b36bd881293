//! Texts, and numbers written as texts.

use std::time::Duration;

use super::super::reply::Failure;
use super::super::request::number;
use super::super::store::{End, Shard, Value};
use super::{Call, Done};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

pub(super) fn get(call: &mut Call<'_>) -> Done {
    let mut shard = call.store().shard(call.key());
    let text = shard.look::<Vec<u8>>(call.key(), call.now)?;
    call.out.maybe_bulk(text.map(Vec::as_slice));
    Ok(())
}

pub(super) fn set(call: &mut Call<'_>) -> Done {
    let (mut end, mut only_if, mut give_old) = (End::Never, None, false);
    let mut n = 3;
    while n < call.request.len() {
        match &call.option(n)[..] {
            b"NX" if only_if.is_none() => only_if = Some(false),
            b"XX" if only_if.is_none() => only_if = Some(true),
            b"GET" => give_old = true,
            b"KEEPTTL" if end == End::Never => end = End::AsBefore,
            option @ (b"EX" | b"PX") if end == End::Never && n + 1 < call.request.len() => {
                let unit = if option == b"EX" { SECOND } else { MILLISECOND };
                n += 1;
                end = End::At(call.after(call.integer(n)?, unit, "set")?);
            }
            _ => return Err(Failure::Syntax),
        }
        n += 1;
    }
    let mut shard = call.store().shard(call.key());
    let there = shard.get(call.key(), call.now).is_some();
    let old = match give_old {
        true => shard.look::<Vec<u8>>(call.key(), call.now)?.cloned(),
        false => None,
    };
    let wanted = only_if.is_none_or(|wanted| wanted == there);
    if wanted {
        shard.put(call.key(), Value::Text(call.arg(2).to_vec()), end, call.now);
    }
    match (give_old, wanted) {
        (true, _) => call.out.maybe_bulk(old.as_deref()),
        (false, true) => call.out.ok(),
        (false, false) => call.out.null(),
    }
    Ok(())
}

pub(super) fn setnx(call: &mut Call<'_>) -> Done {
    let mut shard = call.store().shard(call.key());
    let there = shard.get(call.key(), call.now).is_some();
    if !there {
        shard.put(
            call.key(),
            Value::Text(call.arg(2).to_vec()),
            End::Never,
            call.now,
        );
    }
    call.out.integer((!there).into());
    Ok(())
}

pub(super) fn setex(call: &mut Call<'_>) -> Done {
    set_for(call, SECOND, "setex")
}

pub(super) fn psetex(call: &mut Call<'_>) -> Done {
    set_for(call, MILLISECOND, "psetex")
}

fn set_for(call: &mut Call<'_>, unit: Duration, command: &'static str) -> Done {
    let end = End::At(call.after(call.integer(2)?, unit, command)?);
    let value = Value::Text(call.arg(3).to_vec());
    call.store()
        .shard(call.key())
        .put(call.key(), value, end, call.now);
    call.out.ok();
    Ok(())
}

pub(super) fn append(call: &mut Call<'_>) -> Done {
    let length = call
        .store()
        .shard(call.key())
        .make(call.key(), call.now, |text: &mut Vec<u8>| {
            if text.len() + call.arg(2).len() > MAX_TEXT {
                return Err(Failure::Other(
                    "ERR string exceeds maximum allowed size (512MB)".to_owned(),
                ));
            }
            text.extend_from_slice(call.arg(2));
            Ok(text.len())
        })?;
    call.out.count(length);
    Ok(())
}

/// A text may grow to this.
const MAX_TEXT: usize = 512 << 20;

pub(super) fn strlen(call: &mut Call<'_>) -> Done {
    let mut shard = call.store().shard(call.key());
    let text = shard.look::<Vec<u8>>(call.key(), call.now)?;
    call.out.count(text.map_or(0, Vec::len));
    Ok(())
}

pub(super) fn incr(call: &mut Call<'_>) -> Done {
    add(call, 1)
}

pub(super) fn decr(call: &mut Call<'_>) -> Done {
    add(call, -1)
}

pub(super) fn incrby(call: &mut Call<'_>) -> Done {
    add(call, call.integer(2)?)
}

pub(super) fn decrby(call: &mut Call<'_>) -> Done {
    let less = call.integer(2)?;
    add(
        call,
        less.checked_neg()
            .ok_or(Failure::Other("ERR decrement would overflow".to_owned()))?,
    )
}

fn add(call: &mut Call<'_>, more: i64) -> Done {
    let sum = call
        .store()
        .shard(call.key())
        .make(call.key(), call.now, |text: &mut Vec<u8>| {
            // A text that was there is never empty for this: then it is no number.
            let old = match text[..] {
                [] => 0,
                _ => number(text).ok_or(Failure::NotAnInteger)?,
            };
            let sum = old.checked_add(more).ok_or(Failure::Overflow)?;
            *text = sum.to_string().into_bytes();
            Ok(sum)
        })?;
    call.out.integer(sum);
    Ok(())
}

pub(super) fn mget(call: &mut Call<'_>) -> Done {
    let keys = call.request.from(1);
    let mut shards = call.store().shards(keys.clone());
    call.out.array(keys.len());
    for key in keys {
        let text = shards.shard(key).look::<Vec<u8>>(key, call.now);
        // What is no text counts as nothing here.
        call.out.maybe_bulk(text.ok().flatten().map(Vec::as_slice));
    }
    Ok(())
}

pub(super) fn mset(call: &mut Call<'_>) -> Done {
    let arguments = call.request.len();
    if arguments.is_multiple_of(2) {
        return Err(Failure::Other(
            "ERR wrong number of arguments for 'mset' command".to_owned(),
        ));
    }
    let pairs = (1..arguments).step_by(2).map(|n| (call.arg(n), call.arg(n + 1)));
    let mut shards = call.store().shards(pairs.clone().map(|(key, _)| key));
    for (key, text) in pairs {
        let shard: &mut Shard = shards.shard(key);
        shard.put(key, Value::Text(text.to_vec()), End::Never, call.now);
    }
    call.out.ok();
    Ok(())
}
