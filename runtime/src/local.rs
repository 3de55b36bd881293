//! Goroutine-local values: what `goroutine_local!` declares.
//!
//! A value belongs to the goroutine that asked for it first, moves with it from thread to thread,
//! and is dropped when it ends. On a thread that is no goroutine it belongs to the thread.

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::locals::Locals;

/// A value that every goroutine has for itself; [`goroutine_local!`](crate::goroutine_local)
/// declares one.
///
/// ```
/// use std::cell::RefCell;
///
/// gort_runtime::goroutine_local! { static NAME: RefCell<String> = RefCell::new("nobody".into()); }
///
/// gort_runtime::run(|| {
///     NAME.with_borrow_mut(|name| *name = "main".into());
///     let other = gort_runtime::go(|| NAME.with_borrow(String::clone)).join().unwrap();
///     assert_eq!(other, "nobody");
/// });
/// ```
pub struct LocalKey<T: 'static> {
    init: fn() -> T,
}

impl<T> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

impl<T: Send + 'static> LocalKey<T> {
    /// What `goroutine_local!` expands to.
    #[doc(hidden)]
    pub const fn new(init: fn() -> T) -> LocalKey<T> {
        LocalKey { init }
    }

    /// Calls `f` with the goroutine's value, which is made now if this is the first time. Unlike a
    /// thread-local, the value may be held across a wait.
    ///
    /// # Panics
    /// On a thread that is no goroutine, in the thread's last destructors.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// gort_runtime::goroutine_local! { static COUNT: Cell<u32> = Cell::new(1); }
    ///
    /// gort_runtime::run(|| {
    ///     COUNT.with(|count| count.set(5));
    ///     gort_runtime::gosched();
    ///     assert_eq!(COUNT.with(Cell::get), 5);
    ///     assert_eq!(gort_runtime::go(|| COUNT.with(Cell::get)).join().unwrap(), 1);
    /// });
    /// ```
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        let value = self.find().unwrap_or_else(|| self.make());
        // SAFETY: the box is dropped when the goroutine (or thread), which runs this code, ends,
        // and values are only ever added before. `T: Send`, so it may be used on whatever thread
        // the goroutine runs.
        f(unsafe { &*value })
    }

    fn key(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn find(&'static self) -> Option<*const T> {
        with_locals(|locals| locals.find(self.key()))
    }

    #[cold]
    fn make(&'static self) -> *const T {
        // Outside: it may use other keys.
        let value = Box::new((self.init)());
        // If it used this one, that value stays: somebody may have seen it.
        self.find().unwrap_or_else(|| {
            let at = std::ptr::from_ref(&*value);
            with_locals(|locals| locals.add(self.key(), value));
            at
        })
    }
}

impl<T: Send + 'static> LocalKey<Cell<T>> {
    /// Sets the goroutine's value.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// gort_runtime::goroutine_local! { static DEPTH: Cell<u32> = Cell::new(0); }
    ///
    /// DEPTH.set(3);
    /// assert_eq!(DEPTH.replace(4), 3);
    /// assert_eq!(DEPTH.get(), 4);
    /// ```
    pub fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    /// A copy of the goroutine's value; see [`set`](LocalKey::set).
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// gort_runtime::goroutine_local! { static DEPTH: Cell<u32> = Cell::new(2); }
    ///
    /// assert_eq!(DEPTH.get(), 2);
    /// ```
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Sets the goroutine's value and returns the one before; see [`set`](LocalKey::set).
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// gort_runtime::goroutine_local! { static DEPTH: Cell<u32> = Cell::new(2); }
    ///
    /// assert_eq!(DEPTH.replace(3), 2);
    /// assert_eq!(DEPTH.get(), 3);
    /// ```
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: Send + 'static> LocalKey<RefCell<T>> {
    /// Calls `f` with the goroutine's value.
    ///
    /// # Panics
    /// If it is borrowed mutably.
    ///
    /// ```
    /// use std::cell::RefCell;
    ///
    /// gort_runtime::goroutine_local! { static TRAIL: RefCell<Vec<u32>> = RefCell::default(); }
    ///
    /// TRAIL.with_borrow_mut(|trail| trail.push(1));
    /// assert_eq!(TRAIL.with_borrow(Vec::len), 1);
    /// ```
    pub fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Calls `f` with the goroutine's value, to be changed; see
    /// [`with_borrow`](LocalKey::with_borrow).
    ///
    /// # Panics
    /// If it is borrowed.
    ///
    /// ```
    /// use std::cell::RefCell;
    ///
    /// gort_runtime::goroutine_local! { static SEEN: RefCell<Vec<u32>> = RefCell::default(); }
    ///
    /// SEEN.with_borrow_mut(|seen| seen.push(1));
    /// assert_eq!(SEEN.with_borrow_mut(|seen| seen.pop()), Some(1));
    /// ```
    pub fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }
}

/// Calls `f` with the values of the goroutine, or thread, that runs this. `f` runs no user code.
fn with_locals<R>(f: impl FnOnce(&mut Locals) -> R) -> R {
    match crate::g::current() {
        // SAFETY: the goroutine's own cell, on the goroutine; the reference ends with `f`, which
        // does not come back here.
        Some(g) => f(unsafe { &mut *g.locals.get() }.get_or_insert_default()),
        None => crate::tls::with_locals(f),
    }
}

/// Declares values that every goroutine has for itself, as [`thread_local!`](std::thread_local)
/// does for threads. A goroutine may change threads whenever it waits, so a thread-local must not
/// be held across a wait; one of these may.
///
/// The type must be [`Send`]. The value is made when a goroutine first asks for it, and dropped
/// when that goroutine ends. Code that runs on a plain thread gets one for the thread.
///
/// ```
/// use std::cell::RefCell;
///
/// gort_runtime::goroutine_local! {
///     /// The request that this goroutine works on.
///     static REQUEST: RefCell<String> = RefCell::new(String::from("none"));
///     static TRIES: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
/// }
///
/// let handle = gort_runtime::go(|| {
///     REQUEST.with_borrow_mut(|request| *request = String::from("GET /"));
///     gort_runtime::gosched();
///     REQUEST.with_borrow(String::clone)
/// });
/// assert_eq!(handle.join().unwrap(), "GET /");
/// assert_eq!(REQUEST.with_borrow(String::clone), "none");
/// assert_eq!(TRIES.get(), 0);
/// ```
#[macro_export]
macro_rules! goroutine_local {
    () => {};
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty = const $init:block $(; $($rest:tt)*)?) => {
        $crate::goroutine_local! { $(#[$attribute])* $vis static $name: $type = $init $(; $($rest)*)? }
    };
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty = $init:expr $(; $($rest:tt)*)?) => {
        $(#[$attribute])*
        $vis static $name: $crate::LocalKey<$type> = {
            fn init() -> $type {
                $init
            }
            $crate::LocalKey::new(init)
        };
        $($crate::goroutine_local! { $($rest)* })?
    };
}
