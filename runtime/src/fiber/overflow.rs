//! Running into a goroutine's guard page: the report, printed from the signal handler.

use std::sync::Once;

use crate::fiber::backing;
use crate::sys::fault::{self, Report};
use crate::sys::memory;

/// Installs the fault handler, and both panic hooks, before the first fiber exists.
pub(crate) fn install_once() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        if !std::thread::panicking() {
            return install();
        }
        // std refuses to change the panic hook on a thread that is panicking: the first use of the library may be in a
        // destructor. Another thread does it.
        let installed = std::thread::Builder::new()
            .spawn(install)
            .map(std::thread::JoinHandle::join);
        if !matches!(installed, Ok(Ok(()))) {
            crate::panics::die(&"runtime: failed to create new OS thread\nfatal error: newosproc\n");
        }
    });
}

fn install() {
    // SAFETY: called once, and no goroutine exists before its first fiber.
    unsafe { fault::install(explain, backing::prime) };
    crate::panics::install_hook();
}

/// Async-signal-safe: plain loads of data that does not move while the goroutine runs.
fn explain(address: usize, out: &mut Report) {
    let g = crate::tls::current_g();
    if g.is_null() {
        return;
    }
    // SAFETY: goroutine objects are never freed, and this one runs on this thread.
    let g = unsafe { &*g };
    let Some(fiber) = g.fiber_if_bound() else { return };
    if !fiber.guard_holds(address, memory::page_size()) {
        return;
    }
    out.text("runtime: goroutine stack exceeds ");
    out.number(fiber.size() as u64);
    out.text("-byte limit\nfatal error: stack overflow\n\ngoroutine ");
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
    out.text("\n\tgive it more with go!(stack = ...; ...), Builder::stack_size or GORT_STACK\n");
}
