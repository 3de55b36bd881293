//! Exploring schedules of real programs.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::sync::atomic::{AtomicUsize, Ordering};
use gort::sync::{Mutex, WaitGroup};
use gort::testing::{FailureKind, Options, Report, Strategy, explore};

const EXHAUSTIVE: Strategy = Strategy::Exhaustive { preemptions: 2 };
const STRATEGIES: [Strategy; 3] = [Strategy::Random, Strategy::Pct { depth: 2 }, EXHAUSTIVE];

fn ab_ba() {
    let (a, b) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let other = go!([a, b] {
        let _b = b.lock();
        let _a = a.lock();
    });
    let held = a.lock();
    drop(b.lock());
    drop(held);
    other.join().unwrap();
}

/// Two increments that are no increments.
fn lost_update() {
    let n = Arc::new(AtomicUsize::new(0));
    let add = |n: &AtomicUsize| n.store(n.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    let other = go!([n] { add(&n) });
    add(&n);
    other.join().unwrap();
    assert_eq!(n.load(Ordering::SeqCst), 2, "one is lost");
}

fn pipeline() {
    let (tx, rx) = gort::channel::<u32>(1);
    let wg = WaitGroup::new();
    for i in 0..2 {
        go!(wg => [tx] { chan!(tx <- i) });
    }
    drop(tx);
    let sum: u32 = rx.into_iter().sum();
    assert_eq!(sum, 1);
    wg.wait();
}

fn with(strategy: Strategy) -> Options {
    Options::default().strategy(strategy)
}

#[test]
fn a_deadlock_is_shown_on_a_plain_thread() {
    for strategy in STRATEGIES {
        let report = explore(with(strategy), ab_ba);
        let failure = report.failure().expect("a deadlock");
        assert_eq!(failure.kind(), FailureKind::Deadlock);
        assert_eq!(failure.preemptions(), 1, "{report}");
        let text = report.to_string();
        for part in [
            "lock mutex 1",
            "waits",
            "[sync.Mutex.Lock]",
            "GORT_SCHEDULE=1.",
            "tests/explore.rs",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(
            failure
                .table()
                .lines()
                .any(|line| line.trim_start().starts_with('*')),
            "{text}"
        );
    }
}

#[test]
fn an_assertion_that_rarely_fails_is_found() {
    for strategy in STRATEGIES {
        let report = explore(with(strategy), lost_update);
        let failure = report.failure().expect("a lost update");
        assert_eq!(failure.kind(), FailureKind::Panic);
        assert_eq!(failure.preemptions(), 1, "{report}");
        assert!(failure.message().contains("one is lost") && failure.message().contains("tests/explore.rs"));
    }
}

#[test]
#[should_panic(expected = "store atomic 1")]
fn a_report_panics_with_the_table() {
    explore(with(EXHAUSTIVE), lost_update).assert_passed();
}

#[test]
fn a_correct_program_passes_and_is_exhausted() {
    for strategy in STRATEGIES {
        explore(with(strategy), pipeline).assert_passed();
    }
    let unbounded = Strategy::Exhaustive {
        preemptions: usize::MAX,
    };
    let report = explore(with(unbounded).schedules(1_000_000), pipeline);
    report.assert_passed();
    assert!(
        report.is_exhausted() && report.schedules() > report.pruned(),
        "{report}"
    );
}

#[test]
fn the_same_seed_takes_the_same_steps() {
    for strategy in STRATEGIES {
        let schedule = |seed| {
            let report = explore(with(strategy).seed(seed), lost_update);
            let failure = report.failure().expect("a lost update");
            (report.schedules(), report.steps(), failure.schedule().to_owned())
        };
        assert_eq!(schedule(7), schedule(7));
    }
    let steps = |seed| explore(with(Strategy::Random).seed(seed).schedules(50), pipeline).steps();
    assert_eq!(steps(1), steps(1));
    assert!(
        (2..9).any(|seed| steps(seed) != steps(1)),
        "other seeds take other steps"
    );
}

#[test]
fn whoever_waits_when_the_closure_has_returned_is_a_leak() {
    let leaky = || {
        let (tx, rx) = gort::channel::<u32>(0);
        go!({
            let _kept = tx.clone();
            chan!(<-rx)
        });
    };
    let report = explore(with(EXHAUSTIVE), leaky);
    let failure = report.failure().expect("a leak");
    assert_eq!(failure.kind(), FailureKind::Leak);
    assert!(failure.message().contains("[chan receive]"), "{failure}");
    explore(with(EXHAUSTIVE).deny_leaks(false), leaky).assert_passed();
}

#[test]
fn a_livelock_ends_at_the_step_limit() {
    let report = explore(with(Strategy::Random).max_steps(500).schedules(1), || {
        let flag = AtomicUsize::new(0);
        while flag.load(Ordering::SeqCst) == 0 {
            gort::runtime::gosched();
        }
    });
    let failure = report.failure().expect("a livelock");
    assert_eq!(failure.kind(), FailureKind::StepLimit);
}

#[test]
fn one_who_gives_way_is_not_in_the_way() {
    for strategy in STRATEGIES {
        let report = explore(with(strategy).max_steps(2000), || {
            let flag = Arc::new(AtomicUsize::new(0));
            go!([flag] { flag.store(1, Ordering::SeqCst) });
            while flag.load(Ordering::SeqCst) == 0 {
                gort::runtime::gosched();
            }
        });
        report.assert_passed();
    }
}

#[test]
fn the_clock_jumps() {
    let begun = Instant::now();
    let report = explore(Options::default().schedules(50), || {
        let (tx, rx) = gort::channel::<u32>(0);
        go!({
            gort::time::sleep(Duration::from_secs(3600));
            chan!(tx <- 1);
        });
        assert_eq!(rx.recv_timeout(Duration::from_secs(3599)).ok(), None);
        assert_eq!(chan!(<-rx), Some(1));
        let (ctx, _cancel) =
            gort::context::with_timeout(gort::context::background(), Duration::from_secs(60));
        chan!(<-ctx.done());
        assert!(ctx.err().is_some());
    });
    report.assert_passed();
    assert!(begun.elapsed() < Duration::from_secs(3600));
}

#[test]
fn every_ready_arm_of_a_select_is_taken() {
    for strategy in STRATEGIES {
        let report = explore(with(strategy), || {
            let (a, b, c) = (chan!(u8, 1), chan!(u8, 1), chan!(u8, 1));
            for ch in [&a, &b, &c] {
                chan!(ch <- 1);
            }
            select! {
                <-a => {}
                <-b => {}
                <-c => panic!("the third"),
            }
        });
        assert!(
            report
                .failure()
                .is_some_and(|failure| failure.message().contains("the third")),
            "{report}"
        );
    }
}

#[test]
fn it_works_in_goroutines_and_side_by_side() {
    gort::run(|| {
        let searches: Vec<_> = (0..4)
            .map(|seed| {
                go!({
                    let report: Report = explore(with(Strategy::Random).seed(seed), lost_update);
                    report.failure().is_some()
                })
            })
            .collect();
        for search in searches {
            assert!(search.join().unwrap());
        }
    });
}

#[test]
fn a_program_that_asks_for_chance_is_told_so() {
    static TURN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let report = explore(with(Strategy::Random), || {
        let turn = TURN.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        assert!(turn != 3, "only the fourth time");
    });
    assert_eq!(
        report.failure().map(|failure| failure.kind()),
        Some(FailureKind::NotDeterministic)
    );
}

/// For the child of the test below: one call of `explore`, whatever the environment says.
#[test]
#[ignore = "run by `a_schedule_is_run_again`"]
fn child() {
    println!("{}", explore(with(Strategy::Pct { depth: 3 }), lost_update));
}

fn run_child(schedule: &str, name: &str) -> String {
    let exe = std::env::current_exe().unwrap();
    let output = Command::new(exe)
        .args([name, "--exact", "--ignored", "--nocapture"])
        .env("GORT_SCHEDULE", schedule)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_schedule_is_run_again() {
    let first = run_child("", "child");
    let schedule = first
        .split("GORT_SCHEDULE=")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    let again = run_child(schedule, "child");
    assert!(
        again.contains("explore: the schedule of GORT_SCHEDULE failed"),
        "{again}"
    );
    let table = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains('│'));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(table(&first), table(&again));
    // The same hash is part of the line.
    assert!(again.contains(schedule));
    let (rest, hash) = schedule.rsplit_once('.').unwrap();
    let other = format!("{rest}.{:016x}", u64::from_str_radix(hash, 16).unwrap() ^ 1);
    let changed = run_child(&other, "child");
    assert!(changed.contains("not the steps that were recorded"), "{changed}");
    // Of another call: a search as always.
    let elsewhere = run_child("1.0000.a.0", "child");
    assert!(elsewhere.contains("schedules of Pct"), "{elsewhere}");
    assert!(run_child("nonsense", "child").contains("GORT_SCHEDULE is no schedule"));
}

#[test]
fn a_picture_is_written_where_it_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let report = explore(with(EXHAUSTIVE).svg(directory.path().join("new")), lost_update);
    let path = report
        .failure()
        .and_then(|failure| failure.svg())
        .expect("a picture");
    let picture = std::fs::read_to_string(path).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("one is lost"));
}

/// Two lines that only together are one.
fn check_then_act() -> usize {
    let taken = Arc::new(AtomicUsize::new(0));
    let take = |taken: &AtomicUsize| {
        if taken.load(Ordering::SeqCst) == 0 {
            taken.fetch_add(1, Ordering::SeqCst);
        }
    };
    let other = go!([taken] { take(&taken) });
    take(&taken);
    other.join().unwrap();
    taken.load(Ordering::SeqCst)
}

#[gort::test(schedules = 200)]
#[should_panic(expected = "taken twice")]
fn an_attribute_explores() {
    assert_eq!(check_then_act(), 1, "taken twice");
}

#[gort::test(schedules = 200)]
fn an_attribute_lets_pass_what_passes() -> Result<(), String> {
    match check_then_act() {
        1 | 2 => Ok(()),
        other => Err(format!("{other}")),
    }
}

#[test]
#[should_panic(expected = "the test returned an error")]
fn an_error_is_a_failure() {
    // What the attribute expands to, for a test that returns a `Result`.
    gort::__private::explored(200, || {
        let result: Result<(), String> = match check_then_act() {
            1 => Ok(()),
            other => Err(format!("taken {other} times")),
        };
        std::process::Termination::report(result)
    });
}

#[test]
fn the_end_of_a_goroutine_is_seen_by_those_who_select_it() {
    for strategy in STRATEGIES {
        // Both outcomes are found by all of them: it has ended, and it has not.
        for ended in [false, true] {
            let report = explore(with(strategy), move || {
                let worker = go!({});
                let seen = select! {
                    _result = <-worker => true,
                    default => false,
                };
                assert!(seen != ended, "this outcome is possible");
            });
            assert!(!report.passed(), "{ended}: {report}");
        }
    }
}

#[test]
#[should_panic(expected = "explored already")]
fn a_search_in_a_search_is_told() {
    explore(Options::default(), || {
        let _ = explore(Options::default(), || {});
    })
    .assert_passed();
}

#[test]
fn a_panic_that_somebody_joins_is_no_failure() {
    for strategy in STRATEGIES {
        explore(with(strategy).schedules(50), || {
            assert!(go!(panic!("joined")).join().is_err());
        })
        .assert_passed();
        let report = explore(with(strategy), || {
            let wg = WaitGroup::new();
            go!(wg => panic!("nobody can hear this"));
            wg.wait();
        });
        assert!(
            report
                .failure()
                .is_some_and(|failure| failure.message().contains("nobody can hear")),
            "{report}"
        );
    }
}
