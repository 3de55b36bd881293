//! `OpenOptions` and `DirBuilder`: how to open a file, and how to make a directory.

use std::io;
use std::path::Path;

use super::File;
use crate::blocking;

/// How to open a file: as [`std::fs::OpenOptions`], but [`open`](OpenOptions::open) blocks no
/// worker and gives a [`File`] of this module.
///
/// What else std's options can do on a system (its extension traits) goes through [`From`].
///
/// ```
/// use gort::fs::OpenOptions;
/// use std::io::Write;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("log");
/// for line in ["one\n", "two\n"] {
///     let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
///     file.write_all(line.as_bytes()).unwrap();
/// }
/// assert_eq!(gort::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
/// ```
#[derive(Debug, Clone)]
pub struct OpenOptions(std::fs::OpenOptions);

macro_rules! switches {
    ($($(#[$meta:meta])* $name:ident)+) => {$(
        $(#[$meta])*
        pub fn $name(&mut self, $name: bool) -> &mut OpenOptions {
            self.0.$name($name);
            self
        }
    )+};
}

impl OpenOptions {
    /// Everything is off.
    ///
    /// ```
    /// assert!(gort::fs::OpenOptions::new().open("/").is_err(), "neither to read nor to write");
    /// ```
    #[allow(clippy::new_without_default, reason = "as in std")]
    pub fn new() -> OpenOptions {
        OpenOptions(std::fs::OpenOptions::new())
    }

    switches! {
        /// To read from it.
        ///
        /// ```
        /// assert!(gort::fs::OpenOptions::new().read(true).open("/").is_ok());
        /// ```
        #[doc(alias = "O_RDONLY")]
        read
        /// To write to it.
        ///
        /// ```
        /// # let dir = tempfile::tempdir().unwrap();
        /// # let path = dir.path().join("a");
        /// gort::fs::write(&path, "text").unwrap();
        /// assert!(gort::fs::OpenOptions::new().write(true).open(&path).is_ok());
        /// ```
        #[doc(alias = "O_WRONLY")]
        write
        /// To write behind what is there, wherever the end is by then.
        ///
        /// ```
        /// # use std::io::Write;
        /// # let dir = tempfile::tempdir().unwrap();
        /// # let path = dir.path().join("a");
        /// gort::fs::write(&path, "text").unwrap();
        /// gort::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"s").unwrap();
        /// assert_eq!(gort::fs::read(&path).unwrap(), b"texts");
        /// ```
        #[doc(alias = "O_APPEND")]
        append
        /// To throw away what is there.
        ///
        /// ```
        /// # let dir = tempfile::tempdir().unwrap();
        /// # let path = dir.path().join("a");
        /// gort::fs::write(&path, "text").unwrap();
        /// gort::fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
        /// assert_eq!(gort::fs::read(&path).unwrap(), b"");
        /// ```
        #[doc(alias = "O_TRUNC")]
        truncate
        /// To make it if it is not there.
        ///
        /// ```
        /// # let dir = tempfile::tempdir().unwrap();
        /// # let path = dir.path().join("a");
        /// gort::fs::OpenOptions::new().write(true).create(true).open(&path).unwrap();
        /// assert!(gort::fs::exists(&path).unwrap());
        /// ```
        #[doc(alias = "O_CREATE")]
        create
        /// To make it, and fail if it is there.
        ///
        /// ```
        /// # let dir = tempfile::tempdir().unwrap();
        /// # let path = dir.path().join("a");
        /// gort::fs::OpenOptions::new().write(true).create_new(true).open(&path).unwrap();
        /// let again = gort::fs::OpenOptions::new().write(true).create_new(true).open(&path);
        /// assert_eq!(again.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
        /// ```
        #[doc(alias = "O_EXCL")]
        create_new
    }

    /// Permissions of a file that is made (`0o666` unless this says otherwise), before the
    /// process's mask.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("a");
    /// use std::os::unix::fs::PermissionsExt;
    ///
    /// gort::fs::OpenOptions::new().write(true).create(true).mode(0o600).open(&path).unwrap();
    /// assert_eq!(gort::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    /// ```
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut OpenOptions {
        std::os::unix::fs::OpenOptionsExt::mode(&mut self.0, mode);
        self
    }

    /// More flags of the system's `open`.
    ///
    /// ```
    /// assert!(gort::fs::OpenOptions::new().read(true).custom_flags(0).open("/").is_ok());
    /// ```
    #[cfg(unix)]
    pub fn custom_flags(&mut self, flags: i32) -> &mut OpenOptions {
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut self.0, flags);
        self
    }

    /// Opens the file. It may wait, as for the other end of a FIFO.
    ///
    /// # Errors
    /// As [`std::fs::OpenOptions::open`].
    ///
    /// ```
    /// assert!(gort::fs::OpenOptions::new().read(true).open("/").is_ok());
    /// ```
    #[doc(alias = "OpenFile")]
    pub fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let path = path.as_ref();
        blocking(|| self.0.open(path)).map(File::from)
    }
}

impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(options: std::fs::OpenOptions) -> OpenOptions {
        OpenOptions(options)
    }
}

/// How to make a directory: as [`std::fs::DirBuilder`], but [`create`](DirBuilder::create) blocks
/// no worker.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// use std::os::unix::fs::PermissionsExt;
///
/// gort::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir.join("d/e")).unwrap();
/// assert_eq!(gort::fs::metadata(dir.join("d/e")).unwrap().permissions().mode() & 0o777, 0o700);
/// ```
#[derive(Debug)]
pub struct DirBuilder(std::fs::DirBuilder);

impl DirBuilder {
    /// One directory, whose parent is there.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// let made = gort::fs::DirBuilder::new().create(dir.path().join("d/e"));
    /// assert_eq!(made.unwrap_err().kind(), std::io::ErrorKind::NotFound);
    /// ```
    #[allow(clippy::new_without_default, reason = "std's has none")]
    pub fn new() -> DirBuilder {
        DirBuilder(std::fs::DirBuilder::new())
    }

    /// To make those above it too that are missing; then it is no error if it is there already.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// gort::fs::DirBuilder::new().recursive(true).create(dir.path()).unwrap();
    /// ```
    #[doc(alias = "MkdirAll")]
    pub fn recursive(&mut self, recursive: bool) -> &mut DirBuilder {
        self.0.recursive(recursive);
        self
    }

    /// Its permissions (`0o777` unless this says otherwise), before the process's mask.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// gort::fs::DirBuilder::new().mode(0o700).create(dir.path().join("d")).unwrap();
    /// ```
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut DirBuilder {
        std::os::unix::fs::DirBuilderExt::mode(&mut self.0, mode);
        self
    }

    /// Makes the directory.
    ///
    /// # Errors
    /// As [`std::fs::DirBuilder::create`].
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// gort::fs::DirBuilder::new().create(dir.path().join("d")).unwrap();
    /// assert!(gort::fs::metadata(dir.path().join("d")).unwrap().is_dir());
    /// ```
    #[doc(alias = "Mkdir")]
    pub fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        blocking(|| self.0.create(path))
    }
}
