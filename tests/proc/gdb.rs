//! `tools/gort-gdb.py`, in gdb: on a process, and on what is left of one.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use gort::debug::{self, Status};
use gort::prelude::*;

const INSIDE: &str = "GORT_UNDER_GDB";
const TEST: &str = "gdb::of_a_process_and_of_a_core_file";

#[inline(never)]
fn waits_at_the_gate(gate: &Chan<()>) {
    chan!(<-gate);
    std::hint::black_box(gate);
}

#[inline(never)]
fn first_way(gate: &Chan<()>) {
    waits_at_the_gate(gate);
    std::hint::black_box(1);
}

#[inline(never)]
fn second_way(gate: &Chan<()>) {
    waits_at_the_gate(gate);
    std::hint::black_box(2);
}

#[inline(never)]
fn computes_for_ever(begun: &AtomicBool) -> ! {
    begun.store(true, Ordering::SeqCst);
    loop {
        std::hint::black_box(begun);
    }
}

/// Two wait, one computes, and main aborts, which is where gdb stops.
fn program() {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    gort::runtime::set_max_procs(2);
    gort::run(|| {
        let gate = chan!(());
        let (one, other) = (gate.clone(), gate.clone());
        go!(move || first_way(&one));
        go!(move || second_way(&other));
        let waits = |goroutine: &&debug::Goroutine| matches!(goroutine.status(), Status::Waiting(_));
        while debug::goroutines_without_frames().iter().filter(waits).count() < 2 {
            gort::runtime::gosched();
        }
        go!(|| computes_for_ever(&BEGUN));
        while !BEGUN.load(Ordering::SeqCst) {
            gort::runtime::gosched();
        }
        std::process::abort();
    });
}

/// What gdb prints.
fn gdb(script: &Path, commands: &[&str], of: &[&Path]) -> Option<String> {
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch", "-ex", "set debuginfod enabled off", "-x"])
        .arg(script);
    gdb.args(commands.iter().flat_map(|command| ["-ex", command]));
    let out = gdb
        .args(of)
        .env(INSIDE, "1")
        .env("GORT_MIGRATION", "stealing")
        .output()
        .ok()?;
    let [out, error] = [out.stdout, out.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Some(format!("{out}\n{error}"))
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some(at) = rest.find(part) else {
            panic!("{part:?} is missing, or comes too early:\n{text}");
        };
        rest = &rest[at + part.len()..];
    }
}

pub(crate) fn of_a_process_and_of_a_core_file() {
    if std::env::var_os(INSIDE).is_some() {
        return program();
    }
    if !crate::stall::STACKS {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("tools/gort-gdb.py");
    let binary = std::env::current_exe().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let ask = [
        "info goroutines",
        "goroutine 2 bt",
        "goroutine 3 bt",
        "goroutine 2 full",
        "goroutine all bt",
        "goroutine 99 bt",
    ];
    let name = format!("set environment GORT_CHILD_TEST {TEST}");
    let run: Vec<&str> = [&*name, "run"].into_iter().chain(ask).collect();
    let Some(live) = gdb(&script, &run, &[&binary]) else {
        println!("there is no gdb here: its script was not tested");
        return;
    };
    if live.contains("ptrace: Operation not permitted") || live.contains("Could not trace the inferior") {
        println!("gdb may not trace here: its script was not tested");
        return;
    }
    // What gdb itself saves lacks every stack that has a guard in it; what the kernel saves does
    // not.
    let mut dies = Command::new("/bin/sh");
    dies.args(["-c", "ulimit -c unlimited && exec \"$0\""])
        .arg(&binary);
    dies.env(INSIDE, "1")
        .env("GORT_MIGRATION", "stealing")
        .env("GORT_CHILD_TEST", TEST)
        .current_dir(&directory);
    dies.status().expect("a shell");
    let core = std::fs::read_dir(&directory).unwrap().next();
    let dead = core.map(|core| gdb(&script, &ask, &[&binary, &core.unwrap().path()]).unwrap());
    if dead.is_none() {
        println!("core files are not written here: the script was tested on a process only");
    }
    for text in [live].into_iter().chain(dead) {
        has(
            &text,
            &[
                "* 1 [running, thread ",
                "\n  2 [chan receive] ",
                "waits_at_the_gate at ",
                "\n  3 [chan receive] ",
                // Its number depends on who ran main then.
                "[running, thread ",
                "\ngoroutine 2 [chan receive]:\n#0 ",
                "waits_at_the_gate at ",
                "tests/proc/gdb.rs:",
                "first_way at ",
                "\ngoroutine 3 [chan receive]:\n#0 ",
                "waits_at_the_gate at ",
                "second_way at ",
                "\ngoroutine 2 [chan receive]:\n#0 ",
                "switch_away at ",
                "first_way at ",
            ],
        );
        has(&text, &["[running, thread ", "computes_for_ever at "]);
        has(&text, &["no goroutine 99"]);
    }
}
