//! One consumer that selects among producers, each on a channel of its own.

use std::time::{Duration, Instant};

use gort_bench::{check, share, sum_below};
use tokio::sync::mpsc;

macro_rules! select_among {
    ($($function:ident: $producers:literal: $($rx:ident)*;)*) => {$(
        pub(crate) async fn $function(n: usize) -> (usize, Duration) {
            let each = share(n, $producers);
            let start = Instant::now();
            let [$(mut $rx),*] = [(); $producers].map(|()| producer(each));
            let mut sum = 0;
            for _ in 0..each * $producers {
                sum += tokio::select! {
                    $(Some(v) = $rx.recv() => v,)*
                    else => unreachable!("values are missing"),
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

fn producer(values: usize) -> mpsc::Receiver<usize> {
    let (tx, rx) = mpsc::channel(1);
    tokio::spawn(async move {
        for i in 0..values {
            check(tx.send(i).await.is_ok());
        }
    });
    rx
}
