//! The two things that wait for a child: for its end, and for all of its output. The one place that
//! knows how.

use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;

use gort_runtime::{PollFd, blocking_wait, process};

use super::pipes::{ChildStderr, ChildStdout};

/// So much is read at a time: what a pipe holds.
const CHUNK: usize = 64 << 10;

/// Parks the goroutine until the child `id` has ended. It is not collected: its number stays its
/// own, so that it can be signalled without fear of hitting another process.
pub(super) fn end_of(id: u32) -> io::Result<()> {
    let watched = process::descriptor(id).and_then(|fd| Ok(PollFd::new(fd)?));
    match watched {
        Ok(fd) => fd.read_with(|_| match process::has_ended(id)? {
            true => Ok(()),
            false => Err(io::ErrorKind::WouldBlock.into()),
        }),
        // No such descriptors here, or none left: a thread waits.
        Err(_) => blocking_wait(|| process::await_end(id)),
    }
}

/// What a child wrote.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    /// `stop` ended it, and not the child.
    pub(super) stopped: bool,
}

/// Parks the goroutine until both pipes have ended, reading them at the same time: a child that has
/// filled the one does not go on to the other. Or until the other end of `stop` is closed.
pub(super) fn output(
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    stop: Option<PipeReader>,
) -> io::Result<Collected> {
    let stdout = stdout.map(std::process::ChildStdout::from);
    let stderr = stderr.map(std::process::ChildStderr::from);
    if stdout.is_none() && stderr.is_none() {
        return Ok(Collected::default());
    }
    blocking_wait(|| collect(stdout, stderr, stop))
}

fn collect(
    mut stdout: Option<std::process::ChildStdout>,
    mut stderr: Option<std::process::ChildStderr>,
    stop: Option<PipeReader>,
) -> io::Result<Collected> {
    let mut all = Collected::default();
    let mut chunk = vec![0; CHUNK];
    while stdout.is_some() || stderr.is_some() {
        let [out, err, end] = process::await_readable([
            stdout.as_ref().map(AsFd::as_fd),
            stderr.as_ref().map(AsFd::as_fd),
            stop.as_ref().map(AsFd::as_fd),
        ])?;
        if out {
            read_some(&mut stdout, &mut chunk, &mut all.stdout)?;
        }
        if err {
            read_some(&mut stderr, &mut chunk, &mut all.stderr)?;
        }
        if end {
            all.stopped = true;
            break;
        }
    }
    Ok(all)
}

/// Reads once from a pipe that has something; forgets it at its end.
fn read_some(pipe: &mut Option<impl Read>, chunk: &mut [u8], into: &mut Vec<u8>) -> io::Result<()> {
    let Some(from) = pipe else { return Ok(()) };
    match from.read(chunk) {
        Ok(0) => *pipe = None,
        Ok(bytes) => into.extend_from_slice(&chunk[..bytes]),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
            ) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
