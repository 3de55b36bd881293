//! Every form of `go!`.
#![deny(warnings)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gort::prelude::*;

#[derive(Clone)]
struct Counter {
    count: Arc<AtomicU32>,
}

impl Counter {
    fn add(&self, n: u32) -> u32 {
        self.count.fetch_add(n, Ordering::Relaxed) + n
    }

    fn into_count<T: From<u32>>(self) -> T {
        T::from(self.count.load(Ordering::Relaxed))
    }

    fn reset(&mut self) {
        self.count = Arc::default();
    }

    fn spawn(&self) -> JoinHandle<u32> {
        let this = self.clone();
        go!(this.add(1))
    }
}

mod math {
    pub(crate) fn twice<T: std::ops::Add<Output = T> + Copy>(x: T) -> T {
        x + x
    }
}

fn apply(f: impl Fn(u32) -> u32, x: u32) -> u32 {
    f(x)
}

fn length(text: &str) -> usize {
    text.len()
}

macro_rules! start {
    ($what:expr) => {
        go!($what)
    };
    ($body:block) => {
        go!($body)
    };
}

#[gort::main]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let counter = Counter { count: Arc::default() };

    // Calls: what they need is evaluated now, in order.
    let mut order = Vec::new();
    let mut note = |n: u32| {
        order.push(n);
        n
    };
    let handle = go!(u32::max(note(1), note(2)));
    assert_eq!(order, [1, 2]);
    assert_eq!(handle.join().unwrap(), 2);
    assert_eq!(go!(math::twice(4)).join().unwrap(), 8);
    assert_eq!(go!(math::twice::<u8>(4)).join().unwrap(), 8);
    assert_eq!(go!(apply(|x| x + 1, 1)).join().unwrap(), 2);
    assert_eq!(go!(length("four")).join().unwrap(), 4);
    let closure = |x: u32| x + 1;
    assert_eq!(go!(closure(1)).join().unwrap(), 2);

    // Method calls.
    assert_eq!(counter.spawn().join().unwrap(), 1);
    assert_eq!(go!(counter.clone().add(2)).join().unwrap(), 3);
    assert_eq!(go!(counter.clone().into_count::<u64>()).join().unwrap(), 3);
    let resettable = counter.clone();
    go!(resettable.reset()).join().unwrap();

    // Blocks.
    let text = String::from("text");
    let handle = go! {
        let text = text;
        text.len()
    };
    assert_eq!(handle.join().unwrap(), 4);
    assert_eq!(go!({ 1 + 1 }).join().unwrap(), 2);
    go! { println!("in a goroutine") }.join().unwrap();
    let value = go!({
        let n: u32 = "17".parse()?;
        Ok::<_, std::num::ParseIntError>(n)
    });
    assert_eq!(value.join().unwrap()?, 17);
    let ch = chan!(u32, 3);
    let rx = ch.rx();
    let sum = go!({
        let mut sum = 0;
        for n in rx {
            sum += n;
        }
        sum
    });
    for n in 0..3 {
        chan!(ch <- n);
    }
    ch.close();
    assert_eq!(sum.join().unwrap(), 3);

    // Closures.
    let five = 5;
    assert_eq!(go!(move || five).join().unwrap(), 5);
    let job = move || five + 1;
    assert_eq!(go!(job).join().unwrap(), 6);
    let boxed: Box<dyn FnOnce() -> u32 + Send> = Box::new(move || five + 2);
    assert_eq!(go!(boxed).join().unwrap(), 7);

    // Captures: the goroutine has clones, the originals stay.
    let list = vec![1, 2, 3];
    assert_eq!(go!([list] { list.len() }).join().unwrap(), 3);
    assert_eq!(go!([mut list] { list.push(4); list.len() }).join().unwrap(), 4);
    assert_eq!(go!([list, counter] move || counter.add(0) as usize + list.len()).join().unwrap(), 6);
    assert_eq!(go!([list] || list.len()).join().unwrap(), 3);
    assert_eq!(go!([counter] counter.add(0)).join().unwrap(), 3);
    assert_eq!(list, [1, 2, 3]);

    // Captures with a value: in order, in the caller, and none sees the others.
    let jobs = chan!(u32, 1);
    let n = 1;
    let worker = go!([tx = jobs.tx(), mut n = n + 1, old = n, sizes = list.iter().map(|v| v * 2).collect::<Vec<u32>>(), list] {
        n += 1;
        chan!(tx <- n + old + sizes[2] + list.len() as u32);
    });
    drop(worker);
    assert_eq!((chan!(<-jobs), n), (Some(13), 1));
    let name = gort::sync::Mutex::new("n");
    go!([first = *name.lock(), second = name.try_lock().map(|name| *name)] assert_eq!(second, Some(first))).join().unwrap();
    let borrowed = &list;
    assert_eq!(go!([borrowed] { borrowed.to_vec().len() }).join().unwrap(), 3);

    // Options, in any order, before any form.
    let name = format!("worker {five}");
    let handle = go!(name = name, stack = 128 * 1024; { five });
    assert_eq!(handle.join().unwrap(), 5);
    go!(stack = 1 << 18, name = "b"; length("x")).join().unwrap();
    go!(name = "c"; [list] { list.len() }).join().unwrap();
    go!(stack = 1 << 18; move || five).join().unwrap();

    // A method of what is inside of an `Arc`, which cannot be moved out; and of a part that the method changes.
    let shared = std::sync::Arc::new((gort::sync::Mutex::new(0), String::from("one")));
    assert_eq!(go!([shared] shared.1.to_uppercase()).join().unwrap(), "ONE");
    assert_eq!(go!([of = shared.clone()] of.1.len()).join().unwrap(), 3);
    let pair = (vec![1], 2);
    assert_eq!(go!([pair] pair.0.pop()).join().unwrap(), Some(1));
    assert_eq!(pair.0, [1]);

    // In a scope any form may borrow.
    let mut total = 0;
    let numbers = vec![1, 2, 3];
    gort::scope(|s| {
        let all = &numbers;
        let first = go!(s => { all[0] });
        let last = go!(s => all.last());
        let length = go!(s => || numbers.len());
        let named = go!(s => name = "d"; math::twice(all[1]));
        let other = go!(name = "e"; s => [numbers] { numbers.into_iter().sum::<u32>() });
        assert_eq!(first.join().unwrap(), 1);
        assert_eq!(last.join().unwrap(), Some(&3));
        assert_eq!(length.join().unwrap(), 3);
        assert_eq!(named.join().unwrap(), 4);
        assert_eq!(other.join().unwrap(), 6);
        go!(s => || total += numbers.len());
    });
    assert_eq!(total, 3);

    // Through a macro of the user's.
    assert_eq!(start!(math::twice(2)).join().unwrap(), 4);
    assert_eq!(start!({ 2 }).join().unwrap(), 2);
    Ok(())
}
