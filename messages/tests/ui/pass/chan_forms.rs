//! Every form of `chan!`, with operands of every shape.
#![deny(warnings)]

use std::collections::HashMap;

use gort::prelude::*;

struct Hub {
    lines: Vec<Chan<i64>>,
}

impl Hub {
    fn line<T: Into<i64>>(&self, at: T) -> &Chan<i64> {
        &self.lines[usize::try_from(at.into()).unwrap()]
    }
}

macro_rules! through {
    ($ty:ty, $n:expr; $value:expr) => {{
        let ch = chan!($ty, $n);
        chan!(ch <- $value);
        chan!(<-ch)
    }};
}

#[gort::main]
fn main() {
    // Making.
    let unbuffered: Chan<u8> = chan!(u8);
    assert_eq!(unbuffered.capacity(), 0);
    let n = 2;
    let _: Chan<HashMap<u8, Vec<(String, [u8; 4])>>> = chan!(HashMap<u8, Vec<(String, [u8; 4])>>, n * 2 + 1);
    let _: Chan<fn(u8) -> u8> = chan!(fn(u8) -> u8, 1,);
    let inferred = chan!(_, 1);
    chan!(inferred <- 'x');

    // Sending and receiving.
    let sign = 0;
    let hub = Hub { lines: vec![chan!(i64, 4), chan!(i64, 4)] };
    chan!(hub.lines[0] <- -1);
    chan!(hub.line::<u8>(0) <- if sign < -1 { 1 } else { 2 });
    chan!(&hub.lines[0] <- match n { 2 => 3, _ => 4 });
    chan!(hub.lines[0] <- { let two = 2; two * 2 });
    let sum: i64 = (0..4).filter_map(|_| chan!(<-hub.lines[0])).sum();
    assert_eq!(sum, 8);

    let (tx, rx) = gort::channel::<i64>(1);
    chan!(tx <- 1);
    chan!(tx <- chan!(<-rx).unwrap() + 1);
    assert_eq!(chan!(<-rx), Some(2));
    chan!(Some(&tx) <- 3,);
    assert_eq!(chan!(<-Some(&rx),), Some(3));

    // Behind any reference, and what a pattern binds.
    let mut ends = Some((tx.clone(), rx.clone()));
    if let Some((tx, rx)) = &mut ends {
        chan!(tx <- 4);
        chan!(&mut *tx <- chan!(<-rx).unwrap() + 1);
        assert_eq!(chan!(<-&mut *rx), Some(5));
    }
    drop(ends);

    // The temporaries of an operand end when it has been evaluated: each of these locks once more than at the same time.
    let locked = gort::sync::Mutex::new((tx.clone(), rx.clone()));
    chan!(locked.lock().0.clone() <- { assert!(locked.try_lock().is_some()); 6 });
    assert_eq!((chan!(<-locked.lock().1.clone()), locked.lock().1.len()), (Some(6), 0));
    drop(locked);

    // What a call returns a reference to is borrowed, not moved.
    struct Holder((Sender<i64>, Receiver<i64>));
    impl Holder {
        fn ends(&self) -> &(Sender<i64>, Receiver<i64>) {
            &self.0
        }
    }
    let holder = Holder((tx.clone(), rx.clone()));
    chan!(holder.ends().0 <- 7);
    assert_eq!(chan!(<-(*holder.ends()).1), Some(7));
    drop(holder);

    // The value knows the channel's type.
    let jobs = chan!(Box<dyn Fn(i64) -> i64 + Send>, 1);
    chan!(jobs <- Box::new(|x| x + 1));
    assert_eq!(chan!(<-jobs).map(|job| job(1)), Some(2));

    assert_eq!(through!(u16, 1; 1 + 1), Some(2));

    drop(tx);
    assert_eq!(chan!(<-rx), None);
}
