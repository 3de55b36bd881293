//! Copies of the stacks of goroutines that wait, made by a thread that has nothing to do with them.
//!
//! Nobody is stopped. A goroutine may go on, end, and have its stack unmapped while it is looked at. So nothing is read through a
//! pointer: the kernel copies (`/proc/self/mem`), to which memory is bytes, and which says when there is none. What was copied counts if
//!
//! 1. before and after, the goroutine has the same number, waits for the same reason at the same site, and no worker runs it (a
//!    goroutine that is about to wait says so before its registers are saved), and
//! 2. a second copy is equal to the first, registers and stack. One that went on in between and came back to the very same
//!    stack has the same frames.
//!
//! This costs goroutines nothing, but two system calls for each copy.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use crate::debug::hidden;
use crate::fiber::{Fiber, Saved};
use crate::sys::capture::{Registers, Stack};

/// Of a deeper stack the innermost part is copied.
const MOST: usize = 64 << 10;
const WORD: usize = size_of::<usize>();

/// The memory of this process, as the kernel reads it.
pub(super) struct Memory {
    file: File,
}

/// The part of a waiting goroutine's stack that is in use.
#[derive(PartialEq, Eq)]
pub(super) struct Copy {
    saved: Saved,
    bytes: Vec<u8>,
    /// Bytes in use, of which `bytes` may be the innermost.
    pub(super) used: usize,
}

impl Memory {
    /// `None` if there is no `/proc`.
    pub(super) fn open() -> Option<Memory> {
        let file = File::open("/proc/self/mem").ok()?;
        Some(Memory { file })
    }

    /// The word that begins `AHEAD` bytes behind this address.
    pub(super) fn word_ahead<const AHEAD: usize>(&self, at: usize) -> Option<usize> {
        let mut bytes = [0; 64];
        let bytes = &mut bytes[..AHEAD + WORD];
        self.file.read_exact_at(bytes, at as u64).ok()?;
        bytes.last_chunk().map(|word| usize::from_ne_bytes(*word))
    }

    /// The word at this address.
    pub(super) fn word(&self, at: usize) -> Option<usize> {
        let mut word = [0; WORD];
        self.file.read_exact_at(&mut word, at as u64).ok()?;
        Some(usize::from_ne_bytes(word))
    }

    /// The words of the part of a stack that is usually in use, whatever its goroutine is at; `None` if it may use more.
    pub(super) fn top_of(&self, fiber: &Fiber) -> Option<Vec<usize>> {
        let Range { start, end } = fiber.frames();
        let from = start.max(end.saturating_sub(MOST)).next_multiple_of(WORD);
        let mut bytes = vec![0; end - from];
        self.file.read_exact_at(&mut bytes, from as u64).ok()?;
        let words = take_words(&mut bytes);
        // The lowest page that it looks at was never touched: so nothing below was.
        let untouched = words.iter().take(512).all(|word| *word == hidden(0));
        (untouched || from == start).then_some(words)
    }

    /// The stack of a goroutine that waits on `fiber`; `None` if it goes on meanwhile.
    pub(super) fn copy(&self, fiber: &Fiber) -> Option<Copy> {
        let first = self.copy_once(fiber)?;
        let mut second = self.copy_once(fiber)?;
        let same = second == first;
        second.bytes.fill(0);
        std::hint::black_box(&second.bytes);
        same.then_some(first)
    }

    fn copy_once(&self, fiber: &Fiber) -> Option<Copy> {
        let saved = fiber.saved(|at| self.word(at))?;
        let Range { start, end } = fiber.frames();
        if saved.sp < start || saved.sp >= end {
            return None;
        }
        let used = end - saved.sp;
        let mut bytes = vec![0; used.min(MOST)];
        self.file.read_exact_at(&mut bytes, saved.sp as u64).ok()?;
        Some(Copy { saved, bytes, used })
    }
}

/// What they hold, hidden. They are cleared: who looks for one of them is not to find it here.
fn take_words(bytes: &mut [u8]) -> Vec<usize> {
    let words = bytes.as_chunks::<WORD>().0.iter();
    let words = words.map(|word| hidden(usize::from_ne_bytes(*word))).collect();
    bytes.fill(0);
    std::hint::black_box(bytes);
    words
}

impl Copy {
    /// The words in use; `None` if there are more than were copied.
    pub(super) fn take_words(&mut self) -> Option<Vec<usize>> {
        let words = take_words(&mut self.bytes);
        (self.used == self.bytes.len()).then_some(words)
    }

    /// As what frames are followed in.
    pub(super) fn into_stack(self) -> Stack {
        Stack {
            registers: Registers {
                ip: self.saved.ip as u64,
                sp: self.saved.sp as u64,
                bp: self.saved.bp as u64,
            },
            bytes: self.bytes,
        }
    }
}
