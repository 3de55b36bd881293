//! Port of test/ken/chan.go: sends, receives and selects over many channels, counted (GS-20, GS-31,
//! GS-62).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gort::prelude::*;
use gort::runtime::gosched;

/// How many sends and receives all goroutines did, and the original's own random numbers.
#[derive(Default)]
struct Totals {
    sends: AtomicU32,
    receives: AtomicU32,
    random: AtomicU32,
}

impl Totals {
    fn yield_some(&self, n: u32) {
        let r = self.random.fetch_add(10_007, Ordering::Relaxed) % 1_000_000 % n;
        for _ in 0..=r {
            gosched();
        }
    }
}

/// Channel values run from a multiple of 100 to 75 above it.
fn is_last(v: u32) -> bool {
    v % 100 == 75
}

/// The sending side of a channel: `None` once its last value is sent.
struct Out {
    ch: Option<Sender<u32>>,
    next: u32,
    totals: Arc<Totals>,
}

impl Out {
    /// Notes that `next` has been sent, and says whether it was the last one.
    fn sent(&mut self) -> bool {
        self.totals.sends.fetch_add(1, Ordering::Relaxed);
        let last = is_last(self.next);
        self.next += 1;
        if last {
            self.ch = None;
        }
        last
    }
}

/// The receiving side: `None` once the last value has come.
struct In {
    ch: Option<Receiver<u32>>,
    next: u32,
    totals: Arc<Totals>,
}

impl In {
    fn received(&mut self, v: Option<u32>) -> bool {
        self.totals.receives.fetch_add(1, Ordering::Relaxed);
        assert_eq!(v, Some(self.next));
        let last = is_last(self.next);
        self.next += 1;
        if last {
            self.ch = None;
        }
        last
    }
}

fn send(mut c: Out) {
    loop {
        c.totals.yield_some(10);
        chan!(c.ch <- c.next);
        if c.sent() {
            return;
        }
    }
}

fn recv(mut c: In) {
    loop {
        c.totals.yield_some(10);
        let v = chan!(<-c.ch);
        if c.received(v) {
            return;
        }
    }
}

fn sel(totals: Arc<Totals>, mut r: [In; 4], mut s: [Out; 4]) {
    let mut running =
        r.iter().filter(|c| c.ch.is_some()).count() + s.iter().filter(|c| c.ch.is_some()).count();
    while running > 0 {
        totals.yield_some(5);
        let ended = select! {
            v = <-r[0].ch => r[0].received(v),
            v = <-r[1].ch => r[1].received(v),
            v = <-r[2].ch => r[2].received(v),
            v = <-r[3].ch => r[3].received(v),
            s[0].ch <- s[0].next => s[0].sent(),
            s[1].ch <- s[1].next => s[1].sent(),
            s[2].ch <- s[2].next => s[2].sent(),
            s[3].ch <- s[3].next => s[3].sent(),
        };
        running -= usize::from(ended);
    }
}

/// Makes channels, each with a range of values of its own.
struct Maker {
    totals: Arc<Totals>,
    capacity: usize,
    value: u32,
}

impl Maker {
    fn four(&mut self) -> ([Out; 4], [In; 4]) {
        let mut ins = Vec::new();
        let outs = std::array::from_fn(|_| {
            self.value += 100;
            let (tx, rx) = gort::channel(self.capacity);
            ins.push(In {
                ch: Some(rx),
                next: self.value,
                totals: self.totals.clone(),
            });
            Out {
                ch: Some(tx),
                next: self.value,
                totals: self.totals.clone(),
            }
        });
        let Ok(ins) = ins.try_into() else {
            unreachable!("four were made")
        };
        (outs, ins)
    }

    fn nil_outs(&self) -> [Out; 4] {
        std::array::from_fn(|_| Out {
            ch: None,
            next: 0,
            totals: self.totals.clone(),
        })
    }

    fn nil_ins(&self) -> [In; 4] {
        std::array::from_fn(|_| In {
            ch: None,
            next: 0,
            totals: self.totals.clone(),
        })
    }
}

fn join(handles: impl IntoIterator<Item = JoinHandle<()>>) {
    for handle in handles {
        handle.join().unwrap();
    }
}

/// All tests at one buffer size: 16 + 8 + 12 channels.
fn tests(mut make: Maker) {
    let totals = make.totals.clone();

    // Direct send to direct receive.
    let (outs, ins) = make.four();
    let (a, b) = (outs.map(|c| go!(send(c))), ins.map(|c| go!(recv(c))));
    join(a.into_iter().chain(b));

    // Direct send to select receive.
    let (outs, ins) = make.four();
    let a = outs.map(|c| go!(send(c)));
    let b = go!(sel(totals.clone(), ins, make.nil_outs()));
    join(a.into_iter().chain([b]));

    // Select send to direct receive.
    let (outs, ins) = make.four();
    let a = ins.map(|c| go!(recv(c)));
    let b = go!(sel(totals.clone(), make.nil_ins(), outs));
    join(a.into_iter().chain([b]));

    // Select send to select receive.
    let (outs, ins) = make.four();
    let a = go!(sel(totals.clone(), make.nil_ins(), outs));
    let b = go!(sel(totals.clone(), ins, make.nil_outs()));
    join([a, b]);

    // Two selects, each sending to and receiving from the other.
    let ((outs0, ins0), (outs4, ins4)) = (make.four(), make.four());
    let a = go!(sel(totals.clone(), ins4, outs0));
    let b = go!(sel(totals.clone(), ins0, outs4));
    join([a, b]);

    // A chain: direct senders, two selects, direct receivers.
    let ((outs0, ins0), (outs4, ins4), (outs8, ins8)) = (make.four(), make.four(), make.four());
    let (a, b) = (outs4.map(|c| go!(send(c))), ins8.map(|c| go!(recv(c))));
    let c = go!(sel(totals.clone(), ins4, outs0));
    let d = go!(sel(totals, ins0, outs8));
    join(a.into_iter().chain(b).chain([c, d]));
}

#[gort::test]
fn every_value_arrives_in_order() {
    let totals = Arc::new(Totals::default());
    for capacity in [0, 1, 10, 100] {
        tests(Maker {
            totals: totals.clone(),
            capacity,
            value: 0,
        });
    }
    let want = 4 * (16 + 8 + 12) * 76;
    assert_eq!(totals.sends.load(Ordering::Relaxed), want);
    assert_eq!(totals.receives.load(Ordering::Relaxed), want);
}
