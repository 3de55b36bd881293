//! A request's head: from bytes to what the server has to know, or to the status that refuses it.
//!
//! Where a body ends must be beyond doubt. If a proxy before us sees another end than we do, it takes for one request what we
//! take for two, and the second one is smuggled past it. So whatever could be read in two ways is refused, and the
//! connection closed.

use std::mem::MaybeUninit;

use httparse::Header;

use crate::args::{Limits, MOST_HEADERS};
use crate::status::Status;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

/// Where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
}

/// What matters of a head.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    pub(crate) method: Method,
    /// `/path`, or `*`.
    pub(crate) path: &'a str,
    /// What follows the `?`.
    pub(crate) query: &'a str,
    /// HTTP/1.0: no chunks, and the connection ends unless it is asked for.
    pub(crate) old: bool,
    pub(crate) keep_alive: bool,
    pub(crate) framing: Framing,
    /// The client waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
}

/// The length of the head that `bytes` begins with: up to and with its first empty line. `seen`: so much of it was looked at before
/// in vain; it is kept up to date.
///
/// Found before anything is parsed, so that a head that comes byte by byte is not parsed once for every byte.
pub(crate) fn length(bytes: &[u8], seen: &mut usize) -> Option<usize> {
    let mut at = *seen;
    while let Some(found) = bytes[at..].iter().position(|&byte| byte == b'\n') {
        let next = at + found + 1;
        match bytes[next..] {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            // The line may go on: look at its end again.
            [] | [b'\r'] => {
                *seen = next - 1;
                return None;
            }
            _ => at = next,
        }
    }
    *seen = bytes.len();
    None
}

/// How many bytes of empty lines stand before a head. Old clients send one after a body.
pub(crate) fn blank(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] = rest {
        rest = after;
    }
    bytes.len() - rest.len()
}

/// What to say to a head that grows beyond the limit: is it the target, or are it the headers?
pub(crate) fn too_large(bytes: &[u8]) -> Status {
    if bytes.contains(&b'\n') {
        Status::HeadersTooLarge
    } else {
        Status::UriTooLong
    }
}

impl<'a> Head<'a> {
    /// `bytes` is a head, and nothing else.
    pub(crate) fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Head<'a>, Status> {
        let mut room = [const { MaybeUninit::uninit() }; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut []);
        match request.parse_with_uninit_headers(bytes, &mut room[..limits.headers]) {
            Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
            Ok(_) => return Err(Status::BadRequest),
            Err(httparse::Error::TooManyHeaders) => return Err(Status::HeadersTooLarge),
            Err(httparse::Error::Version) if is_http(bytes) => return Err(Status::VersionNotSupported),
            Err(_) => return Err(Status::BadRequest),
        }
        let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version)
        else {
            return Err(Status::BadRequest);
        };
        if target.len() > limits.target {
            return Err(Status::UriTooLong);
        }
        let old = version == 0;
        let fields = Fields::of(request.headers)?;
        if fields.hosts != 1 && !(old && fields.hosts == 0) {
            return Err(Status::BadRequest);
        }
        let method = Method::named(method)?;
        let (path, query) = split(target, method)?;
        Ok(Head {
            method,
            path,
            query,
            old,
            keep_alive: !fields.close && (!old || fields.keep_alive),
            framing: fields.framing(method, old)?,
            expects_continue: match fields.expect {
                None => false,
                Some(value) if value.eq_ignore_ascii_case(b"100-continue") => !old,
                Some(_) => return Err(Status::ExpectationFailed),
            },
        })
    }

    /// The value of `name` in the query.
    pub(crate) fn query(&self, name: &str) -> Option<&'a str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// Whether a request line names a version of HTTP, though not one that we know.
fn is_http(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let version = line.trim_ascii_end().rsplit(|&byte| byte == b' ').next();
    matches!(version, Some([b'H', b'T', b'T', b'P', b'/', major, b'.', minor])
        if major.is_ascii_digit() && minor.is_ascii_digit())
}

impl Method {
    fn named(name: &str) -> Result<Method, Status> {
        match name {
            "GET" => Ok(Method::Get),
            "HEAD" => Ok(Method::Head),
            "POST" => Ok(Method::Post),
            "PUT" => Ok(Method::Put),
            "PATCH" => Ok(Method::Patch),
            "DELETE" => Ok(Method::Delete),
            "OPTIONS" => Ok(Method::Options),
            _ => Err(Status::NotImplemented),
        }
    }
}

/// Path and query of `/path?query`, of `http://host/path?query`, and of the `*` of OPTIONS.
fn split(target: &str, method: Method) -> Result<(&str, &str), Status> {
    let target = match target.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("http://") => {
            let rest = &target[7..];
            rest.find(['/', '?']).map_or("/", |at| &rest[at..])
        }
        _ => target,
    };
    if target.starts_with(['/', '?']) || target == "*" && method == Method::Options {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Ok((if path.is_empty() { "/" } else { path }, query))
    } else {
        Err(Status::BadRequest)
    }
}

/// The headers that the protocol itself lives on.
#[derive(Default)]
struct Fields<'a> {
    hosts: usize,
    length: Option<&'a [u8]>,
    coding: Option<&'a [u8]>,
    close: bool,
    keep_alive: bool,
    expect: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn of(headers: &[Header<'a>]) -> Result<Fields<'a>, Status> {
        let mut fields = Fields::default();
        for header in headers {
            let value = header.value;
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            // By their lengths, most headers are none of these.
            match header.name.len() {
                4 if is("host") => fields.hosts += 1,
                6 if is("expect") => fields.expect = Some(value),
                10 if is("connection") => {
                    for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
                        fields.close |= option.eq_ignore_ascii_case(b"close");
                        fields.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                // Two of them, even equal ones: somebody on the way may have looked at the other.
                14 if is("content-length") => once(&mut fields.length, value)?,
                17 if is("transfer-encoding") => once(&mut fields.coding, value)?,
                _ => {}
            }
        }
        Ok(fields)
    }

    fn framing(&self, method: Method, old: bool) -> Result<Framing, Status> {
        match (self.length, self.coding) {
            // The one says here, the other says there.
            (Some(_), Some(_)) => Err(Status::BadRequest),
            // Who speaks HTTP/1.0 does not know of codings, so somebody on the way has not looked at it.
            (None, Some(_)) if old => Err(Status::BadRequest),
            (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            (None, Some(coding)) => Err(unknown(coding)),
            (Some(length), None) => number(length).map(Framing::Length),
            (None, None) if old && matches!(method, Method::Post | Method::Put | Method::Patch) => {
                Err(Status::LengthRequired)
            }
            (None, None) => Ok(Framing::Length(0)),
        }
    }
}

fn once<'a>(field: &mut Option<&'a [u8]>, value: &'a [u8]) -> Result<(), Status> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(Status::BadRequest),
    }
}

/// Codings that end with `chunked`, once, have an end that can be found: they are only not known here.
fn unknown(coding: &[u8]) -> Status {
    let names = || {
        let names = coding.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
        names.map(|name| name.eq_ignore_ascii_case(b"chunked"))
    };
    if names().filter(|&chunked| chunked).count() == 1 && names().next_back() == Some(true) {
        Status::NotImplemented
    } else {
        Status::BadRequest
    }
}

/// Digits and nothing else: no sign, no list, no space.
fn number(text: &[u8]) -> Result<u64, Status> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(Status::BadRequest);
    }
    text.iter()
        .try_fold(0_u64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })
        .ok_or(Status::BadRequest)
}
