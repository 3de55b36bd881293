//! `Child` and `Process`: a child that was started.
//!
//! The number of a process is its own until it is collected. So everything that signals it, and the
//! one thing that collects it, happen under one short lock ([`Shared::state`]), and whoever waits
//! does so without collecting. Only the `Child` collects, and there is one of it; handles
//! ([`Process`]) and the goroutine that watches the context signal.
//!
//! The lock is std's: it is never held across a wait.

use std::fmt;
use std::io::{self, PipeReader, PipeWriter};
use std::process::{ExitStatus, Output};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::WaitError;
use super::pipes::{ChildStderr, ChildStdin, ChildStdout};
use super::wait::{self, Collected};
use crate::Chan;
use crate::context::{self, Context, StopFunc};
use crate::time;

/// A child process that was started: as [`std::process::Child`], but nothing here blocks a worker.
///
/// Dropping it neither ends the child nor waits for it; its context still ends it. A child that has
/// ended and for which nobody has waited stays in the system's table as a *zombie* until this
/// process ends, as in std and in Go: [`wait`](Child::wait) for each, if need be in a goroutine of
/// its own, `go!({ child.wait() })`.
///
/// ```
/// use gort::process::Command;
///
/// gort::run(|| {
///     let mut child = Command::new("true").spawn().unwrap();
///     assert!(child.wait().unwrap().success());
/// });
/// ```
#[doc(alias = "Cmd")]
pub struct Child {
    /// What the child reads, if it was piped.
    pub stdin: Option<ChildStdin>,
    /// What the child writes, if it was piped.
    pub stdout: Option<ChildStdout>,
    /// What the child complains, if it was piped.
    pub stderr: Option<ChildStderr>,
    process: Process,
    /// Not kept by the watch: a context that everybody has forgotten shall not live on in what
    /// waits for it.
    ctx: Option<Context>,
    watch: Option<StopFunc>,
    /// With what `Shared::give_up` ends the collection of output.
    stop: Option<PipeReader>,
}

/// A handle of a child, with which others can signal it while one waits for it: Go's `os.Process`.
///
/// ```
/// use gort::prelude::*;
/// use gort::process::Command;
///
/// gort::run(|| {
///     let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
///     let process = child.process();
///     let waiter = go!(move || child.wait());
///     process.kill().unwrap();
///     assert!(!waiter.join().unwrap().unwrap().success());
/// });
/// ```
#[derive(Clone)]
pub struct Process(Arc<Shared>);

/// How a child is ended when its context is done.
pub(super) type OnCancel = Arc<dyn Fn(&Process) + Send + Sync>;

struct Shared {
    id: u32,
    wait_delay: Option<Duration>,
    /// Closed when it is collected.
    collected: Chan<()>,
    state: Mutex<State>,
}

struct State {
    child: std::process::Child,
    /// Set when it is collected.
    status: Option<ExitStatus>,
    /// Whether its context ended it.
    interrupted: bool,
    /// Dropped to end the collection of output.
    stop: Option<PipeWriter>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The child has had the time that it gets: it is killed, and its output is waited for no more.
    fn give_up(&self) {
        let mut state = self.state();
        // One that was collected is left alone; what it left behind may have the pipes.
        let _ = state.child.kill();
        state.stop = None;
    }

    /// Notes that it was collected.
    fn collected(&self, state: &mut State, status: ExitStatus) {
        if state.status.replace(status).is_none() {
            self.collected.close();
        }
    }
}

impl Process {
    /// The number by which the system knows it.
    ///
    /// ```
    /// use gort::process::Command;
    ///
    /// let mut child = Command::new("true").spawn().unwrap();
    /// assert_eq!(child.process().id(), child.id());
    /// child.wait().unwrap();
    /// ```
    #[doc(alias = "Pid")]
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// Ends it, without giving it the chance to do anything more. Does nothing if it was waited for
    /// already.
    ///
    /// # Errors
    /// As [`std::process::Child::kill`].
    ///
    /// ```
    /// use gort::process::Command;
    ///
    /// let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    /// child.process().kill().unwrap();
    /// assert_eq!(child.wait().unwrap().code(), None);
    /// ```
    #[doc(alias = "Kill")]
    pub fn kill(&self) -> io::Result<()> {
        self.0.state().child.kill()
    }

    /// Sends it the signal of this number.
    ///
    /// # Errors
    /// `InvalidInput` if it was waited for already; else the system's.
    ///
    /// ```
    /// use gort::process::Command;
    /// use std::os::unix::process::ExitStatusExt;
    ///
    /// const SIGTERM: i32 = 15;
    /// let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    /// child.process().signal(SIGTERM).unwrap();
    /// assert_eq!(child.wait().unwrap().signal(), Some(SIGTERM));
    /// assert!(child.process().signal(SIGTERM).is_err());
    /// ```
    #[doc(alias = "Signal")]
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        let state = self.0.state();
        if state.status.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "process already finished",
            ));
        }
        gort_runtime::process::signal(self.0.id, signal)
    }

    /// Its context is done. Runs in a goroutine of its own.
    fn interrupt(&self, on_cancel: Option<&OnCancel>) {
        {
            let mut state = self.0.state();
            if state.status.is_some() || gort_runtime::process::has_ended(self.0.id).unwrap_or(false) {
                return;
            }
            // Before the signal: whoever sees the end sees the reason.
            state.interrupted = true;
            if on_cancel.is_none() {
                let _ = state.child.kill();
            }
        }
        if let Some(on_cancel) = on_cancel {
            on_cancel(self);
        }
        if let Some(delay) = self.0.wait_delay {
            crate::select! {
                <-self.0.collected => {}
                <-time::after(delay) => self.0.give_up(),
            }
        }
    }
}

impl Child {
    /// Takes over what std has started.
    pub(super) fn new(
        mut child: std::process::Child,
        ctx: Option<Context>,
        on_cancel: Option<OnCancel>,
        wait_delay: Option<Duration>,
        stop: Option<(PipeReader, PipeWriter)>,
    ) -> Child {
        let (stop, stopper) = stop.unzip();
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let process = Process(Arc::new(Shared {
            id: child.id(),
            wait_delay,
            collected: Chan::new(0),
            state: Mutex::new(State {
                child,
                status: None,
                interrupted: false,
                stop: stopper,
            }),
        }));
        let watch = ctx.as_ref().map(|ctx| {
            let process = process.clone();
            context::after_func(ctx, move || process.interrupt(on_cancel.as_ref()))
        });
        Child {
            stdin: stdin.map(ChildStdin::from),
            stdout: stdout.map(ChildStdout::from),
            stderr: stderr.map(ChildStderr::from),
            process,
            ctx,
            watch,
            stop,
        }
    }

    /// The number by which the system knows it.
    ///
    /// ```
    /// let mut child = gort::process::Command::new("true").spawn().unwrap();
    /// assert!(child.id() > 0);
    /// child.wait().unwrap();
    /// ```
    #[doc(alias = "Pid")]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// A handle for others, with which they can signal the child while this one waits for it.
    ///
    /// ```
    /// let mut child = gort::process::Command::new("sleep").arg("1000").spawn().unwrap();
    /// child.process().kill().unwrap();
    /// child.wait().unwrap();
    /// ```
    #[doc(alias = "Process")]
    pub fn process(&self) -> Process {
        self.process.clone()
    }

    /// Ends it, without giving it the chance to do anything more. It is still to be waited for.
    ///
    /// # Errors
    /// As [`std::process::Child::kill`].
    ///
    /// ```
    /// let mut child = gort::process::Command::new("sleep").arg("1000").spawn().unwrap();
    /// child.kill().unwrap();
    /// assert_eq!(child.wait().unwrap().code(), None);
    /// ```
    #[doc(alias = "Kill")]
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()
    }

    /// Closes `stdin` and waits for the end of the child. Again and again it gives the same.
    ///
    /// # Errors
    /// A [`WaitError`] inside of the `io::Error` if its context ended it; else the system's.
    ///
    /// ```
    /// let mut child = gort::process::Command::new("sh").args(["-c", "exit 3"]).spawn().unwrap();
    /// assert_eq!(child.wait().unwrap().code(), Some(3));
    /// ```
    #[doc(alias = "Wait")]
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        if self.process.0.state().status.is_none() {
            wait::end_of(self.id())?;
        }
        let status = self.collect()?;
        Ok(self.verdict(status, Collected::default())?.status)
    }

    /// How it ended, if it has; `None` while it runs.
    ///
    /// # Errors
    /// As [`wait`](Child::wait).
    ///
    /// ```
    /// let mut child = gort::process::Command::new("sleep").arg("1000").spawn().unwrap();
    /// assert!(child.try_wait().unwrap().is_none());
    /// child.kill().unwrap();
    /// child.wait().unwrap();
    /// assert!(child.try_wait().unwrap().is_some());
    /// ```
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        {
            let mut state = self.process.0.state();
            match state.child.try_wait()? {
                Some(status) => self.process.0.collected(&mut state, status),
                None => return Ok(None),
            }
        }
        let status = self.collect()?;
        self.verdict(status, Collected::default())
            .map(|output| Some(output.status))
    }

    /// Closes `stdin`, collects everything that the child writes to `stdout` and `stderr` if they
    /// are piped and were not taken, and waits for its end.
    ///
    /// # Errors
    /// A [`WaitError`] inside of the `io::Error`, with what there was, if the context of the child
    /// ended it, or its output was still open after the [wait delay](super::Command::wait_delay);
    /// else the system's.
    ///
    /// ```
    /// use gort::process::{Command, Stdio};
    ///
    /// let child = Command::new("echo").arg("text").stdout(Stdio::piped()).spawn().unwrap();
    /// assert_eq!(child.wait_with_output().unwrap().stdout, b"text\n");
    /// ```
    #[doc(alias = "CombinedOutput")]
    pub fn wait_with_output(mut self) -> io::Result<Output> {
        drop(self.stdin.take());
        let (stdout, stderr, stop) = (self.stdout.take(), self.stderr.take(), self.stop.take());
        let over = Chan::<()>::new(0);
        // Somebody has to notice the end of the child while its output goes on.
        let patience = self.process.0.wait_delay.map(|delay| {
            let (shared, over) = (Arc::clone(&self.process.0), over.clone());
            crate::go!(move || {
                let ended = wait::end_of(shared.id);
                crate::select! {
                    <-over => {}
                    <-time::after(delay) => shared.give_up(),
                }
                ended
            })
        });
        let collected = wait::output(stdout, stderr, stop);
        over.close();
        match patience {
            // It has to be over before the child is collected: it waits for that number.
            Some(patience) => match patience.join() {
                Ok(ended) => ended?,
                Err(error) => unreachable!("waiting does not panic: {error}"),
            },
            None => wait::end_of(self.id())?,
        }
        let status = self.collect()?;
        self.verdict(status, collected?)
    }

    /// Collects the child, which has ended.
    fn collect(&mut self) -> io::Result<ExitStatus> {
        let shared = &self.process.0;
        let mut state = shared.state();
        let status = state.child.wait()?;
        shared.collected(&mut state, status);
        drop(state);
        if let Some(watch) = self.watch.take() {
            watch();
        }
        Ok(status)
    }

    /// What its end amounts to.
    fn verdict(&self, status: ExitStatus, collected: Collected) -> io::Result<Output> {
        let Collected {
            stdout,
            stderr,
            stopped,
        } = collected;
        let output = Output {
            status,
            stdout,
            stderr,
        };
        let interrupted = self.process.0.state().interrupted;
        let reason = self.ctx.as_ref().filter(|_| interrupted).and_then(Context::err);
        match reason {
            None if !stopped => Ok(output),
            reason => Err(WaitError::new(reason, output).into()),
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id())
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Process").field(&self.id()).finish()
    }
}
