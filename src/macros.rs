//! The macros of the facade. Each is a shell: it hands its tokens, and `$crate`, to the proc macro
//! of the same name, so that the expansion finds gort whatever the user's crate calls it.

/// Starts a goroutine; Go's `go`.
///
/// The value is a [`JoinHandle<T>`](crate::JoinHandle), where `T` is what the goroutine's code
/// returns. Dropping the handle detaches the goroutine.
///
/// # Forms
///
/// ```text
/// go!( [options ;]  [target =>]  [captures]  what )
///
/// options     name = <string> , stack = <bytes>            either, both, in any order
/// target      s of gort::scope(|s| …), a WaitGroup, an errgroup::Group, any gort::Spawner
/// captures    "[" [mut] variable [= value] , … "]"         cloned, or made, for the goroutine
/// what        f(a, b)   x.m(a)                             a call
///             { … }                                        a block
///             move || …   f                                a closure, or a variable that holds one
/// ```
///
/// | gort | Go |
/// |---|---|
/// | `go!(f(a, b))` | `go f(a, b)` |
/// | `go!(x.m(a))` | `go x.m(a)` |
/// | `go!({ … })` | `go func() { … }()` |
/// | `go!(move \|\| …)`, `go!(f)` | `go f()` |
/// | `go!([tx] { … })` | `go func() { … }()`, with a handle of its own |
/// | `go!(wg => …)`, `go!(group => …)` | `wg.Go(func() { … })`, `group.Go(func() error { … })` |
///
/// * **A call**: callee, receiver and arguments are evaluated *now*, in order, in the caller, as in
///   Go; only the call itself runs in the goroutine. They are moved, so pass `tx.clone()` or list
///   `tx` as a capture to keep `tx`.
/// * **A block** is a `move` closure: it takes what it uses. All of it runs in the goroutine.
/// * **Captures** are cloned first; the goroutine has the clones (under the same names) and you
///   keep the originals. With a value, `[tx = jobs.tx(), n = n + 1]`, they are that: evaluated now,
///   in order, in the caller. Prefer a half to a clone of a [`Chan`](crate::Chan), which both sends
///   and receives, and so keeps the goroutine's own channel open. Everything else is moved. A list
///   may stand before any form. A method of a field of a capture, `[shared] shared.1.notify_all()`,
///   is called on the goroutine's own, so `shared` may be an `Arc`.
/// * **Inside [`scope`](crate::scope)** write `go!(s => …)`, then the goroutine may borrow. A block
///   still moves what it uses: use references (`let data = &data;`), or a closure without `move`,
///   `go!(s => || …)`, which borrows.
///
/// * **On a target**, `go!(wg => …)`, any of these is started as the target does it: a
///   [`WaitGroup`](crate::sync::WaitGroup) counts the goroutine, an
///   [`errgroup::Group`](crate::errgroup::Group) wants a `Result<(), E>` of it and waits while it
///   is full. The value is what the target gives: [`Spawner`](crate::Spawner) has the table, and is
///   for targets of your own.
///
/// A macro does not see its own brackets: `go! { f(x) }` is the call `go!(f(x))`, whose argument is
/// evaluated now. For a block of one call write `go!({ f(x) })`, or end it with a semicolon.
/// Anything longer than one expression is a block with either brackets.
///
/// What the goroutine takes must be `Send + 'static` (in a scope: only `Send`), and so must what it
/// returns.
///
/// # Errors
///
/// If the system cannot give one more stack, the goroutine ends as if it had panicked, with a
/// message that names the limit: [`join`](crate::JoinHandle::join) gives it, and if nobody can
/// join, it ends the process.
///
/// # Examples
///
/// ```
/// use gort::prelude::*;
///
/// fn square(n: u64, out: Sender<u64>) {
///     chan!(out <- n * n);
/// }
///
/// # gort::run(|| {
/// let out = chan!(u64, 3);
/// for n in 1..=3 {
///     go!(square(n, out.tx()));
/// }
/// let sum: u64 = (0..3).filter_map(|_| chan!(<-out)).sum();
/// assert_eq!(sum, 14);
///
/// // A handle gives the result.
/// let handle = go!({ 6 * 7 });
/// assert_eq!(handle.join().unwrap(), 42);
///
/// // A name for reports, a larger stack, and a clone for the goroutine.
/// let text = String::from("gort");
/// let handle = go!(name = "shout", stack = 1 << 20; [text] { text.to_uppercase() });
/// assert_eq!(handle.join().unwrap(), "GORT");
/// assert_eq!(text, "gort");
/// # });
/// ```
#[doc(alias = "goroutine")]
#[doc(alias = "spawn")]
#[macro_export]
macro_rules! go {
    ($($tokens:tt)*) => {
        $crate::__private::go_impl! { ($crate) $($tokens)* }
    };
}

/// Makes a channel, sends on one, receives from one; Go's `make(chan T)` and `<-`.
///
/// # Forms
///
/// | form | Go | value |
/// |---|---|---|
/// | `chan!(T)` | `make(chan T)` | [`Chan<T>`](crate::Chan), unbuffered |
/// | `chan!(T, n)` | `make(chan T, n)` | `Chan<T>` with room for `n: usize` values, any expression |
/// | `chan!(ch <- v)` | `ch <- v` | `()` |
/// | `chan!(<-ch)` | `<-ch` | `Option<T>`, `None` once the channel is closed and drained |
///
/// `ch` is any expression: a [`Chan`](crate::Chan), a [`Sender`](crate::Sender) or a
/// [`Receiver`](crate::Receiver), a reference to one, or an `Option` of one, where `None` is Go's
/// nil channel (it blocks for ever). Receiving also takes other sources, such as a
/// [`JoinHandle`](crate::JoinHandle). The channel is only borrowed. As in Go, the channel is
/// evaluated before the value.
///
/// The temporaries of both sides end before the operation waits: `chan!(slot.lock().clone() <- v)`
/// holds no lock while it sends. What would have to live longer, such as `chan!(<-slot.lock().rx)`,
/// does not compile ("temporary value dropped while borrowed"): clone the channel.
///
/// In a longer expression write the receive as a macro of its own: `chan!(tx <- 1 +
/// chan!(<-rx).unwrap())`. `<-` is one word: `a < -b` is a comparison.
///
/// # Panics
///
/// Sending on a closed channel panics with `send on closed channel`, as in Go. The method
/// [`send`](crate::Sender::send) returns an error instead. Sending when nobody can receive any more
/// ends the goroutine quietly (in a `defer!` or a destructor of one that is ending already, it only
/// drops the value).
///
/// # Examples
///
/// ```
/// use gort::prelude::*;
///
/// # gort::run(|| {
/// let ch = chan!(&str, 2);
/// chan!(ch <- "ping");
/// chan!(ch <- "pong");
/// ch.close();
/// assert_eq!(chan!(<-ch), Some("ping"));
/// assert_eq!(chan!(<-ch), Some("pong"));
/// assert_eq!(chan!(<-ch), None);
/// # });
/// ```
#[doc(alias = "make")]
#[doc(alias = "<-")]
#[macro_export]
macro_rules! chan {
    ($($tokens:tt)*) => {
        $crate::__private::chan_impl! { ($crate) $($tokens)* }
    };
}

/// Waits until one of several channel operations can go on, and does that one; Go's `select`.
///
/// # Forms
///
/// ```text
/// select! {
///     [biased;]
///     v = <-rx        => body,      v: Option<T>; None once rx is closed and drained
///     (v, ok) = <-rx  => body,      v: T (its default when closed), ok: bool; Go's two-value form
///     Some(v) = <-rx  => body,      v: T; this arm drops out once rx is closed and drained
///     <-rx            => body,      the value is ignored
///     tx <- value     => body,      a send; the value is dropped if another arm is chosen
///     tx <- take place => body,     a send of what `place` holds; put back if another arm is chosen
///     default         => body,      at most one: runs when no arm is ready, so the select does not wait
///     else            => body,      at most one: runs when every arm has dropped out
/// }
/// ```
///
/// Any number of arms, in any order. A body is an expression; the comma after a `{ … }` may be left
/// out, as in `match`. The value of the whole is the value of the body that ran.
///
/// | gort | Go |
/// |---|---|
/// | `v = <-rx => …` | `case v := <-rx:` |
/// | `(v, ok) = <-rx => …` | `case v, ok := <-rx:` |
/// | `tx <- v => …` | `case tx <- v:` |
/// | `tx <- take queue => …` | `case tx <- queue[0]: queue = queue[1:]`, and the arm is off while `queue` is empty |
/// | `default => …` | `default:` |
/// | `select! {}` | `select {}`: blocks for ever |
///
/// * On entry all channels and all values to send are evaluated once, in source order, whatever is
///   chosen. The temporaries of each end before the next one is evaluated: `v =
///   <-slot.lock().clone()` holds no lock while the select waits. What would have to live longer
///   (`<-slot.lock().rx`, a place inside of what the lock guards) does not compile: clone the
///   channel.
/// * Of several ready arms one is chosen uniformly at random; with `biased;` the first in source
///   order.
/// * No arm has any effect unless it is chosen. **A value that was not sent is dropped**: in Go it
///   was copied, here it was moved. So `tx <- queue.pop_front().unwrap()` loses a value whenever
///   another arm is chosen. `tx <- take queue` does not: `queue`, a variable or a field that is an
///   `Option`, a `VecDeque` or another [`Offer`](crate::Offer), has the value back before any body
///   runs, and on a panic too. While it is empty the arm is out.
/// * `else` comes when *every* arm has dropped out. An arm that waits for a timer or a ticker never
///   does, nor does a plain `v = <-rx`: with such an arm, `Some(…)` arms whose channels are closed
///   just stay silent, and `else` never comes. To end with the channel take `v = <-rx` and look for
///   `None` in the body.
/// * A channel is anything [`chan!`](crate::chan) takes, so `None` is Go's nil channel, which is
///   never ready: switch an arm off with `v = <-enabled.then_some(&rx) => …`.
/// * Bodies are plain code in your function: `break`, `continue`, `return`, `?` and labels work. A
///   `break` leaves the enclosing *loop* (in Go it would leave the select).
/// * Patterns take every value: `v`, `mut v`, `_`, and inside `Some(…)` and `(…, ok)` also tuples
///   and structs of those. For anything else bind the value and `match` it in the body, since a
///   value that was received cannot be put back.
///
/// # Panics
///
/// If the arm that was chosen sends on a closed channel (`send on closed channel`).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use gort::prelude::*;
///
/// # gort::run(|| {
/// let (numbers, words) = (chan!(u32), chan!(String));
/// go!([numbers] { for n in 0..3 { chan!(numbers <- n); } numbers.close(); });
/// go!([words] { chan!(words <- "hello".to_string()); words.close(); });
///
/// let (mut sum, mut text) = (0, String::new());
/// loop {
///     select! {
///         Some(n) = <-numbers => sum += n,
///         Some(w) = <-words => text.push_str(&w),
///         else => break,
///     }
/// }
/// assert_eq!((sum, text.as_str()), (3, "hello"));
///
/// let silent = chan!(u32);
/// let answer = select! {
///     n = <-silent => n,
///     <-gort::time::after(Duration::from_millis(1)) => Some(42),
/// };
/// assert_eq!(answer, Some(42));
/// # });
/// ```
#[macro_export]
macro_rules! select {
    ($($tokens:tt)*) => {
        $crate::__private::select_impl! { ($crate) $($tokens)* }
    };
}
