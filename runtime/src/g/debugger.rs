//! What a debugger finds all goroutines by, also in a core file: `tools/gort-gdb.py` reads it.
//!
//! Programs are built without debug information about types, so the places of what matters are
//! written down here. A debugger stops the process, or has what is left of it: nothing here is
//! synchronised with its looking.

use std::mem::offset_of;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::fiber;
use crate::g::{G, Hints};
use crate::reason;

/// Memory for slabs of control blocks, which is there for good.
#[repr(C)]
struct Chunk {
    first: NonNull<G>,
    next: *mut Chunk,
}

/// A text for whoever does not know Rust's layout.
#[repr(C)]
#[derive(Clone, Copy)]
struct Text {
    at: *const u8,
    len: usize,
}

/// The script looks for it by this name. All fields are words.
#[repr(C)]
pub(super) struct Table {
    /// Changes when a field does.
    version: usize,
    chunks: AtomicPtr<Chunk>,
    slabs_in_chunk: usize,
    bytes_of_slab: usize,
    blocks_in_slab: usize,
    bytes_of_block: usize,
    /// Where in a block.
    id: usize,
    reason: usize,
    context: usize,
    low: usize,
    /// A reason is a byte: the number of its text, from 1; 0 for those that do not wait.
    reasons: *const Text,
    reasons_len: usize,
    /// This file, as debug information calls it: beside it are the others of ours.
    file: Text,
    /// How the registers of a suspended fiber are found: see `fiber::SAVED_BY`.
    saved_by: usize,
}

// SAFETY: the pointers are to constants, or change by atomic operations; nobody here follows them.
unsafe impl Sync for Table {}

#[used]
pub(super) static TABLE: Table = Table {
    version: 1,
    chunks: AtomicPtr::new(std::ptr::null_mut()),
    slabs_in_chunk: super::pool::AT_ONCE,
    bytes_of_slab: super::pool::ALIGN,
    blocks_in_slab: super::pool::SLAB,
    bytes_of_block: size_of::<G>(),
    id: offset_of!(G, id),
    reason: offset_of!(G, reason),
    context: offset_of!(G, hints) + offset_of!(Hints, fiber) + fiber::CONTEXT_IN_SLOT,
    low: offset_of!(G, hints) + offset_of!(Hints, fiber) + fiber::REST_IN_SLOT,
    reasons: REASONS.0.as_ptr(),
    reasons_len: REASONS.0.len(),
    file: text(file!()),
    saved_by: fiber::SAVED_BY,
};

struct Texts([Text; reason::ALL.len()]);

// SAFETY: they are constants.
unsafe impl Sync for Texts {}

static REASONS: Texts = Texts(texts());

const fn text(text: &'static str) -> Text {
    Text {
        at: text.as_ptr(),
        len: text.len(),
    }
}

const fn texts() -> [Text; reason::ALL.len()] {
    let mut texts = [text(""); reason::ALL.len()];
    let mut number = 0;
    while number < texts.len() {
        texts[number] = text(reason::ALL[number].as_str());
        number += 1;
    }
    texts
}

/// Adds memory for slabs. By one thread at a time.
pub(super) fn note_chunk(first: NonNull<G>) {
    let next = TABLE.chunks.load(Ordering::Relaxed);
    let chunk = Box::leak(Box::new(Chunk { first, next }));
    // Relaxed: only a debugger follows it.
    TABLE.chunks.store(chunk, Ordering::Relaxed);
}
