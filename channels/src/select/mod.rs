//! Choosing among several operations: the engine behind `select!`, and [`Select`] for sets known only at run time.

pub(crate) mod case;
pub(crate) mod engine;
pub(crate) mod order;
pub(crate) mod take;

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::time::Duration;

use self::case::{Arm, RecvArm, SendArm};
use self::engine::{Begun, Ended, Run};
use crate::error::{SelectError, SelectTimeoutError, SendError, TrySelectError};
use crate::rt::{self, RawLock, WaitReason};
use crate::source::{Origin, RecvFrom, SendTo};

/// Waits for one of several operations whose number is known only at run time.
///
/// Add operations, select, and ask the [`Selected`] which one it was. As in `select!`, a ready one is chosen at random
/// (or the first, if [`biased`](Select::biased)), and the others have no effect. A `Select` can be used again and again: receives stay
/// in it, a send is spent once it was chosen.
///
/// ```
/// use gort_channels::{Select, channel};
///
/// let ends: Vec<_> = (0..3).map(|_| channel::<u32>(1)).collect();
/// ends[2].0.send(7).unwrap();
///
/// let mut select = Select::new();
/// for (_, rx) in &ends {
///     select.recv(rx);
/// }
/// let selected = select.select().unwrap();
/// assert_eq!(selected.index(), 2);
/// assert_eq!(selected.recv(&ends[2].1), Some(7));
/// ```
#[doc(alias = "reflect.Select")]
#[derive(Default)]
pub struct Select<'a> {
    entries: Vec<NonNull<dyn Arm + 'a>>,
    sends: Vec<bool>,
    order: Vec<Cell<u32>>,
    locks: Vec<Cell<*const RawLock>>,
    biased: bool,
    /// The arms borrow channels, whose item types must not change their lifetimes.
    _invariant: PhantomData<Cell<&'a ()>>,
}

/// The operation that a [`Select`] has chosen and performed. What it received is in here until it is taken, and dropped with
/// it otherwise.
///
/// ```
/// use gort_channels::{Chan, Select};
///
/// let ch = Chan::new(1);
/// ch.send(5).unwrap();
/// let mut select = Select::new();
/// let receive = select.recv(&ch);
/// let selected = select.select().unwrap();
/// if selected.index() == receive {
///     assert_eq!(selected.recv(&ch), Some(5));
/// }
/// ```
#[must_use = "what was received is dropped with this"]
pub struct Selected<'s, 'a> {
    select: &'s mut Select<'a>,
    index: usize,
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("operations", &self.entries.len())
            .field("biased", &self.biased)
            .finish()
    }
}

impl fmt::Debug for Selected<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selected")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl<'a> Select<'a> {
    /// An empty set.
    ///
    /// ```
    /// assert!(gort_channels::Select::new().is_empty());
    /// ```
    pub fn new() -> Select<'a> {
        Select::default()
    }

    /// From now on chooses the first ready operation, in the order in which they were added, instead of a random one.
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    /// let ch = Chan::new(1);
    /// ch.send('x').unwrap();
    /// let mut select = Select::new();
    /// select.biased();
    /// let first = select.recv(&ch);
    /// select.recv(&ch);
    /// assert_eq!(select.select().unwrap().index(), first);
    /// ```
    pub fn biased(&mut self) -> &mut Self {
        self.biased = true;
        self
    }

    /// How many operations were added, removed ones included.
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    ///
    /// let ch = Chan::<u8>::new(1);
    /// let mut select = Select::new();
    /// select.recv(&ch);
    /// select.send(&ch, 1);
    /// assert_eq!(select.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none was added.
    ///
    /// ```
    /// assert!(gort_channels::Select::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a receive and returns its index.
    ///
    /// # Panics
    /// If there are 65,536 operations already, Go's limit.
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    /// let ch = Chan::<u8>::new(1);
    /// assert_eq!(Select::new().recv(&ch), 0);
    /// ```
    pub fn recv<S: RecvFrom + ?Sized>(&mut self, from: &'a S) -> usize
    where
        S::Item: 'a,
    {
        self.add(Box::new(RecvArm::new(from.operand().0, false)), false)
    }

    /// Adds a send of `value` and returns its index. Once the send was chosen it is spent: it is never ready again.
    ///
    /// # Panics
    /// As [`recv`](Select::recv).
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    /// let ch = Chan::new(1);
    /// let mut select = Select::new();
    /// select.send(&ch, 5);
    /// select.select().unwrap().send(&ch).unwrap();
    /// assert_eq!(ch.recv(), Some(5));
    /// ```
    pub fn send<S: SendTo<T> + ?Sized, T: 'a>(&mut self, to: &'a S, value: T) -> usize {
        self.add(Box::new(SendArm::new(to.target().0, value)), true)
    }

    fn add(&mut self, arm: Box<dyn Arm + 'a>, send: bool) -> usize {
        let index = self.entries.len();
        assert!(index < 1 << 16, "a select can have 65536 operations at most");
        self.entries.push(NonNull::from(Box::leak(arm)));
        self.sends.push(send);
        self.order.push(Cell::new(0));
        self.locks.push(Cell::new(ptr::null()));
        index
    }

    /// Takes an operation out; an unsent value is dropped. The others keep their indices.
    ///
    /// # Panics
    /// If there is no operation with this index.
    ///
    /// ```
    /// use gort_channels::{Chan, Select, SelectError};
    /// let ch = Chan::<u8>::new(1);
    /// let mut select = Select::new();
    /// let index = select.recv(&ch);
    /// select.remove(index);
    /// assert_eq!(select.select().unwrap_err(), SelectError);
    /// ```
    pub fn remove(&mut self, index: usize) {
        let nil: Box<dyn Arm + 'a> = Box::new(RecvArm::<()>::new(Origin::Nil, false));
        let old = std::mem::replace(&mut self.entries[index], NonNull::from(Box::leak(nil)));
        self.sends[index] = false;
        // SAFETY: `add` or `remove` leaked it, and it is in no queue outside of a running select.
        drop(unsafe { Box::from_raw(old.as_ptr()) });
    }

    /// Takes back the value of a send that was not chosen; the send is spent then.
    ///
    /// # Panics
    /// If the operation with this index is not a send to `to`.
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    /// let ch = Chan::new(0);
    /// let mut select = Select::new();
    /// let index = select.send(&ch, "unsent");
    /// assert!(select.try_select().is_err());
    /// assert_eq!(select.take_unsent(index, &ch), Some("unsent"));
    /// ```
    pub fn take_unsent<S: SendTo<T> + ?Sized, T: 'a>(&mut self, index: usize, to: &S) -> Option<T> {
        self.send_arm(index, to).unsent()
    }

    /// The send with this index, given its type back.
    fn send_arm<S: SendTo<T> + ?Sized, T>(&self, index: usize, to: &S) -> &SendArm<'a, T> {
        let arm = self.arm(index);
        let lock = to.target().0.map(|core| ptr::from_ref(core.lock()));
        let same = self.sends[index] && lock.is_some() && arm.lock().map(ptr::from_ref) == lock;
        assert!(same, "operation {index} is not a send to this channel");
        // SAFETY: it is a send to the channel whose lock this is, so to a channel of `T`: `T` is invariant in all handles.
        unsafe { &*ptr::from_ref(arm).cast() }
    }

    fn recv_arm<S: RecvFrom + ?Sized>(&self, index: usize, from: &S) -> &RecvArm<'a, S::Item> {
        let arm = self.arm(index);
        let lock = match from.operand().0 {
            Origin::Nil => None,
            Origin::Chan(core) => Some(ptr::from_ref(core.lock())),
            Origin::Source(source) => Some(ptr::from_ref(source.lock())),
        };
        let same = !self.sends[index] && lock.is_some() && arm.lock().map(ptr::from_ref) == lock;
        assert!(same, "operation {index} is not a receive from this channel");
        // SAFETY: it is a receive from the source whose lock this is, which has one item type only (`Source` promises it, and
        // for channels see `send_arm`).
        unsafe { &*ptr::from_ref(arm).cast() }
    }

    fn arm(&self, index: usize) -> &(dyn Arm + 'a) {
        // SAFETY: the entries are leaked boxes that live as long as they are in here.
        unsafe { self.entries[index].as_ref() }
    }

    fn run(&self) -> Run<'_> {
        // SAFETY: `NonNull<dyn Arm>` and `&dyn Arm` have one layout, the arms are alive, and there are only shared references
        // to them while a select runs.
        let arms: &[&dyn Arm] =
            unsafe { std::slice::from_raw_parts(self.entries.as_ptr().cast(), self.entries.len()) };
        Run::new(arms, &self.order, &self.locks, self.biased)
    }

    fn selected(&mut self, index: usize) -> Selected<'_, 'a> {
        Selected { select: self, index }
    }

    /// Waits until an operation can be performed, and performs it.
    ///
    /// # Errors
    /// If none can ever be performed: there is none, or all are nil, spent, or sends that nobody can receive.
    ///
    /// ```
    /// use gort_channels::{Select, channel};
    /// let (tx, rx) = channel::<u8>(0);
    /// let thread = std::thread::spawn(move || tx.send(1));
    /// let mut select = Select::new();
    /// select.recv(&rx);
    /// assert_eq!(select.select().unwrap().recv(&rx), Some(1));
    /// thread.join().unwrap().unwrap();
    /// ```
    #[track_caller]
    pub fn select(&mut self) -> Result<Selected<'_, 'a>, SelectError> {
        let index = {
            let run = self.run();
            run.announce();
            loop {
                match run.begin(true) {
                    Begun::Chosen(index) => break index,
                    Begun::DroppedOut { .. } | Begun::NotReady => return Err(SelectError),
                    Begun::Park => {}
                }
                // SAFETY: `begin` said `Park`; the task is readied once, by who wins the claim under one of these locks.
                unsafe {
                    rt::park_on(WaitReason::Select, run.held(), || run.unlock());
                    if let Ended::Chosen(index) = run.end() {
                        break index;
                    }
                }
            }
        };
        Ok(self.selected(index))
    }

    /// Performs an operation if one can be performed now.
    ///
    /// # Errors
    /// Says whether one may be ready later.
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    /// let ch = Chan::<u8>::new(1);
    /// let mut select = Select::new();
    /// select.recv(&ch);
    /// assert!(select.try_select().unwrap_err().is_not_ready());
    /// ```
    #[track_caller]
    pub fn try_select(&mut self) -> Result<Selected<'_, 'a>, TrySelectError> {
        self.run().announce();
        let begun = self.run().begin(false);
        match begun {
            Begun::Chosen(index) => Ok(self.selected(index)),
            Begun::DroppedOut { .. } => Err(TrySelectError::DroppedOut),
            Begun::NotReady | Begun::Park => {
                rt::polled_in_vain();
                Err(TrySelectError::NotReady)
            }
        }
    }

    /// Waits for `limit` at most.
    ///
    /// # Errors
    /// If the time was up, or none can ever be performed.
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    /// let ch = Chan::<u8>::new(1);
    /// let mut select = Select::new();
    /// select.recv(&ch);
    /// assert!(select.select_timeout(std::time::Duration::from_millis(1)).unwrap_err().is_timeout());
    /// ```
    #[track_caller]
    pub fn select_timeout(&mut self, limit: Duration) -> Result<Selected<'_, 'a>, SelectTimeoutError> {
        self.run().announce();
        // First without a look at the clock.
        let begun = self.run().begin(false);
        match begun {
            Begun::Chosen(index) => return Ok(self.selected(index)),
            Begun::DroppedOut { .. } => return Err(SelectTimeoutError::DroppedOut),
            Begun::NotReady | Begun::Park => {}
        }
        if limit.is_zero() {
            rt::polled_in_vain();
            return Err(SelectTimeoutError::Timeout);
        }
        let Some(deadline) = rt::now().checked_add(limit) else {
            return Ok(self.select()?);
        };
        let index = {
            let run = self.run();
            run.announce();
            loop {
                match run.begin(true) {
                    Begun::Chosen(index) => break index,
                    Begun::DroppedOut { .. } | Begun::NotReady => return Err(SelectTimeoutError::DroppedOut),
                    Begun::Park => {}
                }
                // SAFETY: as in `select`; all wakers win the claim before they ready the task. At least one lock is held, so
                // `end` waits for the commit, also if the timer fires first.
                unsafe {
                    rt::park_until(WaitReason::Select, deadline, run.claim(), || run.unlock());
                    match run.end() {
                        Ended::Chosen(index) => break index,
                        Ended::Again => {}
                        Ended::Timeout => return Err(SelectTimeoutError::Timeout),
                    }
                }
            }
        };
        Ok(self.selected(index))
    }
}

impl Drop for Select<'_> {
    fn drop(&mut self) {
        /// Goes on if the drop of an unsent value panics.
        struct Rest<'r, 'a>(&'r mut Vec<NonNull<dyn Arm + 'a>>);
        impl Drop for Rest<'_, '_> {
            fn drop(&mut self) {
                while let Some(arm) = self.0.pop() {
                    let rest = Rest(self.0);
                    // SAFETY: a leaked box that nobody else has.
                    drop(unsafe { Box::from_raw(arm.as_ptr()) });
                    std::mem::forget(rest);
                }
            }
        }
        drop(Rest(&mut self.entries));
    }
}

impl<'a> Selected<'_, 'a> {
    /// The index of the operation, as returned when it was added.
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    ///
    /// let (empty, full) = (Chan::<u8>::new(1), Chan::<u8>::new(1));
    /// full.send(1).unwrap();
    /// let mut select = Select::new();
    /// select.recv(&empty);
    /// let second = select.recv(&full);
    /// assert_eq!(select.select().unwrap().index(), second);
    /// ```
    pub fn index(&self) -> usize {
        self.index
    }

    /// What was received; `None` if the channel was closed and drained.
    ///
    /// # Panics
    /// If the chosen operation is not a receive from `from`. (What was received is dropped then.)
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    ///
    /// let ch = Chan::<u8>::new(1);
    /// ch.close();
    /// let mut select = Select::new();
    /// select.recv(&ch);
    /// assert_eq!(select.select().unwrap().recv(&ch), None);
    /// ```
    pub fn recv<S: RecvFrom + ?Sized>(self, from: &S) -> Option<S::Item>
    where
        S::Item: 'a,
    {
        self.select.recv_arm(self.index, from).extract()
    }

    /// How the send went.
    ///
    /// # Errors
    /// The value comes back if the channel was closed.
    ///
    /// # Panics
    /// If the chosen operation is not a send to `to`.
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    ///
    /// let ch = Chan::new(1);
    /// let mut select = Select::new();
    /// select.send(&ch, 'x');
    /// select.select().unwrap().send(&ch).unwrap();
    /// assert_eq!(ch.recv(), Some('x'));
    /// ```
    pub fn send<S: SendTo<T> + ?Sized, T: 'a>(self, to: &S) -> Result<(), SendError<T>> {
        match self.select.send_arm(self.index, to).unsent() {
            None => Ok(()),
            Some(value) => Err(SendError(value)),
        }
    }
}

impl Drop for Selected<'_, '_> {
    fn drop(&mut self) {
        self.select.arm(self.index).discard();
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
