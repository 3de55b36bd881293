//! A snapshot as JSON; `docs/DEBUG.md` has the schema.

use std::fmt::Write;
use std::panic::Location;

use crate::debug::Snapshot;
use crate::debug::goroutine::{Goroutine, Status};

/// Changes when a field goes, or means something else.
pub(super) const VERSION: u32 = 1;

pub(super) fn write(snapshot: &Snapshot) -> String {
    let mut out = format!("{{\"version\":{VERSION},\"goroutines\":[");
    for (number, goroutine) in snapshot.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        describe(&mut out, goroutine);
    }
    out.push_str("]}");
    out
}

fn describe(out: &mut String, goroutine: &Goroutine) {
    let (status, reason) = match goroutine.status {
        Status::Running => ("running", None),
        Status::Runnable => ("runnable", None),
        Status::Waiting(reason) => ("waiting", Some(reason.as_str())),
    };
    put(out, "{\"id\":", goroutine.id);
    text(out, ",\"name\":", goroutine.name.as_deref());
    text(out, ",\"status\":", Some(status));
    text(out, ",\"reason\":", reason);
    let length = goroutine.waiting_for.map(|length| length.as_nanos());
    number(out, ",\"waiting_ns\":", length);
    out.push_str(",\"waits_on\":[");
    for (position, object) in goroutine.objects.iter().enumerate() {
        let before = if position > 0 { "," } else { "" };
        put(out, before, "{\"kind\":");
        text(out, "", Some(object.kind().as_str()));
        put(out, ",\"number\":", object.number());
        out.push('}');
    }
    out.push(']');
    site(out, ",\"wait_site\":", goroutine.wait_site);
    site(out, ",\"spawn_site\":", goroutine.spawn_site);
    number(out, ",\"creator\":", goroutine.creator);
    put(out, ",\"locked_to_thread\":", goroutine.locked);
    put(out, ",\"stack_used\":", goroutine.stack_used);
    put(out, ",\"stack_size\":", goroutine.stack_size);
    out.push_str(",\"frames\":[");
    for (position, frame) in goroutine.known_frames().iter().enumerate() {
        text(
            out,
            if position > 0 {
                ",{\"function\":"
            } else {
                "{\"function\":"
            },
            frame.function(),
        );
        text(out, ",\"file\":", frame.file());
        number(out, ",\"line\":", frame.line());
        number(out, ",\"column\":", frame.column());
        put(out, ",\"address\":", frame.address());
        out.push('}');
    }
    out.push_str("]}");
}

fn put(out: &mut String, key: &str, value: impl std::fmt::Display) {
    // A string takes everything.
    let _ = write!(out, "{key}{value}");
}

fn number(out: &mut String, key: &str, value: Option<impl std::fmt::Display>) {
    match value {
        Some(value) => put(out, key, value),
        None => put(out, key, "null"),
    }
}

fn site(out: &mut String, key: &str, site: &Location<'_>) {
    out.push_str(key);
    text(out, "{\"file\":", Some(site.file()));
    put(out, ",\"line\":", site.line());
    put(out, ",\"column\":", site.column());
    out.push('}');
}

fn text(out: &mut String, key: &str, value: Option<&str>) {
    out.push_str(key);
    let Some(value) = value else {
        return out.push_str("null");
    };
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => put(out, "", format_args!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}
