//! Port of test/chan/select6.go (Go issue 2075): a losing select must not corrupt the queues of its
//! other channels when it is not the only waiter there (GS-63). Here `c1` is such a channel.

use gort::prelude::*;

#[gort::test]
fn losing_arms_leave_the_queue_whole() {
    let c1 = chan!(bool);
    let c2 = chan!(bool);
    let c3 = chan!(bool);
    go!([c1] { chan!(<-c1); });
    go!([c1, c2, c3] {
        select! {
            <-c1 => panic!("dummy"),
            <-c2 => chan!(c3 <- true),
        }
        chan!(<-c1);
    });
    go!([c2] { chan!(c2 <- true) });
    chan!(<-c3);
    chan!(c1 <- true);
    chan!(c1 <- true);
}
