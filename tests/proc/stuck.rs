//! The programs of docs/DEBUG.md, and that what is printed of them is what it says.

use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;

use gort::debug::{self, Status};
use gort::prelude::*;
use gort::runtime::WaitReason;
use gort::sync::{Barrier, Mutex, WaitGroup};

use crate::support::child;

/// Sends what Ctrl-\ sends, once `is_stuck` finds that the program is.
fn press_the_keys_when(is_stuck: impl Fn(&debug::Snapshot) -> bool + Send + 'static) {
    std::thread::spawn(move || {
        while !is_stuck(&debug::goroutines_without_frames()) {
            std::thread::yield_now();
        }
        let mut kill = Command::new("/bin/sh");
        kill.args(["-c", "kill -QUIT $PPID"]).status().expect("a shell");
        std::thread::sleep(crate::LONG);
    });
}

fn waiting(all: &debug::Snapshot, reason: WaitReason) -> usize {
    let waits = |goroutine: &&debug::Goroutine| goroutine.status() == Status::Waiting(reason);
    all.iter().filter(waits).count()
}

fn stack(function: &str) -> &str {
    if crate::stall::STACKS { function } else { "" }
}

struct Account {
    balance: Mutex<i64>,
}

#[inline(never)]
fn transfer(from: &Account, to: &Account, amount: i64, both_hold_one: &Barrier) {
    let mut source = from.balance.lock();
    both_hold_one.wait();
    let mut target = to.balance.lock();
    *source -= amount;
    *target += amount;
    std::hint::black_box((from, to));
}

/// Two locks in two orders, in a program that goes on otherwise.
pub(crate) fn two_locks() {
    #[gort::main]
    fn main() {
        press_the_keys_when(|all| waiting(all, WaitReason::MutexLock) == 2);
        let account = || {
            Arc::new(Account {
                balance: Mutex::new(100),
            })
        };
        let (anna, bert) = (account(), account());
        let (a, b) = (anna.clone(), bert.clone());
        let both = Arc::new(Barrier::new(2));
        let at = both.clone();
        go!(name = "rent"; move || transfer(&a, &b, 10, &at));
        go!(name = "loan"; move || transfer(&bert, &anna, 20, &both));
        for _ in gort::time::tick(std::time::Duration::from_secs(1)) {}
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["SIGQUIT: quit\n\ngoroutine 1 [select]:\n"])
        .expect_stderr(&[
            " \"rent\" [sync.Mutex.Lock]:\n",
            stack("transfer(...)\n\t./tests/proc/stuck.rs:"),
            "created by go! in goroutine 1\n",
        ])
        .expect_stderr(&[
            " \"loan\" [sync.Mutex.Lock]:\n",
            stack("transfer(...)\n\t./tests/proc/stuck.rs:"),
        ]);
}

#[inline(never)]
fn sum_of(results: &Receiver<u64>) -> u64 {
    let mut sum = 0;
    for result in results {
        sum += result;
    }
    std::hint::black_box(sum)
}

/// The channel is never closed: main itself has a sender.
pub(crate) fn a_range_without_end() {
    #[gort::main]
    fn main() {
        let (tx, rx) = gort::channel(4);
        for n in 1..=3 {
            let tx = tx.clone();
            go!(move || chan!(tx <- n * n));
        }
        println!("{}", sum_of(&rx));
        drop(tx);
    }
    child::run(main).expect_code(2).expect_stdout("").expect_stderr(&[
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\n",
        stack("sum_of(...)\n\t./tests/proc/stuck.rs:"),
        stack("main(...)\n\t./tests/proc/stuck.rs:"),
        "created by go! outside of goroutines\n",
    ]);
}

#[inline(never)]
fn answer(request: u32, done: &WaitGroup) -> u32 {
    if request % 2 == 1 {
        // It forgets to say that it is done.
        return 0;
    }
    done.done();
    request
}

#[inline(never)]
fn serve(request: u32) {
    let done = WaitGroup::new();
    done.add(1);
    answer(request, &done);
    done.wait();
}

/// Every other request leaves a goroutine behind: they have the same stack.
pub(crate) fn a_leak() {
    #[gort::main]
    fn main() {
        for request in 0..200 {
            go!(move || serve(request));
        }
        while waiting(&debug::goroutines_without_frames(), WaitReason::WaitGroupWait) < 100
            || debug::goroutines_without_frames().len() > 101
        {
            gort::runtime::gosched();
        }
        eprint!("{}", debug::goroutines().grouped());
    }
    child::run(main).expect_code(0).expect_stderr(&[
        "goroutine profile: total 101\n100 @",
        "\n# [sync.WaitGroup.Wait]\n#\t",
        stack("serve\t./tests/proc/stuck.rs:"),
        "\n1 @",
    ]);
}

#[inline(never)]
fn read_the_answer(pipe: &mut ChildStdout) -> usize {
    std::io::Read::read(pipe, &mut [0]).unwrap()
}

/// A call that blocks its thread: the goroutine is running, as far as Rust knows.
pub(crate) fn a_blocking_call() {
    #[gort::main]
    fn main() {
        let mut silent = Command::new("sleep");
        silent.arg("1000").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut silent = silent.spawn().unwrap();
        let child = silent.id();
        let begun = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = Arc::clone(&begun);
        press_the_keys_when(move |_| seen.load(std::sync::atomic::Ordering::SeqCst));
        std::thread::spawn(move || println!("{child}")).join().unwrap();
        begun.store(true, std::sync::atomic::Ordering::SeqCst);
        read_the_answer(silent.stdout.as_mut().unwrap());
        silent.wait().unwrap();
    }
    let out = child::run(main);
    let mut kill = Command::new("kill");
    kill.arg(out.stdout.trim()).status().expect("kill");
    out.expect_code(2).expect_stderr(&[
        "SIGQUIT: quit\n\ngoroutine 1 [running]:\n",
        stack("read_the_answer(...)\n\t./tests/proc/stuck.rs:"),
    ]);
}
