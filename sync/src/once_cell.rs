//! `OnceCell`: a cell that is written once. The value lies in a `std::sync::OnceLock`, whose own
//! waiting is never used: a `Mutex` keeps initialisers apart, so that waiting parks.

use std::fmt;
use std::sync::OnceLock;

use super::Mutex;
use super::rt::explore::{self, Op};

const GET: Op = Op::new("get", "oncecell");
const SET: Op = Op::new("set", "oncecell");

/// A cell that is written once and then read without locking. Goroutines that need the value while
/// another one makes it wait.
///
/// If the function of [`get_or_init`](OnceCell::get_or_init) panics, or calls goexit, the cell
/// stays empty and the next caller tries again: there is no poisoning. (A function that must not be
/// tried again belongs into a [`OnceValue`](super::OnceValue).) Initialising a cell from within its
/// own initialisation deadlocks.
///
/// ```
/// use gort::sync::OnceCell;
///
/// static CONFIG: OnceCell<String> = OnceCell::new();
/// assert_eq!(CONFIG.get(), None);
/// assert_eq!(CONFIG.get_or_init(|| "first".to_string()), "first");
/// assert_eq!(CONFIG.get_or_init(|| unreachable!()), "first");
/// assert_eq!(CONFIG.set("second".to_string()), Err("second".to_string()));
/// ```
pub struct OnceCell<T> {
    value: OnceLock<T>,
    writing: Mutex<()>,
}

impl<T> OnceCell<T> {
    super::rt::const_unless_loom! {
        /// An empty cell.
        ///
        /// ```
        /// assert_eq!(gort::sync::OnceCell::<u8>::new().get(), None);
        /// ```
        pub fn new() -> OnceCell<T> {
            OnceCell { value: OnceLock::new(), writing: Mutex::new(()) }
        }
    }

    /// The value, if there is one. Does not wait for one that is being made.
    ///
    /// ```
    /// let cell = gort::sync::OnceCell::new();
    /// assert_eq!(cell.get(), None);
    /// cell.set(1).unwrap();
    /// assert_eq!(cell.get(), Some(&1));
    /// ```
    #[inline]
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        explore::glance(GET, self.address());
        self.value.get()
    }

    /// The value; the exclusive borrow needs no locking.
    ///
    /// ```
    /// let mut cell = gort::sync::OnceCell::new();
    /// cell.set(1).unwrap();
    /// *cell.get_mut().unwrap() += 1;
    /// assert_eq!(cell.get(), Some(&2));
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Writes the value. Waits if another goroutine is making one.
    ///
    /// # Errors
    /// The value back, if there is one already.
    ///
    /// ```
    /// let cell = gort::sync::OnceCell::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.set(2), Err(2));
    /// ```
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let _writing = self.writing.lock();
        explore::point(SET, self.address());
        self.value.set(value)
    }

    /// The value; made by `f` if there is none. Of several callers one runs its `f`, the others
    /// wait for it.
    ///
    /// # Panics
    /// With the panic of `f`; the cell stays empty.
    ///
    /// ```
    /// let cell = gort::sync::OnceCell::new();
    /// assert_eq!(cell.get_or_init(|| 1), &1);
    /// assert_eq!(cell.get_or_init(|| unreachable!()), &1);
    /// ```
    #[track_caller]
    #[inline]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        match self.get_or_try_init(|| Ok::<T, std::convert::Infallible>(f())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// The value; made by `f` if there is none, unless that fails.
    ///
    /// # Errors
    /// The error of `f`; the cell stays empty.
    ///
    /// ```
    /// let cell = gort::sync::OnceCell::new();
    /// assert!(cell.get_or_try_init(|| "x".parse::<u8>()).is_err());
    /// assert_eq!(cell.get_or_try_init(|| "7".parse::<u8>()), Ok(&7));
    /// ```
    #[track_caller]
    #[inline]
    pub fn get_or_try_init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        explore::glance(GET, self.address());
        match self.value.get() {
            Some(value) => Ok(value),
            None => self.init(f),
        }
    }

    /// For whoever explores schedules: which one it is.
    #[inline(always)]
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    #[cold]
    #[track_caller]
    fn init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        let _writing = self.writing.lock();
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = f()?;
        explore::point(SET, self.address());
        // Empty, and written under the lock only: this neither waits nor drops the value.
        Ok(self.value.get_or_init(|| value))
    }

    /// Takes the value out and leaves the cell empty.
    ///
    /// ```
    /// let mut cell = gort::sync::OnceCell::new();
    /// cell.set(1).unwrap();
    /// assert_eq!((cell.take(), cell.get()), (Some(1), None));
    /// ```
    pub fn take(&mut self) -> Option<T> {
        self.value.take()
    }

    /// Gives the value.
    ///
    /// ```
    /// let cell = gort::sync::OnceCell::new();
    /// cell.set(1).unwrap();
    /// assert_eq!(cell.into_inner(), Some(1));
    /// ```
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> OnceCell<T> {
        OnceCell::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> OnceCell<T> {
        OnceCell {
            value: OnceLock::from(value),
            writing: Mutex::new(()),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(value) => f.debug_tuple("OnceCell").field(value).finish(),
            None => f.write_str("OnceCell(<empty>)"),
        }
    }
}
