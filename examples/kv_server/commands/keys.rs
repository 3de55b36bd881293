//! Keys, whatever they hold: whether they are there, how long, and which.

use std::time::{Duration, Instant};

use super::super::reply::Failure;
use super::super::request::number;
use super::{Call, Done, left};

pub(super) fn del(call: &mut Call<'_>) -> Done {
    let keys = call.request.from(1);
    let mut shards = call.store().shards(keys.clone());
    let removed = keys.filter(|key| shards.shard(key).remove(key, call.now)).count();
    drop(shards);
    call.out.count(removed);
    Ok(())
}

/// How many of the keys are there; one that is named twice counts twice.
pub(super) fn exists(call: &mut Call<'_>) -> Done {
    let keys = call.request.from(1);
    let mut shards = call.store().shards(keys.clone());
    let there = keys
        .filter(|key| shards.shard(key).get(key, call.now).is_some())
        .count();
    drop(shards);
    call.out.count(there);
    Ok(())
}

pub(super) fn kind(call: &mut Call<'_>) -> Done {
    let mut shard = call.store().shard(call.key());
    let kind = shard
        .get(call.key(), call.now)
        .map_or("none", |value| value.kind());
    call.out.simple(kind);
    Ok(())
}

pub(super) fn expire(call: &mut Call<'_>) -> Done {
    end_after(call, Duration::from_secs(1), "expire")
}

pub(super) fn pexpire(call: &mut Call<'_>) -> Done {
    end_after(call, Duration::from_millis(1), "pexpire")
}

fn end_after(call: &mut Call<'_>, unit: Duration, command: &'static str) -> Done {
    let time = call.integer(2)?;
    let mut shard = call.store().shard(call.key());
    let there = if time > 0 {
        let end = call.after(time, unit, command)?;
        shard.set_end(call.key(), Some(end), call.now).is_some()
    } else {
        shard.remove(call.key(), call.now) // its time is over
    };
    call.out.integer(there.into());
    Ok(())
}

pub(super) fn persist(call: &mut Call<'_>) -> Done {
    let mut shard = call.store().shard(call.key());
    let had_end = shard.set_end(call.key(), None, call.now).flatten().is_some();
    call.out.integer(had_end.into());
    Ok(())
}

pub(super) fn ttl(call: &mut Call<'_>) -> Done {
    // As Redis rounds.
    time_left(call, |end, now| (left(end, now) + 500) / 1000)
}

pub(super) fn pttl(call: &mut Call<'_>) -> Done {
    time_left(call, left)
}

fn time_left(call: &mut Call<'_>, left: fn(Instant, Instant) -> i64) -> Done {
    let mut shard = call.store().shard(call.key());
    call.out.integer(match shard.end(call.key(), call.now) {
        None => -2,
        Some(None) => -1,
        Some(Some(end)) => left(end, call.now),
    });
    Ok(())
}

pub(super) fn dbsize(call: &mut Call<'_>) -> Done {
    call.out.count(call.store().len());
    Ok(())
}

pub(super) fn flushall(call: &mut Call<'_>) -> Done {
    match call.request.len() {
        1 => {}
        2 if matches!(&call.option(1)[..], b"SYNC" | b"ASYNC") => {}
        _ => return Err(Failure::Syntax),
    }
    call.store().clear();
    call.out.ok();
    Ok(())
}

/// One shard after the other: what changes meanwhile may be there or not.
pub(super) fn keys(call: &mut Call<'_>) -> Done {
    let store = call.store();
    let mut found = Vec::new();
    for number in 0..store.parts() {
        found.extend(store.part(number).keys(call.now, |key| matches(call.arg(1), key)));
    }
    call.out.array(found.len());
    for key in found {
        call.out.bulk(&key);
    }
    Ok(())
}

/// A cursor is the number of a shard, and a step is a whole shard: so a key that is there all the time is given once.
pub(super) fn scan(call: &mut Call<'_>) -> Done {
    let store = call.store();
    let cursor = number(call.arg(1))
        .and_then(|cursor| usize::try_from(cursor).ok())
        .ok_or(Failure::Other("ERR invalid cursor".to_owned()))?;
    let mut pattern = None;
    let mut wanted = 10;
    let mut n = 2;
    while n < call.request.len() {
        let value = n + 1 < call.request.len();
        match &call.option(n)[..] {
            b"MATCH" if value => pattern = Some(call.arg(n + 1)),
            b"COUNT" if value => {
                wanted = call.integer(n + 1)?;
                if wanted < 1 {
                    return Err(Failure::Syntax);
                }
            }
            _ => return Err(Failure::Syntax),
        }
        n += 2;
    }
    let mut found = Vec::new();
    let mut next = cursor;
    while next < store.parts() && (found.len() as i64) < wanted {
        let likes = |key: &[u8]| pattern.is_none_or(|pattern| matches(pattern, key));
        found.extend(store.part(next).keys(call.now, likes));
        next += 1;
    }
    call.out.array(2);
    let next = if next < store.parts() { next } else { 0 };
    call.out.bulk(next.to_string().as_bytes());
    call.out.array(found.len());
    for key in found {
        call.out.bulk(&key);
    }
    Ok(())
}

/// Whether a pattern with `*`, `?`, `[a-z]`, `[^a-z]` and `\` matches. It looks back at the last `*` only, so that no pattern takes for ever.
pub(super) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if let Some(length) = one(&pattern[p..], text[t]) {
            p += length;
            t += 1;
        } else if let Some((at, from)) = star {
            // The last `*` takes one more.
            star = Some((at, from + 1));
            (p, t) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// The length of the pattern's beginning that stands for one byte, if it stands for this one.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match *pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (escaped == byte).then_some(2),
        [b'[', ..] => {
            let negated = pattern.get(1) == Some(&b'^');
            let mut at = if negated { 2 } else { 1 };
            let mut found = false;
            loop {
                match pattern[at..] {
                    // A bracket that nobody closes ends with the pattern.
                    [] => break,
                    [b']', ..] => {
                        at += 1;
                        break;
                    }
                    [b'\\', escaped, ..] => {
                        found |= escaped == byte;
                        at += 2;
                    }
                    [low, b'-', high, ..] => {
                        found |= (low.min(high)..=low.max(high)).contains(&byte);
                        at += 3;
                    }
                    [single, ..] => {
                        found |= single == byte;
                        at += 1;
                    }
                }
            }
            (found != negated).then_some(at)
        }
        [literal, ..] => (literal == byte).then_some(1),
    }
}
