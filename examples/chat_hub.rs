//! A chat room in memory ("The Go Programming Language", 8.10: chat).
//!
//! The Go idiom: a hub goroutine owns the set of clients; arriving, leaving and talking are messages to it, and a client is
//! nothing but a channel to send to. What Go closes when a client leaves, the hub drops: the client's `for` ends.

use std::collections::BTreeMap;

use gort::prelude::*;

type Text = String;

/// The hub's ears.
#[derive(Clone)]
struct Hub {
    entering: Chan<(&'static str, Sender<Text>)>,
    leaving: Chan<&'static str>,
    messages: Chan<Text>,
}

impl Hub {
    fn run(self) {
        let mut clients = BTreeMap::new();
        loop {
            select! {
                Some(text) = <-self.messages => tell(&clients, &text),
                Some((name, out)) = <-self.entering => {
                    tell(&clients, &format!("{name} has arrived"));
                    clients.insert(name, out);
                    let names: Vec<_> = clients.keys().copied().collect();
                    chan!(clients[name] <- format!("welcome, {name}; here: {}", names.join(" ")));
                }
                Some(name) = <-self.leaving => {
                    clients.remove(name);
                    tell(&clients, &format!("{name} has left"));
                }
            }
        }
    }
}

fn tell(clients: &BTreeMap<&str, Sender<Text>>, text: &str) {
    for out in clients.values() {
        chan!(out <- text.to_owned());
    }
}

struct Session {
    hub: Hub,
    name: &'static str,
    transcript: JoinHandle<Vec<Text>>,
}

impl Session {
    fn join(hub: &Hub, name: &'static str) -> Session {
        let (out, heard) = gort::channel(16);
        let transcript = go!({ heard.into_iter().collect() });
        chan!(hub.entering <- (name, out));
        Session {
            hub: hub.clone(),
            name,
            transcript,
        }
    }

    fn say(&self, text: &str) {
        chan!(self.hub.messages <- format!("{}: {text}", self.name));
    }

    fn leave(self) {
        chan!(self.hub.leaving <- self.name);
        println!("what {} heard:", self.name);
        for text in self.transcript.join().expect("listening does not panic") {
            println!("  {text}");
        }
    }
}

#[gort::main]
fn main() {
    let hub = Hub {
        entering: chan!((&'static str, Sender<Text>)),
        leaving: chan!(&'static str),
        messages: chan!(Text),
    };
    go!([hub] hub.run());
    let ann = Session::join(&hub, "ann");
    let bob = Session::join(&hub, "bob");
    ann.say("hello");
    bob.say("hello, ann");
    let joe = Session::join(&hub, "joe");
    joe.say("am I late?");
    bob.leave();
    ann.say("no");
    ann.leave();
    joe.say("anybody here?");
    joe.leave();
}
