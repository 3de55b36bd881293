//! `Timer`, `Ticker`, `after_func`, `tick`, and the channel that the first two have.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gort_channels::clock::Clock;
use gort_channels::source::{Operand, RecvFrom};
use gort_runtime::CallTimer;

use super::call::Call;
use super::deadline;

/// The channel of a [`Timer`] or [`Ticker`]: what Go has as `t.C`.
///
/// It can stand wherever something is received: `chan!(<-c)`, an arm of `select!`, a `for` loop. It
/// is never closed. `None` inside, as with the channel of [`after_func`], is Go's nil channel:
/// never ready.
///
/// ```
/// use gort::prelude::*;
/// use gort::time::Timer;
/// use std::time::Duration;
///
/// gort::run(|| {
///     let timer = Timer::new(Duration::from_millis(1));
///     select! { due = <-timer.c() => assert!(due.is_some()) }
/// });
/// ```
#[derive(Clone)]
pub struct TimerChan(Option<Arc<Clock>>);

impl TimerChan {
    /// Waits for the next value: the moment at which the timer was due.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let start = Instant::now();
    /// let due = gort::time::tick(Duration::from_millis(1)).recv();
    /// assert!(due >= start + Duration::from_millis(1));
    /// ```
    #[track_caller]
    pub fn recv(&self) -> Instant {
        loop {
            if let Some(value) = gort_channels::macro_support::recv(self) {
                return value;
            }
        }
    }

    /// The value, if it is there.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let timer = gort::time::Timer::new(Duration::from_secs(60));
    /// assert_eq!(timer.c().try_recv(), None);
    /// ```
    pub fn try_recv(&self) -> Option<Instant> {
        self.0.as_ref()?.try_take()
    }

    /// Zero, as in Go since 1.23: the channel looks unbuffered, whether the timer is due or not.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// assert_eq!(gort::time::Timer::new(Duration::ZERO).c().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        0
    }

    /// As [`len`](TimerChan::len) says.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// assert!(gort::time::Timer::new(Duration::ZERO).c().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        true
    }

    /// Zero.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// assert_eq!(gort::time::Timer::new(Duration::ZERO).c().capacity(), 0);
    /// ```
    #[doc(alias = "cap")]
    pub fn capacity(&self) -> usize {
        0
    }
}

#[diagnostic::do_not_recommend]
impl RecvFrom for TimerChan {
    type Item = Instant;

    fn operand(&self) -> Operand<'_, Instant> {
        match &self.0 {
            Some(clock) => clock.operand(),
            None => Operand::nil(),
        }
    }
}

/// Waits for each value; it never ends.
impl Iterator for TimerChan {
    type Item = Instant;

    fn next(&mut self) -> Option<Instant> {
        Some(self.recv())
    }
}

impl fmt::Debug for TimerChan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "TimerChan"
        } else {
            "TimerChan(nil)"
        })
    }
}

/// A single event in the future: a value on its channel, or ([`after_func`]) a call.
///
/// The timer itself can be received from, like its channel [`c`](Timer::c), of which there can be
/// many handles: share a timer between goroutines by an `Arc`, and let each receive from its
/// `timer.c()`. Dropping it does not stop a function from being called; without a function there is
/// nothing left to stop.
///
/// After [`stop`](Timer::stop) or [`reset`](Timer::reset) no value of before is received any more,
/// so, as in Go since 1.23, there is nothing to drain.
///
/// ```
/// use gort::prelude::*;
/// use gort::time::Timer;
/// use std::time::Duration;
///
/// # gort::run(|| {
/// let work = chan!(u32);
/// let idle = Timer::new(Duration::from_millis(1));
/// select! {
///     v = <-work => unreachable!("{v:?}"),
///     at = <-idle => assert!(at.is_some()),
/// }
/// assert!(!idle.reset(Duration::from_secs(60)), "it had fired");
/// assert!(idle.stop());
/// # });
/// ```
#[doc(alias = "NewTimer")]
pub struct Timer(Kind);

enum Kind {
    Channel(TimerChan),
    Call(Arc<Call>, Arc<CallTimer>),
}

/// The channel of a timer that calls.
static NIL: TimerChan = TimerChan(None);

impl Timer {
    /// A timer that is due `duration` from now. A duration that does not fit is very far in the
    /// future.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let start = Instant::now();
    /// let timer = gort::time::Timer::new(Duration::from_millis(2));
    /// assert!(timer.recv() >= start + Duration::from_millis(2));
    /// assert!(start.elapsed() >= Duration::from_millis(2));
    /// ```
    #[doc(alias = "NewTimer")]
    #[inline]
    pub fn new(duration: Duration) -> Timer {
        Timer(Kind::Channel(TimerChan(Some(Clock::new(
            deadline(duration),
            None,
        )))))
    }

    fn channel(&self) -> &TimerChan {
        match &self.0 {
            Kind::Channel(channel) => channel,
            Kind::Call(..) => &NIL,
        }
    }

    /// A handle of its channel; the nil channel if it calls a function.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let timer = gort::time::Timer::new(Duration::from_millis(1));
    /// let c = timer.c();
    /// assert_eq!((c.len(), c.capacity()), (0, 0));
    /// c.recv();
    /// ```
    #[doc(alias = "C")]
    pub fn c(&self) -> TimerChan {
        self.channel().clone()
    }

    /// Waits for the value; for ever if there will be none.
    ///
    /// ```
    /// gort::time::Timer::new(std::time::Duration::from_millis(1)).recv();
    /// ```
    #[track_caller]
    pub fn recv(&self) -> Instant {
        self.channel().recv()
    }

    /// Stops it. `true` if it was active: no value was received yet (even if it was due), or the
    /// function was not started and will not be. It does not wait for a function that is running.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let timer = gort::time::Timer::new(Duration::ZERO);
    /// assert!(timer.stop(), "due, but not received");
    /// assert_eq!(timer.c().try_recv(), None);
    /// assert!(!timer.stop(), "stopped already");
    /// ```
    #[doc(alias = "Stop")]
    pub fn stop(&self) -> bool {
        match &self.0 {
            Kind::Channel(channel) => channel.0.as_ref().is_some_and(|clock| clock.stop()),
            Kind::Call(call, alarm) => call.stop(alarm),
        }
    }

    /// Makes it due `duration` from now. `true` if it was active, as with [`stop`](Timer::stop).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let timer = gort::time::Timer::new(Duration::from_secs(60));
    /// assert!(timer.reset(Duration::from_millis(1)));
    /// timer.recv();
    /// assert!(!timer.reset(Duration::from_millis(1)));
    /// timer.recv();
    /// ```
    #[doc(alias = "Reset")]
    pub fn reset(&self, duration: Duration) -> bool {
        match &self.0 {
            Kind::Channel(channel) => channel
                .0
                .as_ref()
                .is_some_and(|clock| clock.reset(deadline(duration), None)),
            Kind::Call(call, alarm) => call.reset(alarm, duration),
        }
    }
}

#[diagnostic::do_not_recommend]
impl RecvFrom for Timer {
    type Item = Instant;

    fn operand(&self) -> Operand<'_, Instant> {
        self.channel().operand()
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Channel(_) => "Timer",
            Kind::Call(..) => "Timer(function)",
        })
    }
}

/// Calls `f` in a goroutine of its own, `duration` from now.
///
/// The timer's [`stop`](Timer::stop) prevents that, its [`reset`](Timer::reset) makes it happen
/// again. Dropping the timer does neither.
///
/// Since it may be called again, `f` cannot be a closure that gives away what it holds; take that
/// out of an `Option`, as below. (What [`context::after_func`](crate::context::after_func) is given
/// can: it runs once.) Calls never overlap: one that is due while another runs begins when that has
/// ended. In Go they may run at the same time, and need locks of their own.
///
/// # Panics
/// A panic of `f` is a panic that nobody can observe: it ends the program.
///
/// ```
/// use gort::prelude::*;
/// use std::time::Duration;
///
/// # gort::run(|| {
/// let done = chan!(&str, 1);
/// let tx = done.tx();
/// let timer = gort::time::after_func(Duration::from_millis(1), move || chan!(tx <- "called"));
/// assert_eq!(chan!(<-done), Some("called"));
/// assert!(!timer.stop(), "it was called");
///
/// // To give away what it holds it has to be called once only.
/// let words = chan!(String, 1);
/// let mut held = Some((words.tx(), String::from("given away")));
/// gort::time::after_func(Duration::from_millis(1), move || {
///     if let Some((tx, word)) = held.take() {
///         chan!(tx <- word);
///     }
/// });
/// assert_eq!(chan!(<-words).as_deref(), Some("given away"));
/// # });
/// ```
#[doc(alias = "AfterFunc")]
pub fn after_func(duration: Duration, f: impl FnMut() + Send + 'static) -> Timer {
    let (call, alarm) = Call::start(duration, Box::new(f));
    Timer(Kind::Call(call, alarm))
}

/// A value on its channel every so often.
///
/// At most one tick waits to be received. A receiver that is too slow misses ticks; the next one
/// comes when it would have come anyway. The ticker itself can be received from, like its channel
/// [`c`](Ticker::c), of which there can be many handles.
///
/// ```
/// use gort::prelude::*;
/// use gort::time::Ticker;
/// use std::time::Duration;
///
/// # gort::run(|| {
/// let ticker = Ticker::new(Duration::from_millis(1));
/// let done = gort::time::after(Duration::from_millis(20));
/// let mut ticks = 0;
/// loop {
///     select! {
///         <-ticker => ticks += 1,
///         <-done => break,
///     }
/// }
/// ticker.stop();
/// assert!((1..=20).contains(&ticks), "{ticks}");
/// # });
/// ```
#[doc(alias = "NewTicker")]
pub struct Ticker(TimerChan);

impl Ticker {
    /// A ticker with the first tick after one `period`.
    ///
    /// # Panics
    /// With `non-positive interval for NewTicker` if `period` is zero.
    ///
    /// ```
    /// let ticker = gort::time::Ticker::new(std::time::Duration::from_millis(1));
    /// assert!(ticker.recv() < ticker.recv());
    /// ```
    #[doc(alias = "NewTicker")]
    #[track_caller]
    pub fn new(period: Duration) -> Ticker {
        assert!(!period.is_zero(), "non-positive interval for NewTicker");
        Ticker(TimerChan(Some(Clock::new(deadline(period), Some(period)))))
    }

    /// A handle of its channel. It goes on ticking when the ticker is dropped.
    ///
    /// ```
    /// let ticks = gort::time::Ticker::new(std::time::Duration::from_millis(1)).c();
    /// assert_eq!(ticks.take(2).count(), 2);
    /// ```
    #[doc(alias = "C")]
    pub fn c(&self) -> TimerChan {
        self.0.clone()
    }

    /// Waits for the next tick; for ever if it was stopped.
    ///
    /// ```
    /// gort::time::Ticker::new(std::time::Duration::from_millis(1)).recv();
    /// ```
    #[track_caller]
    pub fn recv(&self) -> Instant {
        self.0.recv()
    }

    /// Stops it: no tick is received afterwards. The channel is not closed.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let ticker = gort::time::Ticker::new(Duration::from_millis(1));
    /// gort::time::sleep(Duration::from_millis(3));
    /// ticker.stop();
    /// assert_eq!(ticker.c().try_recv(), None, "the tick that waited is gone");
    /// ```
    #[doc(alias = "Stop")]
    pub fn stop(&self) {
        if let Some(clock) = &self.0.0 {
            clock.stop();
        }
    }

    /// Starts it anew, with the next tick after one `period`.
    ///
    /// # Panics
    /// With `non-positive interval for Ticker.Reset` if `period` is zero.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let ticker = gort::time::Ticker::new(Duration::from_secs(60));
    /// ticker.reset(Duration::from_millis(1));
    /// ticker.recv();
    /// ```
    #[doc(alias = "Reset")]
    #[track_caller]
    pub fn reset(&self, period: Duration) {
        assert!(!period.is_zero(), "non-positive interval for Ticker.Reset");
        if let Some(clock) = &self.0.0 {
            clock.reset(deadline(period), Some(period));
        }
    }
}

#[diagnostic::do_not_recommend]
impl RecvFrom for Ticker {
    type Item = Instant;

    fn operand(&self) -> Operand<'_, Instant> {
        self.0.operand()
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticker")
    }
}

/// The channel of a ticker that is never stopped: it goes with its last handle. If `period` is
/// zero, the nil channel.
///
/// ```
/// use std::time::Duration;
///
/// let mut last = None;
/// for tick in gort::time::tick(Duration::from_millis(1)).take(3) {
///     assert!(last < Some(tick));
///     last = Some(tick);
/// }
/// assert_eq!(gort::time::tick(Duration::ZERO).try_recv(), None);
/// ```
#[doc(alias = "Tick")]
pub fn tick(period: Duration) -> TimerChan {
    if period.is_zero() {
        return NIL.clone();
    }
    Ticker::new(period).0
}
