//! What a person sees: digests on stdout, problems and (on a terminal) a progress bar on stderr.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::pipeline::Outcome;

/// Lines are kept back until there are this many bytes, or for this long.
const ENOUGH: usize = 16 << 10;
const LONG_ENOUGH: Duration = Duration::from_millis(100);

pub(crate) struct Report {
    lines: Vec<u8>,
    written: Instant,
    bar: ProgressBar,
    problems: bool,
}

impl Report {
    pub(crate) fn new() -> Report {
        // Draws nothing where stderr is no terminal.
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} files, {elapsed}") {
            bar.set_style(style);
        }
        Report {
            lines: Vec::new(),
            written: Instant::now(),
            bar,
            problems: false,
        }
    }

    /// One more file was found.
    pub(crate) fn found(&self) {
        self.bar.inc_length(1);
    }

    /// So many files have been found.
    pub(crate) fn found_so_far(&self, files: u64) {
        self.bar.set_length(files);
    }

    /// A file is through. The error is one of stdout.
    pub(crate) fn outcome(&mut self, outcome: Outcome) -> io::Result<()> {
        self.bar.inc(1);
        match outcome {
            Ok(digested) => push_line(&mut self.lines, &digested.path, &digested.md5),
            Err(problem) => self.problem(&format!("{}: {}", problem.path.display(), problem.error)),
        }
        if self.lines.len() >= ENOUGH || self.written.elapsed() >= LONG_ENOUGH {
            self.write()
        } else {
            Ok(())
        }
    }

    pub(crate) fn problem(&mut self, text: &str) {
        self.problems = true;
        self.bar.suspend(|| eprintln!("md5all: {text}"));
    }

    pub(crate) fn had_problems(&self) -> bool {
        self.problems
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.bar.finish_and_clear();
        self.write()
    }

    /// A pipe may be full for long, so a helper writes, and the goroutine waits for it.
    fn write(&mut self) -> io::Result<()> {
        let Report { lines, bar, .. } = self;
        let written = gort::blocking(|| {
            bar.suspend(|| {
                let mut stdout = io::stdout().lock();
                stdout.write_all(lines).and_then(|()| stdout.flush())
            })
        });
        self.lines.clear();
        self.written = Instant::now();
        written
    }
}

/// A line as `md5sum` writes it: where the name holds a backslash or a line break, they are escaped, and a backslash in
/// front of the line says so.
fn push_line(lines: &mut Vec<u8>, path: &Path, md5: &[u8; 16]) {
    let name = path.as_os_str().as_bytes();
    if name.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r')) {
        lines.push(b'\\');
    }
    for byte in md5 {
        lines.extend(format!("{byte:02x}").as_bytes());
    }
    lines.extend(b"  ");
    for &byte in name {
        match byte {
            b'\\' => lines.extend(br"\\"),
            b'\n' => lines.extend(br"\n"),
            b'\r' => lines.extend(br"\r"),
            _ => lines.push(byte),
        }
    }
    lines.push(b'\n');
}
