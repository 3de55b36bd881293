//! `ReadDir` and `DirEntry`: what is in a directory.
//!
//! Entries are read ahead, as many as one visit to a helper thread reasonably brings, with their
//! types: most file systems say the type along with the name, and for those that do not, asking for
//! it may block.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{FileType, Metadata};
use crate::blocking;

/// So many entries are read at a time.
const BATCH: usize = 64;

/// The entries of a directory, as [`std::fs::read_dir`] gives them: in no order, without `.` and
/// `..`.
///
/// # Errors
/// As [`std::fs::read_dir`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// let names: Vec<_> = gort::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
/// assert_eq!(names, ["a"]);
/// ```
#[doc(alias = "ReadDir")]
pub fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path = path.as_ref();
    blocking(|| {
        let mut dir = ReadDir {
            inner: Some(std::fs::read_dir(path)?),
            ahead: VecDeque::new(),
        };
        dir.fill();
        Ok(dir)
    })
}

/// The iterator of [`read_dir`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// let mut entries = gort::fs::read_dir(dir.path()).unwrap();
/// assert!(entries.next().is_none());
/// ```
#[derive(Debug)]
pub struct ReadDir {
    /// Gone when it has ended.
    inner: Option<std::fs::ReadDir>,
    ahead: VecDeque<io::Result<DirEntry>>,
}

impl ReadDir {
    /// Reads ahead, up to the end, an error or the size of a batch.
    fn fill(&mut self) {
        while let Some(inner) = &mut self.inner
            && self.ahead.len() < BATCH
        {
            match inner.next() {
                Some(Ok(entry)) => self.ahead.push_back(Ok(DirEntry {
                    file_type: entry.file_type().ok(),
                    inner: entry,
                })),
                Some(Err(error)) => return self.ahead.push_back(Err(error)),
                None => self.inner = None,
            }
        }
    }
}

impl Iterator for ReadDir {
    type Item = io::Result<DirEntry>;

    fn next(&mut self) -> Option<io::Result<DirEntry>> {
        if self.ahead.is_empty() && self.inner.is_some() {
            blocking(|| self.fill());
        }
        self.ahead.pop_front()
    }
}

/// What [`ReadDir`] gives: a name in a directory.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::create_dir(dir.join("d")).unwrap();
/// let entry = gort::fs::read_dir(dir).unwrap().next().unwrap().unwrap();
/// assert_eq!(entry.path(), dir.join("d"));
/// assert!(entry.file_type().unwrap().is_dir());
/// ```
#[derive(Debug)]
pub struct DirEntry {
    inner: std::fs::DirEntry,
    /// `None` if it could not be had when the entry was read.
    file_type: Option<FileType>,
}

impl DirEntry {
    /// The path of the directory, as [`read_dir`] was given it, with the name.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let dir = dir.path();
    /// gort::fs::write(dir.join("a"), "").unwrap();
    /// assert_eq!(gort::fs::read_dir(dir).unwrap().next().unwrap().unwrap().path(), dir.join("a"));
    /// ```
    pub fn path(&self) -> PathBuf {
        self.inner.path()
    }

    /// The name alone.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let dir = dir.path();
    /// gort::fs::write(dir.join("a"), "").unwrap();
    /// assert_eq!(gort::fs::read_dir(dir).unwrap().next().unwrap().unwrap().file_name(), "a");
    /// ```
    #[doc(alias = "Name")]
    pub fn file_name(&self) -> OsString {
        self.inner.file_name()
    }

    /// What the system knows of it. Does not follow symbolic links.
    ///
    /// # Errors
    /// As [`std::fs::DirEntry::metadata`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let dir = dir.path();
    /// gort::fs::write(dir.join("a"), "text").unwrap();
    /// let entry = gort::fs::read_dir(dir).unwrap().next().unwrap().unwrap();
    /// assert_eq!(entry.metadata().unwrap().len(), 4);
    /// ```
    #[doc(alias = "Info")]
    pub fn metadata(&self) -> io::Result<Metadata> {
        blocking(|| self.inner.metadata())
    }

    /// Whether it is a file, a directory, a symbolic link. As a rule known already.
    ///
    /// # Errors
    /// As [`std::fs::DirEntry::file_type`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let dir = dir.path();
    /// gort::fs::write(dir.join("a"), "").unwrap();
    /// assert!(gort::fs::read_dir(dir).unwrap().next().unwrap().unwrap().file_type().unwrap().is_file());
    /// ```
    #[doc(alias = "Type")]
    pub fn file_type(&self) -> io::Result<FileType> {
        match self.file_type {
            Some(known) => Ok(known),
            None => blocking(|| self.inner.file_type()),
        }
    }

    /// The entry of std.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let dir = dir.path();
    /// gort::fs::write(dir.join("a"), "").unwrap();
    /// let entry = gort::fs::read_dir(dir).unwrap().next().unwrap().unwrap().into_std();
    /// assert_eq!(entry.file_name(), "a");
    /// ```
    pub fn into_std(self) -> std::fs::DirEntry {
        self.inner
    }
}

#[cfg(unix)]
impl std::os::unix::fs::DirEntryExt for DirEntry {
    fn ino(&self) -> u64 {
        self.inner.ino()
    }
}
