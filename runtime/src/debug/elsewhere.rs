//! Whether something is to be found anywhere in the memory of the process, but for some stacks: conservative, as a garbage collector looks.
//!
//! All pages that are written and present are read through the kernel (`/proc/self/mem`). Nobody is stopped. What this program itself
//! notes of addresses that it will look for is kept inverted ([`hidden`](super::hidden)), so that it does not find its own notes.

use std::collections::HashSet;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use crate::debug::hidden;

/// Of a process with more memory than this in use nothing is said.
const MOST: usize = 4 << 30;
const CHUNK: usize = 64 << 10;
const WORD: usize = size_of::<usize>();
/// In an entry of `/proc/self/pagemap`: present, or swapped out.
const IN_USE: u64 = 0b11 << 62;

/// Which of these (hidden) words occur outside of `except`, which is in ascending order. `None` if that cannot be said.
pub(super) fn occurring(words: &HashSet<usize>, except: &[Range<usize>]) -> Option<HashSet<usize>> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let memory = File::open("/proc/self/mem").ok()?;
    let pages = File::open("/proc/self/pagemap").ok()?;
    let page = crate::sys::memory::page_size();
    let mut search = Search {
        words,
        except,
        found: HashSet::new(),
        buffer: vec![0; CHUNK],
        read: 0,
    };
    let mut entries = vec![0_u8; 8 * CHUNK / page];
    for line in maps.lines() {
        let Some(mapping) = writable(line) else {
            continue;
        };
        let mut start = mapping.start;
        while start < mapping.end {
            // A stack that is left out may be far larger than what it uses.
            if let Some(next) = search.end_of_exception(start, page) {
                start = next.min(mapping.end);
                continue;
            }
            let end = (start + CHUNK).min(mapping.end);
            let entries = &mut entries[..8 * (end - start) / page];
            pages.read_exact_at(entries, (start / page * 8) as u64).ok()?;
            let in_use = |number: usize| {
                let entry = entries.as_chunks::<8>().0[number];
                u64::from_ne_bytes(entry) & IN_USE != 0
            };
            for number in (0..(end - start) / page).filter(|&number| in_use(number)) {
                search.look_at(&memory, start + number * page, page)?;
            }
            start = end;
        }
    }
    search.buffer.fill(0);
    Some(search.found)
}

struct Search<'a> {
    words: &'a HashSet<usize>,
    except: &'a [Range<usize>],
    found: HashSet<usize>,
    buffer: Vec<u8>,
    read: usize,
}

impl Search<'_> {
    /// Where the exception ends, by whole pages, if the page lies in one.
    fn end_of_exception(&self, start: usize, page: usize) -> Option<usize> {
        let after = self.except.partition_point(|except| except.start <= start);
        let except = self.except[..after].last()?;
        (except.end >= start + page).then(|| except.end / page * page)
    }

    fn is_excepted(&self, address: usize) -> bool {
        let after = self.except.partition_point(|except| except.start <= address);
        let in_exception = self.except[..after]
            .last()
            .is_some_and(|except| except.contains(&address));
        in_exception
            || self
                .buffer
                .as_ptr_range()
                .contains(&std::ptr::without_provenance(address))
    }

    /// `None` if it was too much.
    fn look_at(&mut self, memory: &File, start: usize, bytes: usize) -> Option<()> {
        self.read += bytes;
        if self.read > MOST {
            return None;
        }
        // Gone meanwhile: nothing is there.
        if memory
            .read_exact_at(&mut self.buffer[..bytes], start as u64)
            .is_err()
        {
            return Some(());
        }
        for at in (0..bytes).step_by(WORD) {
            let Some(word) = self.buffer[at..].first_chunk::<WORD>() else {
                break;
            };
            let word = hidden(usize::from_ne_bytes(*word));
            if self.words.contains(&word) && !self.is_excepted(start + at) {
                self.found.insert(word);
            }
        }
        Some(())
    }
}

/// The addresses of a line of `/proc/self/maps`, if they can be written.
fn writable(line: &str) -> Option<Range<usize>> {
    let mut fields = line.split(' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let allowed = fields.next()?.starts_with("rw");
    let address = |text| usize::from_str_radix(text, 16).ok();
    allowed.then_some(address(start)?..address(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_on_the_heap_and_in_statics_but_not_in_exceptions() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static PLACE: AtomicUsize = AtomicUsize::new(0);
        // Nothing but these places may have the words: so they are made of their hidden forms there.
        let words: HashSet<usize> = [
            hidden(0x5eed_0001_0203),
            hidden(0x5eed_0405_0607),
            hidden(0x5eed_0809_0a0b),
        ]
        .into();
        let all: Vec<usize> = words.iter().copied().collect();
        // What nobody reads need not be written.
        std::hint::black_box(&PLACE).store(hidden(all[0]), Ordering::Relaxed);
        let boxed = Box::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        std::hint::black_box(&boxed)[0].store(hidden(all[1]), Ordering::Relaxed);
        let start = boxed.as_ptr().addr();
        let found = occurring(&words, &[]).unwrap();
        assert!(found.contains(&all[0]) && found.contains(&all[1]));
        let found = occurring(&words, std::slice::from_ref(&(start..start + 16))).unwrap();
        assert!(found.contains(&all[0]));
        drop(std::hint::black_box(boxed));
        std::hint::black_box(&PLACE);
    }
}
