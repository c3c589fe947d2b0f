//! Work on many items side by side, what comes of it handed over in the order of the items.

use std::sync::mpsc::sync_channel;
use std::thread::Builder;

use crate::{Error, ErrorKind, Result, Task};

/// Batches that a thread may be ahead of those handed over.
const AHEAD: usize = 16;

/// What comes from a thread.
enum Step<B> {
    Batch(B),
    /// The item is done.
    Ended(Result<()>),
}

/// Does `work` on every item, on as many threads as the task has, and hands the batches that it sends to `deliver` on the calling
/// thread. An item may send several, so that none need be large.
///
/// # Errors
/// The first error of `work` in the order of the items, that of `deliver`, or [`ErrorKind::Cancelled`].
pub(crate) fn in_order<I: Send, B: Send>(
    items: Vec<I>,
    task: &Task<'_>,
    work: impl Fn(I, &mut dyn FnMut(B) -> Result<()>) -> Result<()> + Sync,
    deliver: &mut dyn FnMut(B) -> Result<()>,
) -> Result<()> {
    let count = items.len();
    let threads = if task.threads > 1 {
        task.threads.min(count)
    } else {
        0
    };
    std::thread::scope(|scope| {
        let work = &work;
        let mut lanes = Vec::with_capacity(threads);
        for _ in 0..threads {
            let (give, take) = sync_channel::<Vec<I>>(1);
            let (sender, receiver) = sync_channel(AHEAD);
            let share = move || {
                for item in take.recv().into_iter().flatten() {
                    // Nobody listens any more after an error or a cancel.
                    let mut send = |batch| sender.send(Step::Batch(batch)).map_err(|_| Error::cancelled());
                    let outcome = work(item, &mut send);
                    if sender.send(Step::Ended(outcome)).is_err() {
                        break;
                    }
                }
            };
            if Builder::new().spawn_scoped(scope, share).is_err() {
                lanes.clear();
                break;
            }
            lanes.push((give, receiver));
        }
        if lanes.is_empty() {
            // Few threads, or none to be had: all of it here.
            return items.into_iter().try_for_each(|item| {
                task.check()?;
                work(item, deliver)
            });
        }
        let mut shares: Vec<Vec<I>> = lanes
            .iter()
            .map(|_| Vec::with_capacity(count / threads + 1))
            .collect();
        for (at, item) in items.into_iter().enumerate() {
            shares[at % threads].push(item);
        }
        for ((give, _), share) in lanes.iter().zip(shares) {
            give.send(share).map_err(|_| lost())?;
        }
        for (_, steps) in lanes.iter().cycle().take(count) {
            loop {
                task.check()?;
                match steps.recv().map_err(|_| lost())? {
                    Step::Batch(batch) => deliver(batch)?,
                    Step::Ended(outcome) => break outcome?,
                }
            }
        }
        Ok(())
    })
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, "a thread has panicked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_come_in_order_for_every_number_of_threads() {
        for threads in [1, 2, 3, 7] {
            let task = Task::new(threads, usize::MAX, &|| false);
            for count in [0, 1, 2, 1000] {
                let mut seen = Vec::new();
                let items: Vec<String> = (0..count).map(|item| item.to_string()).collect();
                // Of some items several batches, of some none.
                let parts = |item: &String| item.len() % 3;
                let work = |item: String, send: &mut dyn FnMut(String) -> Result<()>| {
                    (0..parts(&item)).try_for_each(|part| send(format!("{item}.{part}")))
                };
                in_order(items, &task, work, &mut |batch| {
                    seen.push(batch);
                    Ok(())
                })
                .unwrap();
                let expected = (0..count)
                    .map(|item| item.to_string())
                    .flat_map(|item| (0..parts(&item)).map(move |part| format!("{item}.{part}")));
                assert!(seen.iter().cloned().eq(expected));
            }
        }
    }

    #[test]
    fn the_first_error_ends_it() {
        for threads in [1, 2, 3] {
            let task = Task::new(threads, usize::MAX, &|| false);
            let mut delivered = 0;
            let fail_from = |limit: i32| {
                move |item: i32, send: &mut dyn FnMut(i32) -> Result<()>| {
                    if item < limit {
                        send(item)
                    } else {
                        Err(failure(item))
                    }
                }
            };
            let error = in_order((0..1000).collect(), &task, fail_from(300), &mut |_| {
                delivered += 1;
                Ok(())
            });
            assert_eq!((error.unwrap_err().message, delivered), ("300".to_owned(), 300));
            let error = in_order(
                (0..1000).collect(),
                &task,
                fail_from(2000),
                &mut |item| match item {
                    0..7 => Ok(()),
                    _ => Err(failure(item)),
                },
            );
            assert_eq!(error.unwrap_err().message, "7");
        }
    }

    #[test]
    fn a_stopped_task_delivers_nothing() {
        for threads in [1, 2] {
            let task = Task::new(threads, usize::MAX, &|| true);
            let error = in_order(vec![1; 100], &task, |item, send| send(item), &mut |_| {
                unreachable!("nothing is delivered")
            });
            assert_eq!(error.unwrap_err().kind, ErrorKind::Cancelled);
        }
    }

    fn failure(item: i32) -> Error {
        Error::new(ErrorKind::Internal, item.to_string())
    }
}
