//! Goroutines and an `async` library side by side: tokio's runtime is held aside for what needs it,
//! goroutines wait for its futures as if they were functions, and its tasks wait for goroutines and
//! channels.
//!
//! Two ways to wait for a future of tokio's: hand it to the runtime and wait for the task
//! (`spawned`), or poll it here, within the runtime's context (`Entered`). The guard of
//! `Handle::enter` belongs to the thread, so it lives for a poll, never across a wait.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use gort::future::{Elapsed, wait, wait_timeout};
use gort::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// A future that is polled, and dropped, within a runtime's context.
struct Entered<F> {
    handle: Handle,
    future: Option<Pin<Box<F>>>,
}

impl<F> Entered<F> {
    fn new(handle: &Handle, future: F) -> Entered<F> {
        Entered {
            handle: handle.clone(),
            future: Some(Box::pin(future)),
        }
    }
}

impl<F: Future> Future for Entered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let _guard = this.handle.enter();
        let future = this.future.as_mut().expect("there until it is dropped");
        future.as_mut().poll(cx)
    }
}

impl<F> Drop for Entered<F> {
    fn drop(&mut self) {
        let _guard = self.handle.enter();
        self.future = None;
    }
}

#[gort::main]
fn main() {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let handle = tokio.handle();

    timers(handle);
    channels(handle);
    tasks_wait_for_goroutines(handle);
    echo(handle).expect("loopback works");
    gort::blocking(|| drop(tokio)); // joins its threads
    println!("done");
}

/// Many goroutines sleep on tokio's clock; each parks, and holds no thread.
fn timers(handle: &Handle) {
    let sleepers: Vec<_> = (1..=100)
        .map(|n| {
            let handle = handle.clone();
            go!({
                let nap = async move { tokio::time::sleep(Duration::from_millis(n % 5)).await };
                wait(Entered::new(&handle, nap));
                1
            })
        })
        .collect();
    let woken: i32 = sleepers.into_iter().map(|s| s.join().expect("no panic")).sum();
    println!("{woken} goroutines slept on tokio's clock");

    let long = async { tokio::time::sleep(Duration::from_secs(3600)).await };
    let late = wait_timeout(Entered::new(handle, long), Duration::from_millis(5));
    println!("an hour is too long: {}", late == Err(Elapsed));
}

/// tokio's channels need no context: they only wake.
fn channels(handle: &Handle) {
    let (tx, mut rx) = mpsc::channel(1);
    let (tell, told) = oneshot::channel();
    let receiver = handle.spawn(async move {
        let mut sum = 0;
        while let Some(n) = rx.recv().await {
            sum += n;
        }
        let _ = tell.send(sum);
    });
    for n in 1..=100_u32 {
        wait(tx.send(n)).expect("the task receives");
    }
    drop(tx);
    println!("a task of tokio's summed up {}", wait(told).expect("it was told"));
    wait(receiver).expect("no panic");
}

/// The other way: a task awaits a goroutine, and receives from a channel that goroutines send on.
fn tasks_wait_for_goroutines(handle: &Handle) {
    let squares = chan!(u64);
    let (tx, rx) = squares.split();
    for n in 1..=10 {
        let tx = tx.clone();
        go!({
            chan!(tx <- n * n);
        });
    }
    drop(tx);
    let answer = go!(|| 6 * 7);
    let failing = go!(|| -> u32 { panic!("on a goroutine") });
    let task = handle.spawn(async move {
        let mut sum = 0;
        while let Some(square) = rx.recv_async().await {
            sum += square;
        }
        let answer = answer.await.expect("no panic");
        let failed = failing.await.expect_err("a panic");
        (sum, answer, failed.to_string())
    });
    let (sum, answer, failed) = wait(task).expect("no panic");
    println!("a task of tokio's received squares, in all {sum}; a goroutine answered {answer}");
    println!("and one failed: {failed}");
}

/// A server of tokio's, and goroutines as clients with tokio's sockets.
fn echo(handle: &Handle) -> std::io::Result<()> {
    let listener = wait(Entered::new(handle, TcpListener::bind("127.0.0.1:0")))?;
    let address = listener.local_addr()?;
    let server = handle.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = socket.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    let clients: Vec<_> = (0..10)
        .map(|n| {
            let handle = handle.clone();
            go!({
                let mut socket = wait(Entered::new(&handle, TcpStream::connect(address)))?;
                let question = format!("client {n}");
                wait(socket.write_all(question.as_bytes()))?;
                let mut answer = vec![0; question.len()];
                wait(socket.read_exact(&mut answer))?;
                std::io::Result::Ok(answer == question.as_bytes())
            })
        })
        .collect();
    let mut echoed = 0;
    for client in clients {
        echoed += u32::from(client.join().expect("no panic")?);
    }
    println!("{echoed} of 10 clients heard their echo");
    server.abort();
    let aborted = wait(server).is_err_and(|error| error.is_cancelled());
    println!("the server was told to stop: {aborted}");
    Ok(())
}
