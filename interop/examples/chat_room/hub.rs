//! The hub: the goroutine that owns the members. It never waits for one of them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use gort::context::Context;
use gort::net::TcpStream;
use gort::prelude::*;
use tungstenite::Utf8Bytes;

pub(crate) type Id = u64;

/// Why a member is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// It said goodbye.
    Left,
    /// Its connection ended without one.
    Lost,
    /// Nothing was heard from it, not even the answer to a ping.
    Silent,
    /// It took what was said too slowly.
    Slow,
    /// It did what a client must not do.
    Expelled,
    /// It was there when the room was closed.
    Stayed,
}

impl Why {
    const ALL: [Why; 6] = [
        Why::Left,
        Why::Lost,
        Why::Silent,
        Why::Slow,
        Why::Expelled,
        Why::Stayed,
    ];

    /// What the others hear.
    fn told(self) -> &'static str {
        match self {
            Why::Left => "left",
            Why::Lost => "was lost",
            Why::Silent => "fell silent",
            Why::Slow => "was too slow",
            Why::Expelled => "was expelled",
            Why::Stayed => "stayed",
        }
    }

    fn counted(self) -> &'static str {
        match self {
            Why::Left => "left",
            Why::Lost => "lost",
            Why::Silent => "silent",
            Why::Slow => "slow",
            Why::Expelled => "expelled",
            Why::Stayed => "stayed",
        }
    }
}

/// What became of the members, in numbers.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    joined: u64,
    ended: BTreeMap<Why, u64>,
}

impl Tally {
    fn count(&mut self, why: Why, members: u64) {
        *self.ended.entry(why).or_default() += members;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} joined:", self.joined)?;
        for (n, why) in Why::ALL.iter().enumerate() {
            let members = self.ended.get(why).copied().unwrap_or(0);
            write!(f, "{} {members} {}", if n > 0 { "," } else { "" }, why.counted())?;
        }
        Ok(())
    }
}

/// Somebody at the door.
struct Joining {
    name: String,
    /// What is on its way to the new member. Full means too slow; closed, that the hub has let go
    /// of it.
    queue: Sender<Utf8Bytes>,
    /// To cut off who is too slow.
    stream: TcpStream,
    answer: Sender<Result<Id, Refusal>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NameTaken,
    Stopping,
}

/// The way to the hub. The hub ends when the last one is gone.
#[derive(Clone)]
pub(crate) struct Door {
    entering: Sender<Joining>,
    said: Sender<(Id, Utf8Bytes)>,
    leaving: Sender<(Id, Why)>,
}

impl Door {
    pub(crate) fn join(
        &self,
        name: String,
        queue: Sender<Utf8Bytes>,
        stream: TcpStream,
    ) -> Result<Id, Refusal> {
        let (answer, answered) = gort::channel(1);
        chan!(
            self.entering
                <- Joining {
                    name,
                    queue,
                    stream,
                    answer,
                }
        );
        chan!(<-answered).expect("the hub answers")
    }

    pub(crate) fn say(&self, id: Id, text: Utf8Bytes) {
        chan!(self.said <- (id, text));
    }

    pub(crate) fn leave(&self, id: Id, why: Why) {
        chan!(self.leaving <- (id, why));
    }
}

struct Member {
    name: String,
    queue: Sender<Utf8Bytes>,
    stream: TcpStream,
}

/// What the hub owns.
#[derive(Default)]
struct Room {
    members: BTreeMap<Id, Member>,
    tally: Tally,
    stopping: bool,
}

/// Starts the hub; its result says what became of everybody.
pub(crate) fn start(ctx: &Context) -> (Door, JoinHandle<Tally>) {
    let (entering, entered) = gort::channel(0);
    let (said, sayings) = gort::channel::<(Id, Utf8Bytes)>(0);
    let (leaving, left) = gort::channel(0);
    let mut done = Some(ctx.done());
    let hub = go!(move || {
        let mut room = Room::default();
        loop {
            select! {
                Some(joining) = <-entered => room.enter(joining),
                Some((id, text)) = <-sayings => room.say(id, &text),
                Some((id, why)) = <-left => room.leave(id, why),
                <-done => {
                    room.stop();
                    done = None; // Go's nil channel: never ready again
                }
                else => return room.tally,
            }
        }
    });
    let door = Door {
        entering,
        said,
        leaving,
    };
    (door, hub)
}

impl Room {
    fn enter(&mut self, joining: Joining) {
        let Joining {
            name,
            queue,
            stream,
            answer,
        } = joining;
        let refusal = if self.stopping {
            Some(Refusal::Stopping)
        } else if self.members.values().any(|member| member.name == name) {
            Some(Refusal::NameTaken)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            chan!(answer <- Err(refusal)); // there is room for one
            return;
        }
        let id = self.tally.joined;
        self.tally.joined += 1;
        let member = Member { name, queue, stream };
        let name = member.name.clone();
        self.members.insert(id, member);
        chan!(answer <- Ok(id));
        let names: Vec<_> = self.members.values().map(|member| member.name.as_str()).collect();
        self.tell(format!("* {name} joined; here: {}", names.join(" ")));
    }

    fn say(&mut self, id: Id, text: &str) {
        // Who has been dropped may still have been talking.
        if let Some(member) = self.members.get(&id) {
            self.tell(format!("{}: {text}", member.name));
        }
    }

    fn leave(&mut self, id: Id, why: Why) {
        if let Some(member) = self.members.remove(&id) {
            self.tally.count(why, 1);
            self.tell(format!("* {} {}", member.name, why.told()));
        }
    }

    /// Lets go of everybody: the closed queues are what the writers hear.
    fn stop(&mut self) {
        self.stopping = true;
        self.tally.count(Why::Stayed, self.members.len() as u64);
        self.members.clear();
    }

    /// Tells all members, and drops those that have not taken what they were told before. That is
    /// news too.
    fn tell(&mut self, text: String) {
        let mut news = VecDeque::from([Utf8Bytes::from(text)]);
        while let Some(text) = news.pop_front() {
            self.members.retain(|_, member| {
                // A queue that nobody empties any more belongs to somebody who is just leaving.
                let full = matches!(
                    member.queue.try_send(text.clone()),
                    Err(gort::TrySendError::Full(_))
                );
                if full {
                    self.tally.count(Why::Slow, 1);
                    news.push_back(format!("* {} {}", member.name, Why::Slow.told()).into());
                    let _ = member.stream.close(); // ends its reader and its writer, whatever they wait for
                }
                !full
            });
        }
    }
}
