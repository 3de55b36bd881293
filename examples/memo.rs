//! A cache that never computes the same thing twice, not even at once ("The Go Programming Language", 9.7: memo5).
//!
//! The Go idiom: one goroutine owns the map; an entry is in it before its value is there, and closing the entry's `ready`
//! channel tells all who wait for it. A request carries the channel for its answer. (`gort::sync::SingleFlight` is the same
//! without the memory.)

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gort::prelude::*;
use gort::sync::WaitGroup;
use gort::time::sleep;

type Answer = Result<usize, String>;

struct Request {
    key: &'static str,
    response: Sender<Answer>,
}

/// `answer` is there once `ready` is closed.
#[derive(Clone)]
struct Entry {
    answer: Arc<OnceLock<Answer>>,
    ready: Chan<()>,
}

#[derive(Clone)]
struct Memo {
    requests: Sender<Request>,
}

impl Memo {
    fn new(f: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Memo {
        let (requests, incoming) = gort::channel(0);
        go!(serve(incoming, Arc::new(f)));
        Memo { requests }
    }

    fn get(&self, key: &'static str) -> Answer {
        let (response, answer) = gort::channel(0);
        chan!(self.requests <- Request { key, response });
        chan!(<-answer).expect("every request is answered")
    }
}

/// Until the last `Memo` is gone.
fn serve(requests: Receiver<Request>, f: Arc<impl Fn(&str) -> Answer + Send + Sync + 'static>) {
    let mut cache: HashMap<&str, Entry> = HashMap::new();
    for Request { key, response } in requests {
        let entry = cache.entry(key).or_insert_with(|| {
            let entry = Entry {
                answer: Arc::default(),
                ready: chan!(()),
            };
            go!([entry, f] {
                let _ = entry.answer.set(f(key));
                entry.ready.close();
            });
            entry
        });
        go!([entry] {
            chan!(<-entry.ready);
            let answer = entry.answer.get().expect("ready is closed after the answer was set");
            chan!(response <- answer.clone());
        });
    }
}

#[gort::main]
fn main() {
    let calls = Arc::new(AtomicU32::new(0));
    let counter = calls.clone();
    let memo = Memo::new(move |key| {
        counter.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(20));
        match key.len() {
            0 => Err("an empty key".to_owned()),
            len => Ok(len),
        }
    });
    let words = ["goroutine", "channel", "select", "", "channel"];
    let wg = WaitGroup::new();
    for word in words.repeat(20) {
        go!(wg => [memo] match memo.get(word) {
            Ok(len) => println!("{word}: {len}"),
            Err(error) => println!("error: {error}"),
        });
    }
    wg.wait();
    println!("asked: {}", 20 * words.len());
    println!("computed: {}", calls.load(Ordering::Relaxed));
}
