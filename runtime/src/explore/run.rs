//! One schedule, from its beginning to its end.

use std::any::Any;
use std::sync::Arc;

use super::director::{Director, Ending};
use super::group::{self, Group};
use super::searches;
use crate::g::crew::Crew;
use crate::panics::recover;
use crate::reason::WaitReason;
use crate::sched::turn;
use crate::sema::{Place, Sema};
use crate::spawn::Spawn;

/// Runs `f` as a goroutine whose crew the director leads, and waits until all of them have ended,
/// or none of them can, or one has panicked, or the director wants no more. Except in the first
/// case goroutines are left where they are, for ever.
pub fn run_once<D: Director>(director: D, f: impl FnOnce() + Send + 'static) -> (D, Ending) {
    searches::listen(group::takes_panic);
    let search = searches::Search::begin();
    let over = Arc::new(Sema::new(0));
    let tell = Arc::clone(&over);
    let group = Group::new(Some(Box::new(director)), turn::take, move || tell.release());
    let crew: &'static dyn Crew = group;
    let body = move || {
        if let Err(panic) = recover(f)
            && let Some(g) = crate::g::current()
        {
            group.failed(g, panic.message(), panic.location());
        }
    };
    let mut main = Spawn::new().name("main");
    main.options.crew = Some(crew);
    drop(main.go(body));
    over.acquire(WaitReason::Scope, Place::Back);
    let (director, ending) = group.dissolve();
    if ending != Ending::Passed {
        // Goroutines that were left behind must not go on, whoever wakes them: they are asked for
        // as long as points matter.
        std::mem::forget(search);
    }
    let director = director.and_then(|director| (director as Box<dyn Any>).downcast().ok());
    match director {
        Some(director) => (*director, ending),
        None => unreachable!("a group has its director until it is dissolved"),
    }
}
