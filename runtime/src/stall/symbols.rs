//! Names of the program's functions from its symbol table, without lines: it is read in some
//! milliseconds, where the debug information takes a second and more in a program that is not
//! optimised.
//!
//! Whatever is wrong in the file gives no names.

use std::fs::File;
use std::os::unix::fs::FileExt;

const PROGRAM: &str = "/proc/self/exe";
/// Of a 64-bit ELF file: the offsets of the section headers' place, size and number.
const SECTIONS_AT: usize = 0x28;
const SECTION_SIZE: usize = 0x3a;
const SECTION_COUNT: usize = 0x3c;
const HEADER: usize = 0x40;
/// The type of a symbol table, and of a symbol that is a function.
const SYMBOLS: u32 = 2;
const FUNCTION: u8 = 2;
/// The size of a symbol.
const SYMBOL: usize = 24;

/// The mangled names of the functions at these addresses of the program's file, in this order.
pub(super) fn names(addresses: &[u64]) -> Vec<Option<Vec<u8>>> {
    let mut found = vec![None; addresses.len()];
    // What was found before something went wrong is right.
    let _ = look_up(addresses, &mut found);
    found
}

fn look_up(addresses: &[u64], found: &mut [Option<Vec<u8>>]) -> Option<()> {
    let file = File::open(PROGRAM).ok()?;
    let header = read(&file, 0, HEADER)?;
    let size = usize::from(u16::from_le_bytes(field(&header, SECTION_SIZE)?));
    let count = usize::from(u16::from_le_bytes(field(&header, SECTION_COUNT)?));
    let sections = read(
        &file,
        u64::from_le_bytes(field(&header, SECTIONS_AT)?),
        size * count,
    )?;
    let sections: Vec<&[u8]> = sections.chunks_exact(size.max(1)).collect();
    let table = sections
        .iter()
        .find(|section| field(section, 4).map(u32::from_le_bytes) == Some(SYMBOLS))?;
    let texts = sections.get(u32::from_le_bytes(field(table, 0x28)?) as usize)?;
    let (table, texts) = (content(&file, table)?, content(&file, texts)?);

    // Few addresses, many symbols: these are looked at once.
    let mut wanted: Vec<(u64, usize)> = addresses.iter().copied().zip(0..).collect();
    wanted.sort_unstable();
    for symbol in table.chunks_exact(SYMBOL) {
        if symbol[4] & 0xf != FUNCTION {
            continue;
        }
        let start = u64::from_le_bytes(field(symbol, 8)?);
        let end = start.saturating_add(u64::from_le_bytes(field(symbol, 16)?));
        let first = wanted.partition_point(|&(address, _)| address < start);
        for &(address, index) in &wanted[first..] {
            if address >= end {
                break;
            }
            let text = texts.get(u32::from_le_bytes(field(symbol, 0)?) as usize..)?;
            let length = text.iter().position(|&byte| byte == 0)?;
            found[index] = Some(text[..length].to_vec());
        }
    }
    Some(())
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn content(file: &File, section: &[u8]) -> Option<Vec<u8>> {
    let at = u64::from_le_bytes(field(section, 0x18)?);
    let size = u64::from_le_bytes(field(section, 0x20)?);
    read(file, at, usize::try_from(size).ok()?)
}

fn read(file: &File, at: u64, size: usize) -> Option<Vec<u8>> {
    // A size that is nonsense must not take the memory for it.
    let fits = file.metadata().ok()?.len() >= at.checked_add(size as u64)?;
    let mut bytes = vec![0; if fits { size } else { return None }];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_function_of_the_program_is_found() {
        let module = crate::sys::modules::loaded().into_iter().next().unwrap();
        let here = a_function_of_the_program_is_found as fn() as usize - module.base;
        let names = super::names(&[1, here as u64]);
        assert_eq!(names[0], None);
        let name = String::from_utf8(names[1].clone().unwrap()).unwrap();
        assert!(name.contains("a_function_of_the_program_is_found"), "{name}");
    }
}
