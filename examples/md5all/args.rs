//! The command line of md5all.

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: md5all [--digesters N] [--sequential] [--] DIR

Prints the MD5 of every file below DIR, as `find DIR -type f | sort | xargs md5sum` does (LC_ALL=C).

  --digesters N  how many files are digested at a time (default: 2 for each CPU)
  --sequential   one file after the other, in one goroutine
  --help         this text

Exit status: 0, or 1 if something could not be read, or 2 for a wrong command line.
";

pub(crate) struct Args {
    pub(crate) root: PathBuf,
    pub(crate) digesters: usize,
    pub(crate) sequential: bool,
}

pub(crate) enum Command {
    Run(Args),
    Help,
}

pub(crate) fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut root = None;
    let mut digesters = 2 * gort::runtime::num_cpu();
    let mut sequential = false;
    let mut options_end = false;
    while let Some(arg) = args.next() {
        // A name need not be UTF-8; an option is.
        match arg
            .to_str()
            .filter(|text| !options_end && text.starts_with('-') && *text != "-")
        {
            Some("--") => options_end = true,
            Some("--help" | "-h") => return Ok(Command::Help),
            Some("--sequential") => sequential = true,
            Some("--digesters") => digesters = number(&args.next().ok_or("--digesters needs a number")?)?,
            Some(option) => return Err(format!("unknown option {option}")),
            None if root.is_none() => root = Some(PathBuf::from(arg)),
            None => return Err(format!("one directory only, but there is also {}", arg.display())),
        }
    }
    let root = root.ok_or("which directory?")?;
    Ok(Command::Run(Args {
        root,
        digesters,
        sequential,
    }))
}

fn number(text: &OsString) -> Result<usize, String> {
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.filter(|n| (1..=10_000).contains(n)).ok_or_else(|| {
        format!(
            "--digesters takes a number from 1 to 10000, not {}",
            text.display()
        )
    })
}
