//! The chunked coding: bytes in, bytes out, no socket in sight.
//!
//! Strict where a lenient reader and a strict one would not agree on where the body ends: lines end with CR LF, sizes are
//! hexadecimal digits that fit, and what follows a chunk's data is CR LF. Extensions and trailers are checked for that and passed over.

/// Extensions and trailers together may have so many bytes more than there is data.
const MOST_ASIDE: usize = 8 << 10;
/// More digits than this are no size.
const MOST_DIGITS: u8 = 16;

/// Where in the coding the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size { digits: u8 },
    Extension { quote: Quote },
    SizeEnd,
    Data,
    DataEnd,
    DataEndLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
    Done,
}

/// Whether an extension is within a quoted string, where `\` takes the next byte's meaning away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quote {
    Outside,
    Inside,
    Escaped,
}

/// What a decoder has seen of a body.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    state: State,
    /// Of the chunk: its size as far as its digits have come, then what is left of its data.
    left: u64,
    aside: usize,
}

/// The body breaks the coding's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Decoder {
    pub(crate) fn new() -> Decoder {
        Decoder {
            state: State::Size { digits: 0 },
            left: 0,
            aside: 0,
        }
    }

    /// Whether the body has ended, trailers and all.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Decodes from `from` into `to` until the one is used up, the other full, or the body at its end. Gives how much it took and
    /// how much it gave.
    pub(crate) fn decode(&mut self, from: &[u8], to: &mut [u8]) -> Result<(usize, usize), Malformed> {
        let (mut taken, mut given) = (0, 0);
        while taken < from.len() && self.state != State::Done {
            if self.state == State::Data {
                let left = usize::try_from(self.left).unwrap_or(usize::MAX);
                let n = left.min(from.len() - taken).min(to.len() - given);
                if n == 0 {
                    break; // no room
                }
                to[given..given + n].copy_from_slice(&from[taken..taken + n]);
                taken += n;
                given += n;
                self.left -= n as u64;
                self.aside = self.aside.saturating_sub(n);
                if self.left == 0 {
                    self.state = State::DataEnd;
                }
            } else {
                self.state = self.next(from[taken])?;
                taken += 1;
            }
        }
        Ok((taken, given))
    }

    /// The state after a byte that is no data.
    fn next(&mut self, byte: u8) -> Result<State, Malformed> {
        Ok(match (self.state, byte) {
            (State::Size { digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < MOST_DIGITS => {
                let digit = (byte as char).to_digit(16).unwrap_or_default();
                self.left = self.left << 4 | u64::from(digit);
                State::Size { digits: digits + 1 }
            }
            (State::Size { digits: 1.. }, b';') => State::Extension {
                quote: Quote::Outside,
            },
            (State::Size { digits: 1.. }, b'\r') => State::SizeEnd,
            (
                State::Extension {
                    quote: Quote::Outside,
                },
                b'\r',
            ) => State::SizeEnd,
            (State::Extension { quote }, b'\t' | b' '..=0x7e | 0x80..) => {
                self.count()?;
                State::Extension {
                    quote: quote.after(byte),
                }
            }
            (State::SizeEnd, b'\n') if self.left == 0 => State::TrailerStart,
            (State::SizeEnd, b'\n') => State::Data,
            (State::DataEnd, b'\r') => State::DataEndLf,
            (State::DataEndLf, b'\n') => State::Size { digits: 0 },
            (State::TrailerStart, b'\r') => State::LastLf,
            (State::LastLf, b'\n') => State::Done,
            (State::TrailerName, b':') => State::TrailerValue,
            (State::TrailerStart | State::TrailerName, _) if is_token(byte) => {
                self.count()?;
                State::TrailerName
            }
            (State::TrailerValue, b'\r') => State::TrailerLf,
            (State::TrailerValue, b'\t' | b' '..=0x7e | 0x80..) => {
                self.count()?;
                State::TrailerValue
            }
            (State::TrailerLf, b'\n') => State::TrailerStart,
            _ => return Err(Malformed),
        })
    }

    /// One byte more that nobody asked for.
    fn count(&mut self) -> Result<(), Malformed> {
        self.aside += 1;
        if self.aside > MOST_ASIDE {
            Err(Malformed)
        } else {
            Ok(())
        }
    }
}

impl Quote {
    fn after(self, byte: u8) -> Quote {
        match (self, byte) {
            (Quote::Outside, b'"') => Quote::Inside,
            (Quote::Inside, b'"') => Quote::Outside,
            (Quote::Inside, b'\\') => Quote::Escaped,
            (Quote::Escaped, _) => Quote::Inside,
            (quote, _) => quote,
        }
    }
}

/// What a header's name consists of.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
