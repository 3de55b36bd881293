//! The panic hook, and what it notes on the goroutine about the panics that are under way there.
//!
//! On a goroutine it prints Go's report, unless the panic is under `recover`; if the program has a
//! hook of its own, that one is called instead. What it saw stays with the goroutine until somebody
//! catches the panic: where it was, the backtrace, and that it has been printed. A panic in a
//! destructor that runs because of another one is noted before that. When std is about to abort,
//! everything that was kept silent so far is printed: what was the matter first has to be on the
//! screen.
//!
//! A hook of the program may wait, on channels too: what std counts for the thread moves with the
//! goroutine, as for any wait in the middle of a panic (`sched/unwinding.rs`).

use std::any::Any;
use std::panic::{self, Location, PanicHookInfo};
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::fatal;
use crate::fiber::foreign;
use crate::g::{G, current};
use crate::panic_value::{Seen, UnderWay, message_of};
use crate::panics::report::{self, Head};
use crate::panics::trace::{self, Trace};

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send>;

impl Seen {
    fn head<'a>(&'a self, g: &'a G) -> Head<'a> {
        Head::of(g, &self.message, self.location.as_deref())
    }

    /// Prints it, unless that has been done.
    pub(super) fn show(&mut self, g: &G) {
        if std::mem::replace(&mut self.shown, true) {
            return;
        }
        if self.is_exit {
            let at = self.location.as_deref().unwrap_or("an unknown place");
            fatal::print(&format_args!(
                "goroutine {} was ending: {}, at {at}\n",
                g.id(),
                self.message
            ));
        } else {
            let head = self.head(g);
            match self.captured() {
                Some(trace) => fatal::print(&format_args!("{head}\n{}\n", Trace(trace))),
                None => fatal::print(&head),
            }
        }
    }
}

/// Notes on `g` what begins to unwind there.
pub(super) fn push(g: &G, mut seen: Box<Seen>) {
    /// More are not noted at once. What `catch_unwind` has caught nobody tells us, so it stays
    /// until it is pushed out here.
    const DEPTH: usize = 4;
    // SAFETY: the goroutine's own cell, on the goroutine; nothing else runs there meanwhile.
    let noted = unsafe { &mut *g.panic_seen.get() };
    seen.before = noted.take();
    seen.keep(DEPTH);
    *noted = Some(seen);
}

/// Notes that `g` begins to end by `goexit`, and why.
pub(crate) fn note_exit(g: &G, why: &str, at: &Location<'_>) {
    let exit = Seen {
        is_exit: true,
        ..Seen::new(why, Some(at))
    };
    push(g, Box::new(exit));
}

/// Takes what is noted on this goroutine about the panic that was just caught; what was under way
/// before stays.
pub(crate) fn take_seen(payload: &(dyn Any + Send)) -> Option<Box<Seen>> {
    let g = current()?;
    // SAFETY: the goroutine's own cell, on the goroutine; nothing else runs there meanwhile.
    let noted = unsafe { &mut *g.panic_seen.get() };
    let message = message_of(payload);
    // Above it may be what `catch_unwind` has caught, which nobody told us.
    let mut next = noted.take();
    while let Some(mut seen) = next {
        next = seen.before.take();
        if !seen.is_exit && seen.message == message {
            *noted = next;
            return Some(seen);
        }
    }
    None
}

/// Keeps what was seen on a thread that keeps silent for a moment; gives what was kept before.
pub(super) fn note_on_thread(seen: Option<Box<Seen>>) -> Option<Box<Seen>> {
    seen_in(crate::tls::note_panic(seen.map(|seen| seen as Box<dyn Any>)))
}

/// What was kept there.
pub(super) fn seen_in(kept: Option<Box<dyn Any>>) -> Option<Box<Seen>> {
    kept?.downcast().ok()
}

/// The goroutine has ended: nothing is under way there.
pub(crate) fn forget_all(g: &G) -> Option<Box<Seen>> {
    // SAFETY: the goroutine's own cell, on the goroutine; nothing else runs there meanwhile.
    unsafe { (*g.panic_seen.get()).take() }
}

/// Our hook, as long as it lives: for ever, or until the program takes it and drops it.
static OURS: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

/// Whether the program has put a hook in the place of ours, one that may not call ours: then a
/// panic of which we know nothing has been told to that hook.
pub(super) fn program_replaced_ours() -> bool {
    if std::thread::panicking() {
        return false;
    }
    let hook = panic::take_hook();
    let ours = address(&hook) == OURS.load(Ordering::Relaxed);
    panic::set_hook(hook);
    !ours
}

fn address(hook: &Hook) -> *mut () {
    (&raw const **hook).cast::<()>().cast_mut()
}

/// The hook that was there when the runtime was started.
pub(crate) struct Program {
    /// It is not std's own.
    has_hook: bool,
}

/// Looks what hook the program has. To be called before anybody else on our behalf sets one.
pub(crate) fn look_at_programs() -> Program {
    let hook = panic::take_hook();
    // Std's own, which is the one that is there now.
    let default = panic::take_hook();
    // They have no size, so the addresses say nothing, but the tables are compared too.
    #[allow(ambiguous_wide_pointer_comparisons)]
    let has_hook = !std::ptr::eq(&raw const *hook, &raw const *default);
    if has_hook {
        panic::set_hook(hook);
    }
    Program { has_hook }
}

/// Puts our hook over the one that is there. Called once.
pub(crate) fn install(program: Program) {
    let before = panic::take_hook();
    let hook: Hook = Box::new(move |info| {
        if foreign::is_no_panic(info.payload()) {
            return;
        }
        match current() {
            Some(g) => on_goroutine(g, info, program.has_hook.then_some(&before)),
            None if crate::tls::is_quiet() && !is_last(info) => {
                let mut seen = Seen::new(message_of(info.payload()), info.location());
                seen.backtrace = trace::capture();
                note_on_thread(Some(Box::new(seen)));
            }
            None => {
                if let Some(kept) = note_on_thread(None) {
                    fatal::print(&format_args!("{}\n", report::on_thread(&kept)));
                }
                before(info);
            }
        }
    });
    OURS.store(address(&hook), Ordering::Relaxed);
    panic::set_hook(hook);
}

/// Whether std aborts the process behind this hook.
fn is_last(info: &PanicHookInfo<'_>) -> bool {
    // std does not tell otherwise, on stable Rust. If its words change, the abort is still on the
    // screen: what is lost is what was kept silent before.
    let message = info.payload().downcast_ref::<&'static str>();
    message.is_some_and(|&text| {
        text == "panic in a destructor during cleanup" || text == "panic in a function that cannot unwind"
    })
}

fn on_goroutine(g: &G, info: &PanicHookInfo<'_>, program: Option<&Hook>) {
    let mut seen = Box::new(Seen::new(message_of(info.payload()), info.location()));
    let silent = g.flags.recovering.get() > 0;
    if !silent {
        seen.under_way = Some(UnderWay::begin());
    }
    if is_last(info) {
        show_kept(g);
    } else if silent {
        push(g, seen);
        return complete(g);
    }
    match program {
        Some(hook) => {
            seen.shown = true;
            seen.in_hook = true;
            push(g, seen);
            hook(info);
            complete(g);
        }
        None => {
            // The message first: a backtrace takes time and stack, and there may be little of it
            // left.
            let printing = fatal::begin();
            printing.write(&seen.head(g));
            seen.shown = true;
            seen.backtrace = trace::capture();
            if let Some(trace) = seen.captured() {
                printing.write(&format_args!("\n{}\n", Trace(trace)));
            } else if let Some(why) = trace::left_out() {
                printing.write(&why);
            }
            push(g, seen);
        }
    }
}

/// Takes the backtrace of the panic that was noted last.
fn complete(g: &G) {
    let trace = trace::capture();
    // SAFETY: the goroutine's own cell, on the goroutine; nothing else runs there meanwhile.
    if let Some(seen) = unsafe { &mut *g.panic_seen.get() } {
        seen.in_hook = false;
        seen.backtrace = trace;
    }
}

/// The message of the panic that `g` is in the middle of, and where it was, unless that is on the
/// screen. Async-signal-safe, on the goroutine's thread.
pub(crate) fn unsaid(g: &G) -> Option<(&str, Option<&str>)> {
    // Else it is an old one, which somebody has caught without our knowledge.
    if !std::thread::panicking() {
        return None;
    }
    // SAFETY: the goroutine's own cell; the code that was interrupted, which is the goroutine's,
    // goes on no more.
    let seen = unsafe { (*g.panic_seen.get()).as_ref() }?;
    let unsaid = !seen.is_exit && (seen.in_hook || !seen.shown);
    unsaid.then_some((&seen.message, seen.location.as_deref()))
}

/// Prints what is under way on `g` and was kept silent, first things first.
fn show_kept(g: &G) {
    fn oldest_first(seen: &mut Seen, g: &G) {
        if let Some(before) = &mut seen.before {
            oldest_first(before, g);
        }
        seen.show(g);
    }
    if let Some(mut kept) = forget_all(g) {
        oldest_first(&mut kept, g);
        // SAFETY: the goroutine's own cell, on the goroutine; nothing else runs there meanwhile.
        unsafe { *g.panic_seen.get() = Some(kept) };
    }
}
