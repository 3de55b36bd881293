//! One consumer that selects among producers, each on an unbuffered channel of its own.

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, never};
use gort_bench::{check, share, sum_below};

macro_rules! select_among {
    ($($function:ident: $producers:literal: $($rx:ident)*;)*) => {$(
        pub(crate) fn $function(n: usize) -> (usize, Duration) {
            let each = share(n, $producers);
            let start = Instant::now();
            let [$(mut $rx),*] = [(); $producers].map(|()| producer(each));
            let (mut sum, mut got) = (0, 0);
            while got < each * $producers {
                crossbeam_channel::select! {
                    $(recv($rx) -> v => match v {
                        Ok(v) => {
                            sum += v;
                            got += 1;
                        }
                        // Closed for good: out of the way.
                        Err(_) => $rx = never(),
                    },)*
                };
            }
            let took = start.elapsed();
            check(sum == $producers * sum_below(each));
            (each * $producers, took)
        }
    )*};
}

select_among! {
    select2: 2: a b;
    select4: 4: a b c d;
    select8: 8: a b c d e f g h;
    select32: 32: a b c d e f g h i j k l m n o p q r s t u w x y z aa bb cc dd ee ff gg;
}

fn producer(values: usize) -> Receiver<usize> {
    let (tx, rx) = bounded(0);
    thread::spawn(move || {
        for i in 0..values {
            check(tx.send(i).is_ok());
        }
    });
    rx
}
