//! Which files there are, in the order of `find DIR -type f | LC_ALL=C sort`, without holding all of them.
//!
//! Invariant: a directory sorts as its name with a `/` behind it. Going down in that order gives the order of the whole
//! paths, byte by byte: `a-b`, then `a.txt`, then `a/x`, then `ab`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What could not be read, and why.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

/// A file to digest or a directory to list.
#[derive(Debug)]
pub(crate) enum Entry {
    File(OsString),
    Directory(OsString),
}

/// What a directory holds besides links and devices, last first (so that `pop` gives the next one).
type Listing = io::Result<Vec<Entry>>;

/// The files below a root, found as they are asked for. `List` reads one directory.
pub(crate) struct Walk<List> {
    list: List,
    root: Option<PathBuf>,
    open: Vec<(PathBuf, Vec<Entry>)>,
}

impl<List: Fn(&Path) -> Listing> Walk<List> {
    pub(crate) fn new(root: PathBuf, list: List) -> Self {
        Walk {
            list,
            root: Some(root),
            open: Vec::new(),
        }
    }

    fn enter(&mut self, path: PathBuf) -> Result<(), Problem> {
        match (self.list)(&path) {
            Ok(entries) => {
                self.open.push((path, entries));
                Ok(())
            }
            Err(error) => Err(Problem { path, error }),
        }
    }

    /// The root may be a file; a link is not followed, as `find` does not.
    fn start(&mut self, root: PathBuf) -> Option<Result<PathBuf, Problem>> {
        match fs::symlink_metadata(&root) {
            Ok(about) if about.is_file() => Some(Ok(root)),
            Ok(about) if about.is_dir() => self.enter(root).err().map(Err),
            Ok(_) => None,
            Err(error) => Some(Err(Problem { path: root, error })),
        }
    }
}

impl<List: Fn(&Path) -> Listing> Iterator for Walk<List> {
    type Item = Result<PathBuf, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(root) = self.root.take()
            && let Some(only) = self.start(root)
        {
            return Some(only);
        }
        loop {
            let (directory, entries) = self.open.last_mut()?;
            match entries.pop() {
                None => drop(self.open.pop()),
                Some(Entry::File(name)) => return Some(Ok(directory.join(name))),
                Some(Entry::Directory(name)) => {
                    let path = directory.join(name);
                    if let Err(problem) = self.enter(path) {
                        return Some(Err(problem));
                    }
                }
            }
        }
    }
}

/// Reads one directory (and so blocks its thread).
pub(crate) fn list(path: &Path) -> Listing {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let mut key = entry.file_name();
            key.push("/");
            entries.push((key, Entry::Directory(entry.file_name())));
        } else if kind.is_file() {
            entries.push((entry.file_name(), Entry::File(entry.file_name())));
        }
    }
    entries.sort_by(|(a, _), (b, _)| b.as_bytes().cmp(a.as_bytes()));
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}
