//! Port of test/chan/select7.go: select discarding the value, every form of receive against every
//! form of send (GS-66, GS-68).

use gort::prelude::*;
use gort::runtime::gosched;

type Recv = fn(Receiver<i32>);
type Send = fn(Recv);

fn recv1(c: Receiver<i32>) {
    chan!(<-c);
}

fn recv2(c: Receiver<i32>) {
    select! {
        <-c => {}
    }
}

fn recv3(c: Receiver<i32>) {
    let c2 = chan!(i32);
    select! {
        <-c => {}
        <-c2 => {}
    }
}

fn send1(recv: Recv) {
    let c = chan!(i32);
    go!(recv(c.rx()));
    gosched();
    chan!(c <- 1);
}

fn send2(recv: Recv) {
    let c = chan!(i32);
    go!(recv(c.rx()));
    gosched();
    select! {
        c <- 1 => {}
    }
}

fn send3(recv: Recv) {
    let c = chan!(i32);
    go!(recv(c.rx()));
    gosched();
    let c2 = chan!(i32);
    select! {
        c <- 1 => {}
        c2 <- 1 => {}
    }
}

#[gort::test]
fn all_forms_meet() {
    let sends: [Send; 3] = [send1, send2, send3];
    let recvs: [Recv; 3] = [recv1, recv2, recv3];
    for recv in recvs {
        for send in sends {
            send(recv);
        }
    }
}
