//! Stacks as lists of addresses, each list once, and the names of its functions when somebody asks.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A function that is active.
///
/// ```
/// gort_runtime::run(|| {
///     for goroutine in &gort_runtime::debug::goroutines() {
///         for frame in goroutine.frames() {
///             println!("{frame}");
///         }
///     }
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    pub(super) function: Option<String>,
    pub(super) file: Option<String>,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
    pub(super) address: u64,
}

impl Frame {
    /// The function's name with its path; `None` if the program has no symbols.
    ///
    /// ```
    /// fn names(goroutine: &gort_runtime::debug::Goroutine) -> Vec<String> {
    ///     goroutine.frames().iter().filter_map(|frame| frame.function().map(String::from)).collect()
    /// }
    /// # gort_runtime::debug::goroutines().iter().for_each(|goroutine| drop(names(goroutine)));
    /// ```
    #[doc(alias = "Func")]
    pub fn function(&self) -> Option<&str> {
        self.function.as_deref()
    }

    /// The source file; `None` if the program has no debug information.
    ///
    /// ```
    /// fn files(goroutine: &gort_runtime::debug::Goroutine) -> Vec<String> {
    ///     goroutine.frames().iter().filter_map(|frame| frame.file().map(String::from)).collect()
    /// }
    /// # gort_runtime::debug::goroutines().iter().for_each(|goroutine| drop(files(goroutine)));
    /// ```
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line in it, from 1.
    ///
    /// ```
    /// fn lines(goroutine: &gort_runtime::debug::Goroutine) -> Vec<u32> {
    ///     goroutine.frames().iter().filter_map(|frame| frame.line()).collect()
    /// }
    /// # gort_runtime::debug::goroutines().iter().for_each(|goroutine| drop(lines(goroutine)));
    /// ```
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// The column in the line, from 1.
    ///
    /// ```
    /// fn columns(goroutine: &gort_runtime::debug::Goroutine) -> Vec<u32> {
    ///     goroutine.frames().iter().filter_map(|frame| frame.column()).collect()
    /// }
    /// # gort_runtime::debug::goroutines().iter().for_each(|goroutine| drop(columns(goroutine)));
    /// ```
    pub fn column(&self) -> Option<u32> {
        self.column
    }

    /// The address of the call in this process, or of the instruction in the innermost one.
    ///
    /// ```
    /// fn addresses(goroutine: &gort_runtime::debug::Goroutine) -> Vec<u64> {
    ///     goroutine.frames().iter().map(|frame| frame.address()).collect()
    /// }
    /// # gort_runtime::debug::goroutines().iter().for_each(|goroutine| drop(addresses(goroutine)));
    /// ```
    pub fn address(&self) -> u64 {
        self.address
    }

    /// `file:line:column`, as much as is known.
    pub(super) fn place(&self) -> Option<String> {
        let mut place = self.file.clone()?;
        for number in [self.line, self.column].into_iter().flatten() {
            place.push_str(&format!(":{number}"));
        }
        Some(place)
    }
}

/// As in Go's dumps: the function, and where in a line of its own.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Some(function) => write!(f, "{function}(...)")?,
            None => write!(f, "{:#x}(...)", self.address)?,
        }
        match self.place() {
            Some(place) => write!(f, "\n\t{place}"),
            None => Ok(()),
        }
    }
}

/// A list of addresses, whose functions are looked up once.
#[derive(Debug, Default)]
pub(super) struct Calls {
    addresses: Vec<u64>,
    frames: OnceLock<Vec<Frame>>,
}

impl Calls {
    pub(super) fn frames(&self) -> &[Frame] {
        self.frames.get_or_init(|| name(&self.addresses))
    }
}

/// The user's functions. A panic about debug information that makes no sense costs this stack only.
fn name(addresses: &[u64]) -> Vec<Frame> {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    {
        let lines = crate::panics::quietly(|| crate::stall::frames::functions(addresses));
        let frame = |line: crate::stall::frames::Line| {
            let place = line.place;
            Frame {
                function: line.name,
                file: place.as_ref().map(|place| place.file.clone()),
                line: place.as_ref().and_then(|place| place.line),
                column: place.and_then(|place| place.column),
                address: line.address,
            }
        };
        lines.unwrap_or_default().into_iter().map(frame).collect()
    }
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    {
        let _ = addresses;
        Vec::new()
    }
}

/// Every list once, however many goroutines have it: they are looked up once too.
#[derive(Default)]
pub(super) struct Known(HashMap<Vec<u64>, Arc<Calls>>);

impl Known {
    pub(super) fn calls(&mut self, addresses: Vec<u64>) -> Arc<Calls> {
        if let Some(calls) = self.0.get(&addresses) {
            return Arc::clone(calls);
        }
        let calls = Arc::new(Calls {
            addresses: addresses.clone(),
            frames: OnceLock::new(),
        });
        self.0.insert(addresses, Arc::clone(&calls));
        calls
    }
}
