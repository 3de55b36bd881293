//! What goes on beside the network: blocking calls, computing, timers, children, contexts, panics,
//! channels, files, pipes.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use gort::context::{self, Error};
use gort::io::PollFd;
use gort::prelude::*;
use gort::process::Command;

use super::Activity;
use super::servers::World;
use super::support::seed::Rng;

pub(crate) const ACTIVITIES: &[(&str, Activity)] = &[
    ("blocking", blocking),
    ("blocking without saying so", unannotated),
    ("blocking, canceled", blocking_canceled),
    ("computing", computing),
    ("timers", timers),
    ("child", child),
    ("child, killed by its context", child_killed),
    ("contexts", contexts),
    ("panic", panic),
    ("goexit", goexit),
    ("channels", channels),
    ("files", files),
    ("pipe", pipe),
];

type Outcome = Result<&'static str, String>;

fn some(rng: &mut Rng, most: u64) -> Duration {
    Duration::from_micros(rng.next() % most)
}

fn blocking(_world: &World, rng: &mut Rng) -> Outcome {
    let pause = some(rng, 3_000);
    let slept = gort::blocking(|| {
        let start = Instant::now();
        std::thread::sleep(pause);
        start.elapsed()
    });
    if slept >= pause {
        Ok("done")
    } else {
        Err(format!("{slept:?} of {pause:?}"))
    }
}

/// The worker sleeps in the kernel: another one stands in.
fn unannotated(_world: &World, rng: &mut Rng) -> Outcome {
    std::thread::sleep(some(rng, 5_000));
    Ok("done")
}

fn blocking_canceled(_world: &World, rng: &mut Rng) -> Outcome {
    let (ctx, _cancel) = context::with_timeout(context::background(), some(rng, 300));
    let pause = some(rng, 600);
    match gort::blocking_ctx(&ctx, || std::thread::sleep(pause)) {
        Ok(()) => Ok("done"),
        Err(Error::DeadlineExceeded) => Ok("too late to begin"),
        Err(error) => Err(error.to_string()),
    }
}

fn computing(_world: &World, rng: &mut Rng) -> Outcome {
    let end = Instant::now() + some(rng, 15_000);
    let mut sum = rng.next();
    while Instant::now() < end {
        sum = std::hint::black_box(sum.wrapping_mul(3));
    }
    Ok("done")
}

fn timers(_world: &World, rng: &mut Rng) -> Outcome {
    let (pause, start) = (some(rng, 4_000), Instant::now());
    let tick = gort::time::tick(Duration::from_micros(700));
    let timeout = gort::time::after(pause);
    let mut ticks = 0;
    loop {
        select! {
            _ = <-tick => ticks += 1,
            _ = <-timeout => break,
        }
    }
    if start.elapsed() < pause {
        return Err(format!("{:?} of {pause:?}", start.elapsed()));
    }
    Ok(if ticks == 0 { "no tick" } else { "ticks" })
}

fn child(_world: &World, rng: &mut Rng) -> Outcome {
    let code = rng.below(200) as i32;
    let out = Command::new("sh")
        .args(["-c", "echo out; echo err >&2; exit \"$0\"", &code.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    if out.status.code() == Some(code) && out.stdout == b"out\n" && out.stderr == b"err\n" {
        Ok("done")
    } else {
        Err(format!("{out:?} instead of {code}"))
    }
}

fn child_killed(_world: &World, rng: &mut Rng) -> Outcome {
    let (ctx, _cancel) = context::with_timeout(context::background(), some(rng, 20_000));
    let start = Instant::now();
    match Command::new("sleep").arg("600").context(&ctx).status() {
        Err(_) if ctx.err().is_some() && start.elapsed() < Duration::from_secs(300) => Ok("killed"),
        other => Err(format!("{other:?} after {:?}", start.elapsed())),
    }
}

/// Children of a context end with it, in whatever they wait.
fn contexts(_world: &World, rng: &mut Rng) -> Outcome {
    let (ctx, cancel) = context::with_cancel(context::background());
    let waiters: Vec<_> = (0..=rng.below(5))
        .map(|_| {
            let (ctx, own) = context::with_timeout(&ctx, some(rng, 5_000));
            go!(move || {
                let _own = own;
                chan!(<-ctx.done());
                ctx.err()
            })
        })
        .collect();
    gort::time::sleep(some(rng, 2_500));
    cancel();
    for waiter in waiters {
        match waiter.join().map_err(|error| error.to_string())? {
            Some(Error::Canceled | Error::DeadlineExceeded) => {}
            other => return Err(format!("{other:?}")),
        }
    }
    Ok("all ended")
}

fn panic(_world: &World, rng: &mut Rng) -> Outcome {
    let number = rng.next();
    let joined = go!(move || {
        gort::runtime::gosched();
        if number != 0 {
            panic!("asked for: {number}");
        }
    })
    .join();
    match joined {
        Err(error) if error.is_panic() && error.to_string().contains(&number.to_string()) => Ok("joined"),
        other => Err(format!("{other:?}")),
    }
}

fn goexit(_world: &World, _rng: &mut Rng) -> Outcome {
    let (tx, rx) = gort::channel::<u8>(0);
    let leaver = go!(move || {
        let _dropped_on_the_way = tx;
        gort::runtime::goexit();
    });
    if chan!(<-rx).is_some() {
        return Err(String::from("a value from nowhere"));
    }
    match leaver.join() {
        Err(error) if !error.is_panic() => Ok("joined"),
        other => Err(format!("{other:?}")),
    }
}

fn channels(_world: &World, rng: &mut Rng) -> Outcome {
    let (tx, rx) = gort::channel::<u64>(rng.below(10));
    let count = rng.below(2_000) as u64;
    let senders: Vec<_> = (0..4_u64)
        .map(|_| go!([tx] { (0..count).for_each(|i| chan!(tx <- i)) }))
        .collect();
    drop(tx);
    let sum: u64 = rx.iter().sum();
    for sender in senders {
        sender.join().map_err(|error| error.to_string())?;
    }
    let expected = 4 * count * count.saturating_sub(1) / 2;
    if sum == expected {
        Ok("all arrived")
    } else {
        Err(format!("{sum} instead of {expected}"))
    }
}

fn files(world: &World, rng: &mut Rng) -> Outcome {
    let path = world.directory.join(rng.next().to_string());
    let text = rng.next().to_string();
    let round = || {
        gort::fs::write(&path, &text)?;
        let back = gort::fs::read_to_string(&path)?;
        gort::fs::remove_file(&path)?;
        Ok::<_, std::io::Error>(back)
    };
    match round() {
        Ok(back) if back == text => Ok("read what was written"),
        other => Err(format!("{other:?}")),
    }
}

/// A pipe in the poller, with a writer that fills it.
fn pipe(_world: &World, rng: &mut Rng) -> Outcome {
    let length = rng.below(300_000);
    let run = || {
        let (reader, writer) = std::io::pipe()?;
        let (reader, writer) = (PollFd::new(reader)?, PollFd::new(writer)?);
        let sender = go!(move || {
            let mut left = length;
            while left > 0 {
                let chunk = [7; 4_000];
                let chunk = &chunk[..left.min(4_000)];
                left -= writer.write_stream(chunk.len(), |mut pipe| pipe.write(chunk))?;
            }
            Ok::<_, std::io::Error>(())
        });
        let (mut got, mut buffer) = (0, [0; 3_000]);
        loop {
            match reader.read_stream(buffer.len(), |mut pipe| pipe.read(&mut buffer))? {
                0 => break,
                n => got += n,
            }
        }
        sender.join().expect("no panic")?;
        Ok::<_, std::io::Error>(got)
    };
    match run() {
        Ok(got) if got == length => Ok("all arrived"),
        other => Err(format!("{other:?} of {length}")),
    }
}
