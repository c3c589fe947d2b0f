//! Scoped threads that may fail to start.

use std::sync::Mutex;
use std::thread::{Builder, scope};

/// Runs `work` on up to `threads` threads at once, this one included; on fewer when the system has no more.
///
/// Threads inherit the caller's signal mask. A panic of any of them is passed on once all have ended.
pub fn on_threads(threads: usize, work: impl Fn() + Sync) {
    scope(|scope| {
        for _ in 1..threads {
            let named = Builder::new().name("cluster".to_owned());
            if named.spawn_scoped(scope, &work).is_err() {
                break;
            }
        }
        work();
    });
}

/// Hands out the items of an iterator to several threads.
pub struct Queue<I>(Mutex<I>);

impl<I: Iterator> Queue<I> {
    /// A queue of the items of `items`.
    pub fn new(items: impl IntoIterator<IntoIter = I>) -> Self {
        Queue(Mutex::new(items.into_iter()))
    }

    /// The next item, if any is left.
    pub fn next(&self) -> Option<I::Item> {
        // A thread that panicked while it held the lock cannot have left an item half taken.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_item_is_taken_once() {
        for threads in [0, 1, 3] {
            let sum = AtomicUsize::new(0);
            let queue = Queue::new(1..=100);
            on_threads(threads, || {
                while let Some(item) = queue.next() {
                    sum.fetch_add(item, Ordering::Relaxed);
                }
            });
            assert_eq!(sum.into_inner(), 5050);
        }
    }
}
