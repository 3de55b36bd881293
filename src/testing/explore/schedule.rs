//! A schedule as text, for `GORT_SCHEDULE`, and the hash that tells whether a replay takes the same
//! steps.
//!
//! `1.5f3a.ab12a2.0123456789abcdef`: the version; which call of `explore` it belongs to (a hash of
//! its place), so that the others of a test binary are not disturbed; who makes how many steps; the
//! hash of the steps. The first 26 goroutines are letters, others are `{number}`; a number of steps
//! follows unless it is 1. After a dash: which ready arm each select took.

use std::error::Error;
use std::fmt;
use std::panic::Location;

use super::chooser::Number;

/// Who makes the steps, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Which call of `explore`.
    pub(crate) place: u16,
    pub(crate) choices: Vec<Number>,
    /// What was picked of several possibilities, in order.
    pub(crate) picks: Vec<u16>,
    /// Of the steps that were taken.
    pub(crate) hash: u64,
}

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoSchedule(&'static str);

impl fmt::Display for NoSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GORT_SCHEDULE is no schedule: {}", self.0)
    }
}

impl Error for NoSchedule {}

/// Which of several possibilities a goroutine got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pick {
    pub(crate) number: Number,
    pub(crate) pick: u16,
}

/// So many steps in a row of one goroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turns {
    pub(crate) number: Number,
    pub(crate) steps: usize,
}

/// Puts steps of the same goroutine together.
pub(crate) fn runs_of(choices: &[Number]) -> Vec<Turns> {
    choices
        .chunk_by(|a, b| a == b)
        .map(|chunk| Turns {
            number: chunk[0],
            steps: chunk.len(),
        })
        .collect()
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{:04x}.", self.place)?;
        for Turns { number, steps } in runs_of(&self.choices) {
            match u8::try_from(number) {
                Ok(small @ 0..26) => write!(f, "{}", char::from(b'a' + small))?,
                _ => write!(f, "{{{number}}}")?,
            }
            if steps > 1 {
                write!(f, "{steps}")?;
            }
        }
        for (index, pick) in self.picks.iter().enumerate() {
            let dash = if index == 0 { "-" } else { "" };
            match char::from_digit(u32::from(*pick), 36) {
                Some(digit) => write!(f, "{dash}{digit}")?,
                None => write!(f, "{dash}{{{pick}}}")?,
            }
        }
        write!(f, ".{:016x}", self.hash)
    }
}

impl std::str::FromStr for Schedule {
    type Err = NoSchedule;

    fn from_str(text: &str) -> Result<Schedule, NoSchedule> {
        /// More steps than any search takes: a number with a digit too many is told as such.
        const MOST: usize = 100_000_000;
        let parts: Vec<&str> = text.trim().split('.').collect();
        let &[version, place, turns, hash] = parts.as_slice() else {
            return Err(NoSchedule("it has four parts with dots between them"));
        };
        if version != "1" {
            return Err(NoSchedule("it is of another version of gort"));
        }
        let place =
            u16::from_str_radix(place, 16).map_err(|_| NoSchedule("its second part is hexadecimal"))?;
        let hash = u64::from_str_radix(hash, 16).map_err(|_| NoSchedule("its last part is hexadecimal"))?;
        let (turns, picked) = turns.split_once('-').unwrap_or((turns, ""));
        let mut picks = Vec::new();
        let mut rest = picked;
        while let Some(first) = rest.chars().next() {
            let pick = match first.to_digit(36) {
                Some(digit) => {
                    rest = &rest[1..];
                    digit as u16
                }
                None => braced(&mut rest)?,
            };
            picks.push(pick);
        }
        let mut choices = Vec::new();
        let mut rest = turns;
        while let Some(first) = rest.chars().next() {
            let number = match first {
                'a'..='z' => {
                    rest = &rest[1..];
                    first as Number - 'a' as Number
                }
                _ => braced(&mut rest)?,
            };
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let steps = match &rest[..digits] {
                "" => 1,
                count => count
                    .parse()
                    .map_err(|_| NoSchedule("a number of steps is too large"))?,
            };
            rest = &rest[digits..];
            if steps > MOST - choices.len() {
                return Err(NoSchedule("a number of steps is too large"));
            }
            choices.extend(std::iter::repeat_n(number, steps));
        }
        Ok(Schedule {
            place,
            choices,
            picks,
            hash,
        })
    }
}

/// `{number}` at the beginning of `rest`, which it takes off.
fn braced(rest: &mut &str) -> Result<u16, NoSchedule> {
    let text = *rest;
    if !text.starts_with('{') {
        return Err(NoSchedule("its third part has letters, numbers and braces"));
    }
    let end = text.find('}').ok_or(NoSchedule("a brace is not closed"))?;
    *rest = &text[end + 1..];
    text[1..end]
        .parse()
        .map_err(|_| NoSchedule("in braces is a small number"))
}

/// FNV-1a: the same on every machine and in every version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) fn new() -> Hash {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) fn place(&mut self, site: &Location<'_>) {
        self.bytes(site.file().as_bytes());
        self.bytes(&site.line().to_le_bytes());
        self.bytes(&site.column().to_le_bytes());
    }

    /// A step: whose, what and where. Not the address of what it touches, which is another one in
    /// the next process.
    pub(crate) fn step(&mut self, number: Number, op: &str, site: &Location<'_>) {
        self.bytes(&number.to_le_bytes());
        self.bytes(op.as_bytes());
        self.place(site);
    }

    pub(crate) fn finish(self) -> u64 {
        self.0
    }
}

/// The short name of a call of `explore`.
pub(crate) fn place_of(site: &Location<'_>) -> u16 {
    let mut hash = Hash::new();
    hash.place(site);
    let hash = hash.finish();
    (hash ^ (hash >> 16) ^ (hash >> 32) ^ (hash >> 48)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_a_short_text() {
        let schedule = Schedule {
            place: 0x5f3a,
            choices: vec![0, 1, 1, 1, 0, 0, 26, 300, 300],
            picks: vec![0, 35, 36, 1],
            hash: 0x0123_4567_89ab_cdef,
        };
        let text = schedule.to_string();
        assert_eq!(text, "1.5f3a.ab3a2{26}{300}2-0z{36}1.0123456789abcdef");
        assert_eq!(text.parse(), Ok(schedule));
    }

    #[test]
    fn any_schedule_comes_back() {
        let mut dice = super::super::chooser::Dice::new(1, 1);
        for _ in 0..200 {
            let choices = (0..dice.below(40)).map(|_| dice.below(30) as Number).collect();
            let schedule = Schedule {
                place: dice.next() as u16,
                choices,
                picks: (0..dice.below(4)).map(|_| dice.below(50) as u16).collect(),
                hash: dice.next(),
            };
            assert_eq!(schedule.to_string().parse(), Ok(schedule));
        }
    }

    #[test]
    fn what_is_none_is_told() {
        for (text, part) in [
            ("", "four parts"),
            ("2.0.a.0", "another version"),
            ("1.x.a.0", "second part"),
            ("1.0.a.x", "last part"),
            ("1.0.A.0", "letters"),
            ("1.0.{3.0", "not closed"),
            ("1.0.{70000}.0", "small number"),
            ("1.0.a-0.", "last part"),
            ("1.0.a-!.0", "letters"),
            ("1.0.a99999999999999999999.0", "too large"),
            ("1.0.a999999999.0", "too large"),
            ("1.0.ba18446744073709551615.0", "too large"),
        ] {
            let error = text.parse::<Schedule>().expect_err(text).to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
