//! Who can never go on, and who probably cannot: what is said of them. `judge` finds them.

use std::fmt;
use std::time::Duration;

use crate::debug::Snapshot;
use crate::debug::goroutine::Goroutine;
use crate::debug::judge::Survey;

/// Between two looks at those who seem to be stuck for certain: several steps of the scheduler's clock.
const APART: Duration = Duration::from_millis(60);

/// How sure it is that a goroutine cannot go on.
///
/// ```
/// use gort_runtime::debug::Certainty;
/// assert!(Certainty::Old < Certainty::Likely && Certainty::Likely < Certainty::Certain);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// It has waited for long.
    Old,
    /// It has waited for long, and only goroutines that are stuck themselves seem to have access to what it waits on.
    Likely,
    /// It can never go on.
    Certain,
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Certainty::Old => "old",
            Certainty::Likely => "likely",
            Certainty::Certain => "certain",
        })
    }
}

/// One goroutine that is stuck. `Display` is [`reason`](StuckGoroutine::reason).
#[derive(Debug, Clone)]
pub struct StuckGoroutine {
    pub(super) goroutine: Goroutine,
    pub(super) certainty: Certainty,
    pub(super) reason: String,
}

impl StuckGoroutine {
    /// Who.
    ///
    /// ```
    /// # fn print(found: &gort_runtime::debug::StuckGoroutine) {
    /// println!("goroutine {}", found.goroutine().id());
    /// # }
    /// ```
    pub fn goroutine(&self) -> &Goroutine {
        &self.goroutine
    }

    /// How sure that is.
    ///
    /// ```
    /// # fn is_bad(found: &gort_runtime::debug::StuckGoroutine) -> bool {
    /// found.certainty() == gort_runtime::debug::Certainty::Certain
    /// # }
    /// ```
    pub fn certainty(&self) -> Certainty {
        self.certainty
    }

    /// Why, in a sentence.
    ///
    /// ```
    /// # fn print(found: &gort_runtime::debug::StuckGoroutine) {
    /// println!("{}", found.reason());
    /// # }
    /// ```
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for StuckGoroutine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Those who are stuck, the surest first. `Display` prints a line each.
#[derive(Debug, Clone, Default)]
pub struct Stuck {
    all: Vec<StuckGoroutine>,
}

/// Says who can never go on, and who probably cannot. `Certainty::Certain` are found at once, the others when they have waited for
/// `age`. If somebody is certain it takes a second look, 60 ms later. Those in whose way is only time, the network or a call in the helper pool are never named.
///
/// On other systems than Linux on x86-64 nobody is found.
///
/// ```
/// use std::time::Duration;
///
/// for found in gort_runtime::debug::stuck(Duration::from_secs(10)).iter() {
///     eprintln!("{}: {found}", found.certainty());
/// }
/// ```
pub fn stuck(age: Duration) -> Stuck {
    let Some(rt) = crate::sched::if_started() else {
        return Stuck::default();
    };
    let first = Snapshot::take_with_reach(rt);
    let seen = Stuck::among(&first, age, |_| true);
    if !seen.all.iter().any(|found| found.certainty == Certainty::Certain) {
        return seen;
    }
    // Wait stamps are up to 10 ms behind: who has the same one after this time has waited all the while since.
    std::thread::sleep(APART);
    let second = Snapshot::take_with_reach(rt);
    Stuck::among(&second, age, |one| {
        seen.get(one.id).is_some_and(|before| {
            let then = &before.goroutine;
            before.certainty == Certainty::Certain
                && then.reach.since == one.reach.since
                && std::ptr::eq(then.wait_site, one.wait_site)
                && then.objects == one.objects
        })
    })
}

impl Stuck {
    /// The surest first, then by number.
    ///
    /// ```
    /// use std::time::Duration;
    /// assert_eq!(gort_runtime::debug::stuck(Duration::MAX).iter().count(), 0);
    /// ```
    pub fn iter(&self) -> std::slice::Iter<'_, StuckGoroutine> {
        self.all.iter()
    }

    /// How many there are.
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(gort_runtime::debug::stuck(Duration::MAX).len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether nobody is stuck.
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert!(gort_runtime::debug::stuck(Duration::MAX).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What is known of the goroutine with this number.
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert!(gort_runtime::debug::stuck(Duration::MAX).get(0).is_none());
    /// ```
    pub fn get(&self, id: u64) -> Option<&StuckGoroutine> {
        self.all.iter().find(|found| found.goroutine.id() == id)
    }

    /// `may_be_certain`: who is not may still be likely.
    pub(super) fn among(
        snapshot: &Snapshot,
        age: Duration,
        may_be_certain: impl Fn(&Goroutine) -> bool,
    ) -> Stuck {
        let survey = Survey::of(snapshot, age, may_be_certain);
        let mut all: Vec<StuckGoroutine> = (0..snapshot.len())
            .filter_map(|place| survey.judge(place))
            .collect();
        all.sort_by_key(|found| (std::cmp::Reverse(found.certainty), found.goroutine.id));
        Stuck { all }
    }
}

impl<'a> IntoIterator for &'a Stuck {
    type Item = &'a StuckGoroutine;
    type IntoIter = std::slice::Iter<'a, StuckGoroutine>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for found in self {
            writeln!(f, "{}: {}", found.certainty, found.reason)?;
        }
        Ok(())
    }
}
