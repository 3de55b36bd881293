//! What readers and writers have in common that are shared: macros, since the types have nothing
//! else in common.

/// `Read` for an owner of what can be read through a reference.
macro_rules! read_by_reference {
    ($name:ident) => {
        impl std::io::Read for $name {
            #[track_caller]
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                std::io::Read::read(&mut &*self, buf)
            }

            #[track_caller]
            fn read_vectored(&mut self, bufs: &mut [std::io::IoSliceMut<'_>]) -> std::io::Result<usize> {
                std::io::Read::read_vectored(&mut &*self, bufs)
            }

            #[track_caller]
            fn read_to_end(&mut self, buf: &mut Vec<u8>) -> std::io::Result<usize> {
                std::io::Read::read_to_end(&mut &*self, buf)
            }

            #[track_caller]
            fn read_to_string(&mut self, buf: &mut String) -> std::io::Result<usize> {
                std::io::Read::read_to_string(&mut &*self, buf)
            }

            #[track_caller]
            fn read_exact(&mut self, buf: &mut [u8]) -> std::io::Result<()> {
                std::io::Read::read_exact(&mut &*self, buf)
            }
        }
    };
}

/// `Write` for an owner of what can be written through a reference.
macro_rules! write_by_reference {
    ($name:ident) => {
        impl std::io::Write for $name {
            #[track_caller]
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                std::io::Write::write(&mut &*self, buf)
            }

            #[track_caller]
            fn write_vectored(&mut self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                std::io::Write::write_vectored(&mut &*self, bufs)
            }

            #[track_caller]
            fn write_all(&mut self, buf: &[u8]) -> std::io::Result<()> {
                std::io::Write::write_all(&mut &*self, buf)
            }

            #[track_caller]
            fn write_fmt(&mut self, args: std::fmt::Arguments<'_>) -> std::io::Result<()> {
                std::io::Write::write_fmt(&mut &*self, args)
            }

            fn flush(&mut self) -> std::io::Result<()> {
                std::io::Write::flush(&mut &*self)
            }
        }
    };
}

/// `Write`, for a reference and for the owner, where each write is a call of std's that a helper
/// thread makes by way of `$through`, and nothing is held back.
macro_rules! write_through {
    ($name:ident, $through:path) => {
        impl std::io::Write for &$name {
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                $through(|| std::io::Write::write(&mut &self.0, buf))
            }

            fn write_vectored(&mut self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                $through(|| std::io::Write::write_vectored(&mut &self.0, bufs))
            }

            fn write_all(&mut self, buf: &[u8]) -> std::io::Result<()> {
                $through(|| std::io::Write::write_all(&mut &self.0, buf))
            }

            fn write_fmt(&mut self, args: std::fmt::Arguments<'_>) -> std::io::Result<()> {
                crate::io::write_at_once(self, args)
            }

            /// There is nothing to do.
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        crate::io::impls::write_by_reference!($name);
    };
}

pub(crate) use {read_by_reference, write_by_reference, write_through};
