//! The JSON of a snapshot, read by `serde_json`: it has what `docs/DEBUG.md` says, and the values of
//! the snapshot.

use gort::debug::{self, Goroutine, Snapshot, Status};
use gort::prelude::*;
use serde_json::{Map, Value, json};

/// What the schema promises of one goroutine, made of its accessors.
fn expected(goroutine: &Goroutine) -> Value {
    let (status, reason) = match goroutine.status() {
        Status::Running => ("running", None),
        Status::Runnable => ("runnable", None),
        Status::Waiting(reason) => ("waiting", Some(reason.as_str())),
        other => panic!("not in the schema: {other:?}"),
    };
    let site = |site: &std::panic::Location<'_>| json!({"file": site.file(), "line": site.line(), "column": site.column()});
    let frame = |frame: debug::Frame| {
        json!({
            "function": frame.function(), "file": frame.file(), "line": frame.line(),
            "column": frame.column(), "address": frame.address(),
        })
    };
    json!({
        "id": goroutine.id(),
        "name": goroutine.name(),
        "status": status,
        "reason": reason,
        "waiting_ns": goroutine.waiting_for().map(|length| length.as_nanos() as u64),
        "wait_site": site(goroutine.wait_site()),
        "spawn_site": site(goroutine.spawn_site()),
        "creator": goroutine.creator(),
        "locked_to_thread": goroutine.locked_to_thread(),
        "stack_used": goroutine.stack_used(),
        "stack_size": goroutine.stack_size(),
        "frames": goroutine.frames().into_iter().map(frame).collect::<Vec<_>>(),
    })
}

fn waits(all: &Snapshot, id: u64) -> bool {
    all.get(id)
        .is_some_and(|goroutine| matches!(goroutine.status(), Status::Waiting(_)))
}

#[test]
fn goes_there_and_back() {
    gort::run(|| {
        let gate = chan!(());
        let at = gate.clone();
        // What JSON has to escape.
        let name = "a \"quoted\\ name\"\n\t\u{1}, and \u{e9}\u{1F980}";
        let named = gort::SpawnOptions::new().name(name).go(move || {
            chan!(<-at);
        });
        while !waits(&debug::goroutines_without_frames(), named.id()) {
            gort::runtime::gosched();
        }
        let all = debug::goroutines();
        let text = all.to_json();
        let mut read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["version"], 1);
        let list = read["goroutines"].as_array_mut().unwrap();
        assert_eq!(list.len(), all.len());
        for (goroutine, value) in all.iter().zip(list) {
            let fields: &mut Map<String, Value> = value.as_object_mut().unwrap();
            // Objects may get fields: what is promised of each is its kind and its number.
            let objects = fields.remove("waits_on").unwrap();
            let objects = objects.as_array().unwrap();
            assert_eq!(objects.len(), goroutine.waits_on().len());
            for (object, value) in goroutine.waits_on().iter().zip(objects) {
                assert_eq!(value["kind"], object.kind().as_str());
                assert_eq!(value["number"], object.number());
            }
            let expected = expected(goroutine);
            for (field, value) in expected.as_object().unwrap() {
                assert_eq!(fields.get(field), Some(value), "{field}: {text}");
            }
        }
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), read);
        assert!(all.iter().any(|goroutine| goroutine.name() == Some(name)));
        chan!(gate <- ());
        named.join().unwrap();
    });
}
