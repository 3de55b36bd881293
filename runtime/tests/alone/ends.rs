//! Ways to end that must end something, not hang it: a policy that panics, a wait where no wait is
//! possible, a thread's last destructors.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gort_runtime as rt;
use rt::{Sema, SemaPlace, WaitReason};

use crate::{Case, case};

pub(crate) const CASES: &[Case] = &[
    Case {
        code: 2,
        stderr: "panic policy",
        ..case("a_panic_policy_that_panics", &[], bad_policy)
    },
    Case {
        code: 2,
        stderr: "in the destructor of a panic's payload: from the payload",
        ..case("a_payload_that_panics", &[], bad_payload)
    },
    Case {
        code: 2,
        stderr: "inside a coroutine",
        ..case("a_wait_inside_a_foreign_coroutine", &[], foreign_coroutine)
    },
    case("a_threads_last_destructors_may_wait", &[], last_destructors),
    case("the_first_use_may_be_in_a_panic", &[], first_use_while_panicking),
];

fn bad_policy() {
    let _ = rt::Builder::new()
        .on_panic(|_| panic!("from the policy"))
        .run(|| {
            drop(rt::go(|| panic!("boom")));
            rt::sleep_until(Instant::now() + Duration::from_secs(120));
        });
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("from the payload");
    }
}

fn bad_payload() {
    let _ = rt::Builder::new().on_panic(|_| ()).run(|| {
        drop(rt::go(|| std::panic::panic_any(Bomb)));
        rt::sleep_until(Instant::now() + Duration::from_secs(120));
    });
}

/// A scope that waits there cannot wait, and must not return either: its members borrow from the
/// frame.
fn foreign_coroutine() {
    rt::run(|| {
        let mut coroutine = generator::Gn::<()>::new_scoped(|mut inner| {
            let borrowed = [7_u8; 64];
            rt::scope(|s| {
                s.spawn(|| {
                    rt::sleep_until(Instant::now() + Duration::from_millis(50));
                    assert_eq!(borrowed, [7; 64]);
                });
            });
            inner.yield_with(());
        });
        coroutine.next();
    });
}

struct WaitAtTheEnd(Arc<(Sema, Sema)>);

impl Drop for WaitAtTheEnd {
    fn drop(&mut self) {
        self.0.0.release();
        self.0.1.acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
    }
}

fn last_destructors() {
    thread_local! {
        static LAST: Cell<Option<WaitAtTheEnd>> = const { Cell::new(None) };
    }
    for used_before in [false, true] {
        let semas = Arc::new((Sema::new(0), Sema::new(0)));
        let inner = Arc::clone(&semas);
        let thread = std::thread::spawn(move || {
            // Registered before our own thread-locals, hence destroyed after them.
            LAST.set(Some(WaitAtTheEnd(inner)));
            if used_before {
                rt::run(|| ());
            }
        });
        semas.0.acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
        std::thread::sleep(Duration::from_millis(20));
        semas.1.release();
        thread.join().unwrap();
    }
}

fn first_use_while_panicking() {
    struct Use;
    impl Drop for Use {
        fn drop(&mut self) {
            assert_eq!(rt::run(|| 6 * 7), 42);
        }
    }
    let caught = std::panic::catch_unwind(|| {
        let _use = Use;
        panic!("boom");
    });
    assert!(caught.is_err());
}
