//! The `Date` of responses, made anew once a second.

use std::fmt::Write;
use std::time::SystemTime;

/// The date as it was asked for last.
#[derive(Default)]
pub(crate) struct Date {
    second: u64,
    text: String,
}

impl Date {
    /// The date as headers have it: `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub(crate) fn now(&mut self) -> &str {
        let second = SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |since| since.as_secs());
        if self.text.is_empty() || second != self.second {
            self.second = second;
            self.text.clear();
            let _ = write!(self.text, "{}", Text(second)); // a String takes everything
        }
        &self.text
    }
}

/// A second since 1970, as text.
pub(crate) struct Text(pub(crate) u64);

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = [
            "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb",
        ];
        let (days, second) = (self.0 / 86_400, self.0 % 86_400);
        // Years that begin in March have the leap day at their end; eras of 400 years are all of one length. Counted from the
        // first of March of the year 0.
        let since = days + 719_468;
        let (era, day) = (since / 146_097, since % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let year = 400 * era + year + u64::from(month >= 10);
        let (weekday, month) = (DAYS[days as usize % 7], MONTHS[month as usize]);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
        )
    }
}
