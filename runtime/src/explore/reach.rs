//! What a step of a goroutine touches: the vocabulary of who explores schedules.

/// What the next operation of a goroutine touches. Two steps whose reaches do not overlap may be
/// taken in either order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Nothing that another goroutine could see.
    #[default]
    Nothing,
    /// Looks at the object at this address.
    Reads(usize),
    /// Changes it, or may.
    Writes(usize),
    /// Changes several.
    Several(Box<[usize]>),
    /// Nobody knows.
    Everything,
}

/// Stands for the list of a bubble's goroutines: their numbers depend on the order of starts.
pub const STARTS: usize = 1;
/// Stands for the clock of a bubble: timers of one instant expire in the order in which they were
/// set.
pub const CLOCK: usize = 2;

impl Reach {
    /// Whether the order of two such steps can be seen.
    ///
    /// ```
    /// # use gort_runtime::explore::Reach;
    /// assert!(Reach::Writes(64).overlaps(&Reach::Reads(64)));
    /// assert!(!Reach::Reads(64).overlaps(&Reach::Reads(64)));
    /// assert!(!Reach::Nothing.overlaps(&Reach::Everything));
    /// ```
    pub fn overlaps(&self, other: &Reach) -> bool {
        match (self, other) {
            (Reach::Nothing, _) | (_, Reach::Nothing) | (Reach::Reads(_), Reach::Reads(_)) => false,
            (Reach::Everything, _) | (_, Reach::Everything) => true,
            (Reach::Several(all), other) | (other, Reach::Several(all)) => {
                all.iter().any(|&object| other.touches(object))
            }
            (Reach::Reads(a) | Reach::Writes(a), Reach::Reads(b) | Reach::Writes(b)) => a == b,
        }
    }

    fn touches(&self, object: usize) -> bool {
        match self {
            Reach::Nothing => false,
            Reach::Reads(one) | Reach::Writes(one) => *one == object,
            Reach::Several(all) => all.contains(&object),
            Reach::Everything => true,
        }
    }

    /// The object, if it is one.
    pub fn object(&self) -> Option<usize> {
        match self {
            Reach::Reads(one) | Reach::Writes(one) => Some(*one),
            _ => None,
        }
    }
}
