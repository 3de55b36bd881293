//! The queue beneath the scheduler, by itself: `crossbeam-deque`, for reference.

use criterion::Criterion;
use crossbeam_deque::Worker;

pub(crate) fn all(c: &mut Criterion) {
    let mut group = crate::group(c, "crossbeam-deque");
    group.bench_function("push and pop", |b| {
        let queue = Worker::new_fifo();
        b.iter(|| {
            queue.push(std::hint::black_box(1));
            queue.pop()
        });
    });
    group.bench_function("push and steal", |b| {
        let queue = Worker::new_fifo();
        let thief = queue.stealer();
        b.iter(|| {
            queue.push(std::hint::black_box(1));
            thief.steal().success()
        });
    });
    group.bench_function("steal half of 16", |b| {
        let (queue, own) = (Worker::new_fifo(), Worker::new_fifo());
        let thief = queue.stealer();
        b.iter(|| {
            (0..16).for_each(|i| queue.push(i));
            while own.pop().is_some() {}
            thief.steal_batch(&own).is_success()
        });
        while queue.pop().is_some() {}
    });
}
