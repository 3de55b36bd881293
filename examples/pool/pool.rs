//! At most so many values that are expensive to make: connections, for example.

use std::error::Error as StdError;
use std::sync::Arc;

use gort::context::{self, CancelFunc, Context};
use gort::prelude::*;
use gort::sync::{Mutex, Semaphore, WaitGroup};

use super::resource::{AcquireError, Held, Resource, Stat};

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;
type Constructor<T> = dyn Fn(&Context) -> Result<T, BoxError> + Send + Sync;
type Destructor<T> = dyn Fn(T) + Send + Sync;

/// Its clones are the same pool.
pub(crate) struct Pool<T: Send + 'static>(Arc<Shared<T>>);

impl<T: Send + 'static> Clone for Pool<T> {
    fn clone(&self) -> Pool<T> {
        Pool(Arc::clone(&self.0))
    }
}

struct Shared<T> {
    state: Mutex<State<T>>,
    /// A permit for each one that is idle, and for each one that may still be made.
    free: Semaphore,
    /// Counts those that exist.
    existing: WaitGroup,
    construct: Box<Constructor<T>>,
    destroy: Box<Destructor<T>>,
    /// Ends when the pool is closed.
    open: Context,
    close: CancelFunc,
}

struct State<T> {
    idle: Vec<Held<T>>,
    stat: Stat,
    generation: u32,
    closed: bool,
}

impl<T: Send + 'static> Pool<T> {
    /// A pool of at most `size`, which makes its first one when somebody needs it. The context of `construct` has the values of that
    /// caller's, and ends when the pool is closed.
    pub(crate) fn new(
        size: usize,
        construct: impl Fn(&Context) -> Result<T, BoxError> + Send + Sync + 'static,
        destroy: impl Fn(T) + Send + Sync + 'static,
    ) -> Pool<T> {
        let (open, close) = context::with_cancel(context::background());
        let state = State {
            idle: Vec::new(),
            stat: Stat::default(),
            generation: 0,
            closed: false,
        };
        Pool(Arc::new(Shared {
            state: Mutex::new(state),
            free: Semaphore::new(size),
            existing: WaitGroup::new(),
            construct: Box::new(construct),
            destroy: Box::new(destroy),
            open,
            close,
        }))
    }

    /// Waits for one, or makes it. If `ctx` ends while it is being made, it will be there for the next caller.
    pub(crate) fn acquire(&self, ctx: &Context) -> Result<Resource<T>, AcquireError> {
        let result = self.wait_and_take(ctx);
        let mut state = self.0.state.lock();
        match result {
            Ok(_) => state.stat.acquires += 1,
            Err(AcquireError::Context(_)) => state.stat.canceled_acquires += 1,
            Err(_) => {}
        }
        drop(state);
        result
    }

    fn wait_and_take(&self, ctx: &Context) -> Result<Resource<T>, AcquireError> {
        if let Some(error) = ctx.err() {
            return Err(AcquireError::Context(error));
        }
        let waits = !self.0.free.try_acquire(1);
        if waits {
            self.0.free.acquire_ctx(1, ctx).map_err(AcquireError::Context)?;
        }
        let taken = self.take()?;
        if waits || taken.is_none() {
            self.0.state.lock().stat.empty_acquires += 1;
        }
        if let Some(resource) = taken {
            return Ok(resource);
        }
        let (tx, rx) = gort::channel(0);
        go!([pool = self.clone(), ctx] {
            // If nobody waits for it any more, the send fails, and dropping the value puts it into the pool.
            let _ = tx.send(pool.make(&ctx));
        });
        select! {
            Some(made) = <-rx => made,
            <-ctx.done() => Err(AcquireError::Context(ctx.err().expect("it has ended"))),
        }
    }

    /// One that is idle. If there is none, starts to make one and gives [`AcquireError::NotAvailable`].
    pub(crate) fn try_acquire(&self, ctx: &Context) -> Result<Resource<T>, AcquireError> {
        if !self.0.free.try_acquire(1) {
            return Err(AcquireError::NotAvailable);
        }
        if let Some(resource) = self.take()? {
            self.0.state.lock().stat.acquires += 1;
            return Ok(resource);
        }
        // In a block: an argument of a call would be evaluated here.
        go!([pool = self.clone(), ctx] { drop(pool.make(&ctx)) });
        Err(AcquireError::NotAvailable)
    }

    /// With a permit: an idle one, or `None` if the caller shall make one.
    fn take(&self) -> Result<Option<Resource<T>>, AcquireError> {
        let mut state = self.0.state.lock();
        if state.closed {
            self.0.free.release(1);
            return Err(AcquireError::Closed);
        }
        let Some(held) = state.idle.pop() else {
            state.stat.constructing += 1;
            self.0.existing.add(1);
            return Ok(None);
        };
        state.stat.idle -= 1;
        state.stat.acquired += 1;
        Ok(Some(Resource::new(self.clone(), held)))
    }

    fn make(&self, ctx: &Context) -> Result<Resource<T>, AcquireError> {
        let generation = self.0.state.lock().generation;
        let (ctx, cancel) = context::with_cancel(context::without_cancel(ctx));
        let closing = context::after_func(&self.0.open, move || cancel.cancel());
        let made = (self.0.construct)(&ctx);
        closing.stop();
        let mut state = self.0.state.lock();
        state.stat.constructing -= 1;
        match made {
            Ok(value) => {
                state.stat.acquired += 1;
                Ok(Resource::new(self.clone(), Held { value, generation }))
            }
            Err(error) => {
                self.0.existing.done();
                self.0.free.release(1);
                Err(AcquireError::Construct(error))
            }
        }
    }

    /// One that was acquired comes back.
    pub(crate) fn put_back(&self, held: Held<T>) {
        let mut state = self.0.state.lock();
        if state.closed || held.generation != state.generation {
            drop(state);
            return self.discard(held.value);
        }
        state.stat.acquired -= 1;
        state.stat.idle += 1;
        state.idle.push(held);
        self.0.free.release(1);
    }

    /// One that was acquired is destroyed, in the background.
    pub(crate) fn discard(&self, value: T) {
        self.0.state.lock().stat.acquired -= 1;
        go!([pool = self.clone()] {
            pool.destroy(value);
            pool.0.free.release(1);
        });
    }

    /// One that was acquired is no longer the pool's.
    pub(crate) fn forget(&self) {
        self.0.state.lock().stat.acquired -= 1;
        self.0.existing.done();
        self.0.free.release(1);
    }

    fn destroy(&self, value: T) {
        (self.0.destroy)(value);
        self.0.existing.done();
    }

    /// Destroys those that are idle now, and the others when they come back.
    pub(crate) fn reset(&self) {
        let mut state = self.0.state.lock();
        state.generation += 1;
        // Without a permit it is promised to somebody who is about to take it.
        while !state.idle.is_empty() && self.0.free.try_acquire(1) {
            let held = state.idle.pop().expect("not empty");
            state.stat.idle -= 1;
            go!([pool = self.clone()] {
                pool.destroy(held.value);
                pool.0.free.release(1);
            });
        }
    }

    /// Nobody gets one any more. Returns when all have come back and were destroyed.
    pub(crate) fn close(&self) {
        let mut state = self.0.state.lock();
        state.closed = true;
        state.stat.idle = 0;
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        (self.0.close)();
        for held in idle {
            go!([pool = self.clone()] pool.destroy(held.value));
        }
        self.0.existing.wait();
    }

    pub(crate) fn stat(&self) -> Stat {
        self.0.state.lock().stat.clone()
    }
}
