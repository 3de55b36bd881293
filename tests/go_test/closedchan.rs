//! Port of test/closedchan.go: closed channels through plain operations, single selects and larger
//! ones (GS-22, GS-34, GS-35, GS-36, GS-37, GS-44, GS-64).

use gort::prelude::*;

use crate::support::panic_message;

/// The operations, in the three ways to phrase them. `None` from a non-blocking one says that it
/// was not selected.
struct Ops {
    name: &'static str,
    send: fn(&Chan<i32>, i32),
    nbsend: fn(&Chan<i32>, i32) -> bool,
    recv: fn(&Chan<i32>) -> i32,
    nbrecv: fn(&Chan<i32>) -> Option<i32>,
    recv2: fn(&Chan<i32>) -> (i32, bool),
    nbrecv2: fn(&Chan<i32>) -> Option<(i32, bool)>,
}

/// Go's second channel of a larger select: never ready.
fn dummy() -> Option<Receiver<bool>> {
    None
}

const DIRECT: Ops = Ops {
    name: "<- operator",
    send: |c, x| chan!(c <- x),
    nbsend: |c, x| {
        select! {
            c <- x => true,
            default => false,
        }
    },
    recv: |c| chan!(<-c).unwrap_or_default(),
    nbrecv: |c| {
        select! {
            x = <-c => Some(x.unwrap_or_default()),
            default => None,
        }
    },
    recv2: |c| {
        let x = chan!(<-c);
        (x.unwrap_or_default(), x.is_some())
    },
    nbrecv2: |c| {
        select! {
            (x, ok) = <-c => Some((x, ok)),
            default => None,
        }
    },
};

const SELECT: Ops = Ops {
    name: "select",
    send: |c, x| {
        select! {
            c <- x => {}
        }
    },
    nbsend: |c, x| {
        select! {
            default => false,
            c <- x => true,
        }
    },
    recv: |c| {
        select! {
            x = <-c => x.unwrap_or_default(),
        }
    },
    nbrecv: |c| {
        select! {
            default => None,
            x = <-c => Some(x.unwrap_or_default()),
        }
    },
    recv2: |c| {
        select! {
            (x, ok) = <-c => (x, ok),
        }
    },
    nbrecv2: |c| {
        select! {
            default => None,
            (x, ok) = <-c => Some((x, ok)),
        }
    },
};

const LARGER_SELECT: Ops = Ops {
    name: "larger select",
    send: |c, x| {
        select! {
            c <- x => {}
            <-dummy() => panic!("dummy"),
        }
    },
    nbsend: |c, x| {
        select! {
            default => false,
            <-dummy() => panic!("dummy"),
            c <- x => true,
        }
    },
    recv: |c| {
        select! {
            <-dummy() => panic!("dummy"),
            x = <-c => x.unwrap_or_default(),
        }
    },
    nbrecv: |c| {
        select! {
            <-dummy() => panic!("dummy"),
            default => None,
            x = <-c => Some(x.unwrap_or_default()),
        }
    },
    recv2: |c| {
        select! {
            <-dummy() => panic!("dummy"),
            (x, ok) = <-c => (x, ok),
        }
    },
    nbrecv2: |c| {
        select! {
            <-dummy() => panic!("dummy"),
            default => None,
            (x, ok) = <-c => Some((x, ok)),
        }
    },
};

const ALL: [Ops; 3] = [DIRECT, SELECT, LARGER_SELECT];

/// A closed and empty channel.
fn closed(ops: &Ops, c: &Chan<i32>) {
    let name = ops.name;
    for _ in 0..3 {
        assert_eq!((ops.recv)(c), 0, "{name}");
        assert_eq!((ops.recv2)(c), (0, false), "{name}");
        assert_eq!((ops.nbrecv)(c), Some(0), "{name}");
        assert_eq!((ops.nbrecv2)(c), Some((0, false)), "{name}");
    }
    // A send panics even where it need not block, and its value is gone.
    assert_eq!(
        panic_message(|| assert!((ops.nbsend)(c, 1))),
        "send on closed channel",
        "{name}"
    );
    assert_eq!((ops.recv)(c), 0, "{name}");
    assert_eq!(
        panic_message(|| (ops.send)(c, 2)),
        "send on closed channel",
        "{name}"
    );
    assert_eq!((ops.recv)(c), 0, "{name}");
}

#[gort::test]
fn closed_unbuffered() {
    for ops in &ALL {
        let c = chan!(i32);
        c.close();
        closed(ops, &c);
    }
}

#[gort::test]
fn closed_buffered_yields_what_is_left() {
    let last: [fn(&Ops, &Chan<i32>); 4] = [
        |ops, c| assert_eq!((ops.recv)(c), 1, "{}", ops.name),
        |ops, c| assert_eq!((ops.recv2)(c), (1, true), "{}", ops.name),
        |ops, c| assert_eq!((ops.nbrecv)(c), Some(1), "{}", ops.name),
        |ops, c| assert_eq!((ops.nbrecv2)(c), Some((1, true)), "{}", ops.name),
    ];
    for take in last {
        for ops in &ALL {
            let c = chan!(i32, 2);
            chan!(c <- 1);
            c.close();
            take(ops, &c);
            closed(ops, &c);
        }
    }
}

/// Closing a nil channel has no form in gort: an `Option` has no `close`.
#[gort::test]
fn closing_twice_panics() {
    let c = chan!(i32);
    c.close();
    assert_eq!(panic_message(|| c.close()), "close of closed channel");
    let tx = c.tx();
    assert_eq!(panic_message(|| tx.close()), "close of closed channel");
}

/// What the original leaves as a to-do: closing with blocked receivers and senders (GS-32, GS-33).
#[gort::test]
fn close_wakes_everybody() {
    let c = chan!(i32);
    let receivers: Vec<_> = (0..100).map(|_| go!([c] { chan!(<-c) })).collect();
    let selects: Vec<_> = (0..100)
        .map(|_| {
            go!([c] {
                select! {
                    (x, ok) = <-c => (x, ok),
                    <-dummy() => panic!("dummy"),
                }
            })
        })
        .collect();
    gort::time::sleep(std::time::Duration::from_millis(2));
    c.close();
    for r in receivers {
        assert_eq!(r.join().unwrap(), None);
    }
    for s in selects {
        assert_eq!(s.join().unwrap(), (0, false));
    }

    let c = chan!(i32, 1);
    chan!(c <- 0);
    let senders: Vec<_> = (0..100)
        .map(|i| go!([c] { gort::recover(|| chan!(c <- i)).unwrap_err().to_string() }))
        .collect();
    let polite: Vec<_> = (0..100).map(|i| go!([c] { c.send(i).unwrap_err().0 })).collect();
    gort::time::sleep(std::time::Duration::from_millis(2));
    c.close();
    for s in senders {
        assert_eq!(s.join().unwrap(), "send on closed channel");
    }
    for (i, p) in polite.into_iter().enumerate() {
        assert_eq!(p.join().unwrap(), i as i32);
    }
    assert_eq!((chan!(<-c), chan!(<-c)), (Some(0), None));
}
