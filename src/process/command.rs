//! `Command`: how to start a child.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{CommandArgs, CommandEnvs, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::child::{Child, OnCancel, Process};
use super::error::not_started;
use crate::context::Context;
use crate::{blocking, blocking_ctx};

/// How to start a child: as [`std::process::Command`], with Go's [`context`](Command::context),
/// [`on_cancel`](Command::on_cancel) and [`wait_delay`](Command::wait_delay) beside it.
///
/// Of std's extensions for Unix the safe ones are here; for the others there is
/// [`as_std_mut`](Command::as_std_mut).
///
/// ```
/// use gort::process::Command;
///
/// gort::run(|| {
///     let output = Command::new("sh").args(["-c", "echo $WHO"]).env("WHO", "me").output().unwrap();
///     assert_eq!(output.stdout, b"me\n");
/// });
/// ```
#[doc(alias = "Cmd")]
#[doc(alias = "exec")]
pub struct Command {
    inner: std::process::Command,
    /// Which of its standard streams were chosen, so that `output` knows which it may choose.
    chosen: Chosen,
    ctx: Option<Context>,
    on_cancel: Option<OnCancel>,
    wait_delay: Option<Duration>,
}

#[derive(Debug, Default)]
struct Chosen {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

impl Command {
    /// Starts `program`, which is looked for in `PATH`, with no arguments, this process's
    /// environment, directory and standard streams.
    ///
    /// ```
    /// assert!(gort::process::Command::new("true").status().unwrap().success());
    /// ```
    #[doc(alias = "Command")]
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        std::process::Command::new(program).into()
    }

    /// One more argument.
    ///
    /// ```
    /// let output = gort::process::Command::new("echo").arg("a b").output().unwrap();
    /// assert_eq!(output.stdout, b"a b\n");
    /// ```
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.inner.arg(arg);
        self
    }

    /// More arguments.
    ///
    /// ```
    /// let output = gort::process::Command::new("echo").args(["a", "b"]).output().unwrap();
    /// assert_eq!(output.stdout, b"a b\n");
    /// ```
    #[doc(alias = "Args")]
    pub fn args(&mut self, args: impl IntoIterator<Item: AsRef<OsStr>>) -> &mut Command {
        self.inner.args(args);
        self
    }

    /// Sets a variable of its environment.
    ///
    /// ```
    /// let output = gort::process::Command::new("sh").args(["-c", "echo $A"]).env("A", "1").output().unwrap();
    /// assert_eq!(output.stdout, b"1\n");
    /// ```
    #[doc(alias = "Env")]
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.inner.env(name, value);
        self
    }

    /// Sets variables of its environment.
    ///
    /// ```
    /// let mut command = gort::process::Command::new("sh");
    /// let output = command.args(["-c", "echo $A$B"]).envs([("A", "1"), ("B", "2")]).output().unwrap();
    /// assert_eq!(output.stdout, b"12\n");
    /// ```
    pub fn envs<N, V>(&mut self, variables: impl IntoIterator<Item = (N, V)>) -> &mut Command
    where
        N: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.inner.envs(variables);
        self
    }

    /// Takes a variable out of its environment.
    ///
    /// ```
    /// let mut command = gort::process::Command::new("sh");
    /// let output = command.args(["-c", "echo $A"]).env("A", "1").env_remove("A").output().unwrap();
    /// assert_eq!(output.stdout, b"\n");
    /// ```
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Command {
        self.inner.env_remove(name);
        self
    }

    /// Takes all variables out of its environment.
    ///
    /// ```
    /// let output = gort::process::Command::new("/usr/bin/env").env_clear().env("A", "1").output().unwrap();
    /// assert_eq!(output.stdout, b"A=1\n");
    /// ```
    pub fn env_clear(&mut self) -> &mut Command {
        self.inner.env_clear();
        self
    }

    /// The directory that it starts in.
    ///
    /// ```
    /// let output = gort::process::Command::new("pwd").current_dir("/").output().unwrap();
    /// assert_eq!(output.stdout, b"/\n");
    /// ```
    #[doc(alias = "Dir")]
    pub fn current_dir(&mut self, dir: impl AsRef<Path>) -> &mut Command {
        self.inner.current_dir(dir);
        self
    }

    /// Where its standard input comes from.
    ///
    /// ```
    /// let file = gort::fs::File::open("/dev/null").unwrap();
    /// assert_eq!(gort::process::Command::new("cat").stdin(file).output().unwrap().stdout, b"");
    /// ```
    #[doc(alias = "Stdin")]
    pub fn stdin(&mut self, from: impl Into<Stdio>) -> &mut Command {
        self.chosen.stdin = true;
        self.inner.stdin(from);
        self
    }

    /// Where its standard output goes.
    ///
    /// ```
    /// use gort::process::{Command, Stdio};
    ///
    /// assert!(Command::new("echo").stdout(Stdio::null()).status().unwrap().success());
    /// ```
    #[doc(alias = "Stdout")]
    pub fn stdout(&mut self, to: impl Into<Stdio>) -> &mut Command {
        self.chosen.stdout = true;
        self.inner.stdout(to);
        self
    }

    /// Where its standard error goes.
    ///
    /// ```
    /// use gort::process::{Command, Stdio};
    ///
    /// assert!(!Command::new("ls").arg("/no/such").stderr(Stdio::null()).status().unwrap().success());
    /// ```
    #[doc(alias = "Stderr")]
    pub fn stderr(&mut self, to: impl Into<Stdio>) -> &mut Command {
        self.chosen.stderr = true;
        self.inner.stderr(to);
        self
    }

    /// The user that it runs as.
    ///
    /// ```no_run
    /// gort::process::Command::new("id").uid(1000).gid(1000).status().unwrap();
    /// ```
    pub fn uid(&mut self, id: u32) -> &mut Command {
        self.inner.uid(id);
        self
    }

    /// The group that it runs as.
    ///
    /// ```no_run
    /// gort::process::Command::new("id").uid(1000).gid(1000).status().unwrap();
    /// ```
    pub fn gid(&mut self, id: u32) -> &mut Command {
        self.inner.gid(id);
        self
    }

    /// What it is told that its name is.
    ///
    /// ```
    /// let output = gort::process::Command::new("sh").arg0("me").args(["-c", "echo $0"]).output().unwrap();
    /// assert_eq!(output.stdout, b"me\n");
    /// ```
    pub fn arg0(&mut self, name: impl AsRef<OsStr>) -> &mut Command {
        self.inner.arg0(name);
        self
    }

    /// The process group that it joins; 0 for a new one of its own, which the terminal's signals do
    /// not reach.
    ///
    /// ```
    /// assert!(gort::process::Command::new("true").process_group(0).status().unwrap().success());
    /// ```
    #[doc(alias = "Setpgid")]
    pub fn process_group(&mut self, group: i32) -> &mut Command {
        self.inner.process_group(group);
        self
    }

    /// Ends the child when `ctx` is done: kills it, unless [`on_cancel`](Command::on_cancel) says
    /// otherwise. Waiting for it is then a [`WaitError`](super::WaitError), with the reason. If
    /// `ctx` is done already the child is not started.
    ///
    /// As in Go this reaches the child only. If it has children of its own that keep its output
    /// open, [`output`](Command::output) waits for them, unless there is a
    /// [`wait_delay`](Command::wait_delay).
    ///
    /// ```
    /// use gort::context;
    /// use gort::process::Command;
    ///
    /// gort::run(|| {
    ///     let (ctx, cancel) = context::with_cancel(context::background());
    ///     let mut child = Command::new("sleep").arg("1000").context(&ctx).spawn().unwrap();
    ///     cancel();
    ///     let error = child.wait().unwrap_err();
    ///     assert_eq!(error.to_string(), "context canceled (signal: 9 (SIGKILL))");
    /// });
    /// ```
    #[doc(alias = "CommandContext")]
    pub fn context(&mut self, ctx: impl AsRef<Context>) -> &mut Command {
        self.ctx = Some(ctx.as_ref().clone());
        self
    }

    /// What ends the child when its context is done, instead of killing it. It runs in a goroutine
    /// of its own, if the child runs still. Together with a [`wait_delay`](Command::wait_delay),
    /// after which the child is killed, this asks it politely.
    ///
    /// ```
    /// use gort::context;
    /// use gort::process::Command;
    /// use std::time::Duration;
    ///
    /// const SIGTERM: i32 = 15;
    /// gort::run(|| {
    ///     let (ctx, cancel) = context::with_cancel(context::background());
    ///     let mut child = Command::new("sleep")
    ///         .arg("1000")
    ///         .context(&ctx)
    ///         .on_cancel(|process| drop(process.signal(SIGTERM)))
    ///         .wait_delay(Duration::from_secs(60))
    ///         .spawn()
    ///         .unwrap();
    ///     cancel();
    ///     let error = child.wait().unwrap_err();
    ///     assert_eq!(error.to_string(), "context canceled (signal: 15 (SIGTERM))");
    /// });
    /// ```
    #[doc(alias = "Cancel")]
    pub fn on_cancel(&mut self, f: impl Fn(&Process) + Send + Sync + 'static) -> &mut Command {
        self.on_cancel = Some(Arc::new(f));
        self
    }

    /// How long it may take, from when the context is done, until the child ends; and from then, or
    /// from when the child has ended by itself, until its output does. After that it is killed, and
    /// its output is waited for no more, which is a [`WaitError`](super::WaitError). Without a wait
    /// delay there is no limit.
    ///
    /// ```
    /// use gort::process::{Command, WaitError};
    /// use std::time::Duration;
    ///
    /// gort::run(|| {
    ///     // What it leaves behind keeps the pipe open.
    ///     let mut command = Command::new("sh");
    ///     let command = command.args(["-c", "echo text; sleep 5 &"]).wait_delay(Duration::from_millis(10));
    ///     let error = command.output().unwrap_err().downcast::<WaitError>().unwrap();
    ///     assert!(error.context_error().is_none() && error.status().success());
    ///     assert_eq!(error.output().stdout, b"text\n");
    /// });
    /// ```
    #[doc(alias = "WaitDelay")]
    pub fn wait_delay(&mut self, delay: Duration) -> &mut Command {
        self.wait_delay = Some(delay);
        self
    }

    /// Starts it. Somebody has to [wait](Child::wait) for it, or it stays a zombie once it has
    /// ended.
    ///
    /// That happens on a helper thread, which may end before the child: what the system ties to the
    /// thread and not to the process (Linux's `PR_SET_PDEATHSIG`) does not mean what it seems to.
    ///
    /// # Errors
    /// As [`std::process::Command::spawn`]; or why its context is done, a
    /// [`context::Error`](crate::context::Error) inside of the `io::Error`.
    ///
    /// ```
    /// let error = gort::process::Command::new("/no/such/program").spawn().unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    /// ```
    #[doc(alias = "Start")]
    pub fn spawn(&mut self) -> io::Result<Child> {
        let stop = self.wait_delay.map(|_| io::pipe()).transpose()?;
        let child = match &self.ctx {
            Some(ctx) => blocking_ctx(ctx, || self.inner.spawn()).map_err(not_started)?,
            None => blocking(|| self.inner.spawn()),
        }?;
        let (ctx, on_cancel) = (self.ctx.clone(), self.on_cancel.clone());
        Ok(Child::new(child, ctx, on_cancel, self.wait_delay, stop))
    }

    /// Starts it and waits for its end.
    ///
    /// # Errors
    /// Of [`spawn`](Command::spawn) and [`Child::wait`]. That it failed is none.
    ///
    /// ```
    /// assert_eq!(gort::process::Command::new("false").status().unwrap().code(), Some(1));
    /// ```
    #[doc(alias = "Run")]
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// Starts it, and collects its output until it ends. It gets no input, unless
    /// [`stdin`](Command::stdin) says otherwise; what goes elsewhere by [`stdout`](Command::stdout)
    /// or [`stderr`](Command::stderr) is not collected.
    ///
    /// # Errors
    /// Of [`spawn`](Command::spawn) and [`Child::wait_with_output`]. That it failed is none.
    ///
    /// ```
    /// let output = gort::process::Command::new("sh").args(["-c", "echo out; echo err >&2"]).output().unwrap();
    /// assert_eq!((output.stdout, output.stderr), (b"out\n".to_vec(), b"err\n".to_vec()));
    /// ```
    #[doc(alias = "Output")]
    #[doc(alias = "CombinedOutput")]
    pub fn output(&mut self) -> io::Result<Output> {
        self.choose(Stdio::null, Stdio::piped);
        let child = self.spawn();
        self.choose(Stdio::inherit, Stdio::inherit);
        child?.wait_with_output()
    }

    /// Sets the streams that the user has left alone.
    fn choose(&mut self, input: fn() -> Stdio, output: fn() -> Stdio) {
        if !self.chosen.stdin {
            self.inner.stdin(input());
        }
        if !self.chosen.stdout {
            self.inner.stdout(output());
        }
        if !self.chosen.stderr {
            self.inner.stderr(output());
        }
    }

    /// The program.
    ///
    /// ```
    /// assert_eq!(gort::process::Command::new("true").get_program(), "true");
    /// ```
    pub fn get_program(&self) -> &OsStr {
        self.inner.get_program()
    }

    /// The arguments.
    ///
    /// ```
    /// assert!(gort::process::Command::new("echo").args(["a", "b"]).get_args().eq(["a", "b"]));
    /// ```
    pub fn get_args(&self) -> CommandArgs<'_> {
        self.inner.get_args()
    }

    /// What is changed in its environment.
    ///
    /// ```
    /// assert_eq!(gort::process::Command::new("env").env("A", "1").get_envs().count(), 1);
    /// ```
    pub fn get_envs(&self) -> CommandEnvs<'_> {
        self.inner.get_envs()
    }

    /// The directory that it starts in, if it is not this process's.
    ///
    /// ```
    /// assert_eq!(gort::process::Command::new("pwd").get_current_dir(), None);
    /// ```
    pub fn get_current_dir(&self) -> Option<&Path> {
        self.inner.get_current_dir()
    }

    /// The command of std, for what is not here, such as `pre_exec`. Choose the standard streams
    /// here and not there, otherwise [`output`](Command::output) chooses them.
    ///
    /// ```
    /// use std::os::unix::process::CommandExt;
    ///
    /// let mut command = gort::process::Command::new("true");
    /// command.as_std_mut().process_group(0);
    /// assert!(command.status().unwrap().success());
    /// ```
    pub fn as_std_mut(&mut self) -> &mut std::process::Command {
        &mut self.inner
    }
}

impl From<std::process::Command> for Command {
    /// Choose the standard streams anew before [`output`](Command::output), which otherwise
    /// collects them.
    fn from(inner: std::process::Command) -> Command {
        Command {
            inner,
            chosen: Chosen::default(),
            ctx: None,
            on_cancel: None,
            wait_delay: None,
        }
    }
}

impl fmt::Debug for Command {
    /// The program and its arguments, as std has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
