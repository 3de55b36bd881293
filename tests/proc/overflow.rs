//! Stack overflow: a readable end with status 2, and nothing of the program after it; stacks that
//! are large enough (GS-10).

use gort::prelude::*;

use crate::support::child::{self, Child, Outcome};
use crate::{LONG, Loud};

/// Uses about `kib` KiB of stack.
#[inline(never)]
pub(crate) fn dig(kib: usize) -> usize {
    let frame = std::hint::black_box([kib as u8; 1024]);
    if kib == 0 {
        0
    } else {
        dig(kib - 1) + usize::from(frame[kib % 1024] != 0)
    }
}

/// Of the main goroutine.
pub(crate) const MAIN: usize = 8 << 20;
/// Of any other.
pub(crate) const DEFAULT: usize = if cfg!(debug_assertions) {
    1 << 20
} else {
    768 << 10
};

#[track_caller]
pub(crate) fn overflowed(out: Outcome, limit: usize) -> Outcome {
    out.expect_code(2)
        .expect_stderr(&[
            &format!("runtime: goroutine stack exceeds {limit}-byte limit\n"),
            "fatal error: stack overflow\n",
            "goroutine ",
            "\tspawned at tests/proc/overflow",
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
    overflowed(Child::default().without_env("GORT_STACK").run(main), MAIN)
        .expect_stdout("")
        .expect_stderr(&[
            "goroutine 1 [running]:\n",
            "give it more: GORT_STACK=32M, Builder::stack_size(32 << 20) or, for one goroutine, go!(stack = 32 << 20; ...)\n",
        ]);
}

pub(crate) fn of_another_goroutine() {
    #[gort::main]
    fn main() {
        let _value = Loud("not reached");
        go!(dig(100_000));
        gort::time::sleep(LONG);
    }
    overflowed(Child::default().without_env("GORT_STACK").run(main), DEFAULT)
        .expect_stdout("")
        .expect_stderr(&[
            "give it more: GORT_STACK=4M, Builder::stack_size(4 << 20) or, for one goroutine, go!(stack = 4 << 20; ...)\n",
        ]);
}

pub(crate) fn of_a_named_goroutine() {
    #[gort::main]
    fn main() {
        let handle = go!(name = "deep thought"; dig(100_000));
        let _ = handle.join();
        println!("not reached");
    }
    overflowed(Child::default().without_env("GORT_STACK").run(main), DEFAULT)
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
    overflowed(Child::default().run(main), MAIN).expect_stdout("");
}

/// What the report advises would do, and it advises what has an effect.
pub(crate) fn the_advice_helps() {
    #[gort::main]
    fn main() {
        println!("{}", go!(stack = 128 << 10; dig(200)).join().unwrap());
    }
    let with_more = || gort::run(|| println!("{}", go!(stack = 1 << 20; dig(200)).join().unwrap()));
    let out = overflowed(child::run(main), 128 << 10);
    out.expect_stderr(&["give it more: go!(stack = 1 << 20; ...)\n"])
        .expect_not_stderr("GORT_STACK");
    child::run(with_more).expect_code(0).expect_stdout("200\n");
}

/// Where the system's limits forbid the large stack, an ordinary one has to do.
pub(crate) fn main_without_room_for_its_large_stack() {
    #[gort::main]
    fn main() {
        println!("{}", go!(dig(50)).join().unwrap() + dig(50));
    }
    Child::default()
        .limit("-s 4096")
        .run(main)
        .expect_code(0)
        .expect_silent_stderr()
        .expect_stdout("100\n");
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
        go!(dig(1_000)).join().unwrap();
        println!("deep enough");
        let _ = go!(dig(100_000)).join();
    }
    overflowed(Child::default().env("GORT_STACK", 4 << 20).run(main), 4 << 20).expect_stdout("deep enough\n");
}

/// The main goroutine has as much as the others, if that is more than it would have.
pub(crate) fn the_environment_gives_main_more() {
    #[gort::main]
    fn main() {
        dig(4_500);
        println!("deep enough");
        dig(100_000);
    }
    overflowed(Child::default().env("GORT_STACK", "16M").run(main), 16 << 20).expect_stdout("deep enough\n");
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
    overflowed(Child::default().without_env("GORT_STACK").run(main), DEFAULT);
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

/// Calls `last` when about `left` bytes of the stack are left, which is of `size` bytes and begins
/// at `top`.
#[inline(never)]
fn near_the_end(top: usize, size: usize, left: usize, last: &dyn Fn()) -> u8 {
    let frame = std::hint::black_box([1_u8; 256]);
    let here = (&raw const frame).addr();
    if size - (top - here) < left + 1024 {
        last();
    } else {
        near_the_end(top, size, left, last);
    }
    // So that the frame is there meanwhile.
    std::hint::black_box(frame[here % 256])
}

/// C code does not touch the pages of its frames one after the other, as Rust's does: it may write
/// far below the stack pointer at once. However much of the stack is left, that is an overflow, for
/// frames as large as those of the C library.
pub(crate) fn a_frame_of_c_does_not_jump_the_guard() {
    const SIZE: usize = 64 << 10;
    const KEYS: [&str; 2] = ["GORT_TEST_FRAME", LEFT];
    #[gort::main]
    fn main() {
        let [frame, left] = KEYS.map(|key| std::env::var(key).unwrap().parse::<usize>().unwrap());
        // Neighbours on both sides, with something in their frames.
        let (start, wait) = gort::channel::<()>(0);
        let neighbours: Vec<_> = (0..8)
            .map(|_| {
                go!(stack = SIZE; [wait] {
                    let frames = std::hint::black_box([7_u8; 8 << 10]);
                    chan!(<-wait);
                    assert!(frames.iter().all(|&byte| byte == 7), "a neighbour wrote here");
                })
            })
            .collect();
        let deep = go!(stack = SIZE; {
            let top = 0_u8;
            near_the_end((&raw const top).addr(), SIZE, left, &|| {
                let here = 0_u8;
                let lowest = std::ptr::with_exposed_provenance_mut::<u8>((&raw const here).expose_provenance() - frame);
                // SAFETY: none; it is what the frame of a C function does here, and it has to end
                // the process.
                unsafe { lowest.write_volatile(1) };
            });
        });
        deep.join().unwrap();
        drop(start);
        neighbours
            .into_iter()
            .for_each(|neighbour| neighbour.join().unwrap());
        println!("not reached");
    }
    for frame in [8 << 10, 33 << 10, 60 << 10] {
        for left in (0..6).map(|part| 1024 + part * (frame - 3072) / 6) {
            let child = Child::default().env(KEYS[0], frame).env(KEYS[1], left);
            overflowed(child.run(main), SIZE).expect_stdout("");
        }
    }
}

/// The resolver of the C library, which has the largest frames of what safe code calls: either
/// there is room for it, or the overflow is found.
pub(crate) fn in_the_c_library() {
    const SIZE: usize = 256 << 10;
    #[gort::main]
    fn main() {
        let left = std::env::var(LEFT).unwrap().parse().unwrap();
        let deep = go!(stack = SIZE; {
            let top = 0_u8;
            near_the_end((&raw const top).addr(), SIZE, left, &|| {
                let found = std::net::ToSocketAddrs::to_socket_addrs("unknown.invalid:80").is_ok();
                println!("{found}");
            });
        });
        deep.join().unwrap();
    }
    for left in (0..10).map(|part| (3 + part * 5) << 10) {
        let out = Child::default()
            .env(LEFT, left)
            .env("RES_OPTIONS", "timeout:1 attempts:1")
            .run(main);
        if out.code() != Some(0) {
            overflowed(out, SIZE);
        }
    }
}

/// A coroutine of the program's own inside of a goroutine: its stack is not gort's, but its
/// overflow is an end with words too, and afterwards those of goroutines are found as before.
pub(crate) fn of_a_coroutine_inside() {
    #[gort::main]
    fn main() {
        let deep = go!(name = "outer"; {
            let mut inner = generator::Gn::<()>::new_scoped_opt(0x2000, |_| dig(100_000));
            inner.resume();
            println!("not reached");
        });
        let _ = deep.join();
    }
    let out = child::run(main).expect_code(2).expect_stdout("");
    out.expect_stderr(&[
        "runtime: the stack of a coroutine inside of a goroutine exceeds its limit\n",
        "fatal error: stack overflow\n\ngoroutine ",
        " \"outer\" [running]:\n\tspawned at ",
        file!(),
    ]);
}

/// The crate installs a fault handler of its own when the program uses it first.
pub(crate) fn after_a_coroutine_inside() {
    #[gort::main]
    fn main() {
        go!({
            let mut inner = generator::Gn::<()>::new_scoped(|mut scope| {
                scope.yield_with(dig(10));
                0
            });
            assert_eq!(inner.resume(), Some(10));
            // One that is suspended is unwound when it is dropped. That is nothing to tell anybody.
            drop(inner);
        })
        .join()
        .unwrap();
        println!("dropped");
        go!(stack = 256 << 10; dig(100_000)).join().unwrap();
    }
    let out = overflowed(child::run(main), 256 << 10).expect_stdout("dropped\n");
    assert!(out.stderr.starts_with("runtime: goroutine stack"), "{out:#?}");
}

/// Where there is no goroutine, at least a line says what it was.
pub(crate) fn of_a_coroutine_on_a_plain_thread() {
    #[gort::main]
    fn main() {
        let thread = std::thread::spawn(|| {
            let mut inner = generator::Gn::<()>::new_scoped_opt(0x2000, |_| dig(100_000));
            inner.resume();
        });
        let _ = thread.join();
        println!("not reached");
    }
    let out = child::run(main).expect_stdout("");
    assert_eq!(out.code(), None, "died of a signal: {out:#?}");
    out.expect_stderr(&["fatal error: stack overflow, of a stack that is neither"]);
}

const LEFT: &str = "GORT_TEST_LEFT";

/// A panic of `end_with` in a goroutine that has about as much stack left as `LEFT` says.
fn panic_near_the_end(end_with: fn(&dyn Fn())) {
    const SIZE: usize = 256 << 10;
    let left = std::env::var(LEFT).unwrap().parse().unwrap();
    let deep = go!(stack = SIZE; {
        let top = 0_u8;
        near_the_end((&raw const top).addr(), SIZE, left, &|| {
            end_with(&|| panic!("number {}", std::hint::black_box(7)));
        });
    });
    let _ = deep.join();
    println!("went on");
}

/// A backtrace takes stack. Where there is enough for the panic alone, it does not become an
/// overflow.
pub(crate) fn not_of_a_panic_with_a_backtrace() {
    #[gort::main]
    fn main() {
        panic_near_the_end(|panic| panic());
    }
    for left in [12, 16, 20, 24, 32, 64, 200] {
        let out = Child::default()
            .env("RUST_BACKTRACE", 1)
            .env(LEFT, left << 10)
            .run(main);
        let out = out
            .expect_code(0)
            .expect_stdout("went on\n")
            .expect_not_stderr("stack overflow");
        let out = out.expect_stderr(&[
            "panic: number 7\n\ngoroutine 2 [running]:\n\tpanicked at ",
            "\n\tspawned at ",
            "\n\n",
        ]);
        // What starts the goroutine may be inlined into frames that are not shown.
        if left >= 20 {
            out.expect_stderr(&["near_the_end"]);
        } else {
            assert!(
                out.stderr.contains("near_the_end") || out.stderr.contains("(no backtrace: "),
                "{out:#?}"
            );
        }
    }
}

/// Where there is not, the panic is on the screen before the overflow is.
pub(crate) fn of_a_panic() {
    #[gort::main]
    fn main() {
        panic_near_the_end(|panic| panic());
    }
    let recovered = || gort::run(|| panic_near_the_end(|panic| drop(gort::recover(panic))));
    let hooked = || {
        std::panic::set_hook(Box::new(|_| {
            let _ = dig(1000);
        }));
        gort::run(|| panic_near_the_end(|panic| panic()));
    };
    // With less, the hook is not reached; without optimisation that takes more.
    let least = if cfg!(debug_assertions) { 9 } else { 7 };
    for left in least..least + 5 {
        let child = || Child::default().env("RUST_BACKTRACE", 1).env(LEFT, left << 10);
        let out = child().run(main).expect_stderr(&["panic: number 7\n"]);
        if out.code() != Some(0) {
            overflowed(out, 256 << 10).expect_stderr(&["panic: number 7\n", "stack overflow"]);
        }
        let out = child().run(recovered);
        if out.code() != Some(0) {
            let told = [
                "panic: number 7\n\tpanicked at ",
                file!(),
                "\n\nruntime: goroutine stack",
                "stack overflow",
            ];
            overflowed(out, 256 << 10).expect_stderr(&told);
        }
        let told = [
            "panic: number 7\n\tpanicked at ",
            file!(),
            "\n\nruntime: goroutine stack",
        ];
        overflowed(child().run(hooked), 256 << 10).expect_stderr(&told);
    }
}

/// A panic that was caught long ago is not told again.
pub(crate) fn after_a_panic() {
    #[gort::main]
    fn main() {
        go!(stack = 128 << 10; {
            let _ = gort::recover(|| panic!("recovered"));
            std::panic::set_hook(Box::new(|_| {}));
            let _ = std::panic::catch_unwind(|| panic!("caught"));
            dig(1000);
        })
        .join()
        .unwrap();
    }
    let out = overflowed(child::run(main), 128 << 10);
    assert!(out.stderr.starts_with("runtime: goroutine stack"), "{out:#?}");
}
