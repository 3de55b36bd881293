//! What stands below the message of a stack overflow: the functions that were active.

use crate::stall::frames::Reader;
use crate::sys::{last_words, postmortem};
use crate::traceback::{self, Level};

/// Prints them if a handler waits for it. `quietly` catches panics.
pub(super) fn show_if_asked(quietly: impl FnOnce(&dyn Fn())) {
    if !postmortem::is_asked() {
        return;
    }
    let Some(overflowed) = postmortem::begin() else {
        return;
    };
    quietly(&|| {
        if traceback::level() == Level::None {
            return;
        }
        let (start, bytes) = overflowed.stack();
        let frames = Reader::new().read_ends(overflowed.registers, start, bytes);
        last_words(format!("\n{frames}").as_bytes());
    });
    postmortem::finish();
}
