//! What goroutines took goes back to the kernel when they have ended, within 10 seconds.

use std::time::Duration;

use gort::prelude::*;

use crate::LONG;
use crate::support::child::{Child, Outcome};
use crate::support::eventually;

/// Resident bytes of this process.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.expect("a line VmRSS").parse::<usize>().expect("a number") << 10
}

const MIB: usize = 1 << 20;

/// Uses about `kib` KiB of stack.
#[inline(never)]
fn dig(kib: usize) -> usize {
    let frame = std::hint::black_box([kib as u8; 1024]);
    if kib == 0 {
        0
    } else {
        dig(kib - 1) + usize::from(frame[kib % 1024] != 0)
    }
}

/// Parks `goroutines` that have used `kib` KiB of their stacks each, twice. After each time no more
/// than `left` bytes may stay.
fn come_and_go(goroutines: usize, kib: usize, took: usize, left: usize) {
    let before = resident();
    for round in 0..2 {
        let (start, wait) = gort::channel::<()>(0);
        let (report, reports) = gort::channel(goroutines);
        for _ in 0..goroutines {
            go!([wait, report] {
                report.send(dig(kib)).unwrap();
                assert_eq!(chan!(<-wait), None);
            });
        }
        for _ in 0..goroutines {
            assert_eq!(chan!(<-reports), Some(kib - kib / 256));
        }
        let most = resident();
        assert!(most > before + took, "round {round}: {most} after {before}");
        drop(start);
        eventually("the memory goes back", Duration::from_secs(60), || {
            resident() < before + left
        });
    }
}

fn passed(out: Outcome) {
    out.expect_code(0).expect_silent_stderr();
}

/// Goroutines that needed much stack: all but the little that a stack needs for itself, and the 128
/// stacks that each worker keeps as they are.
pub(crate) fn of_deep_stacks() {
    #[gort::main]
    fn main() {
        let kept = gort::runtime::max_procs() * 12;
        come_and_go(4000, 90, 350 * MIB, (64 + kept).max(130) * MIB);
    }
    passed(Child::default().timeout(Duration::from_secs(300)).run(main));
}

/// The same with stacks of another than the default size.
pub(crate) fn of_stacks_of_other_sizes() {
    #[gort::main]
    fn main() {
        let before = resident();
        let (start, wait) = gort::channel::<()>(0);
        let (report, reports) = gort::channel(500);
        for _ in 0..500 {
            go!(stack = 2 << 20; [wait, report] {
                report.send(dig(600)).unwrap();
                chan!(<-wait);
            });
        }
        (0..500).for_each(|_| assert!(chan!(<-reports).is_some()));
        assert!(resident() > before + 250 * MIB);
        drop(start);
        eventually("the memory goes back", Duration::from_secs(60), || {
            resident() < before + 60 * MIB
        });
    }
    passed(Child::default().timeout(Duration::from_secs(300)).run(main));
}

/// Many goroutines that needed little: control blocks too. The few stacks of `generator` that do
/// not lie side by side with others keep a page each.
pub(crate) fn of_many_goroutines() {
    #[gort::main]
    fn main() {
        let left = if cfg!(feature = "slab-stacks") { 40 } else { 80 };
        come_and_go(100_000, 1, 400 * MIB, left * MIB);
    }
    passed(Child::default().timeout(Duration::from_secs(300)).run(main));
}

/// Those that waited in the middle of a panic: with what counted it for them meanwhile.
pub(crate) fn of_waits_while_unwinding() {
    #[gort::main]
    fn main() {
        let before = resident();
        for round in 0..2 {
            let (hold, held) = gort::channel::<()>(0);
            let (enter, entered) = gort::channel(0);
            for _ in 0..5000 {
                go!([held, enter] {
                    defer! {
                        chan!(enter <- ());
                        chan!(<-held);
                    }
                    gort::runtime::goexit();
                });
            }
            (0..5000).for_each(|_| assert!(chan!(<-entered).is_some()));
            // Two stacks each, of which at least a page is touched.
            let grown = resident().saturating_sub(before);
            assert!(
                grown > 2 * 5000 * 4096,
                "round {round}: {grown} more than {before}"
            );
            drop(hold);
            eventually("the memory goes back", LONG, || {
                resident().saturating_sub(before) < grown / 2
            });
        }
    }
    passed(Child::default().timeout(2 * LONG).run(main));
}
