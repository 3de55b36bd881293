//! Stalls at the start of a program: they are reported before the debug information has been read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::runtime::{Builder, StallReport};

use crate::stall::STACKS;
use crate::support::child;

/// The first report does not wait until the debug information has been read, which takes longer
/// than many a program.
pub(crate) fn the_first_one_comes_in_time() {
    const LIMIT: Duration = Duration::from_millis(200);
    let out = child::run(|| {
        let (reports, with_lines) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, lines) = (Arc::clone(&reports), Arc::clone(&with_lines));
        let builder = Builder::new()
            .report_stalls(LIMIT)
            .on_stall(move |report: &StallReport| {
                if report.name() == Some("slow") && !report.is_over() {
                    assert!(!STACKS || report.stack().contains("computes_until"), "{report}");
                    assert!(!report.stack().contains("sched::entry"), "{report}");
                    assert!(!report.stack().contains("g::job"), "{report}");
                    lines.fetch_or(!STACKS || report.stack().contains("at ./tests"), Ordering::SeqCst);
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        builder
            .run(move || {
                let stall = || {
                    let reports = Arc::clone(&reports);
                    let stall = go!(name = "slow"; move || {
                        let (begun, before) = (Instant::now(), reports.load(Ordering::SeqCst));
                        computes_until(|| reports.load(Ordering::SeqCst) > before);
                        begun.elapsed()
                    });
                    stall.join().unwrap()
                };
                let first = stall();
                while !with_lines.load(Ordering::SeqCst) {
                    stall();
                }
                let later = stall();
                let enough = (2 * LIMIT).max(4 * later);
                assert!(first <= enough, "{first:?}, and later {later:?}");
            })
            .unwrap();
    });
    out.expect_code(0);
}

#[inline(never)]
fn computes_until(done: impl Fn() -> bool) {
    while !done() {
        std::hint::black_box(0);
    }
}
