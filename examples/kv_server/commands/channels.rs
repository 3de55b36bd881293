//! Channels in Redis's sense: what is published is told to all who listen.

use std::collections::HashMap;
use std::sync::Arc;

use gort::net::TcpStream;
use gort::prelude::*;
use gort::sync::Mutex;

use super::super::reply::Replies;
use super::keys::matches;
use super::{Call, Done};

/// Somebody who listens.
#[derive(Clone)]
struct Listener {
    /// To its writer. Full means too slow.
    queue: Sender<Arc<[u8]>>,
    /// To cut it off.
    stream: TcpStream,
}

/// By what they listen to, and then by their number.
type Listeners = HashMap<Vec<u8>, HashMap<i64, Listener>>;

/// What is listened to: one channel, or all whose names match a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    Channel(Vec<u8>),
    Pattern(Vec<u8>),
}

impl Topic {
    fn name(&self) -> &[u8] {
        let (Topic::Channel(name) | Topic::Pattern(name)) = self;
        name
    }
}

/// Who listens to what.
#[derive(Default)]
pub(crate) struct Topics(Mutex<ByKind>);

#[derive(Default)]
struct ByKind {
    channels: Listeners,
    patterns: Listeners,
}

impl ByKind {
    fn of(&mut self, topic: &Topic) -> &mut Listeners {
        match topic {
            Topic::Channel(_) => &mut self.channels,
            Topic::Pattern(_) => &mut self.patterns,
        }
    }
}

impl Topics {
    /// Adds a listener and tells it so. All at once for everybody: no message comes before the confirmation, and none that is published
    /// after its beginning is missed.
    fn listen(&self, topics: Vec<Topic>, client: i64, listener: &Listener, confirmation: Replies) {
        let mut all = self.0.lock();
        if listener.queue.try_send(confirmation.bytes.into()).is_err() {
            let _ = listener.stream.close(); // as whoever is too slow
            return;
        }
        for topic in topics {
            let those = all.of(&topic).entry(topic.name().to_vec());
            those.or_default().insert(client, listener.clone());
        }
    }

    pub(crate) fn forget(&self, topic: &Topic, client: i64) {
        let mut topics = self.0.lock();
        let listeners = topics.of(topic);
        if let Some(those) = listeners.get_mut(topic.name()) {
            those.remove(&client);
            if those.is_empty() {
                listeners.remove(topic.name());
            }
        }
    }

    /// Tells everybody who listens. Gives how many it has told.
    fn publish(&self, channel: &[u8], text: &[u8]) -> usize {
        let mut topics = self.0.lock();
        let mut told = 0;
        if let Some(those) = topics.channels.get_mut(channel) {
            told += tell(those, &[b"message", channel, text]);
        }
        for (pattern, those) in &mut topics.patterns {
            if matches(pattern, channel) {
                told += tell(those, &[b"pmessage", pattern, channel, text]);
            }
        }
        told
    }
}

/// Tells them all, and cuts off those who have not taken what they were told before. Gives how many it has told.
fn tell(those: &mut HashMap<i64, Listener>, parts: &[&[u8]]) -> usize {
    let mut message = Replies::default();
    message.array(parts.len());
    for part in parts {
        message.bulk(part);
    }
    let message: Arc<[u8]> = message.bytes.into();
    let mut told = 0;
    those.retain(
        |_, listener| match listener.queue.try_send(Arc::clone(&message)) {
            Ok(()) => {
                told += 1;
                true
            }
            Err(gort::TrySendError::Full(_)) => {
                let _ = listener.stream.close();
                false
            }
            Err(_) => false, // its writer has given up
        },
    );
    told
}

pub(super) fn publish(call: &mut Call<'_>) -> Done {
    let told = call.server.topics.publish(call.arg(1), call.arg(2));
    call.out.count(told);
    Ok(())
}

pub(super) fn subscribe(call: &mut Call<'_>) -> Done {
    listen(call, b"subscribe", Topic::Channel)
}

pub(super) fn psubscribe(call: &mut Call<'_>) -> Done {
    listen(call, b"psubscribe", Topic::Pattern)
}

fn listen(call: &mut Call<'_>, what: &[u8], topic: fn(Vec<u8>) -> Topic) -> Done {
    let (mut new, mut confirmation) = (Vec::new(), Replies::default());
    for name in call.request.from(1) {
        let topic = topic(name.to_vec());
        if call.client.topics.insert(topic.clone()) {
            new.push(topic);
        }
        confirm(&mut confirmation, what, Some(name), call.client.topics.len());
    }
    // What was replied before goes first, for the confirmation does not wait in line.
    let queue = call.client.queue(call.server, call.out);
    let stream = call.client.stream.clone();
    let listener = Listener { queue, stream };
    call.server
        .topics
        .listen(new, call.client.id, &listener, confirmation);
    Ok(())
}

pub(super) fn unsubscribe(call: &mut Call<'_>) -> Done {
    let all = |topic: &Topic| matches!(topic, Topic::Channel(_));
    forget(call, b"unsubscribe", Topic::Channel, all)
}

pub(super) fn punsubscribe(call: &mut Call<'_>) -> Done {
    let all = |topic: &Topic| matches!(topic, Topic::Pattern(_));
    forget(call, b"punsubscribe", Topic::Pattern, all)
}

/// Forgets what is named, or, if nothing is, all of that kind.
fn forget(
    call: &mut Call<'_>,
    what: &[u8],
    topic: fn(Vec<u8>) -> Topic,
    is_of_kind: fn(&Topic) -> bool,
) -> Done {
    let topics: Vec<Topic> = match call.request.len() {
        1 => call
            .client
            .topics
            .iter()
            .filter(|topic| is_of_kind(topic))
            .cloned()
            .collect(),
        _ => call.request.from(1).map(|name| topic(name.to_vec())).collect(),
    };
    if topics.is_empty() {
        confirm(call.out, what, None, call.client.topics.len());
    }
    for topic in topics {
        if call.client.topics.remove(&topic) {
            call.server.topics.forget(&topic, call.client.id);
        }
        confirm(call.out, what, Some(topic.name()), call.client.topics.len());
    }
    Ok(())
}

fn confirm(out: &mut Replies, what: &[u8], name: Option<&[u8]>, topics: usize) {
    out.array(3);
    out.bulk(what);
    out.maybe_bulk(name);
    out.count(topics);
}
