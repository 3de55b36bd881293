//! Go's `Unlock`: here the guard does that.

use gort::sync::{Mutex, RwLock};

fn main() {
    let mu = Mutex::new(1);
    let mut count = mu.lock();
    *count += 1;
    mu.unlock();

    let rw = RwLock::new(1);
    let count = rw.write();
    count.unlock();
    rw.unlock();
    rw.r_unlock();
}
