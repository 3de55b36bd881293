//! The MD5 of one file. Reading is apart from digesting, so that a goroutine can hand just the reads to a helper.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use crate::walk::Problem;

#[derive(Debug)]
pub(crate) struct Digested {
    pub(crate) path: PathBuf,
    pub(crate) md5: [u8; 16],
}

/// A file that is opened by its first read: most files are then read by a single call.
pub(crate) struct Source<'a> {
    path: &'a Path,
    file: Option<File>,
}

impl Source<'_> {
    /// Fills the buffer, less than full only at the end of the file (and so blocks its thread).
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::open(self.path)?),
        };
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

/// What one digester reads into, again and again.
pub(crate) fn buffer() -> Vec<u8> {
    vec![0; 256 << 10]
}

/// Digests a file; `fill` is [`Source::fill`], here or on a thread that may block.
pub(crate) fn digest(
    path: PathBuf,
    buffer: &mut [u8],
    fill: impl Fn(&mut Source<'_>, &mut [u8]) -> io::Result<usize>,
) -> Result<Digested, Problem> {
    let mut source = Source {
        path: &path,
        file: None,
    };
    let mut md5 = Md5::new();
    loop {
        match fill(&mut source, buffer) {
            Ok(n) => {
                md5.update(&buffer[..n]);
                if n < buffer.len() {
                    return Ok(Digested {
                        path,
                        md5: md5.finalize().into(),
                    });
                }
            }
            Err(error) => return Err(Problem { path, error }),
        }
    }
}
