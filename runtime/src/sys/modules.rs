//! The programs and libraries that are loaded into this process, and their tables for unwinding.

use std::ffi::{c_int, c_void};
use std::ops::Range;

/// A section as it lies in memory.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) at: Range<usize>,
    pub(crate) bytes: Vec<u8>,
}

/// A program or library.
#[derive(Debug)]
pub(crate) struct Module {
    /// What has to be added to the addresses in its file.
    pub(crate) base: usize,
    /// All of it.
    pub(crate) extent: Range<usize>,
    /// `.eh_frame_hdr`, and `.eh_frame` with what follows it in its segment.
    pub(crate) tables: Option<(Section, Section)>,
}

/// What is loaded now. The tables are copies, since a library may be unloaded at any time.
pub(crate) fn loaded() -> Vec<Module> {
    let mut all = Vec::new();
    // SAFETY: the callback gets the pointer that is passed here, and is called before this returns.
    unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut all).cast()) };
    all
}

/// A number that changes when something is loaded or unloaded.
pub(crate) fn generation() -> u64 {
    let mut count = 0_u64;
    // SAFETY: as above.
    unsafe { libc::dl_iterate_phdr(Some(count_changes), (&raw mut count).cast()) };
    count
}

unsafe extern "C" fn count_changes(info: *mut libc::dl_phdr_info, _: usize, out: *mut c_void) -> c_int {
    // SAFETY: `generation` passes a pointer to its number, and the linker a valid record.
    unsafe { *out.cast::<u64>() = (*info).dlpi_adds + (*info).dlpi_subs };
    // They are the same in every record.
    1
}

unsafe extern "C" fn note(info: *mut libc::dl_phdr_info, _: usize, all: *mut c_void) -> c_int {
    // SAFETY: `loaded` passes a pointer to its list, and the linker a valid record, whose headers
    // are an array of this length.
    let (info, all, headers) = unsafe {
        let info = &*info;
        let headers = std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into());
        (info, &mut *all.cast::<Vec<Module>>(), headers)
    };
    let base = info.dlpi_addr as usize;
    let range = |header: &libc::Elf64_Phdr| {
        let start = base.wrapping_add(header.p_vaddr as usize);
        start..start.wrapping_add(header.p_memsz as usize)
    };
    let segments = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let (Some(start), Some(end)) = (
        segments().map(|header| range(header).start).min(),
        segments().map(|header| range(header).end).max(),
    ) else {
        return 0;
    };
    let index = headers
        .iter()
        .find(|header| header.p_type == libc::PT_GNU_EH_FRAME);
    let tables = index.and_then(|index| {
        let segment_of = |address: usize| {
            segments()
                .filter(|header| header.p_flags & libc::PF_R != 0)
                .map(range)
                .find(|segment| segment.contains(&address))
        };
        let at = range(index);
        segment_of(at.start).filter(|segment| at.end <= segment.end)?;
        // SAFETY: within a readable segment. The linker's lock is held, so that nothing is
        // unloaded.
        let header = unsafe { copy(at) };
        let frames = frames_at(&header)?;
        let at = frames..segment_of(frames)?.end;
        // SAFETY: as above.
        Some((header, unsafe { copy(at) }))
    });
    all.push(Module {
        base,
        extent: start..end,
        tables,
    });
    0
}

/// # Safety
/// Mapped, readable, and nobody writes it.
unsafe fn copy(at: Range<usize>) -> Section {
    let from = std::ptr::with_exposed_provenance::<u8>(at.start);
    // SAFETY: by the caller.
    let bytes = unsafe { std::slice::from_raw_parts(from, at.len()) }.to_vec();
    Section { at, bytes }
}

/// Where `.eh_frame` begins, which stands in `.eh_frame_hdr`. `None` if it is written in a form
/// that no linker uses.
fn frames_at(header: &Section) -> Option<usize> {
    /// `DW_EH_PE_pcrel | DW_EH_PE_sdata4`: a distance from the place where it stands.
    const RELATIVE: u8 = 0x1b;
    /// Behind the version and the three encodings.
    const PLACE: usize = 4;
    if header.bytes.get(..2)? != [1, RELATIVE] {
        return None;
    }
    let distance = header.bytes.get(PLACE..PLACE + 4)?.try_into().ok()?;
    (header.at.start + PLACE).checked_add_signed(i32::from_le_bytes(distance) as isize)
}
