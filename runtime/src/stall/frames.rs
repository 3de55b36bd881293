//! From registers and a copy of a stack to the functions that are active on it. The only file that
//! names `framehop` and `backtrace`.
//!
//! Frames are followed in the copy: what is wrong in an unwinding table, or in a stack, ends the
//! list and nothing else.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use framehop::{
    CacheNative, ExplicitModuleSectionInfo, MayAllocateDuringUnwind, Module, UnwindRegsNative, Unwinder,
    UnwinderNative,
};

use crate::fiber;
use crate::panics::trim::{CALLS, FIRST, OURS, first_files, is_our_file};
use crate::stall::symbols;
use crate::sys::capture::{Registers, Stack};
use crate::sys::modules;
use crate::traceback::{self, Level};

/// More frames than this are counted, not shown.
const SHOWN: usize = 100;
const COUNTED: usize = 10_000;
/// Of a stack that has overflowed so many are shown of either end, as in Go.
const INNERMOST: usize = 50;
const OUTERMOST: usize = 50;
/// Those of std's that sleep, and sleep on if they are interrupted.
const SLEEPS: [&str; 2] = ["std::thread::", "std::sys::thread::"];

/// The debug information is being read, by a thread of its own.
static LEARNING: AtomicBool = AtomicBool::new(false);

/// From now on, until [`learn`] is over, functions are named without their lines.
pub(super) fn begin_to_learn() {
    LEARNING.store(true, Ordering::SeqCst);
}

/// Reads the debug information of what this thread itself is made of: the program and the C
/// library. It stays in memory. In a program that is not optimised this takes a second or more.
pub(super) fn learn() {
    drop(backtrace::Backtrace::new());
    LEARNING.store(false, Ordering::SeqCst);
}

type Tables = UnwinderNative<Vec<u8>, MayAllocateDuringUnwind>;

/// Follows frames and names them. Keeps what it has learnt of the process's modules.
pub(crate) struct Reader {
    generation: Option<u64>,
    /// What has to be added to the addresses in the program's file, and the addresses that it has.
    program: (u64, Range<u64>),
    tables: Tables,
    cache: CacheNative<MayAllocateDuringUnwind>,
}

/// The functions that are active, innermost first.
#[derive(Default)]
pub(super) struct Frames {
    lines: Vec<Line>,
    /// After so many lines there are so many frames that are left out.
    gap: Option<(usize, usize)>,
    more: usize,
    /// The first frame of the goroutine was reached.
    pub(super) complete: bool,
    /// The debug information was still being read.
    without_lines: bool,
    /// Nothing is left out.
    whole: bool,
}

/// A function that is active.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: Option<String>,
    pub(crate) address: u64,
    pub(crate) place: Option<Place>,
    /// It is one of ours, and was called on the user's behalf.
    ours: bool,
}

/// Where in the sources; `Display` prints what editors know to open.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}

impl Reader {
    pub(crate) fn new() -> Reader {
        Reader {
            generation: None,
            program: (0, 0..0),
            tables: Tables::new(),
            cache: CacheNative::new(),
        }
    }

    /// Reads the tables of what is loaded.
    pub(super) fn prepare(&mut self) {
        self.update();
    }

    pub(super) fn read(&mut self, stack: &Stack) -> Frames {
        self.update();
        let registers = stack.registers;
        let mut word_at = words(registers.sp, &stack.bytes);
        let mut frames = self.tables.iter_frames(
            registers.ip,
            UnwindRegsNative::new(registers.ip, registers.sp, registers.bp),
            &mut self.cache,
            &mut word_at,
        );
        let mut found = Frames {
            without_lines: LEARNING.load(Ordering::SeqCst),
            ..Frames::default()
        };
        let mut unnamed = Vec::new();
        while !found.complete
            && found.more < COUNTED
            && let Ok(Some(frame)) = frames.next()
        {
            if found.without_lines && unnamed.len() < SHOWN {
                unnamed.push(frame.address_for_lookup());
            } else if !found.without_lines && found.lines.len() < SHOWN {
                // A return address may belong to the next function already.
                name(frame.address_for_lookup(), &mut found);
            } else {
                found.more += 1;
            }
        }
        self.name_quickly(&unnamed, &mut found);
        found
    }

    /// Where the functions are active, innermost first, without their names.
    pub(crate) fn addresses(&mut self, stack: &Stack) -> Vec<u64> {
        self.update();
        let registers = stack.registers;
        let mut word_at = words(registers.sp, &stack.bytes);
        let mut frames = self.tables.iter_frames(
            registers.ip,
            UnwindRegsNative::new(registers.ip, registers.sp, registers.bp),
            &mut self.cache,
            &mut word_at,
        );
        let mut addresses = Vec::new();
        while addresses.len() < COUNTED
            && let Ok(Some(frame)) = frames.next()
        {
            addresses.push(frame.address_for_lookup());
        }
        addresses
    }

    /// Those at both ends of a stack that may be very deep; `bytes` begin at `start`.
    pub(super) fn read_ends(&mut self, registers: Registers, start: u64, bytes: &[u8]) -> Frames {
        self.update();
        let mut word_at = words(start, bytes);
        let mut frames = self.tables.iter_frames(
            registers.ip,
            UnwindRegsNative::new(registers.ip, registers.sp, registers.bp),
            &mut self.cache,
            &mut word_at,
        );
        let (mut inner, mut outer) = (Vec::new(), VecDeque::new());
        let mut between = 0;
        while let Ok(Some(frame)) = frames.next() {
            if inner.len() < INNERMOST {
                inner.push(frame.address_for_lookup());
                continue;
            }
            outer.push_back(frame.address_for_lookup());
            if outer.len() > OUTERMOST {
                outer.pop_front();
                between += 1;
            }
        }
        let mut found = Frames::default();
        inner.into_iter().for_each(|address| name(address, &mut found));
        found.begin_at_users_call();
        if between > 0 {
            found.gap = Some((found.lines.len(), between));
        }
        for address in outer {
            if !found.complete {
                name(address, &mut found);
            }
        }
        found.end_at_users_function();
        found
    }

    /// Adds these functions, of which those of the program have names.
    fn name_quickly(&self, addresses: &[u64], found: &mut Frames) {
        let (base, program) = &self.program;
        // What lies outside has no name there: an address that no function has.
        let in_file = |&address: &u64| {
            if program.contains(&address) {
                address - base
            } else {
                0
            }
        };
        let in_file: Vec<u64> = addresses.iter().map(in_file).collect();
        for (&address, name) in addresses.iter().zip(symbols::names(&in_file)) {
            let name = name.map(|name| format!("{:#}", backtrace::SymbolName::new(&name)));
            found.complete = name.as_deref().is_some_and(|name| is_any_of(name, &FIRST));
            if found.complete {
                found.more = 0;
                break;
            }
            let ours = name.as_deref().is_none_or(is_ours);
            let place = None;
            found.lines.push(Line {
                name,
                address,
                place,
                ours,
            });
        }
    }

    /// Takes in what was loaded since the last time.
    fn update(&mut self) {
        let generation = modules::generation();
        if self.generation.replace(generation) == Some(generation) {
            return;
        }
        self.tables = Tables::new();
        self.cache = CacheNative::new();
        for module in modules::loaded() {
            let base = module.base as u64;
            let (start, end) = (module.extent.start as u64, module.extent.end as u64);
            if self.program.1.is_empty() {
                // The linker names it first.
                self.program = (base, start..end);
            }
            // Addresses of the file, of which `base` makes addresses of the memory.
            let in_file = |at: std::ops::Range<usize>| {
                (at.start as u64).wrapping_sub(base)..(at.end as u64).wrapping_sub(base)
            };
            let mut sections = ExplicitModuleSectionInfo::default();
            if let Some((header, frames)) = module.tables {
                sections.eh_frame_hdr_svma = Some(in_file(header.at));
                sections.eh_frame_hdr = Some(header.bytes);
                sections.eh_frame_svma = Some(in_file(frames.at));
                sections.eh_frame = Some(frames.bytes);
            }
            self.tables
                .add_module(Module::new(String::new(), start..end, base, sections));
        }
    }
}

/// Where the functions of the calling thread are active, innermost first.
pub(crate) fn own_addresses() -> Vec<u64> {
    let mut addresses = Vec::new();
    backtrace::trace(|frame| {
        // A return address may belong to the next function already.
        addresses.push((frame.ip().addr() as u64).saturating_sub(1));
        addresses.len() < COUNTED
    });
    addresses
}

/// The functions at these addresses, innermost first: the user's, unless `GORT_TRACEBACK` asks for
/// all.
pub(crate) fn functions(addresses: &[u64]) -> Vec<Line> {
    let mut found = Frames {
        whole: traceback::level() == Level::Full,
        ..Frames::default()
    };
    for &address in addresses {
        if found.complete || found.lines.len() >= SHOWN {
            break;
        }
        name(address, &mut found);
    }
    if !found.whole {
        found.begin_at_users_call();
        found.end_at_users_function();
    }
    found.lines
}

/// Whether the innermost of these functions, the C library's aside, is a sleep of std.
pub(super) fn is_sleep_of_std(addresses: &[u64]) -> bool {
    /// Where std's is, below what the C library calls.
    const INNERMOST: usize = 4;
    let mut found = Frames::default();
    let innermost = addresses.iter().take(INNERMOST);
    innermost.for_each(|&address| name(address, &mut found));
    found.is_sleep_of_std()
}

/// Adds the function at `address`, and those that were inlined into it before.
fn name(address: u64, found: &mut Frames) {
    let mut any = false;
    let here = std::env::current_dir().ok();
    backtrace::resolve(std::ptr::without_provenance_mut(address as usize), |symbol| {
        any = true;
        let name = symbol.name().map(|name| format!("{name:#}"));
        let is_first = || {
            name.as_deref().is_some_and(|name| is_any_of(name, &FIRST))
                || symbol
                    .filename()
                    .is_some_and(|at| first_files().iter().any(|file| at.ends_with(file)))
        };
        found.complete = found.complete || !found.whole && is_first();
        if found.complete {
            return;
        }
        let place = symbol.filename().map(|file| {
            let near = here.as_ref().and_then(|here| file.strip_prefix(here).ok());
            Place {
                file: match near {
                    Some(near) => format!("./{}", near.display()),
                    None => file.display().to_string(),
                },
                line: symbol.lineno(),
                column: symbol.colno(),
            }
        });
        let ours = name.as_deref().is_none_or(is_ours)
            || symbol
                .filename()
                .and_then(std::path::Path::to_str)
                .is_some_and(|file| is_our_file(file) || file.contains(fiber::SWITCH_FILES));
        found.lines.push(Line {
            name,
            address,
            place,
            ours,
        });
    });
    if !any {
        found.lines.push(Line {
            name: None,
            address,
            place: None,
            ours: true,
        });
    }
}

/// Whether the function is called on the user's behalf, as far as its name says.
fn is_ours(function: &str) -> bool {
    is_any_of(function, &OURS) || is_any_of(function, &[fiber::SWITCHES])
}

/// Whether the function belongs to one of these modules.
fn is_any_of(function: &str, modules: &[&str]) -> bool {
    // As a method it is `<std::thread::…>::…`.
    let function = function.trim_start_matches('<');
    modules.iter().any(|module| function.starts_with(module))
}

/// What lies at an address of the stack whose `bytes` begin at `start`.
fn words(start: u64, bytes: &[u8]) -> impl FnMut(u64) -> Result<u64, ()> {
    move |address| {
        let offset = usize::try_from(address.checked_sub(start).ok_or(())?).map_err(drop)?;
        let word = bytes.get(offset..).and_then(|rest| rest.first_chunk());
        word.map(|word| u64::from_ne_bytes(*word)).ok_or(())
    }
}

impl Frames {
    /// Leaves out what the library did on the user's behalf in the innermost frames.
    fn begin_at_users_call(&mut self) {
        let ours = self.lines.iter().take_while(|line| line.ours).count();
        if ours < self.lines.len() {
            self.lines.drain(..ours);
        }
    }

    /// Leaves out how the goroutine's own function was called.
    fn end_at_users_function(&mut self) {
        // By file where it was inlined: then the name has no path.
        let calls = |line: &mut Line| {
            let is_file = |place: &Place| place.file.contains("library/core/src/ops/function.rs");
            line.name.as_deref().is_some_and(|name| is_any_of(name, &[CALLS]))
                || line.place.as_ref().is_some_and(is_file)
        };
        while self.complete && self.lines.pop_if(calls).is_some() {}
    }

    /// Whether the innermost function that is not the C library's is a sleep of std.
    pub(super) fn is_sleep_of_std(&self) -> bool {
        let mut names = self.lines.iter().filter_map(|line| line.name.as_deref());
        names
            .find(|name| name.contains("::"))
            .is_some_and(|name| is_any_of(name, &SLEEPS))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len() + self.more
    }
}

/// As std prints a backtrace.
impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left_out = 0;
        for (number, line) in self.lines.iter().enumerate() {
            if let Some((at, frames)) = self.gap
                && at == number
            {
                writeln!(f, "      ...{frames} frames elided...")?;
                left_out = frames;
            }
            let number = number + left_out;
            match &line.name {
                Some(name) => writeln!(f, "{number:4}: {name}")?,
                None => writeln!(f, "{number:4}: {:#x}", line.address)?,
            }
            if let Some(place) = &line.place {
                writeln!(f, "             at {place}")?;
            }
        }
        if self.without_lines {
            writeln!(
                f,
                "      (the debug information, which has the lines, is still being read)"
            )?;
        }
        match (self.more, self.complete) {
            (0, true) => Ok(()),
            (0, false) => writeln!(f, "      (the frames below these cannot be followed)"),
            (more, _) => writeln!(f, "      ...and {more} more"),
        }
    }
}
