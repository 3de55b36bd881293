//! Port of test/chan/nonblock.go: what blocks and what does not, for several types (GS-20, GS-49,
//! GS-59).

use std::fmt::Debug;
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::runtime::gosched;

/// Go gives up after 10,000 naps of 10 µs; a deadline says the same without counting naps.
const LIMIT: Duration = Duration::from_secs(120);

fn nap() {
    gort::time::sleep(Duration::from_micros(20));
    for _ in 0..3 {
        gosched();
    }
}

fn receiver<T: PartialEq + Debug>(c: Receiver<T>, want: T, strobe: Sender<bool>) {
    assert_eq!(chan!(<-c), Some(want));
    chan!(strobe <- true);
}

fn sender<T>(c: Sender<T>, value: T, strobe: Sender<bool>) {
    chan!(c <- value);
    chan!(strobe <- true);
}

fn exchange<T: Clone + Debug + PartialEq + Send + 'static>(there: T, back: T) {
    let sync = chan!(bool);
    for buffer in 0..2 {
        let c = chan!(T, buffer);
        select! {
            v = <-c => panic!("received {v:?} from an empty channel"),
            default => {}
        }

        go!(receiver(c.rx(), there.clone(), sync.tx()));
        let start = Instant::now();
        loop {
            select! {
                c <- there.clone() => break,
                default => {
                    assert!(start.elapsed() < LIMIT, "no receiver, buffer={buffer}");
                    nap();
                }
            }
        }
        chan!(<-sync);

        go!(sender(c.tx(), back.clone(), sync.tx()));
        if buffer > 0 {
            chan!(<-sync);
        }
        let start = Instant::now();
        let got = loop {
            select! {
                v = <-c => break v,
                default => {
                    assert!(start.elapsed() < LIMIT, "no sender, buffer={buffer}");
                    nap();
                }
            }
        };
        assert_eq!(got, Some(back.clone()));
        if buffer == 0 {
            chan!(<-sync);
        }
    }
}

#[gort::test]
fn of_i32() {
    exchange(123i32, 234);
}

#[gort::test]
fn of_i64() {
    exchange(123_456i64, 234_567);
}

#[gort::test]
fn of_bool() {
    exchange(true, true);
}

#[gort::test]
fn of_string() {
    exchange("hello".to_string(), "hello again".to_string());
}
