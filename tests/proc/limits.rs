//! How many goroutines there can be, and what happens when there can be no more (GS-9).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort::prelude::*;

use crate::LONG;
use crate::support::child::Child;
use crate::support::eventually;

/// On default kernel settings, where every stack is mapped and guarded.
pub(crate) fn a_hundred_thousand_goroutines_parked_at_once() {
    #[gort::main]
    fn main() {
        const N: usize = 100_000;
        let begin = Instant::now();
        let (start, wait) = gort::channel::<()>(0);
        let (report, reports) = gort::channel(N);
        for i in 0..N {
            go!([wait, report] {
                report.send(i).unwrap();
                // Closed: everybody goes on.
                assert_eq!(chan!(<-wait), None);
                report.send(i).unwrap();
            });
        }
        let parked: usize = (0..N).map(|_| chan!(<-reports).unwrap()).sum();
        assert_eq!(parked, N * (N - 1) / 2);
        assert_eq!(gort::runtime::num_goroutine(), N + 1);
        drop(start);
        let ended: usize = (0..N).map(|_| chan!(<-reports).unwrap()).sum();
        assert_eq!(ended, N * (N - 1) / 2);
        eventually("all end", Duration::from_secs(120), || {
            gort::runtime::num_goroutine() == 1
        });
        println!("{:?}", begin.elapsed());
    }
    let out = Child::default()
        .timeout(Duration::from_secs(300))
        .run(main)
        .expect_code(0)
        .expect_silent_stderr();
    println!("100,000 goroutines parked and ended in {}", out.stdout.trim());
}

/// 128 goroutines with 64 MiB each, where less than half of them have room: the others end with a
/// message that names the limits, as a value if somebody joins them, and nobody hangs.
pub(crate) fn no_more_stacks() {
    #[gort::main]
    fn main() {
        let (start, wait) = gort::channel::<()>(0);
        let begun = Arc::new(AtomicUsize::new(0));
        let handles: Vec<_> = (0..128)
            .map(|_| {
                go!(stack = 64 << 20; [wait, begun] {
                    begun.fetch_add(1, Ordering::SeqCst);
                    chan!(<-wait);
                })
            })
            .collect();
        // All have a stack, or have been refused one.
        eventually("all have come", LONG, || {
            let refused = handles.iter().filter(|handle| handle.is_finished()).count();
            refused + begun.load(Ordering::SeqCst) == handles.len()
        });
        drop(start);
        let (mut ran, mut refused) = (0, 0);
        for handle in handles {
            match handle.join() {
                Ok(()) => ran += 1,
                Err(error) => {
                    let message = error.into_panic().expect("a panic").to_string();
                    for text in [
                        "cannot allocate a stack of 67108864 bytes",
                        "RLIMIT_AS",
                        "vm.max_map_count",
                        file!(),
                    ] {
                        assert!(message.contains(text), "{message}");
                    }
                    refused += 1;
                }
            }
        }
        assert!(ran > 10 && refused > 10, "{ran} ran, {refused} refused");
    }
    Child::default()
        .address_space(4 << 20)
        .run(main)
        .expect_code(0)
        .expect_silent_stderr();
}

/// The same when nobody joins: the program ends with that message.
pub(crate) fn no_more_stacks_unobserved() {
    #[gort::main]
    fn main() {
        let never = chan!(());
        for _ in 0..128 {
            go!(stack = 64 << 20; [never] {
                chan!(<-never);
            });
        }
        gort::time::sleep(LONG);
    }
    let out = Child::default().address_space(4 << 20).run(main).expect_code(2);
    out.expect_stderr(&[
        "panic: go: cannot allocate a stack of 67108864 bytes",
        "goroutine ",
    ]);
}
