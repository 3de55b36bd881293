//! Running into a goroutine's guard: the report, printed from the signal handler.

use std::ops::Range;
use std::sync::Once;

use crate::fiber::foreign;
use crate::g::G;
use crate::panics::hook;
use crate::sys::fault::{self, Fault, Report};

/// Installs the fault handler, and both panic hooks, before the first fiber exists.
pub(crate) fn install_once() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        if !std::thread::panicking() {
            return install();
        }
        // std refuses to change the panic hook on a thread that is panicking: the first use of the
        // library may be in a destructor. Another thread does it.
        let installed = std::thread::Builder::new()
            .spawn(install)
            .map(std::thread::JoinHandle::join);
        if !matches!(installed, Ok(Ok(()))) {
            crate::fatal::die(&"runtime: failed to create new OS thread\nfatal error: newosproc\n");
        }
    });
}

fn install() {
    let program = hook::look_at_programs();
    // SAFETY: called once, and no goroutine exists before its first fiber.
    unsafe { fault::install(explain, foreign::prime) };
    hook::install(program);
}

/// Async-signal-safe: plain loads of data that does not move while the goroutine runs.
fn explain(fault: Fault, out: &mut Report) -> Option<Range<usize>> {
    let g = crate::g::current()?;
    let fiber = g.fiber_if_bound()?;
    if fiber.guard().contains(&fault.address) {
        panic(g, out);
        out.text("runtime: goroutine stack exceeds ");
        out.number(fiber.size() as u64);
        out.text("-byte limit\nfatal error: stack overflow\n\n");
        who(g, out);
        advice(g, out);
        return Some(fiber.frames());
    }
    if fault.is_at_stack_pointer() && !fault.sp.is_some_and(|sp| fiber.holds(sp)) {
        panic(g, out);
        out.text("runtime: the stack of a coroutine inside of a goroutine exceeds its limit\n");
        out.text("fatal error: stack overflow\n\n");
        who(g, out);
        out.text("\tgort knows the goroutine's own stack only: give more to the coroutine that it runs\n");
    }
    None
}

/// A panic takes stack too: then that one is what was the matter.
fn panic(g: &G, out: &mut Report) {
    let Some((message, location)) = hook::unsaid(g) else {
        return;
    };
    out.text("panic: ");
    out.text(message);
    if let Some(location) = location {
        out.text("\n\tpanicked at ");
        out.text(location);
    }
    out.text("\n\n");
}

fn who(g: &G, out: &mut Report) {
    out.text("goroutine ");
    out.number(g.id());
    if let Some(name) = g.name() {
        out.text(" \"");
        out.text(name);
        out.text("\"");
    }
    let site = g.spawn_site();
    out.text(" [running]:\n\tspawned at ");
    out.text(site.file());
    out.text(":");
    out.number(u64::from(site.line()));
    out.text(":");
    out.number(u64::from(site.column()));
    out.text("\n");
}

/// How it gets a larger stack: four times as large, rounded to a power of two.
fn advice(g: &G, out: &mut Report) {
    let ordinary = crate::config::get().stack_size;
    let enough = g.stack_size().saturating_mul(4).max(1 << 20).next_power_of_two() >> 20;
    let bytes = |out: &mut Report| {
        out.number(enough as u64);
        out.text(" << 20");
    };
    out.text("\tif it does not recurse without end, give it more: ");
    if g.flags.is_main.get() || g.stack_size() == ordinary {
        out.text("GORT_STACK=");
        out.number(enough as u64);
        out.text("M, Builder::stack_size(");
        bytes(out);
        out.text(") or, for one goroutine, ");
    }
    out.text("go!(stack = ");
    bytes(out);
    out.text("; ...)\n");
}
