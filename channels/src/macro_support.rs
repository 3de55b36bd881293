//! What the macros expand to. Not part of the public interface: the macros are.
//!
//! Go's words and Go's panics live here; the methods of the handles speak Rust.

use std::cell::Cell;
use std::ptr;

use crate::Chan;
use crate::chan::{Core, Refused};
pub use crate::offer::Offer;
use crate::rt::{self, WaitReason};
pub use crate::select::case::{Arm, RecvArm, SendArm};
use crate::select::engine::{Begun, Ended, Run};
pub use crate::select::take::TakeArm;
use crate::source::Origin;
pub use crate::source::{RecvFrom, SendTo};

/// [`select`]'s answer when no arm is ready and there is a `default`.
pub const DEFAULT: usize = usize::MAX;
/// [`select`]'s answer when every arm has dropped out and there is an `else`.
pub const ELSE: usize = usize::MAX - 1;

/// `chan!(T, capacity)`.
///
/// # Panics
/// With `makechan: size out of range`.
#[track_caller]
pub fn make<T>(capacity: usize) -> Chan<T> {
    Chan::new(capacity)
}

/// `chan!(ch <- value)`. If nobody can receive any more the goroutine ends (if it unwinds already, the value is dropped and
/// the unwinding goes on); on a nil channel it blocks for ever.
///
/// # Panics
/// With `send on closed channel`.
#[inline(always)]
#[track_caller]
pub fn send<S: SendTo<T> + ?Sized, T>(ch: &S, value: T) {
    Message {
        to: sending(ch),
        value,
    }
    .send();
}

#[cold]
#[track_caller]
fn failed<T>(why: Refused, value: T) {
    drop(value);
    match why {
        Refused::Closed => panic!("send on closed channel"),
        // In a `defer!` or a destructor: the goroutine is ending, and a second unwinding would abort the process.
        Refused::NoReceiver if rt::unwinding() => {}
        Refused::NoReceiver => rt::end_goroutine("send on a channel that nobody can receive from any more"),
    }
}

/// An operand that is a value. As an argument of a call it is moved out of its expression, whose temporaries end with the
/// statement; a plain `let` would extend some of them.
#[inline(always)]
pub fn keep<T>(operand: T) -> T {
    operand
}

/// A channel to send on: `tx` of `tx <- value`.
#[derive(Debug)]
#[must_use]
pub struct Sending<'a, T>(Option<&'a Core<T>>);

/// `tx` of `tx <- value`.
#[inline(always)]
pub fn sending<S: SendTo<T> + ?Sized, T>(tx: &S) -> Sending<'_, T> {
    Sending(tx.target().0)
}

/// `tx <- value`, both evaluated.
///
/// A struct whose fields are written in this order, instead of a call, since rustc then knows the channel's `T` before it looks at the
/// value: so `chan!(tx <- Box::new(f))` coerces to `Box<dyn Fn()>`, and a wrong value is a plain "mismatched types" that names
/// nothing of ours. That `tx` is nothing to send to is the first field's error, and the only one: the second has no bounds.
#[derive(Debug)]
#[must_use]
pub struct Message<'a, T> {
    pub to: Sending<'a, T>,
    pub value: T,
}

impl<'a, T> Message<'a, T> {
    /// `chan!(tx <- value)`; see [`send`].
    #[inline(always)]
    #[track_caller]
    pub fn send(self) {
        let Some(core) = self.to.0 else {
            block_forever(WaitReason::ChanSendNil)
        };
        if let Err((why, value)) = core.send(self.value) {
            failed(why, value);
        }
    }

    /// `tx <- value` as an arm.
    #[inline]
    pub fn arm(self) -> SendArm<'a, T> {
        SendArm::new(self.to.0, self.value)
    }
}

/// `chan!(<-ch)`. On a nil channel it blocks for ever.
#[inline(always)]
#[track_caller]
pub fn recv<S: RecvFrom + ?Sized>(ch: &S) -> Option<S::Item> {
    match ch.operand().0 {
        Origin::Chan(core) => core.recv(),
        Origin::Nil => block_forever(WaitReason::ChanReceiveNil),
        from @ Origin::Source(_) => {
            let mut arm = RecvArm::new(from, false);
            select([&mut arm], true, false, false);
            arm.take()
        }
    }
}

/// `v = <-ch` as an arm.
#[inline]
pub fn recv_arm<S: RecvFrom + ?Sized>(ch: &S) -> RecvArm<'_, S::Item> {
    RecvArm::new(ch.operand().0, false)
}

/// `Some(v) = <-ch` as an arm: it drops out once the channel is closed and drained.
#[inline]
pub fn recv_some_arm<S: RecvFrom + ?Sized>(ch: &S) -> RecvArm<'_, S::Item> {
    RecvArm::new(ch.operand().0, true)
}

/// `ch <- value` as an arm.
#[inline]
pub fn send_arm<S: SendTo<T> + ?Sized, T>(ch: &S, value: T) -> SendArm<'_, T> {
    Message {
        to: sending(ch),
        value,
    }
    .arm()
}

/// Borrows the place behind `take`, be it a value or a variable that is a `&mut`.
pub trait Place {
    fn __gort_place(&mut self) -> &mut Self;
}

impl<P: ?Sized> Place for P {
    #[inline(always)]
    fn __gort_place(&mut self) -> &mut P {
        self
    }
}

/// `tx <- take place` as an arm: it holds what the place offers, and puts it back unless that is sent.
#[inline]
pub fn take_arm<'a, T, O: Offer<T>>(tx: Sending<'a, T>, place: &'a mut O) -> TakeArm<'a, T> {
    let arm = match place.offer() {
        Some(value) => SendArm::new(tx.0, value),
        None => SendArm::empty(),
    };
    TakeArm::new(arm, place)
}

/// `select! { … }`: performs one arm and returns its index, or [`DEFAULT`], or [`ELSE`].
///
/// If every arm has dropped out and there is neither `else` nor `default`, the goroutine ends; if all were nil channels from
/// the start it blocks for ever, as in Go.
#[inline]
#[track_caller]
pub fn select<const N: usize>(
    arms: [&mut dyn Arm; N],
    biased: bool,
    has_default: bool,
    has_else: bool,
) -> usize {
    let reasons = (WaitReason::Select, WaitReason::Select);
    select_with(arms, biased, has_default, has_else, reasons)
}

/// [`select`] of one arm that receives: reports say what they say of a receive.
#[inline]
#[track_caller]
pub fn select_recv(arms: [&mut dyn Arm; 1], biased: bool, has_default: bool, has_else: bool) -> usize {
    let reasons = (WaitReason::ChanReceive, WaitReason::ChanReceiveNil);
    select_with(arms, biased, has_default, has_else, reasons)
}

/// [`select`] of one arm that sends: reports say what they say of a send.
#[inline]
#[track_caller]
pub fn select_send(arms: [&mut dyn Arm; 1], biased: bool, has_default: bool, has_else: bool) -> usize {
    let reasons = (WaitReason::ChanSend, WaitReason::ChanSendNil);
    select_with(arms, biased, has_default, has_else, reasons)
}

/// `reasons`: why it waits, and why it does if all arms are nil. Constants, where it is inlined.
#[inline(always)]
#[track_caller]
fn select_with<const N: usize>(
    arms: [&mut dyn Arm; N],
    biased: bool,
    has_default: bool,
    has_else: bool,
    reasons: (WaitReason, WaitReason),
) -> usize {
    // From here on the arms are shared with wakers: shared references only. (`map` does the same, in 200 instructions where nothing
    // is optimised.)
    // SAFETY: both kinds of reference have the same layout; `arms` is not used any more.
    let arms = unsafe { &*(&raw const arms).cast::<[&dyn Arm; N]>() };
    let order = [const { Cell::new(0) }; N];
    let locks = [const { Cell::new(ptr::null()) }; N];
    let run = Run::new(arms, &order, &locks, biased);
    run.announce();
    loop {
        match run.begin(!has_default) {
            Begun::Chosen(index) => return index,
            Begun::NotReady => {
                rt::polled_in_vain();
                return DEFAULT;
            }
            Begun::DroppedOut { .. } if has_else => return ELSE,
            Begun::DroppedOut { .. } if has_default => {
                rt::polled_in_vain();
                return DEFAULT;
            }
            Begun::DroppedOut { nil } => dropped_out(nil, reasons),
            Begun::Park => {}
        }
        // SAFETY: `begin` said `Park`; the task is readied once, by who wins the claim under one of these locks.
        unsafe {
            rt::park_on(reasons.0, run.held(), || run.unlock());
            if let Ended::Chosen(index) = run.end() {
                return index;
            }
        }
    }
}

#[cold]
#[track_caller]
fn dropped_out(nil: bool, reasons: (WaitReason, WaitReason)) -> ! {
    if nil {
        block_forever(reasons.1);
    }
    // An unwinding goroutine cannot be ended once more: that would abort the process. So it blocks, as it would in Go.
    if rt::unwinding() {
        block_forever(reasons.0);
    }
    rt::end_goroutine("every arm of a select! has dropped out")
}

/// `select! {}`.
#[track_caller]
pub fn select_forever() -> ! {
    block_forever(WaitReason::SelectNoCases)
}

/// What the expansion of `select!` puts where an index cannot be.
#[track_caller]
pub fn unreachable_arm() -> ! {
    unreachable!("select! chose an arm that is not there")
}

#[cold]
#[track_caller]
fn block_forever(reason: WaitReason) -> ! {
    loop {
        // SAFETY: the task is published nowhere, so it is never readied.
        unsafe { rt::park(reason, || {}) };
    }
}
