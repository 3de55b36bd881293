//! What can be set before the runtime starts: `Builder` over the environment over the defaults.
//! Read once, at start.

use std::num::NonZero;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// The largest GOMAXPROCS.
pub(crate) const MAX_PROCS: usize = 1024;
/// The most workers: those that run, and those that are stuck in long runs.
pub(crate) const MAX_WORKERS: usize = 10_000;
/// A stack's reserve when nothing else is said, in bytes: what ordinary libraries need within their
/// own limits, as measured (docs/PERFORMANCE.md). Frames that are not optimised are two to ten
/// times as large.
pub(crate) const DEFAULT_STACK: usize = if cfg!(debug_assertions) {
    1 << 20
} else {
    768 << 10
};
/// That of a main goroutine, unless the others have more: as a main thread has.
pub(crate) const MAIN_STACK: usize = 8 << 20;
/// Stacks below this cannot run the first frames and print a panic.
pub(crate) const MIN_STACK: usize = 16 << 10;
/// The monitor does not look more often.
pub(crate) const MIN_STALL: Duration = Duration::from_millis(1);
/// Helper threads for blocking calls when nothing else is said.
pub(crate) const DEFAULT_BLOCKING_THREADS: usize = 512;
/// How long a helper thread waits for another call when nothing else is said.
pub(crate) const DEFAULT_BLOCKING_KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long no blocking call finishes before there are more helper threads, when nothing else is
/// said.
pub(crate) const DEFAULT_BLOCKING_PATIENCE: Duration = Duration::from_millis(10);

/// The pool is not looked at more often.
pub(crate) const MIN_BLOCKING_PATIENCE: Duration = Duration::from_millis(1);

/// Whether a goroutine that has started may move to another OS thread.
///
/// Set by [`Builder::migration`](crate::Builder::migration) or by
/// `GORT_MIGRATION=stealing|pinned|always`.
///
/// ```
/// use gort_runtime::{Builder, Migration};
///
/// Builder::new().migration(Migration::Pinned).init().unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Migration {
    /// As in Go: an idle worker takes goroutines from a busy one.
    #[default]
    Stealing,
    /// A goroutine stays on the worker that started it; fresh goroutines are still stolen. With
    /// this, values tied to a thread may be kept across a wait.
    ///
    /// Several goroutines share a thread: one that blocks it, or computes, keeps those that have
    /// started there waiting, for ever if it waits for one of them.
    /// [`lock_os_thread`](crate::lock_os_thread) keeps others from starting there.
    Pinned,
    /// For tests: a goroutine changes its worker at every wait, so that code which wrongly keeps
    /// something tied to a thread fails at once.
    Always,
}

impl std::str::FromStr for Migration {
    type Err = String;

    fn from_str(text: &str) -> Result<Migration, String> {
        one_of(
            text,
            &[
                ("stealing", Migration::Stealing),
                ("pinned", Migration::Pinned),
                ("always", Migration::Always),
            ],
        )
    }
}

/// When a worker may own the bias (see [`bias`](crate::bias)): `GORT_BIAS=auto|off|eager`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BiasMode {
    /// When it has been alone for a while.
    #[default]
    Auto,
    /// Never: no thread is interrupted by a barrier.
    Off,
    /// For tests: all the time, whoever else runs.
    Eager,
}

impl std::str::FromStr for BiasMode {
    type Err = String;

    fn from_str(text: &str) -> Result<BiasMode, String> {
        one_of(
            text,
            &[
                ("auto", BiasMode::Auto),
                ("off", BiasMode::Off),
                ("eager", BiasMode::Eager),
            ],
        )
    }
}

/// The settings in force.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) procs: usize,
    pub(crate) stack_size: usize,
    pub(crate) migration: Migration,
    pub(crate) bias_mode: BiasMode,
    pub(crate) blocking_threads: usize,
    pub(crate) blocking_keep_alive: Duration,
    pub(crate) blocking_patience: Duration,
    pub(crate) max_threads: usize,
    pub(crate) stall_limit: Option<Duration>,
    /// Who is stuck for so long is to be printed.
    pub(crate) watch: Option<Duration>,
    /// The order of goroutines is to be by chance, with this seed.
    pub(crate) schedule: Option<u64>,
}

/// What a `Builder` asked for; `None` leaves it to the environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) procs: Option<usize>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) migration: Option<Migration>,
    pub(crate) blocking_threads: Option<usize>,
    pub(crate) blocking_keep_alive: Option<Duration>,
    pub(crate) blocking_patience: Option<Duration>,
    pub(crate) max_threads: Option<usize>,
    pub(crate) stall_limit: Option<Duration>,
    pub(crate) watch: Option<Duration>,
}

static WISHES: Mutex<Option<Wishes>> = Mutex::new(None);
static CONFIG: OnceLock<Config> = OnceLock::new();

/// Stores what a builder asked for. `false` if the settings are already in force, or another
/// builder came first. Otherwise `hand_out` runs before the settings can be in force: it gives
/// services what is theirs alone.
pub(crate) fn wish(wishes: Wishes, hand_out: impl FnOnce()) -> bool {
    let mut stored = WISHES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if CONFIG.get().is_some() || stored.is_some() {
        return false;
    }
    hand_out();
    *stored = Some(wishes);
    true
}

/// The settings; the first call fixes them.
#[inline]
pub(crate) fn get() -> &'static Config {
    CONFIG.get().unwrap_or_else(|| fix())
}

#[cold]
fn fix() -> &'static Config {
    // Held until the settings are in force: whatever `wish` accepts before counts, and it accepts
    // nothing afterwards.
    let stored = WISHES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    CONFIG.get_or_init(|| {
        let wishes = stored.clone().unwrap_or_default();
        Config {
            procs: wishes
                .procs
                .or_else(|| from_env("GOMAXPROCS", parse_procs))
                .unwrap_or_else(crate::sys::cpu::count)
                .clamp(1, MAX_PROCS),
            stack_size: wishes
                .stack_size
                .or_else(|| from_env("GORT_STACK", parse_stack))
                .unwrap_or(DEFAULT_STACK)
                .max(MIN_STACK)
                .checked_next_multiple_of(16)
                .unwrap_or(usize::MAX),
            migration: wishes
                .migration
                .or_else(|| from_env("GORT_MIGRATION", plain))
                .unwrap_or_default(),
            bias_mode: from_env("GORT_BIAS", plain).unwrap_or_default(),
            blocking_threads: wishes.blocking_threads.unwrap_or(DEFAULT_BLOCKING_THREADS).max(1),
            blocking_keep_alive: wishes.blocking_keep_alive.unwrap_or(DEFAULT_BLOCKING_KEEP_ALIVE),
            blocking_patience: wishes
                .blocking_patience
                .unwrap_or(DEFAULT_BLOCKING_PATIENCE)
                .max(MIN_BLOCKING_PATIENCE),
            max_threads: wishes.max_threads.unwrap_or(MAX_WORKERS).max(3),
            stall_limit: wishes
                .stall_limit
                .or_else(|| from_env("GORT_STALL", parse_stall))
                .filter(|limit| !limit.is_zero())
                .map(|limit| limit.max(MIN_STALL)),
            watch: wishes
                .watch
                .or_else(|| from_env("GORT_WATCH", |text| Ok((parse_duration(text)?, None))))
                .filter(|age| !age.is_zero()),
            schedule: from_env("GORT_SCHEDULE", parse_schedule).flatten(),
        }
    })
}

/// A value of a variable, and what is to be told about it.
pub(crate) type Value<T> = (T, Option<String>);

/// Reads one variable. A value that cannot be used is reported and otherwise treated as not set, as
/// Go does. One that is not used as it stands is reported too.
pub(crate) fn from_env<T>(name: &str, parse: impl FnOnce(&str) -> Result<Value<T>, String>) -> Option<T> {
    let text = std::env::var_os(name).filter(|text| !text.is_empty())?;
    let parsed = match text.to_str() {
        Some(text) => parse(text),
        None => Err(format!("{text:?} is not UTF-8")),
    };
    match parsed {
        Ok((value, note)) => {
            if let Some(note) = note {
                eprintln!("gort: {name}: {note}");
            }
            Some(value)
        }
        Err(why) => {
            eprintln!("gort: {name} is ignored: {why}");
            None
        }
    }
}

/// One that is used as it stands.
pub(crate) fn plain<T: std::str::FromStr<Err = String>>(text: &str) -> Result<Value<T>, String> {
    Ok((text.parse()?, None))
}

/// `random`, `random:seed`. What `testing::explore` has printed is for that alone.
fn parse_schedule(text: &str) -> Result<Value<Option<u64>>, String> {
    let text = text.trim();
    if text == "random" {
        return Ok((Some(crate::sys::clock::entropy()), None));
    }
    if text.starts_with("1.") {
        return Ok((None, None));
    }
    let seed = text.strip_prefix("random:").and_then(|seed| seed.parse().ok());
    match seed {
        Some(seed) => Ok((Some(seed), None)),
        None => Err(format!(
            "`{text}` is none of random, random:<a number>, or what `testing::explore` has printed"
        )),
    }
}

fn parse_procs(text: &str) -> Result<Value<usize>, String> {
    let procs = parse_count(text)?.get();
    let note = (procs > MAX_PROCS).then(|| format!("`{text}` is more than {MAX_PROCS}, which is used"));
    Ok((procs.min(MAX_PROCS), note))
}

fn parse_stack(text: &str) -> Result<Value<usize>, String> {
    let bytes = parse_size(text)?;
    let note =
        (bytes < MIN_STACK).then(|| format!("`{text}` is less than {MIN_STACK} bytes, which are used"));
    Ok((bytes.max(MIN_STACK), note))
}

fn parse_stall(text: &str) -> Result<Value<Duration>, String> {
    let limit = parse_duration(text)?;
    if limit.is_zero() || limit >= MIN_STALL {
        return Ok((limit, None));
    }
    let note = format!("`{text}` is less than {MIN_STALL:?}, which is used");
    Ok((MIN_STALL, Some(note)))
}

/// `GORT_TEST_TIMEOUT`: `None` if it is not set, a time of zero for no limit.
pub(crate) fn test_timeout() -> Option<Duration> {
    from_env("GORT_TEST_TIMEOUT", |text| match text.trim() {
        "none" => Ok((Duration::ZERO, None)),
        text => Ok((parse_duration(text)?, None)),
    })
}

/// What `text` names.
pub(crate) fn one_of<T: Copy>(text: &str, names: &[(&str, T)]) -> Result<T, String> {
    let text = text.trim();
    match names.iter().find(|(name, _)| *name == text) {
        Some(&(_, value)) => Ok(value),
        None => {
            let names: Vec<_> = names.iter().map(|(name, _)| *name).collect();
            Err(format!("`{text}` is not one of {}", names.join(", ")))
        }
    }
}

fn parse_count(text: &str) -> Result<NonZero<usize>, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("`{text}` is not a positive number"))
}

/// Bytes, with an optional suffix: `65536`, `64K`, `64KiB`, `1M`, `1MiB`.
fn parse_size(text: &str) -> Result<usize, String> {
    let trimmed = text.trim();
    let digits = trimmed.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match trimmed[digits.len()..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => {
            return Err(format!(
                "`{text}` is not a size in bytes (such as 65536, 64K or 1M)"
            ));
        }
    };
    let number: usize = digits
        .parse()
        .map_err(|_| format!("`{text}` is not a size in bytes"))?;
    number
        .checked_mul(unit)
        .ok_or_else(|| format!("`{text}` is too large"))
}

/// A length of time as Go writes it: numbers with units, such as `50ms`, `1.5s` or `1m30s`; or `0`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a length of time (such as 50ms, 0.5s or 1m30s)");
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total = 0_f64;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let unit_at = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(wrong)?;
        let (number, after) = rest.split_at(unit_at);
        let unit_ends = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_ends);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        total += number.parse::<f64>().map_err(|_| wrong())? * seconds;
        rest = after;
    }
    Duration::try_from_secs_f64(total).map_err(|_| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_written_as_in_go() {
        for (text, millis) in [
            ("50ms", 50),
            ("2s", 2000),
            ("1.5s", 1500),
            (".5s", 500),
            ("2500us", 2),
            ("3000000ns", 3),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            (" 1s ", 1000),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text).unwrap().as_millis(), millis, "{text}");
        }
        for bad in [
            "",
            "50",
            "ms",
            "-1s",
            "1 s",
            "1.2.3s",
            "5sec",
            "1s5",
            "99999999999999999999999h",
        ] {
            let why = parse_duration(bad).unwrap_err();
            assert!(why.contains(&format!("`{bad}`")), "{why}");
        }
    }

    #[test]
    fn sizes_take_suffixes_and_refuse_nonsense() {
        assert_eq!(parse_size("65536"), Ok(65536));
        assert_eq!(parse_size("64K"), Ok(65536));
        assert_eq!(parse_size(" 1 MiB "), Ok(1 << 20));
        for bad in ["", "K", "-1", "12x", "99999999999G"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_not_used_as_it_stands_is_told() {
        assert_eq!(parse_stack("64K"), Ok((64 << 10, None)));
        let (stack, note) = parse_stack("1").unwrap();
        assert_eq!(stack, MIN_STACK);
        assert!(note.unwrap().contains("`1` is less than 16384 bytes"));
        assert_eq!(parse_procs("1024"), Ok((1024, None)));
        assert!(parse_procs("1025").unwrap().1.is_some());
        assert_eq!(parse_stall("0"), Ok((Duration::ZERO, None)));
        assert_eq!(parse_stall("1ms"), Ok((MIN_STALL, None)));
        let (limit, note) = parse_stall("1us").unwrap();
        assert_eq!(
            (limit, note.unwrap().as_str()),
            (MIN_STALL, "`1us` is less than 1ms, which is used")
        );
    }

    #[test]
    fn names_of_bias_modes() {
        assert_eq!(" eager".parse(), Ok(BiasMode::Eager));
        assert!("on".parse::<BiasMode>().unwrap_err().contains("auto, off, eager"));
    }

    #[test]
    fn migration_names() {
        assert_eq!("pinned".parse(), Ok(Migration::Pinned));
        assert!(
            "sometimes"
                .parse::<Migration>()
                .unwrap_err()
                .contains("stealing, pinned, always")
        );
    }
}
