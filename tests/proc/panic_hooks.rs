//! Panics that somebody listens to: hooks of the program, `scope` and `errgroup`; and those that
//! are not alone.

use std::time::Duration;

use gort::prelude::*;

use crate::LONG;
use crate::panic::heads;
use crate::support::child::{self, Child, Outcome};

/// A hook that the program set before the runtime was started hears of every panic, once, and
/// nothing else is printed.
pub(crate) fn a_hook_of_the_program_is_honoured() {
    fn program(set: impl Fn() + Send + 'static) {
        gort::run(move || {
            set();
            go!(|| panic!("joined")).join().unwrap_err();
            gort::scope(|s| go!(s => || panic!("scoped")).join().unwrap_err());
            eprintln!("main goes on");
            let (tx, rx) = gort::channel::<()>(0);
            go!(move || {
                defer! { drop(tx) }
                panic!("detached");
            });
            chan!(<-rx);
            gort::time::sleep(LONG);
        });
    }
    fn set() {
        std::panic::set_hook(Box::new(|info| {
            eprintln!("hook: {}", info.payload_as_str().unwrap());
        }));
    }
    let before = child::run(|| {
        set();
        program(|| ());
    });
    let within = child::run(|| program(set));
    for out in [before, within] {
        let out = out.expect_code(2);
        assert_eq!(
            out.stderr,
            "hook: joined\nhook: scoped\nmain goes on\nhook: detached\n"
        );
    }
}

/// One that calls the hook that was there before gets Go's report from it.
pub(crate) fn a_hook_may_call_the_one_before() {
    #[gort::main]
    fn main() {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            eprintln!("hook");
            before(info);
        }));
        go!(|| panic!("boom"));
        gort::time::sleep(LONG);
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["hook\npanic: boom\n\ngoroutine "]);
}

/// A hook may wait, on a channel too, and others panic meanwhile.
pub(crate) fn a_hook_may_wait() {
    fn program() {
        let (tx, rx) = gort::channel::<String>(0);
        std::panic::set_hook(Box::new(move |info| {
            let _ = tx.send(info.payload_as_str().unwrap_or_default().to_string());
            gort::time::sleep(Duration::from_millis(1));
        }));
        gort::run(move || {
            let log = go!(move || {
                let mut lines: Vec<_> = rx.iter().take(20).collect();
                gort::time::sleep(Duration::from_millis(20));
                lines.sort();
                lines
            });
            let all: Vec<_> = (0..20)
                .map(|i| {
                    go!(move || {
                        panic!("{i:02}");
                    })
                })
                .collect();
            for handle in all {
                handle.join().unwrap_err();
            }
            let expected: Vec<_> = (0..20).map(|i| format!("{i:02}")).collect();
            assert_eq!(log.join().unwrap(), expected);
        });
        println!("all heard");
    }
    for mode in ["stealing", "pinned", "always"] {
        for procs in [1, 2, 4] {
            Child::default()
                .env("GOMAXPROCS", procs)
                .env("GORT_MIGRATION", mode)
                .run(program)
                .expect_code(0)
                .expect_silent_stderr()
                .expect_stdout("all heard\n");
        }
    }
}

/// `scope` and `errgroup` go on with a panic of a member; what the member said has been printed,
/// once.
pub(crate) fn of_members() {
    #[gort::main]
    fn main() {
        let scoped = gort::recover(|| gort::scope(|s| drop(go!(s => || panic!("in a scope")))));
        assert_eq!(
            scoped.unwrap_err().message(),
            "a scoped goroutine panicked: in a scope"
        );

        let group = gort::errgroup::Group::<()>::new();
        group.go(|| panic!("in a group"));
        assert_eq!(
            gort::recover(|| group.wait()).unwrap_err().message(),
            "in a group"
        );

        let scoped: Result<_, gort::Panic> =
            gort::recover(|| gort::errgroup::scope::<_, (), _>(|g| g.go(|| panic!("in a scoped group"))));
        assert_eq!(scoped.unwrap_err().message(), "in a scoped group");

        let (group, began) = (gort::errgroup::Group::<()>::new(), chan!(()));
        let begins = began.tx();
        group.go(move || {
            defer! { chan!(begins <- ()); }
            panic!("nobody waits")
        });
        // Before that it may not have been started when main returns, as in Go.
        chan!(<-began);
    }
    let out = child::run(main).expect_code(2);
    assert_eq!(
        heads(&out),
        [
            "panic: in a scope",
            "panic: in a group",
            "panic: in a scoped group",
            "panic: nobody waits",
        ]
    );
}

/// A second panic that cannot unwind aborts: what was the matter first is on the screen, and all
/// else.
pub(crate) fn the_first_of_two_is_shown() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("the second");
        }
    }
    fn aborted(out: Outcome, texts: &[&str]) {
        assert_eq!(out.code(), None, "it was not ended by a signal: {out:#?}");
        out.expect_stderr(texts)
            .expect_stderr(&["panic in a destructor during cleanup"]);
    }
    let out = child::run(|| {
        gort::run(|| {
            let _bad = Bad;
            panic!("the first");
        })
    });
    aborted(out, &["panic: the first\n", "panic: the second\n"]);
    let out = child::run(|| {
        gort::run(|| {
            drop(gort::recover(|| {
                let _bad = Bad;
                panic!("the first");
            }));
        })
    });
    aborted(out, &["panic: the first\n", "panic: the second\n"]);
    let out = child::run(|| {
        gort::run(|| {
            let _ = go!(|| {
                let _bad = Bad;
                gort::runtime::goexit();
            })
            .join();
        })
    });
    aborted(out, &["panic: the second\n"]);
    let out = child::run(|| {
        gort::run(|| {
            let (tx, rx) = gort::channel(0);
            drop(rx);
            let _ = go!(move || {
                let _bad = Bad;
                chan!(tx <- 1);
            })
            .join();
        })
    });
    aborted(out, &["panic: the second\n", " was ending: "]);
}
