//! Reports of goroutines that keep their worker, and that what keeps workers stops nobody else.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::{Duration, Instant};

use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;
use gort::runtime::{Builder, StallReport};

use crate::support::child::{self, Child};

const LIMIT: Duration = Duration::from_millis(20);

/// Prints the reports that a program with this stall brings about. It lasts until it was reported, in this function: it gets the
/// number of such reports. (On a busy machine it may be seen on its way there.)
fn reported(function: &'static str, stall: impl FnOnce(&AtomicUsize) + Send) {
    let reports = Arc::new(AtomicUsize::new(0));
    let (count, over) = (Arc::clone(&reports), Arc::new(AtomicUsize::new(0)));
    let ended = Arc::clone(&over);
    let builder = Builder::new()
        .report_stalls(LIMIT)
        .on_stall(move |report: &StallReport| {
            // What the runtime itself does at its start may be long on a busy machine.
            if report.name() == Some("slow") {
                eprint!("{report}");
                assert!(report.duration() >= LIMIT && report.goroutine() > 0);
                assert_eq!(report.spawned_at().unwrap().file(), file!());
                if report.is_over() {
                    ended.fetch_add(1, Ordering::SeqCst);
                } else if !STACKS || report.stack().contains(function) {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
    builder
        .run(|| {
            gort::scope(|s| {
                go!(name = "slow"; s => move || stall(&reports)).join().unwrap();
            });
            while over.load(Ordering::SeqCst) == 0 {
                gort::time::sleep(Duration::from_millis(1));
            }
        })
        .unwrap();
}

/// Stacks are read on one kind of system only.
pub(crate) const STACKS: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

#[inline(never)]
fn computes_for_long(reports: &AtomicUsize) -> u64 {
    let mut rounds = 0;
    while reports.load(Ordering::SeqCst) < 2 {
        rounds = std::hint::black_box(rounds + 1);
    }
    rounds
}

/// It is reported again when it has become twice as long, and at its end.
pub(crate) fn a_loop() {
    let out = child::run(|| {
        reported("computes_for_long", |reports| {
            computes_for_long(reports);
        });
    });
    let out = out.expect_code(0).expect_stderr(&[
        "stall: goroutine ",
        " \"slow\" has kept its worker for ",
        ": it computes\n\ngoroutine ",
        " \"slow\" [running]:\n\tspawned at tests/proc/stall.rs:",
        if STACKS { "computes_for_long" } else { "" },
        " \"slow\" has kept its worker for ",
        if STACKS { "computes_for_long" } else { "" },
        " \"slow\" went on after ",
    ]);
    // What the program is made of is shown, and not how it is run.
    out.expect_not_stderr("sched::entry")
        .expect_not_stderr("g::job")
        .expect_not_stderr("catch_unwind");
}

/// In the mode `pinned` a goroutine may block the thread that another one is bound to, for which it waits itself. Nobody can help
/// these two, but they are named.
pub(crate) fn who_blocks_a_pinned_neighbour() {
    let pinned = Child::default()
        .env("GOMAXPROCS", 1)
        .env("GORT_MIGRATION", "pinned");
    let out = pinned.run(|| {
        let builder = Builder::new().report_stalls(LIMIT).on_stall(|report| {
            if report.name() == Some("blocks") && report.neighbours() > 0 {
                eprint!("{report}");
                std::process::exit(3);
            }
        });
        builder
            .run(|| {
                let shared = Arc::new(Mutex::new(0));
                let (held, over) = (chan!(()), chan!(()));
                go!([shared, held, over] {
                    let guard = shared.lock().unwrap();
                    chan!(held <- ());
                    // Both have started on the only worker.
                    chan!(<-over);
                    drop(guard);
                });
                chan!(<-held);
                go!(name = "blocks"; [shared] { *shared.lock().unwrap() += 1 });
                chan!(<-chan!(()));
            })
            .unwrap();
    });
    out.expect_code(3).expect_stderr(&[
        "stall: goroutine ",
        " \"blocks\" has kept its worker for ",
        "\tkeeps the thread to which ",
        " bound, which cannot go on\n",
    ]);
}

#[inline(never)]
fn sleeps_for_long(reports: &AtomicUsize) {
    while reports.load(Ordering::SeqCst) == 0 {
        let (begin, length) = (Instant::now(), Duration::from_millis(300));
        std::thread::sleep(length);
        assert!(begin.elapsed() >= length, "a signal has cut it short");
    }
}

pub(crate) fn a_sleep() {
    let out = child::run(|| reported("sleeps_for_long", sleeps_for_long));
    out.expect_code(0).expect_stderr(&[
        ": it sleeps in the kernel\n",
        " \"slow\" [syscall",
        if STACKS { "nanosleep]:" } else { "]:" },
        "spawned at tests/proc/stall.rs:",
        if STACKS { "sleeps_for_long" } else { "" },
        " \"slow\" went on after ",
    ]);
}

#[inline(never)]
fn reads_a_pipe(from: &mut impl Read) -> usize {
    // An interrupted call would be an error here.
    std::hint::black_box(from.read(&mut [0; 8]).unwrap())
}

/// A call that blocks goes on although a signal may have come.
pub(crate) fn a_read() {
    let out = child::run(|| {
        reported("reads_a_pipe", |reports| {
            let (mut from, mut to) = std::io::pipe().unwrap();
            std::thread::scope(|s| {
                s.spawn(move || {
                    while reports.load(Ordering::SeqCst) < 3 {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    to.write_all(b"abc").unwrap();
                });
                assert_eq!(reads_a_pipe(&mut from), 3);
            });
        });
    });
    out.expect_code(0).expect_stderr(&[
        ": it sleeps in the kernel\n",
        " \"slow\" [syscall",
        if STACKS { ": read]:" } else { "]:" },
        if STACKS { "reads_a_pipe" } else { "" },
    ]);
}

#[inline(never)]
fn takes_a_lock(lock: &Mutex<u32>) -> u32 {
    std::hint::black_box(*lock.lock().unwrap())
}

pub(crate) fn a_lock_of_std() {
    let out = child::run(|| {
        reported("takes_a_lock", |reports| {
            let lock = Mutex::new(7);
            let held = Barrier::new(2);
            std::thread::scope(|s| {
                s.spawn(|| {
                    let _guard = lock.lock().unwrap();
                    held.wait();
                    while reports.load(Ordering::SeqCst) == 0 {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
                held.wait();
                assert_eq!(takes_a_lock(&lock), 7);
            });
        });
    });
    out.expect_code(0).expect_stderr(&[
        ": it sleeps in the kernel\n",
        if STACKS { "futex" } else { "" },
        if STACKS { "takes_a_lock" } else { "" },
    ]);
}

#[inline(never)]
fn recurses(depth: u32, reports: &AtomicUsize) -> u32 {
    if depth == 0 {
        computes_for_long(reports);
    }
    let below = if depth == 0 {
        0
    } else {
        recurses(depth - 1, reports)
    };
    std::hint::black_box(below) + 1
}

/// Of a deep stack the innermost functions are shown, and the others are counted.
pub(crate) fn deep_in_a_recursion() {
    let out = child::run(|| {
        reported("recurses", |reports| {
            recurses(300, reports);
        });
    });
    let out = out.expect_code(0);
    if STACKS {
        out.expect_stderr(&["computes_for_long", "recurses", "  99: ", "...and 2", " more"]);
    }
}

/// What goes to standard error when nobody has asked for anything else, by way of the environment. The program itself is a child of
/// the child, which reads its reports as they come: it stalls, reading its standard input, until there was one.
pub(crate) fn the_environment_asks_for_them() {
    let out = child::run(|| {
        const STALLS: &str = "GORT_TEST_STALLS";
        if std::env::var_os(STALLS).is_some() {
            return gort::run(|| assert_eq!(std::io::stdin().read(&mut [0]).unwrap(), 0));
        }
        let mut program = Command::new(std::env::current_exe().unwrap())
            .args(std::env::args_os().skip(1))
            .env(STALLS, "")
            .env("GORT_STALL", "30ms")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut reports = BufReader::new(program.stderr.take().unwrap()).lines();
        let first = reports.next().unwrap().unwrap();
        drop(program.stdin.take());
        let rest: Vec<_> = reports.map(Result::unwrap).collect();
        assert!(program.wait().unwrap().success());
        eprintln!("{first}\n{}", rest.join("\n"));
    });
    out.expect_code(0).expect_stderr(&[
        "stall: goroutine 1 has kept its worker for ",
        ": it sleeps in the kernel\n\ngoroutine 1 [syscall",
        "\tspawned at tests/proc/stall.rs:",
    ]);
}

pub(crate) fn a_length_that_is_none() {
    let out = Child::default()
        .env("GORT_STALL", "soon")
        .run(|| gort::run(|| ()));
    out.expect_code(0).expect_stderr(&[
        "gort: GORT_STALL is ignored: `soon` is not a length of time (such as 50ms, 0.5s or 1m30s)",
    ]);
}

pub(crate) fn a_program_may_refuse_them() {
    let out = Child::default().env("GORT_STALL", "1ms").run(|| {
        let builder = Builder::new().report_stalls(Duration::ZERO);
        builder
            .run(|| std::thread::sleep(Duration::from_millis(50)))
            .unwrap();
    });
    out.expect_code(0).expect_silent_stderr();
}

/// Neither what waits nor what is handed to a helper keeps a worker.
pub(crate) fn who_keeps_no_worker_is_not_reported() {
    let out = child::run(|| {
        let (note, noted) = mpsc::channel();
        let builder = Builder::new()
            .report_stalls(Duration::from_secs(1))
            .on_stall(move |report| {
                // A machine that is busy may stop a run for a second. A wait that counts is reported again when it is twice as long.
                if report.duration() >= Duration::from_secs(2) {
                    note.send(report.to_string()).unwrap();
                }
            });
        builder
            .run(|| {
                let sleeper = go!(gort::time::sleep(Duration::from_millis(2500)));
                gort::blocking(|| std::thread::sleep(Duration::from_millis(2500)));
                sleeper.join().unwrap();
            })
            .unwrap();
        assert_eq!(noted.try_recv().ok(), None);
    });
    out.expect_code(0).expect_silent_stderr();
}

/// When the end of a stall is told, every worker may sleep already. It is no deadlock before that was done.
pub(crate) fn who_waits_for_a_report_is_not_deadlocked() {
    // Main could be bound to the worker that is kept.
    let out = child::Child::default().env("GORT_MIGRATION", "stealing").run(|| {
        let (tell, told) = gort::channel(16);
        let builder = Builder::new()
            .report_stalls(LIMIT)
            .on_stall(move |report| tell.send(report.is_over()).unwrap());
        builder
            .run(|| {
                let seen = Arc::new(AtomicBool::new(false));
                go!([seen] while !seen.load(Ordering::SeqCst) { std::thread::sleep(LIMIT * 5) });
                let mut reports = told.into_iter().inspect(|_| seen.store(true, Ordering::SeqCst));
                assert!(reports.any(|over| over));
            })
            .unwrap();
    });
    out.expect_code(0).expect_silent_stderr();
}

/// Goroutines that are looked at while they come and go, with names of their own and without.
pub(crate) fn of_many_that_come_and_go() {
    let out = child::run(|| {
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        let builder = Builder::new()
            .report_stalls(Duration::from_millis(1))
            .on_stall(move |report| {
                let shape = |name: &str| {
                    name.strip_prefix("number ")
                        .is_some_and(|rest| rest.bytes().all(|b| b == b'x'))
                };
                assert!(report.name().is_none_or(shape), "{report}");
                count.fetch_add(1, Ordering::SeqCst);
            });
        builder
            .run(|| {
                let spin = |length| {
                    let begin = Instant::now();
                    while begin.elapsed() < length {
                        std::hint::spin_loop();
                    }
                };
                while seen.load(Ordering::SeqCst) < 100 {
                    let some: Vec<_> = (0..4)
                        .map(|i| {
                            let length = Duration::from_micros(900 + 400 * i);
                            go!(name = format!("number {}", "x".repeat(i as usize)); spin(length))
                        })
                        .collect();
                    some.into_iter().for_each(|one| one.join().unwrap());
                }
            })
            .unwrap();
    });
    out.expect_code(0).expect_not_stderr("panicked");
}

/// What every worker does at once in [`others_go_on_beside`], until the goroutine is told to stop.
type Hog = fn(&Stop);

/// Ends a hog.
struct Stop {
    flag: AtomicBool,
    lock: Mutex<()>,
}

fn hog_computes(stop: &Stop) {
    while !stop.flag.load(Ordering::SeqCst) {
        std::hint::spin_loop();
    }
}

fn hog_sleeps(stop: &Stop) {
    while !stop.flag.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Until the other end is closed, which is when the program ends it.
fn hog_reads(stop: &Stop) {
    let (mut near, far) = UnixStream::pair().unwrap();
    std::thread::scope(|s| {
        s.spawn(|| {
            hog_sleeps(stop);
            drop(far);
        });
        assert_eq!(near.read(&mut [0]).unwrap(), 0);
    });
}

fn hog_locks(stop: &Stop) {
    drop(stop.lock.lock().unwrap());
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Timers, the network, what is queued on the stuck workers: and afterwards there are as many threads as before.
fn others_go_on_beside(hog: Hog) {
    gort::run(|| ());
    let stop = Arc::new(Stop {
        flag: AtomicBool::new(false),
        lock: Mutex::new(()),
    });
    let (held, hold) = (Arc::new(Barrier::new(2)), Arc::clone(&stop));
    let there = Arc::clone(&held);
    let holder = std::thread::spawn(move || {
        let _guard = hold.lock.lock().unwrap();
        there.wait();
        hog_sleeps(&hold);
    });
    held.wait();
    gort::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let echo = go!({
            let (mut stream, _) = listener.accept().unwrap();
            let mut byte = [0];
            while stream.read(&mut byte).unwrap() > 0 {
                stream.write_all(&byte).unwrap();
            }
        });
        let hogs = gort::runtime::max_procs() + 1;
        let (queued, gate) = gort::channel::<()>(hogs);
        let handles: Vec<_> = (0..hogs)
            .map(|_| {
                go!([queued, stop] {
                    // In the queue, and in run-next, of the worker that is about to be stuck.
                    drop(go!([queued] chan!(queued <- ())));
                    hog(&stop);
                })
            })
            .collect();
        for _ in 0..hogs {
            chan!(<-gate).unwrap();
        }
        let mut stream = TcpStream::connect(address).unwrap();
        for _ in 0..20 {
            gort::time::sleep(Duration::from_millis(1));
            stream.write_all(b"z").unwrap();
            stream.read_exact(&mut [0]).unwrap();
            assert_eq!(go!({ 6 * 7 }).join().unwrap(), 42);
        }
        assert!(handles.iter().all(|hog| !hog.is_finished()));
        stop.flag.store(true, Ordering::SeqCst);
        handles.into_iter().for_each(|hog| hog.join().unwrap());
        drop(stream);
        echo.join().unwrap();
    });
    holder.join().unwrap();
    // Beside the workers: the main thread, the monitor, one that keeps the time.
    let normal = gort::runtime::max_procs() + 3;
    let begin = Instant::now();
    while threads() > normal {
        assert!(
            begin.elapsed() < Duration::from_secs(120),
            "{} threads are left",
            threads()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn others_go_on(hog: impl Fn(Child)) {
    for procs in [1, 2, 4] {
        // In the other modes, goroutines that have started are bound to a worker, and wait for it whatever it does.
        hog(Child::default()
            .env("GOMAXPROCS", procs)
            .env("GORT_MIGRATION", "stealing"));
    }
}

pub(crate) fn others_go_on_beside_loops() {
    others_go_on(|child| {
        child.run(|| others_go_on_beside(hog_computes)).expect_code(0);
    });
}

pub(crate) fn others_go_on_beside_sleeps() {
    others_go_on(|child| {
        child.run(|| others_go_on_beside(hog_sleeps)).expect_code(0);
    });
}

pub(crate) fn others_go_on_beside_reads() {
    others_go_on(|child| {
        child.run(|| others_go_on_beside(hog_reads)).expect_code(0);
    });
}

pub(crate) fn others_go_on_beside_locks() {
    others_go_on(|child| {
        child.run(|| others_go_on_beside(hog_locks)).expect_code(0);
    });
}
