//! Scoped threads that may fail to start.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, scope};

use crate::{Result, Task};

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

/// Calls `work(state, item)` for every item of `0..items`, each once, on up to [`Task::threads`] threads.
///
/// Every thread makes itself one `state` (its buffers) first. Items are handed out in ascending order, but
/// which thread gets which is open: results must be stored by item. The caller's thread works too, so the call
/// succeeds, more slowly, when the system refuses to start threads. The first error ends the call; the stop
/// signal is looked at before every item.
///
/// # Errors
/// What `state` and `work` return, and [`crate::ErrorKind::Cancelled`].
pub(crate) fn for_each<S>(
    task: &Task<'_>,
    items: usize,
    state: impl Fn() -> Result<S> + Sync,
    work: impl Fn(&mut S, usize) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    let run = || {
        let outcome = state().and_then(|mut state| {
            loop {
                let item = next.fetch_add(1, Ordering::Relaxed);
                if item >= items {
                    return Ok(());
                }
                task.check()?;
                work(&mut state, item)?;
            }
        });
        if let Err(error) = outcome {
            next.store(items, Ordering::Relaxed);
            failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(error);
        }
    };
    on_threads(task.threads.min(items), run);
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// As [`for_each`], over the consecutive parts of `len` elements (the last may be shorter) of `out`:
/// `work(state, part, elements)`.
///
/// # Errors
/// As [`for_each`].
pub(crate) fn for_each_part<S, T: Send>(
    task: &Task<'_>,
    out: &mut [T],
    len: usize,
    state: impl Fn() -> Result<S> + Sync,
    work: impl Fn(&mut S, usize, &mut [T]) -> Result<()> + Sync,
) -> Result<()> {
    let chunks = out.chunks_mut(len.max(1));
    let mut parts: Vec<Mutex<&mut [T]>> = crate::task::try_vec(chunks.len())?;
    parts.extend(chunks.map(Mutex::new));
    for_each(task, parts.len(), state, |state, part| {
        let mut elements = parts[part].lock().unwrap_or_else(PoisonError::into_inner);
        work(state, part, &mut elements)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind};

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

    #[test]
    fn every_item_is_done_once() {
        for (threads, items) in [(1, 0), (1, 5), (4, 3), (3, 100)] {
            let task = Task::new(threads, 0, &|| false);
            let done: Vec<AtomicUsize> = (0..items).map(|_| AtomicUsize::new(0)).collect();
            for_each(
                &task,
                items,
                || Ok(()),
                |(), i| {
                    done[i].fetch_add(1, Ordering::Relaxed);
                    Ok(())
                },
            )
            .unwrap();
            assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        }
    }

    #[test]
    fn parts_cover_everything() {
        let mut out = vec![0; 10];
        let task = Task::new(2, 0, &|| false);
        for_each_part(
            &task,
            &mut out,
            4,
            || Ok(()),
            |(), part, elements| {
                elements.fill(part + 1);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(out, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
    }

    #[test]
    fn errors_and_the_stop_signal_end_it() {
        let task = Task::new(2, 0, &|| false);
        let error = for_each(
            &task,
            1000,
            || Ok(()),
            |(), i| match i {
                3 => Err(Error::new(ErrorKind::InvalidData, "three")),
                _ => Ok(()),
            },
        );
        assert_eq!(error.unwrap_err().message, "three");
        let stopped = Task::new(2, 0, &|| true);
        let error = for_each(&stopped, 3, || Ok(()), |(), _| Ok(()));
        assert_eq!(error.unwrap_err().kind, ErrorKind::Cancelled);
    }
}
