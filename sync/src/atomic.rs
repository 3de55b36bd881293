//! std's atomics, seen by
//! [`testing::explore`](https://docs.rs/gort/latest/gort/testing/fn.explore.html): where schedules
//! are explored, another goroutine may come in before each operation. Elsewhere they are std's, and
//! cost what std's do.
//!
//! What is explored is the order of the operations. Every schedule is sequentially consistent: that
//! an [`Ordering`] is too weak is not found; `loom` is for that.
//!
//! ```
//! use gort::sync::atomic::{AtomicUsize, Ordering};
//!
//! static HITS: AtomicUsize = AtomicUsize::new(0);
//!
//! HITS.fetch_add(2, Ordering::Relaxed);
//! assert_eq!(HITS.load(Ordering::Relaxed), 2);
//! ```

use std::fmt;
use std::sync::atomic as plain;
pub use std::sync::atomic::{Ordering, fence};

use crate::rt::explore::{self, Op};

const LOAD: Op = Op::new("load", "atomic");
const STORE: Op = Op::new("store", "atomic");
const SWAP: Op = Op::new("swap", "atomic");
const EXCHANGE: Op = Op::new("compare_exchange", "atomic");

/// What all of them have. `$value` is one value of the type, for the examples.
macro_rules! atomic {
    ($Atomic:ident$(<$T:ident>)?, $Value:ty, $what:literal, $make:literal) => {
        #[doc = concat!("std's `", stringify!($Atomic), "`, ", $what, ".")]
        ///
        /// ```
        #[doc = concat!("use gort::sync::atomic::{", stringify!($Atomic), ", Ordering};")]
        ///
        #[doc = concat!("let (value, other) = ", $make, ";")]
        #[doc = concat!("let atomic = ", stringify!($Atomic), "::new(value);")]
        /// atomic.store(other, Ordering::Release); assert_eq!(atomic.swap(value, Ordering::AcqRel),
        /// other); assert_eq!(atomic.compare_exchange(other, other, Ordering::AcqRel,
        /// Ordering::Acquire), Err(value)); assert_eq!(atomic.load(Ordering::Acquire), value);
        /// ```
        #[repr(transparent)]
        pub struct $Atomic$(<$T>)?(plain::$Atomic$(<$T>)?);

        impl$(<$T>)? $Atomic$(<$T>)? {
            /// With that value.
            pub const fn new(value: $Value) -> Self {
                Self(plain::$Atomic::new(value))
            }

            #[inline(always)]
            fn address(&self) -> usize {
                std::ptr::from_ref(self).addr()
            }

            /// The value.
            #[inline(always)]
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $Value {
                explore::glance(LOAD, self.address());
                self.0.load(order)
            }

            /// Sets the value.
            #[inline(always)]
            #[track_caller]
            pub fn store(&self, value: $Value, order: Ordering) {
                explore::point(STORE, self.address());
                self.0.store(value, order);
            }

            /// Sets the value; gives the one before.
            #[inline(always)]
            #[track_caller]
            pub fn swap(&self, value: $Value, order: Ordering) -> $Value {
                explore::point(SWAP, self.address());
                self.0.swap(value, order)
            }

            /// Sets the value if it is `current`.
            ///
            /// # Errors
            /// The value, if it is another one.
            #[inline(always)]
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $Value,
                new: $Value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$Value, $Value> {
                explore::point(EXCHANGE, self.address());
                self.0.compare_exchange(current, new, success, failure)
            }

            /// As [`compare_exchange`](Self::compare_exchange), but it may fail although the value
            /// is `current`. (Where schedules are explored it does not.)
            ///
            /// # Errors
            /// The value.
            #[inline(always)]
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $Value,
                new: $Value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$Value, $Value> {
                explore::point(EXCHANGE, self.address());
                self.0.compare_exchange_weak(current, new, success, failure)
            }

            /// Sets the value to what `f` makes of it, again and again until nobody comes in
            /// between.
            ///
            /// # Errors
            /// The value, if `f` makes nothing of it.
            #[inline]
            #[track_caller]
            pub fn fetch_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: impl FnMut($Value) -> Option<$Value>,
            ) -> Result<$Value, $Value> {
                let mut before = self.load(fetch_order);
                while let Some(next) = f(before) {
                    match self.compare_exchange_weak(before, next, set_order, fetch_order) {
                        Ok(found) => return Ok(found),
                        Err(found) => before = found,
                    }
                }
                Err(before)
            }

            /// The value, for whoever has it alone.
            pub fn get_mut(&mut self) -> &mut $Value {
                self.0.get_mut()
            }

            /// The value.
            pub fn into_inner(self) -> $Value {
                self.0.into_inner()
            }
        }

        impl$(<$T>)? fmt::Debug for $Atomic$(<$T>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl$(<$T>)? From<$Value> for $Atomic$(<$T>)? {
            fn from(value: $Value) -> Self {
                Self::new(value)
            }
        }

        impl$(<$T>)? Default for $Atomic$(<$T>)? {
            fn default() -> Self {
                Self(plain::$Atomic::default())
            }
        }
    };
}

/// Read-modify-write operations.
macro_rules! updates {
    ($Atomic:ident, $Value:ty: $($name:ident, $what:literal;)+) => {
        impl $Atomic {
            $(
                #[doc = concat!($what, " Gives the value before.")]
                #[inline(always)]
                #[track_caller]
                pub fn $name(&self, value: $Value, order: Ordering) -> $Value {
                    explore::point(const { Op::new(stringify!($name), "atomic") }, self.address());
                    self.0.$name(value, order)
                }
            )+
        }
    };
}

macro_rules! integers {
    ($($Atomic:ident $Value:ident)+) => {$(
        atomic!($Atomic, $Value, "an integer", "(1, 2)");
        updates! { $Atomic, $Value:
            fetch_add, "Adds; what does not fit wraps around.";
            fetch_sub, "Subtracts; what does not fit wraps around.";
            fetch_and, "Bitwise and.";
            fetch_nand, "Bitwise not of and.";
            fetch_or, "Bitwise or.";
            fetch_xor, "Bitwise exclusive or.";
            fetch_max, "The larger one.";
            fetch_min, "The smaller one.";
        }
    )+};
}

integers! {
    AtomicI8 i8 AtomicU8 u8 AtomicI16 i16 AtomicU16 u16 AtomicI32 i32 AtomicU32 u32
    AtomicI64 i64 AtomicU64 u64 AtomicIsize isize AtomicUsize usize
}

atomic!(AtomicBool, bool, "a truth value", "(true, false)");
updates! { AtomicBool, bool:
    fetch_and, "Logical and.";
    fetch_nand, "Logical not of and.";
    fetch_or, "Logical or.";
    fetch_xor, "Logical exclusive or.";
}

atomic!(
    AtomicPtr<T>,
    *mut T,
    "a pointer",
    "(Box::leak(Box::new(1)) as *mut i32, std::ptr::null_mut())"
);
