//! The user's part of a backtrace, out of what std prints of one: what is above the call that
//! panicked, and what is below the goroutine's own first function, says nothing about the program.
//!
//! std keeps the frames to itself; so the text is cut. If it does not look as expected, all of it
//! stays.

use std::fmt::Write;

/// Between std's machinery and what panicked, in the form that all functions of a crate have.
const PANICS: [&str; 8] = [
    "__rustc::rust_begin_unwind",
    "rust_begin_unwind",
    "core::panicking::",
    "std::panicking::",
    "core::option::unwrap_failed",
    "core::option::expect_failed",
    "core::result::unwrap_failed",
    "core::cell::panic_already",
];
/// What is ours, and panics on somebody's behalf: a send on a closed channel.
pub(crate) const OURS: [&str; 4] = ["gort::", "gort_channels::", "gort_runtime::", "gort_sync::"];
/// This file in a checkout.
const THIS: &str = "runtime/src/panics/trim.rs";
/// Where our functions are, in a checkout and as packages.
const OUR_DIRECTORIES: [(&str, &str); 4] = [
    ("src/", "gort-0."),
    ("channels/src/", "gort-channels-0."),
    ("runtime/src/", "gort-runtime-0."),
    ("sync/src/", "gort-sync-0."),
];
/// Functions that call a goroutine's closure, by name.
pub(crate) const FIRST: [&str; 3] = [
    "gort_runtime::g::job::",
    "gort_runtime::sched::entry::",
    "gort_runtime::main_goroutine::",
];
/// The same by file, below this crate's sources: names may have no path, and have none where the
/// debug information is line tables only.
const FIRST_FILES: [&str; 3] = ["g/job.rs", "sched/entry.rs", "main_goroutine.rs"];

/// How they call a function that is no closure.
pub(crate) const CALLS: &str = "core::ops::function::FnOnce::call_once";

/// These files, as debug information calls them.
pub(crate) fn first_files() -> [String; 3] {
    let directory = file!().trim_end_matches("panics/trim.rs");
    FIRST_FILES.map(|file| format!("{directory}{file}"))
}

/// Whether a file, by the name that debug information has for it, is one of our sources. What is inlined may have a name without
/// a path, so its file has to do.
pub(crate) fn is_our_file(file: &str) -> bool {
    // In a checkout the crates lie side by side.
    match env!("CARGO_MANIFEST_DIR").strip_suffix("runtime") {
        Some(root) => {
            let within = file.strip_prefix(root);
            within.is_some_and(|file| {
                OUR_DIRECTORIES
                    .iter()
                    .any(|(checkout, _)| file.starts_with(checkout))
            })
        }
        None => OUR_DIRECTORIES
            .iter()
            .any(|(_, package)| file.contains(&format!("/{package}"))),
    }
}

/// As std has it below a backtrace that is not whole.
const NOTE: &str =
    "note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n";

struct Frame<'t> {
    name: &'t str,
    /// The line with the file, as it stands.
    place: Option<&'t str>,
}

impl Frame<'_> {
    fn is_any_of(&self, names: &[&str]) -> bool {
        // As a method it is `<gort_channels::…>::…`.
        let name = self.name.trim_start_matches('<');
        names.iter().any(|prefix| name.starts_with(prefix))
    }

    /// By name, or by file: what is inlined may have a name without a path.
    fn is_ours(&self) -> bool {
        let is_file = |place: &str| {
            OUR_DIRECTORIES.iter().any(|(checkout, package)| {
                let directory = match file!().split_once(THIS) {
                    Some((root, "")) if root.starts_with('/') => format!("at {root}{checkout}"),
                    Some((root, "")) => format!("at ./{root}{checkout}"),
                    _ => format!("/{package}"),
                };
                place.contains(&directory)
            })
        };
        self.is_any_of(&OURS) || self.place.is_some_and(is_file)
    }

    fn is_first(&self) -> bool {
        // `at ./runtime/src/g/job.rs:7:9`
        let is_file = |file: &String| {
            self.place
                .is_some_and(|place| place.contains(&format!("{file}:")))
        };
        self.is_any_of(&FIRST) || first_files().iter().any(is_file)
    }
}

/// The frames of the user's functions, numbered anew. `None` if they could not be told.
pub(super) fn trim(text: &str) -> Option<String> {
    let frames = frames(text)?;
    let marker = |frame: &Frame<'_>| frame.name.contains("__rust_end_short_backtrace");
    let mut start = frames.iter().position(marker)? + 1;
    start += count(&frames[start..], |frame| frame.is_any_of(&PANICS));
    let first = count(&frames[start..], |frame| !frame.is_first());
    let mut user = &frames[start..start + first];
    if first == frames.len() - start {
        // Not the stack of a goroutine.
        return None;
    }
    let skipped = count(user, |frame| frame.is_ours());
    if skipped < user.len() {
        user = &user[skipped..];
    }
    // How a closure is called.
    while let [rest @ .., last] = user
        && last.is_any_of(&[CALLS])
    {
        user = rest;
    }
    let mut out = String::new();
    for (number, frame) in user.iter().enumerate() {
        let _ = writeln!(out, "{number:4}: {}", frame.name);
        if let Some(place) = frame.place {
            let _ = writeln!(out, "{place}");
        }
    }
    (!user.is_empty()).then(|| out + NOTE)
}

fn count(frames: &[Frame<'_>], matches: impl Fn(&Frame<'_>) -> bool) -> usize {
    frames.iter().take_while(|frame| matches(frame)).count()
}

/// `None` if a line is not of a form that is known.
fn frames(text: &str) -> Option<Vec<Frame<'_>>> {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("at ") {
            frames.last_mut()?.place = Some(line);
        } else {
            let (number, name) = line.split_once(": ")?;
            let _: usize = number.trim().parse().ok()?;
            frames.push(Frame { name, place: None });
        }
    }
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANIC: &str = "   0: std::backtrace_rs::backtrace::libunwind::trace
             at /rustc/1/library/std/src/x.rs:117:9
   1: gort_runtime::panics::hook::on_goroutine
   2: std::sys::backtrace::__rust_end_short_backtrace
   3: __rustc::rust_begin_unwind
   4: core::panicking::panic_fmt
";

    #[test]
    fn the_users_frames_stay() {
        let text = format!(
            "{PANIC}   5: app::parse
             at ./app/main.rs:7:9
   6: app::main::{{{{closure}}}}
   7: core::ops::function::FnOnce::call_once
   8: gort_runtime::g::job::Job<F,T>::run
   9: std::thread::spawn
"
        );
        let expected = "   0: app::parse
             at ./app/main.rs:7:9
   1: app::main::{{closure}}
";
        assert_eq!(trim(&text).unwrap(), format!("{expected}{NOTE}"));
    }

    #[test]
    fn what_panics_for_the_user_is_left_out() {
        let text = format!(
            "{PANIC}   5: gort_channels::chan::send::closed
   6: send<i32>
             at ./channels/src/macro_support.rs:103:27
   7: app::main
   8: run<app::main, ()>
             at {}g/job.rs:90:9
   9: std::thread::spawn
",
            file!().trim_end_matches("panics/trim.rs")
        );
        assert_eq!(trim(&text).unwrap(), format!("   0: app::main\n{NOTE}"));
    }

    #[test]
    fn what_is_not_understood_stays_whole() {
        assert_eq!(trim("disabled backtrace"), None);
        assert_eq!(trim(""), None);
        assert_eq!(trim(&format!("{PANIC}   5: app::main\n")), None);
        assert_eq!(trim("   0: app::main\n   1: gort_runtime::g::job::x\n"), None);
    }
}
