//! Stack overflow: a readable end with status 2, nothing after it; and stacks that are large enough (GS-10).

use gort::prelude::*;

use crate::support::child::{self, Child, Outcome};
use crate::{LONG, Loud};

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

#[track_caller]
fn overflowed(out: Outcome, limit: usize) -> Outcome {
    out.expect_code(2)
        .expect_stderr(&[
            &format!("runtime: goroutine stack exceeds {limit}-byte limit\n"),
            "fatal error: stack overflow\n",
            "goroutine ",
            file!(),
        ])
        .expect_not_stderr("not reached")
}

pub(crate) fn of_the_main_goroutine() {
    #[gort::main]
    fn main() {
        let _value = Loud("not reached");
        dig(100_000);
        println!("not reached");
    }
    overflowed(Child::default().without_env("GORT_STACK").run(main), 256 << 10)
        .expect_stdout("")
        .expect_stderr(&["goroutine 1 "]);
}

pub(crate) fn of_another_goroutine() {
    #[gort::main]
    fn main() {
        let _value = Loud("not reached");
        go!(dig(100_000));
        gort::time::sleep(LONG);
    }
    overflowed(Child::default().without_env("GORT_STACK").run(main), 256 << 10).expect_stdout("");
}

pub(crate) fn of_a_named_goroutine() {
    #[gort::main]
    fn main() {
        let handle = go!(name = "deep thought"; dig(100_000));
        let _ = handle.join();
        println!("not reached");
    }
    overflowed(Child::default().without_env("GORT_STACK").run(main), 256 << 10)
        .expect_stdout("")
        .expect_stderr(&["goroutine ", "deep thought"]);
}

/// `recover` does not catch it, and it is not a panic that somebody joins.
pub(crate) fn cannot_be_recovered() {
    #[gort::main]
    fn main() {
        let _ = gort::recover(|| dig(100_000));
        println!("not reached");
    }
    overflowed(Child::default().without_env("GORT_STACK").run(main), 256 << 10).expect_stdout("");
}

/// The reserve is set for one goroutine, and the limit in the message is its own.
pub(crate) fn the_reserve_is_an_option() {
    #[gort::main]
    fn main() {
        let enough = go!(stack = 4 << 20; dig(1_000));
        assert_eq!(enough.join().unwrap(), 1_000 - 1_000 / 256);
        println!("deep enough");
        go!(stack = 1 << 20; dig(100_000));
        gort::time::sleep(LONG);
    }
    overflowed(child::run(main), 1 << 20).expect_stdout("deep enough\n");
}

pub(crate) fn the_reserve_is_set_by_the_environment() {
    #[gort::main]
    fn main() {
        dig(1_000);
        println!("deep enough");
        dig(100_000);
    }
    overflowed(Child::default().env("GORT_STACK", 4 << 20).run(main), 4 << 20).expect_stdout("deep enough\n");
}

/// In a goroutine that has parked before, on whatever thread it goes on.
pub(crate) fn after_a_park() {
    #[gort::main]
    fn main() {
        let ch = chan!(usize);
        for _ in 0..8 {
            go!([ch] {
                let depth = chan!(<-ch).unwrap();
                dig(depth);
            });
        }
        for depth in [10, 20, 30, 40, 100_000] {
            chan!(ch <- depth);
        }
        gort::time::sleep(LONG);
    }
    overflowed(child::run(main), 256 << 10);
}

/// On a plain thread the overflow is Rust's own, runtime or not.
pub(crate) fn of_a_plain_thread() {
    #[gort::main]
    fn main() {
        go!(dig(10)).join().unwrap();
        let thread = std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(|| dig(100_000))
            .unwrap();
        let _ = thread.join();
        println!("not reached");
    }
    let out = child::run(main);
    assert_eq!(out.code(), None, "died of a signal: {out:#?}");
    out.expect_stdout("")
        .expect_stderr(&["has overflowed its stack"])
        .expect_not_stderr("goroutine stack exceeds");
}
