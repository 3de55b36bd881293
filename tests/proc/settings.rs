//! Variables of the environment: what is not taken as it stands is told on standard error, once,
//! and the program goes on.

use std::os::unix::ffi::OsStringExt;

use gort::prelude::*;

use crate::support::child::Child;

const NAMES: [&str; 6] = [
    "GOMAXPROCS",
    "GORT_STACK",
    "GORT_MIGRATION",
    "GORT_BIAS",
    "GORT_STALL",
    "GORT_SCHEDULE",
];

fn child() -> Child {
    NAMES.into_iter().fold(Child::default(), Child::without_env)
}

pub(crate) fn no_utf_8() {
    #[gort::main]
    fn main() {
        go!(println!("ran")).join().unwrap();
    }
    for name in NAMES {
        let out = child()
            .env_os(name, std::ffi::OsString::from_vec(vec![b'1', 0xFF]))
            .run(main);
        let told = format!("gort: {name} is ignored: \"1\\xFF\" is not UTF-8\n");
        assert_eq!(out.stderr, told);
        out.expect_code(0).expect_stdout("ran\n");
    }
}

pub(crate) fn nonsense() {
    #[gort::main]
    fn main() {
        go!(println!("ran")).join().unwrap();
    }
    for name in NAMES {
        let out = child()
            .env(name, "often")
            .run(main)
            .expect_code(0)
            .expect_stdout("ran\n");
        assert!(
            out.stderr
                .starts_with(&format!("gort: {name} is ignored: `often` is")),
            "{out:#?}"
        );
    }
}

pub(crate) fn too_little_or_too_much() {
    #[gort::main]
    fn main() {
        go!(println!("ran")).join().unwrap();
    }
    for (name, value, told) in [
        ("GORT_STACK", "1", "`1` is less than 16384 bytes, which are used"),
        ("GOMAXPROCS", "5000", "`5000` is more than 1024, which is used"),
        ("GORT_STALL", "1us", "`1us` is less than 1ms, which is used"),
    ] {
        let out = child()
            .env(name, value)
            .run(main)
            .expect_code(0)
            .expect_stdout("ran\n");
        assert!(
            out.stderr.starts_with(&format!("gort: {name}: {told}\n")),
            "{out:#?}"
        );
    }
}

pub(crate) fn what_is_right_is_not_told() {
    #[gort::main]
    fn main() {
        go!(println!("ran")).join().unwrap();
    }
    let right = [
        ("GOMAXPROCS", "2"),
        ("GORT_STACK", "64K"),
        ("GORT_MIGRATION", "pinned"),
        ("GORT_STALL", ""),
        ("GORT_SCHEDULE", "random:7"),
    ];
    let child = right
        .into_iter()
        .fold(child(), |child, (name, value)| child.env(name, value));
    child
        .run(main)
        .expect_code(0)
        .expect_silent_stderr()
        .expect_stdout("ran\n");
}

/// How many different orders there are of what ten goroutines do, that are started one after the
/// other and wait once. One worker alone has a regular order.
pub(crate) fn a_random_schedule() {
    #[gort::main]
    fn main() {
        let orders: std::collections::HashSet<Vec<u32>> = (0..20)
            .map(|_| {
                let (log, start) = (chan!(u32, 20), chan!(()));
                let wg = gort::sync::WaitGroup::new();
                for i in 0..10 {
                    go!(wg => [log, start] {
                        chan!(<-start);
                        chan!(log <- i);
                    });
                }
                start.close();
                wg.wait();
                log.close();
                log.into_iter().collect()
            })
            .collect();
        println!("{}", orders.len());
    }
    let orders = |schedule: &str| -> usize {
        let out = child()
            .env("GOMAXPROCS", "1")
            .env("GORT_SCHEDULE", schedule)
            .run(main)
            .expect_code(0)
            .expect_silent_stderr();
        out.stdout.trim().parse().unwrap()
    };
    assert!(orders("random") >= 15);
    assert!(orders("random:3") >= 15);
    // A schedule of `explore` is nothing to a program.
    assert!(orders("1.0000.a.0000000000000000") < 15);
}
