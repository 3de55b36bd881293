//! Stack overflow: the functions that were active stand below the message, and whatever becomes of
//! that, the process ends (GS-10).

use std::ffi::{c_int, c_void};

use gort::prelude::*;

use crate::LONG;
use crate::overflow::{DEFAULT, MAIN, dig, overflowed};
use crate::support::child::{self, Child};

/// The innermost functions and the outermost, as in Go; nothing of gort.
pub(crate) fn names_the_functions() {
    #[inline(never)]
    fn starts_it() {
        std::hint::black_box(dig(100_000));
    }
    #[gort::main]
    fn main() {
        starts_it();
    }
    let other = || {
        gort::run(|| {
            go!(stack = 512 << 10; starts_it());
            gort::time::sleep(LONG);
        });
    };
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return;
    }
    let main = Child::default().without_env("GORT_STACK").run(main);
    for out in [overflowed(main, MAIN), overflowed(child::run(other), 512 << 10)] {
        let out = out.expect_stdout("").expect_stderr(&[
            "   0: ",
            "dig",
            "tests/proc/overflow.rs",
            "  10: ",
            "dig",
            " frames elided...\n",
            "dig",
            "starts_it",
            file!(),
        ]);
        let frames = &out.stderr[out.stderr.find("   0: ").unwrap()..];
        for ours in [
            "gort_runtime",
            "runtime/src/",
            "generator",
            "call_once",
            "cannot be followed",
        ] {
            assert!(!frames.contains(ours), "{out:#?}");
        }
        assert!(frames.ends_with('\n') && frames.lines().count() < 300, "{out:#?}");
    }
}

/// While the functions are being looked up, nobody else ends the process with another status.
pub(crate) fn main_returns_meanwhile() {
    const DELAY: &str = "GORT_TEST_DELAY";
    #[gort::main]
    fn main() {
        let delay = std::env::var(DELAY).unwrap().parse().unwrap();
        go!(dig(100_000));
        gort::time::sleep(std::time::Duration::from_micros(delay));
    }
    // Sooner or later, main is there for the message.
    let mut delay = 100_u64;
    loop {
        let out = Child::default().env(DELAY, delay).run(main);
        if out.stderr.is_empty() {
            out.expect_code(0);
            delay *= 2;
        } else {
            break drop(overflowed(out, DEFAULT));
        }
    }
}

/// Who reads the stack needs memory; a goroutine that has overflowed its stack in the allocator may
/// hold what that takes.
pub(crate) fn in_the_allocator() {
    #[inline(never)]
    fn dig(depth: usize) -> usize {
        let block = std::hint::black_box(vec![depth as u8; 100]);
        let deeper = if depth == 0 { 0 } else { dig(depth - 1) };
        deeper + usize::from(block[depth % 100])
    }
    const SIZE: &str = "GORT_TEST_SIZE";
    #[gort::main]
    fn main() {
        let size = std::env::var(SIZE).unwrap().parse().unwrap();
        go!(stack = size; dig(100_000));
        gort::time::sleep(LONG);
    }
    for size in (16..24).map(|pages| pages * 4096) {
        overflowed(Child::default().env(SIZE, size).run(main), size).expect_stdout("");
    }
}

/// They cannot be read: the goroutine that overflows its stack holds the dynamic linker's lock,
/// which that takes.
pub(crate) fn what_cannot_be_read_is_not_awaited() {
    type Callback = unsafe extern "C" fn(*mut c_void, usize, *mut c_void) -> c_int;
    unsafe extern "C" {
        fn dl_iterate_phdr(callback: Callback, data: *mut c_void) -> c_int;
    }
    unsafe extern "C" fn call_back(_: *mut c_void, _: usize, _: *mut c_void) -> c_int {
        dig(100_000) as c_int
    }
    #[gort::main]
    fn main() {
        go!({
            // SAFETY: the callback does not touch what it is given.
            unsafe { dl_iterate_phdr(call_back, std::ptr::null_mut()) };
        });
        gort::time::sleep(LONG);
    }
    let out = overflowed(child::run(main), DEFAULT).expect_stdout("");
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        out.expect_stderr(&[
            "go!(stack = ",
            "\t(the functions that were active could not be read)\n",
        ]);
    }
}
