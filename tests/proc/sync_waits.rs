//! Deadlocks on the primitives of `sync`: found at once, with Go's word for each wait and the place
//! in the program (GS-75, GS-102, GS-103; the recursive read lock of GoKer's RWR kernels, GS-110;
//! the recursive `Once`, GS-114).

use std::sync::Arc;
use std::time::Duration;

use gort::prelude::*;
use gort::sync::{Barrier, Cond, Mutex, Once, OnceValue, RwLock, Semaphore, SingleFlight};

use crate::support::child;

#[track_caller]
fn deadlocked(program: impl FnOnce(), lines: &[&str]) {
    let out = child::run(program);
    assert!(out.elapsed < crate::LONG, "found late: {out:#?}");
    let mut texts = vec!["fatal error: all goroutines are asleep - deadlock!\n\n"];
    for line in lines {
        texts.extend([line, file!()]);
    }
    out.expect_code(2).expect_stdout("").expect_stderr(&texts);
}

pub(crate) fn reading() {
    #[gort::main]
    fn main() {
        let lock = RwLock::new(());
        let _writing = lock.write();
        let _reading = lock.read();
    }
    deadlocked(main, &["goroutine 1 [sync.RWMutex.RLock]:\n"]);
}

pub(crate) fn writing() {
    #[gort::main]
    fn main() {
        let lock = RwLock::new(());
        let _reading = lock.read();
        let _writing = lock.write();
    }
    deadlocked(main, &["goroutine 1 [sync.RWMutex.Lock]:\n"]);
}

pub(crate) fn reading_again_behind_a_writer() {
    #[gort::main]
    fn main() {
        let lock = Arc::new(RwLock::new(()));
        let _reading = lock.read();
        go!([lock] { drop(lock.write()) });
        while lock.try_read().is_some() {
            gort::runtime::gosched();
        }
        let _again = lock.read();
    }
    deadlocked(
        main,
        &["goroutine 1 [sync.RWMutex.RLock]:\n", " [sync.RWMutex.Lock]:\n"],
    );
}

pub(crate) fn cond() {
    #[gort::main]
    fn main() {
        let (mutex, cond) = (Mutex::new(()), Cond::new());
        cond.notify_all();
        cond.wait(&mut mutex.lock());
    }
    deadlocked(main, &["goroutine 1 [sync.Cond.Wait]:\n"]);
}

pub(crate) fn semaphore() {
    #[gort::main]
    fn main() {
        Semaphore::new(1).acquire(2);
    }
    deadlocked(main, &["goroutine 1 [semacquire]:\n"]);
}

pub(crate) fn barrier() {
    #[gort::main]
    fn main() {
        Barrier::new(2).wait();
    }
    deadlocked(main, &["goroutine 1 [barrier]:\n"]);
}

pub(crate) fn once_in_itself() {
    #[gort::main]
    fn main() {
        let once = Once::new();
        once.call_once(|| once.call_once(|| unreachable!()));
    }
    deadlocked(main, &["goroutine 1 [sync.Mutex.Lock]:\n"]);
}

pub(crate) fn once_value_in_itself() {
    static VALUE: OnceValue<u32> = OnceValue::new(|| *VALUE.get());
    #[gort::main]
    fn main() {
        VALUE.get();
    }
    deadlocked(main, &["goroutine 1 [sync.Mutex.Lock]:\n"]);
}

pub(crate) fn single_flight_in_itself() {
    #[gort::main]
    fn main() {
        let flights = SingleFlight::<_, ()>::new();
        flights.do_(1, || flights.do_(1, || ()).0);
    }
    deadlocked(main, &["goroutine 1 [sync.WaitGroup.Wait]:\n"]);
}

/// While somebody waits with a deadline nothing is lost yet.
pub(crate) fn a_deadline_is_no_deadlock() {
    #[gort::main]
    fn main() {
        let lock = Arc::new(RwLock::new(()));
        let _writing = lock.write();
        let other = go!([lock] { lock.read_timeout(Duration::from_millis(50)).is_none() });
        assert!(lock.write_timeout(Duration::from_millis(100)).is_none());
        assert!(other.join().unwrap());
        println!("done");
    }
    child::run(main)
        .expect_code(0)
        .expect_stdout("done\n")
        .expect_silent_stderr();
}
