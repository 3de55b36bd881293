//! `File`: an open file.

use std::io::{self, IoSliceMut, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use gort_runtime::blocking_wait;

use super::{FileTimes, Metadata, OpenOptions, Permissions, TryLockError};
use crate::blocking;
use crate::io::impls::{read_by_reference, write_through};

/// An open file: as [`std::fs::File`], but no call blocks a worker.
///
/// Every read and every write visits a helper thread: use a [`BufReader`](std::io::BufReader) or a
/// [`BufWriter`](std::io::BufWriter) for small ones. `read_to_end`, `read_to_string`, `write_all`
/// and `write!` are one visit each. What never waits (seeking from the start or the current place,
/// `try_clone`) is done in place; so is closing, by dropping: where that may wait, as on a network
/// file system after writes, call [`sync_all`](File::sync_all) before.
///
/// ```
/// use gort::fs::File;
/// use std::io::{BufRead, BufReader, Write};
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("a");
/// gort::run(|| {
///     let mut file = File::create(&path).unwrap();
///     writeln!(file, "{} lines", 1).unwrap();
///     let lines = BufReader::new(File::open(&path).unwrap()).lines();
///     assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>(), ["1 lines"]);
/// });
/// ```
#[derive(Debug)]
pub struct File(std::fs::File);

impl File {
    /// Opens a file to read it.
    ///
    /// # Errors
    /// As [`std::fs::File::open`].
    ///
    /// ```
    /// let error = gort::fs::File::open("/no/such/file").unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    /// ```
    #[doc(alias = "Open")]
    pub fn open(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new().read(true).open(path)
    }

    /// Opens a file to write to it; it is made, or emptied.
    ///
    /// # Errors
    /// As [`std::fs::File::create`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// gort::fs::File::create(&path).unwrap();
    /// assert!(gort::fs::exists(&path).unwrap());
    /// ```
    #[doc(alias = "Create")]
    pub fn create(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
    }

    /// Makes a file to read and write; fails if it is there.
    ///
    /// # Errors
    /// As [`std::fs::File::create_new`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// gort::fs::File::create_new(&path).unwrap();
    /// assert!(gort::fs::File::create_new(&path).is_err());
    /// ```
    pub fn create_new(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
    }

    /// The same as [`OpenOptions::new`].
    ///
    /// ```
    /// assert!(gort::fs::File::options().read(true).open("/").is_ok());
    /// ```
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Waits until content and metadata are on the disk.
    ///
    /// # Errors
    /// As [`std::fs::File::sync_all`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// gort::fs::File::create(&path).unwrap().sync_all().unwrap();
    /// ```
    #[doc(alias = "Sync")]
    #[doc(alias = "fsync")]
    pub fn sync_all(&self) -> io::Result<()> {
        blocking(|| self.0.sync_all())
    }

    /// Waits until the content is on the disk, with what is needed to read it.
    ///
    /// # Errors
    /// As [`std::fs::File::sync_data`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// gort::fs::File::create(&path).unwrap().sync_data().unwrap();
    /// ```
    #[doc(alias = "fdatasync")]
    pub fn sync_data(&self) -> io::Result<()> {
        blocking(|| self.0.sync_data())
    }

    /// Cuts the file off, or fills it up with zeros.
    ///
    /// # Errors
    /// As [`std::fs::File::set_len`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// let file = gort::fs::File::create(&path).unwrap();
    /// file.set_len(3).unwrap();
    /// assert_eq!(file.metadata().unwrap().len(), 3);
    /// ```
    #[doc(alias = "Truncate")]
    pub fn set_len(&self, size: u64) -> io::Result<()> {
        blocking(|| self.0.set_len(size))
    }

    /// What the system knows of it.
    ///
    /// # Errors
    /// As [`std::fs::File::metadata`].
    ///
    /// ```
    /// assert!(gort::fs::File::open("/").unwrap().metadata().unwrap().is_dir());
    /// ```
    #[doc(alias = "Stat")]
    pub fn metadata(&self) -> io::Result<Metadata> {
        blocking(|| self.0.metadata())
    }

    /// Another handle of the same open file, with the same place in it.
    ///
    /// # Errors
    /// As [`std::fs::File::try_clone`].
    ///
    /// ```
    /// assert!(gort::fs::File::open("/").unwrap().try_clone().is_ok());
    /// ```
    pub fn try_clone(&self) -> io::Result<File> {
        self.0.try_clone().map(File)
    }

    /// Changes who may do what with it.
    ///
    /// # Errors
    /// As [`std::fs::File::set_permissions`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// let file = gort::fs::File::create(&path).unwrap();
    /// let mut permissions = file.metadata().unwrap().permissions();
    /// permissions.set_readonly(true);
    /// file.set_permissions(permissions).unwrap();
    /// assert!(file.metadata().unwrap().permissions().readonly());
    /// ```
    #[doc(alias = "Chmod")]
    pub fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        blocking(|| self.0.set_permissions(permissions))
    }

    /// Sets when it was last read and written.
    ///
    /// # Errors
    /// As [`std::fs::File::set_times`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// let file = gort::fs::File::create(&path).unwrap();
    /// let times = gort::fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
    /// file.set_times(times).unwrap();
    /// assert_eq!(file.metadata().unwrap().modified().unwrap(), std::time::UNIX_EPOCH);
    /// ```
    #[doc(alias = "Chtimes")]
    pub fn set_times(&self, times: FileTimes) -> io::Result<()> {
        blocking(|| self.0.set_times(times))
    }

    /// Sets when it was last written.
    ///
    /// # Errors
    /// As [`std::fs::File::set_modified`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// let file = gort::fs::File::create(&path).unwrap();
    /// file.set_modified(std::time::UNIX_EPOCH).unwrap();
    /// assert_eq!(file.metadata().unwrap().modified().unwrap(), std::time::UNIX_EPOCH);
    /// ```
    pub fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.set_times(FileTimes::new().set_modified(time))
    }

    /// Waits until nobody else has the file locked, and locks it. An advisory lock, of the open
    /// file and not of the goroutine.
    ///
    /// # Errors
    /// As [`std::fs::File::lock`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// let (file, other) = (gort::fs::File::create(&path).unwrap(), gort::fs::File::open(&path).unwrap());
    /// file.lock().unwrap();
    /// assert!(other.try_lock().is_err());
    /// file.unlock().unwrap();
    /// assert!(other.try_lock().is_ok());
    /// ```
    #[doc(alias = "flock")]
    pub fn lock(&self) -> io::Result<()> {
        blocking_wait(|| self.0.lock())
    }

    /// Waits until nobody else has the file locked for himself, and shares the lock.
    ///
    /// # Errors
    /// As [`std::fs::File::lock_shared`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// let (file, other) = (gort::fs::File::create(&path).unwrap(), gort::fs::File::open(&path).unwrap());
    /// file.lock_shared().unwrap();
    /// other.lock_shared().unwrap();
    /// ```
    pub fn lock_shared(&self) -> io::Result<()> {
        blocking_wait(|| self.0.lock_shared())
    }

    /// Locks the file if nobody else has it locked.
    ///
    /// # Errors
    /// As [`std::fs::File::try_lock`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// assert!(gort::fs::File::create(&path).unwrap().try_lock().is_ok());
    /// ```
    pub fn try_lock(&self) -> Result<(), TryLockError> {
        blocking(|| self.0.try_lock())
    }

    /// Shares the lock if nobody else has it for himself.
    ///
    /// # Errors
    /// As [`std::fs::File::try_lock_shared`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// assert!(gort::fs::File::create(&path).unwrap().try_lock_shared().is_ok());
    /// ```
    pub fn try_lock_shared(&self) -> Result<(), TryLockError> {
        blocking(|| self.0.try_lock_shared())
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// As [`std::fs::File::unlock`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// let file = gort::fs::File::create(&path).unwrap();
    /// file.lock().unwrap();
    /// file.unlock().unwrap();
    /// ```
    pub fn unlock(&self) -> io::Result<()> {
        blocking(|| self.0.unlock())
    }

    /// The file of std.
    ///
    /// ```
    /// let file: std::fs::File = gort::fs::File::open("/").unwrap().into_std();
    /// # drop(file);
    /// ```
    pub fn into_std(self) -> std::fs::File {
        self.0
    }
}

impl Read for &File {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        blocking(|| (&self.0).read(buf))
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        blocking(|| (&self.0).read_vectored(bufs))
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        blocking(|| (&self.0).read_to_end(buf))
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        blocking(|| (&self.0).read_to_string(buf))
    }

    fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        blocking(|| (&self.0).read_exact(buf))
    }
}

read_by_reference!(File);
write_through!(File, blocking);

impl Seek for &File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            // A network file system has to ask where the end is.
            SeekFrom::End(_) => blocking(|| (&self.0).seek(to)),
            _ => (&self.0).seek(to),
        }
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        (&*self).seek(to)
    }
}

impl From<std::fs::File> for File {
    fn from(file: std::fs::File) -> File {
        File(file)
    }
}

impl From<File> for std::fs::File {
    fn from(file: File) -> std::fs::File {
        file.0
    }
}

impl From<File> for std::process::Stdio {
    fn from(file: File) -> std::process::Stdio {
        file.0.into()
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
    use std::os::unix::fs::FileExt;

    use super::File;
    use crate::blocking;

    /// Reading and writing at a place, without moving the file's own: `read_at`, `write_at` and
    /// what std makes of them.
    impl FileExt for File {
        fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
            blocking(|| self.0.read_at(buf, offset))
        }

        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
            blocking(|| self.0.read_exact_at(buf, offset))
        }

        fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
            blocking(|| self.0.write_at(buf, offset))
        }

        fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
            blocking(|| self.0.write_all_at(buf, offset))
        }
    }

    impl AsFd for File {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }

    impl AsRawFd for File {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }
    }

    impl IntoRawFd for File {
        fn into_raw_fd(self) -> RawFd {
            self.0.into_raw_fd()
        }
    }

    impl From<OwnedFd> for File {
        fn from(fd: OwnedFd) -> File {
            File(fd.into())
        }
    }

    impl From<File> for OwnedFd {
        fn from(file: File) -> OwnedFd {
            file.0.into()
        }
    }
}
