//! A process with limits: what does not end, or eats the machine, costs one figure and not the
//! table.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a measured process may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) time: Duration,
    /// Resident bytes.
    pub(crate) memory: u64,
}

impl Limits {
    /// For one side: what the machine has left, and a minute, or less for `may`, which hangs where
    /// it cannot have a stack.
    pub(crate) fn of(side: &str) -> Limits {
        let free = meminfo("MemAvailable:").unwrap_or(4 << 30);
        Limits {
            time: Duration::from_secs(if side == "may" { 20 } else { 60 }),
            memory: free - free / 16,
        }
    }
}

/// A line of `/proc/meminfo`, in bytes.
pub(crate) fn meminfo(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix(name))?
        .trim()
        .strip_suffix(" kB")?;
    Some(kib.parse::<u64>().ok()? * 1024)
}

/// What it prints, if it succeeds.
///
/// # Errors
/// Why not, in words.
pub(crate) fn run(command: &mut Command, limits: Limits) -> Result<String, String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let status = wait(&mut child, limits);
    let (stdout, stderr) = (
        stdout.join().unwrap_or_default(),
        stderr.join().unwrap_or_default(),
    );
    let why = match status {
        Ok(status) if status.success() => return Ok(stdout),
        Ok(status) => format!("ended with {status}"),
        Err(why) => why,
    };
    Err(match complaint(&stderr) {
        Some(line) => format!("{why}: {line}"),
        None => why,
    })
}

/// Reads to the end aside, so that the process never waits for us.
fn reader(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What has come before an error is all that there is.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits until the process ends, or kills it.
fn wait(child: &mut Child, limits: Limits) -> Result<ExitStatus, String> {
    let started = Instant::now();
    let mut ticks = 0_u32;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        let excuse = if started.elapsed() > limits.time {
            format!("had not ended after {} s", limits.time.as_secs())
        } else if ticks.is_multiple_of(10) && resident(child.id()) > limits.memory {
            format!("took more than {:.1} GB of memory", limits.memory as f64 / 1e9)
        } else {
            ticks += 1;
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        child
            .kill()
            .and_then(|()| child.wait())
            .map_err(|error| error.to_string())?;
        return Err(excuse);
    }
}

/// In pages of 4 KiB, the second word of the file; nothing once it has ended.
fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: Option<u64> = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

/// The line that says what went wrong: of a Rust panic the one after the place, else the first.
fn complaint(stderr: &str) -> Option<String> {
    let mut lines = stderr.lines().filter(|line| !line.trim().is_empty());
    let first = lines.clone().next()?;
    let message = lines
        .find(|line| line.contains("panicked at"))
        .and_then(|_| lines.next());
    Some(message.unwrap_or(first).chars().take(160).collect())
}
