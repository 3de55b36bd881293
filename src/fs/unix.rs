//! What [`std::os::unix::fs`] has besides links: owners.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use crate::blocking;

/// Changes the owner and the group of a file, where they are given. Follows symbolic links.
///
/// # Errors
/// As [`std::os::unix::fs::chown`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::write(dir.join("a"), "text").unwrap();
/// gort::fs::chown(dir.join("a"), None, None).unwrap(); // changes neither
/// ```
#[doc(alias = "Chown")]
pub fn chown(path: impl AsRef<Path>, owner: Option<u32>, group: Option<u32>) -> io::Result<()> {
    let path = path.as_ref();
    blocking(|| std::os::unix::fs::chown(path, owner, group))
}

/// As [`chown`], of an open file.
///
/// # Errors
/// As [`std::os::unix::fs::fchown`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// let file = gort::fs::File::create(dir.path().join("a")).unwrap();
/// gort::fs::fchown(&file, None, None).unwrap();
/// ```
pub fn fchown(file: impl AsFd, owner: Option<u32>, group: Option<u32>) -> io::Result<()> {
    let fd = file.as_fd();
    blocking(|| std::os::unix::fs::fchown(fd, owner, group))
}

/// As [`chown`], of the symbolic link itself if it is one.
///
/// # Errors
/// As [`std::os::unix::fs::lchown`].
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// gort::fs::symlink("nowhere", dir.join("link")).unwrap();
/// gort::fs::lchown(dir.join("link"), None, None).unwrap();
/// assert!(gort::fs::chown(dir.join("link"), None, None).is_err());
/// ```
#[doc(alias = "Lchown")]
pub fn lchown(path: impl AsRef<Path>, owner: Option<u32>, group: Option<u32>) -> io::Result<()> {
    let path = path.as_ref();
    blocking(|| std::os::unix::fs::lchown(path, owner, group))
}
