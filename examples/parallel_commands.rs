//! Runs commands, each line of the input one, so many at a time; their output comes in the order of the input (as `xargs -P`, or GNU
//! `parallel --keep-order`).
//!
//! `printf 'sleep 1; echo one\necho two\n' | cargo run --release --example parallel_commands -- [-j N] [-t SECONDS]`
//!
//! The Go idiom: `exec.CommandContext` with a timeout, a goroutine for each command, a channel as counting semaphore, and a
//! channel of channels for the order: a queue holds, for each command, the channel on which its result will come.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fmt};

use gort::context;
use gort::prelude::*;
use gort::process::{Command, Output, WaitError};

/// What became of a command.
struct Done {
    line: String,
    result: io::Result<Output>,
}

#[gort::main]
fn main() -> io::Result<ExitCode> {
    let mut args = env::args().skip(1);
    let (mut at_once, mut limit) = (4, Duration::from_secs(3600));
    while let Some(option) = args.next() {
        let number = args.next().and_then(|number| number.parse::<f64>().ok());
        match (option.as_str(), number) {
            ("-j", Some(number)) => at_once = number as usize,
            ("-t", Some(number)) => limit = Duration::from_secs_f64(number),
            _ => return Err(io::Error::other("usage: parallel_commands [-j N] [-t SECONDS]")),
        }
    }

    let (queue_tx, queue) = gort::channel::<Receiver<Done>>(1000);
    go!(move || {
        let running = chan!((), at_once.max(1));
        for line in gort::io::stdin().lines().map_while(Result::ok) {
            chan!(running <- ());
            let (done, result) = gort::channel(1);
            chan!(queue_tx <- result);
            go!([running] {
                let result = run(&line, limit);
                chan!(done <- Done { line, result });
                chan!(<-running);
            });
        }
    });

    let (mut commands, mut failed) = (0, 0);
    for result in queue {
        let Some(done) = chan!(<-result) else { continue };
        commands += 1;
        failed += usize::from(!done.succeeded());
        write!(gort::io::stdout(), "{done}")?;
    }
    writeln!(gort::io::stdout(), "{commands} commands, {failed} failed")?;
    Ok(ExitCode::from(u8::from(failed > 0)))
}

fn run(line: &str, limit: Duration) -> io::Result<Output> {
    let (ctx, cancel) = context::with_timeout(context::background(), limit);
    defer! {
        cancel();
    }
    Command::new("sh")
        .args(["-c", line])
        .context(&ctx)
        // Should it leave something behind that keeps its output open.
        .wait_delay(Duration::from_millis(100))
        .output()
}

impl Done {
    fn succeeded(&self) -> bool {
        self.result.as_ref().is_ok_and(|output| output.status.success())
    }

    /// What it wrote, also if it did not get to its end.
    fn output(&self) -> Option<&Output> {
        match &self.result {
            Ok(output) => Some(output),
            Err(error) => error.get_ref()?.downcast_ref().map(WaitError::output),
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.line)?;
        if let Some(output) = self.output() {
            write!(f, "{}", String::from_utf8_lossy(&output.stdout))?;
            write!(f, "{}", String::from_utf8_lossy(&output.stderr))?;
        }
        match &self.result {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => writeln!(f, "[{}]", output.status),
            Err(error) => writeln!(f, "[{error}]"),
        }
    }
}
