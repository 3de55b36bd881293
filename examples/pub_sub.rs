//! Publish and subscribe by topic, in memory (the broker that every Go tutorial on channels builds).
//!
//! The Go idiom: a map from topic to channels behind a `sync.RWMutex`; publishing reads it, so publishers do not wait for
//! each other, subscribing writes. Closing the broker closes the channels, which ends the subscribers' `range`; here
//! dropping the senders does, and a publisher after that finds an empty map.

use std::collections::HashMap;

use gort::prelude::*;
use gort::sync::RwLock;

#[derive(Default)]
struct PubSub {
    topics: RwLock<HashMap<&'static str, Vec<Sender<&'static str>>>>,
}

impl PubSub {
    fn subscribe(&self, topic: &'static str) -> Receiver<&'static str> {
        let (tx, rx) = gort::channel(1);
        self.topics.write().entry(topic).or_default().push(tx);
        rx
    }

    fn publish(&self, topic: &str, message: &'static str) {
        for subscriber in self.topics.read().get(topic).into_iter().flatten() {
            chan!(subscriber <- message);
        }
    }

    fn close(&self) {
        self.topics.write().clear();
    }
}

#[gort::main]
fn main() {
    let broker = PubSub::default();
    gort::scope(|s| {
        for (name, topic) in [
            ("ann", "tech"),
            ("bob", "tech"),
            ("bob", "travel"),
            ("joe", "food"),
        ] {
            let messages = broker.subscribe(topic);
            go!(s => listen(name, topic, messages));
        }
        gort::scope(|s| {
            let broker = &broker;
            for (topic, messages) in [
                ("tech", &["tablets", "robots", "drones"][..]),
                ("travel", &["beaches", "hikes"]),
                ("void", &["nobody hears this"]),
            ] {
                go!(s => messages.iter().for_each(|message| broker.publish(topic, message)));
            }
        });
        broker.close();
        broker.publish("tech", "too late");
    });
    println!("closed");
}

fn listen(name: &str, topic: &str, messages: Receiver<&str>) {
    let mut n = 0;
    for message in messages {
        n += 1;
        println!("{name}, {topic} {n}: {message}");
    }
    println!("{name}, {topic}: the end after {n}");
}
