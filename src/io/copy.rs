//! `copy`: everything from a reader to a writer.

use std::io::{self, ErrorKind, Read, Write};

/// So much is read at a time.
const BUFFER: usize = 64 << 10;

/// Copies everything from `reader` to `writer`, up to its end. Gives the number of bytes. Does not
/// flush.
///
/// What differs from [`std::io::copy`], which works too: the buffer is 64 KiB instead of 8, so
/// files and pipes of gort visit a helper thread an eighth as often, and lies on the heap, so that
/// it costs no stack. For whole files [`fs::copy`](crate::fs::copy) is better: the kernel copies.
///
/// # Errors
/// Of the reader or the writer; what was written until then stays written.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("a");
/// use gort::fs::File;
///
/// gort::run(|| {
///     let mut file = File::create(&path).unwrap();
///     assert_eq!(gort::io::copy(&mut &b"bytes"[..], &mut file).unwrap(), 5);
///     let mut back = Vec::new();
///     gort::io::copy(&mut File::open(&path).unwrap(), &mut back).unwrap();
///     assert_eq!(back, b"bytes");
/// });
/// ```
#[doc(alias = "Copy")]
pub fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: Read + ?Sized,
    W: Write + ?Sized,
{
    let mut buffer = vec![0; BUFFER];
    let mut copied = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(bytes) => {
                writer.write_all(&buffer[..bytes])?;
                copied += bytes as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives some bytes now and then, and is interrupted in between.
    struct Halting(Vec<io::Result<usize>>);

    impl Read for Halting {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let bytes = self.0.pop().unwrap_or(Ok(0))?;
            buf[..bytes].fill(7);
            Ok(bytes)
        }
    }

    #[test]
    fn goes_on_after_an_interruption_and_ends_with_an_error() {
        let mut reader = Halting(vec![
            Err(ErrorKind::TimedOut.into()),
            Ok(3),
            Err(ErrorKind::Interrupted.into()),
            Ok(BUFFER),
        ]);
        let mut written = Vec::new();
        let error = copy(&mut reader, &mut written).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(written, vec![7; BUFFER + 3]);
        assert_eq!(copy(&mut reader, &mut written).unwrap(), 0);
    }
}
