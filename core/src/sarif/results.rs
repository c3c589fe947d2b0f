//! The results of a run, shared among threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Error, ErrorKind, Result, Task};

use super::raw::Raw;

/// How many results a thread takes at once: enough that handing over costs little, few enough that all threads end together.
fn at_once(results: usize, threads: usize) -> usize {
    (results / (threads * 16)).clamp(64, 512)
}

/// Does `work` on chunks of the results, given each with the position of its first result, and returns what it gives in order.
///
/// # Errors
/// The first error in the order of the results, or [`ErrorKind::Cancelled`].
pub(crate) fn in_chunks<'d, T: Send>(
    results: &[Raw<'d>],
    task: &Task<'_>,
    work: impl Fn(usize, &[Raw<'d>]) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let size = at_once(results.len(), task.threads);
    let count = results.len().div_ceil(size);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<T>)>> = Mutex::new(Vec::with_capacity(count));
    let share = || {
        let mut own = Vec::new();
        while !task.stopped() {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = results.chunks(size).nth(at) else {
                break;
            };
            let outcome = work(at * size, chunk);
            if outcome.is_err() {
                // Chunks after this one are of no use; those before it are in work already.
                next.store(count, Ordering::Relaxed);
            }
            own.push((at, outcome));
        }
        if let Ok(mut done) = done.lock() {
            done.append(&mut own);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..task.threads.min(count) {
            // Where no thread can be had, this one does all the work.
            if std::thread::Builder::new().spawn_scoped(scope, share).is_err() {
                break;
            }
        }
        share();
    });
    task.check()?;
    let mut done = done
        .into_inner()
        .map_err(|_| Error::new(ErrorKind::Internal, "a thread has panicked"))?;
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_keep_their_order_and_the_first_error_wins() {
        let results = vec![Raw::Null; 1000];
        for threads in [1, 2, 5] {
            let task = Task::new(threads, usize::MAX, &|| false);
            let chunks = in_chunks(&results, &task, |first, chunk| Ok((first, chunk.len()))).unwrap();
            assert_eq!(chunks.iter().map(|(_, count)| count).sum::<usize>(), 1000);
            assert!(chunks.windows(2).all(|pair| pair[0].0 + pair[0].1 == pair[1].0));
            let error = in_chunks(&results, &task, |first, _| match first {
                0..300 => Ok(()),
                _ => Err(Error::new(ErrorKind::Internal, first.to_string())),
            });
            assert_eq!(error.unwrap_err().message, "320");
        }
        let task = Task::new(2, usize::MAX, &|| false);
        assert!(in_chunks(&[], &task, |_, _| Ok(())).unwrap().is_empty());
    }

    #[test]
    fn a_stopped_task_gives_nothing() {
        let task = Task::new(2, usize::MAX, &|| true);
        let error = in_chunks(&[Raw::Null], &task, |_, _| Ok(())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Cancelled);
    }
}
