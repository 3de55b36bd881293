//! Port of test/typeparam/chans.go: generic functions over channels (GS-31, GS-42, GS-44, GS-72).
//!
//! The original's contexts are done channels here: [`Done`] is what `ctx.Done()` returns, and nil
//! for the background.

use std::time::Duration;

use gort::prelude::*;
use gort::sync::WaitGroup;

type Done = Option<Receiver<()>>;

fn background() -> Done {
    None
}

/// A done channel, and what makes it done when it is dropped.
fn with_cancel() -> (Done, Sender<()>) {
    let (cancel, done) = gort::channel(0);
    (Some(done), cancel)
}

/// Reads until the channel is closed or the context is done, and returns what was read.
fn read_all<T>(ctx: &Done, c: Receiver<T>) -> Vec<T> {
    let mut all = Vec::new();
    loop {
        select! {
            <-ctx => return all,
            v = <-c => match v {
                Some(v) => all.push(v),
                None => return all,
            },
        }
    }
}

/// Merges two channels into one, which closes when both have, or when the context is done.
fn merge<T: Send + 'static>(ctx: Done, c1: Receiver<T>, c2: Receiver<T>) -> Receiver<T> {
    let (tx, rx) = gort::channel(0);
    go!(move || {
        let (mut c1, mut c2) = (Some(c1), Some(c2));
        while c1.is_some() || c2.is_some() {
            select! {
                <-ctx => return,
                v = <-c1 => match v {
                    Some(v) => chan!(tx <- v),
                    None => c1 = None,
                },
                v = <-c2 => match v {
                    Some(v) => chan!(tx <- v),
                    None => c2 = None,
                },
            }
        }
    });
    rx
}

/// Passes on what `keep` approves of.
fn filter<T: Send + 'static>(
    ctx: Done,
    c: Receiver<T>,
    keep: impl Fn(&T) -> bool + Send + 'static,
) -> Receiver<T> {
    let (tx, rx) = gort::channel(0);
    go!(move || {
        loop {
            select! {
                <-ctx => return,
                Some(v) = <-c => {
                    if keep(&v) {
                        chan!(tx <- v);
                    }
                }
                else => return,
            }
        }
    });
    rx
}

/// A channel that discards what is sent to it.
fn sink<T: Send + 'static>(ctx: Done) -> Sender<T> {
    let (tx, rx) = gort::channel(0);
    go!(move || {
        loop {
            select! {
                <-ctx => return,
                v = <-rx => if v.is_none() { return },
            }
        }
    });
    tx
}

/// A value only one goroutine uses at a time, by a channel instead of a mutex.
struct Exclusive<T>(Chan<T>);

impl<T> Exclusive<T> {
    fn new(initial: T) -> Exclusive<T> {
        let c = chan!(T, 1);
        chan!(c <- initial);
        Exclusive(c)
    }

    fn acquire(&self) -> T {
        chan!(<-self.0).expect("never closed")
    }

    fn try_acquire(&self) -> Option<T> {
        select! {
            v = <-self.0 => v,
            default => None,
        }
    }

    fn release(&self, v: T) {
        select! {
            self.0 <- v => {}
            default => panic!("release without acquire"),
        }
    }
}

#[gort::test]
fn read_all_reads_until_closed() {
    let (tx, rx) = gort::channel(0);
    go!(move || {
        for v in [4, 2, 5] {
            chan!(tx <- v);
        }
    });
    assert_eq!(read_all(&background(), rx), [4, 2, 5]);
}

#[gort::test]
fn read_all_stops_when_the_context_is_done() {
    let (done, cancel) = with_cancel();
    let c = chan!(i32);
    let rx = c.rx();
    let reader = go!(move || read_all(&done, rx));
    chan!(c <- 1);
    drop(cancel);
    assert_eq!(reader.join().unwrap(), [1]);
}

#[gort::test]
fn merge_loses_nothing() {
    let source = |values: [i32; 3]| {
        let (tx, rx) = gort::channel(0);
        go!(move || {
            for v in values {
                chan!(tx <- v);
            }
        });
        rx
    };
    let mut got = read_all(
        &background(),
        merge(background(), source([1, 3, 5]), source([2, 4, 6])),
    );
    got.sort_unstable();
    assert_eq!(got, [1, 2, 3, 4, 5, 6]);
}

#[gort::test]
fn filter_keeps_the_even() {
    let (tx, rx) = gort::channel(0);
    go!(move || {
        for v in [1, 2, 3] {
            chan!(tx <- v);
        }
    });
    assert_eq!(
        read_all(&background(), filter(background(), rx, |i| i % 2 == 0)),
        [2]
    );
}

#[gort::test]
fn sink_takes_everything() {
    let c = sink(background());
    let after = gort::time::after(Duration::from_secs(60));
    for v in 1..=3 {
        select! {
            c <- v => {}
            <-after => panic!("timed out sending to the sink"),
        }
    }
    c.close();
}

#[gort::test]
fn exclusive_excludes() {
    let exclusive = std::sync::Arc::new(Exclusive::new(0));
    let wg = WaitGroup::new();
    for _ in 0..2 {
        wg.add(1);
        go!([wg, exclusive] {
            defer! { wg.done() }
            for _ in 0..10 {
                let v = exclusive.acquire();
                exclusive.release(v + 1);
            }
        });
    }
    wg.wait();
    assert_eq!(exclusive.acquire(), 20);
}

#[gort::test]
fn exclusive_can_be_tried() {
    let exclusive = std::sync::Arc::new(Exclusive::new(String::new()));
    let mut s = exclusive.try_acquire().expect("free at first");
    s.push('a');
    let tried = go!([exclusive] { exclusive.try_acquire() });
    assert_eq!(tried.join().unwrap(), None);
    exclusive.release(s);
    assert_eq!(exclusive.try_acquire().as_deref(), Some("a"));
}

/// Go's `_Ranger` tells a sender by a finalizer that its receiver is gone. In gort dropping it says
/// so.
#[gort::test]
fn a_sender_learns_that_its_receiver_is_gone() {
    let (tx, rx) = gort::channel(0);
    let receiver = go!(move || assert_eq!(chan!(<-rx), Some(1)));
    let (report, failed) = gort::channel(0);
    go!(move || {
        tx.send(1).expect("somebody receives");
        chan!(report <- tx.send(2).expect_err("nobody receives").0);
    });
    select! {
        v = <-failed => assert_eq!(v, Some(2)),
        <-gort::time::after(Duration::from_secs(60)) => panic!("send should have failed, but timed out"),
    }
    receiver.join().unwrap();
}
