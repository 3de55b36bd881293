//! Files and directories without blocking a worker: [`std::fs`], each call made on a helper thread
//! while the goroutine parks.
//!
//! What is here has the names, arguments and errors of std. [`File`] is a `Read`, `Write` and
//! `Seek`, and so is `&File`.
//!
//! ```
//! use gort::prelude::*;
//!
//! # let dir = tempfile::tempdir().unwrap();
//! # let dir = dir.path();
//! gort::run(|| {
//!     let paths: Vec<_> = (0..3).map(|i| dir.join(format!("{i}.txt"))).collect();
//!     let writers: Vec<_> = paths.iter().cloned().map(|path| go!(gort::fs::write(path, "text"))).collect();
//!     for writer in writers {
//!         writer.join().unwrap().unwrap();
//!     }
//!     assert_eq!(gort::fs::read_to_string(&paths[2]).unwrap(), "text");
//! });
//! ```
//!
//! # What it costs, and when a plain call will do
//!
//! Handing a call over costs some microseconds, more than the call itself if the page cache has the
//! data. So:
//! * Read and write much at a time: whole files ([`read()`], [`write()`]), or through a
//!   [`BufReader`](std::io::BufReader) or [`BufWriter`](std::io::BufWriter), which also make lines
//!   cheap.
//! * A plain `std::fs` call on a goroutine is correct. It blocks its worker; if that takes long,
//!   the monitor puts a stand-in in its place. On small local files that are read again and again
//!   it is the faster one. Use what is here where a call may wait: for a disk that is busy or far
//!   away, for `sync_all`, for a lock, for the other end of a FIFO, or for directories of unknown
//!   size.
//!
//! At most [`Builder::blocking_threads`](crate::runtime::Builder::blocking_threads) calls run at
//! once (only waiting for the [lock](File::lock) of a file is not counted). That many goroutines
//! that wait at FIFOs through this module keep all others out.
//!
//! A call that has begun is waited for, whatever becomes of a context.
//! [`blocking_ctx`](crate::blocking_ctx) around the function of std takes a call that still waits
//! for a helper out of the queue.
//!
//! On a thread that is no goroutine the calls are made right there.

mod dir;
mod file;
mod options;
#[cfg(unix)]
mod unix;

use std::io;
use std::path::{Path, PathBuf};

pub use dir::{DirEntry, ReadDir, read_dir};
pub use file::File;
pub use options::{DirBuilder, OpenOptions};
pub use std::fs::{FileTimes, FileType, Metadata, Permissions, TryLockError};
#[doc(no_inline)]
#[cfg(unix)]
pub use unix::{chown, fchown, lchown};

use crate::blocking;

/// The whole file.
///
/// # Errors
/// As [`std::fs::read`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), [1, 2, 3]).unwrap();
/// assert_eq!(gort::fs::read(dir.join("a")).unwrap(), [1, 2, 3]);
/// ```
#[doc(alias = "ReadFile")]
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref();
    blocking(|| std::fs::read(path))
}

/// The whole file as text.
///
/// # Errors
/// As [`std::fs::read_to_string`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// assert_eq!(gort::fs::read_to_string(dir.join("a")).unwrap(), "text");
/// ```
#[doc(alias = "ReadFile")]
pub fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref();
    blocking(|| std::fs::read_to_string(path))
}

/// Makes `contents` the content of the file, which is created or replaced.
///
/// # Errors
/// As [`std::fs::write`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// assert_eq!(gort::fs::metadata(dir.join("a")).unwrap().len(), 4);
/// ```
#[doc(alias = "WriteFile")]
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let (path, contents) = (path.as_ref(), contents.as_ref());
    blocking(|| std::fs::write(path, contents))
}

/// Copies content and permissions, in the kernel where it can. Gives the number of bytes.
///
/// # Errors
/// As [`std::fs::copy`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// assert_eq!(gort::fs::copy(dir.join("a"), dir.join("b")).unwrap(), 4);
/// ```
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let (from, to) = (from.as_ref(), to.as_ref());
    blocking(|| std::fs::copy(from, to))
}

/// Gives a file or directory another name, replacing what has it.
///
/// # Errors
/// As [`std::fs::rename`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// gort::fs::rename(dir.join("a"), dir.join("b")).unwrap();
/// assert!(!gort::fs::exists(dir.join("a")).unwrap());
/// ```
#[doc(alias = "Rename")]
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref(), to.as_ref());
    blocking(|| std::fs::rename(from, to))
}

/// Removes a file.
///
/// # Errors
/// As [`std::fs::remove_file`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// gort::fs::remove_file(dir.join("a")).unwrap();
/// assert!(!gort::fs::exists(dir.join("a")).unwrap());
/// ```
#[doc(alias = "Remove")]
#[doc(alias = "unlink")]
pub fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    blocking(|| std::fs::remove_file(path))
}

/// Removes an empty directory.
///
/// # Errors
/// As [`std::fs::remove_dir`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::create_dir(dir.join("d")).unwrap();
/// gort::fs::remove_dir(dir.join("d")).unwrap();
/// assert!(!gort::fs::exists(dir.join("d")).unwrap());
/// ```
#[doc(alias = "Remove")]
#[doc(alias = "rmdir")]
pub fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    blocking(|| std::fs::remove_dir(path))
}

/// Removes a directory with all that is in it. Follows no symbolic links.
///
/// # Errors
/// As [`std::fs::remove_dir_all`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::create_dir_all(dir.join("d/e")).unwrap();
/// gort::fs::remove_dir_all(dir.join("d")).unwrap();
/// assert!(!gort::fs::exists(dir.join("d")).unwrap());
/// ```
#[doc(alias = "RemoveAll")]
pub fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    blocking(|| std::fs::remove_dir_all(path))
}

/// Makes a directory.
///
/// # Errors
/// As [`std::fs::create_dir`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::create_dir(dir.join("d")).unwrap();
/// assert!(gort::fs::metadata(dir.join("d")).unwrap().is_dir());
/// ```
#[doc(alias = "Mkdir")]
pub fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    blocking(|| std::fs::create_dir(path))
}

/// Makes a directory, and those above it that are missing.
///
/// # Errors
/// As [`std::fs::create_dir_all`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::create_dir_all(dir.join("d/e/f")).unwrap();
/// assert!(gort::fs::metadata(dir.join("d/e/f")).unwrap().is_dir());
/// ```
#[doc(alias = "MkdirAll")]
pub fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    blocking(|| std::fs::create_dir_all(path))
}

/// What the system knows of a file. Follows symbolic links.
///
/// # Errors
/// As [`std::fs::metadata`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// assert_eq!(gort::fs::metadata(dir.join("a")).unwrap().len(), 4);
/// ```
#[doc(alias = "Stat")]
pub fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref();
    blocking(|| std::fs::metadata(path))
}

/// What the system knows of a file, or of the symbolic link itself if it is one.
///
/// # Errors
/// As [`std::fs::symlink_metadata`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// assert!(gort::fs::symlink_metadata(dir.join("a")).unwrap().is_file());
/// ```
#[doc(alias = "Lstat")]
pub fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref();
    blocking(|| std::fs::symlink_metadata(path))
}

/// The absolute path, without symbolic links, `.` and `..`.
///
/// # Errors
/// As [`std::fs::canonicalize`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::create_dir(dir.join("d")).unwrap();
/// let path = gort::fs::canonicalize(dir.join("d/..")).unwrap();
/// assert_eq!(path, gort::fs::canonicalize(dir).unwrap());
/// ```
#[doc(alias = "EvalSymlinks")]
pub fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref();
    blocking(|| std::fs::canonicalize(path))
}

/// Gives a file a second name.
///
/// # Errors
/// As [`std::fs::hard_link`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// gort::fs::hard_link(dir.join("a"), dir.join("b")).unwrap();
/// assert_eq!(gort::fs::read(dir.join("b")).unwrap(), b"text");
/// ```
#[doc(alias = "Link")]
pub fn hard_link(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref(), to.as_ref());
    blocking(|| std::fs::hard_link(from, to))
}

/// Makes a symbolic link at `link` that says `original`.
///
/// # Errors
/// As [`std::os::unix::fs::symlink`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::symlink("somewhere", dir.join("link")).unwrap();
/// assert!(gort::fs::symlink_metadata(dir.join("link")).unwrap().is_symlink());
/// ```
#[doc(alias = "Symlink")]
#[doc(alias = "soft_link")]
#[cfg(unix)]
pub fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref(), link.as_ref());
    blocking(|| std::os::unix::fs::symlink(original, link))
}

/// What a symbolic link says.
///
/// # Errors
/// As [`std::fs::read_link`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::symlink("somewhere", dir.join("link")).unwrap();
/// assert_eq!(gort::fs::read_link(dir.join("link")).unwrap().to_str(), Some("somewhere"));
/// ```
#[doc(alias = "Readlink")]
pub fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref();
    blocking(|| std::fs::read_link(path))
}

/// Changes who may do what with a file.
///
/// # Errors
/// As [`std::fs::set_permissions`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// let mut permissions = gort::fs::metadata(dir.join("a")).unwrap().permissions();
/// permissions.set_readonly(true);
/// gort::fs::set_permissions(dir.join("a"), permissions).unwrap();
/// assert!(gort::fs::metadata(dir.join("a")).unwrap().permissions().readonly());
/// ```
#[doc(alias = "Chmod")]
pub fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    let path = path.as_ref();
    blocking(|| std::fs::set_permissions(path, permissions))
}

/// Whether there is something at `path`. Follows symbolic links.
///
/// # Errors
/// As [`std::fs::exists`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// assert!(!gort::fs::exists(dir.join("a")).unwrap());
/// ```
#[doc(alias = "try_exists")]
pub fn exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let path = path.as_ref();
    blocking(|| std::fs::exists(path))
}
