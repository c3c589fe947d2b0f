//! What one computation may use, and how it is told to stop.

use crate::progress::{Phase, Progress};
use crate::{Error, ErrorKind, Result};

/// The frame of one call: threads, memory, and the stop signal.
///
/// The extension runs a computation on a private thread whose signals are blocked; threads that the
/// computation starts from there inherit the mask. Results never depend on `threads`.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// How many threads may compute at once, at least 1.
    pub threads: usize,
    /// How many bytes the call may hold beside its input.
    pub memory: usize,
    stop: &'a (dyn Fn() -> bool + Sync),
    progress: Option<&'a Progress>,
}

impl<'a> Task<'a> {
    /// A frame whose computation stops soon after `stop` says true.
    pub fn new(threads: usize, memory: usize, stop: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Task {
            threads: threads.max(1),
            memory,
            stop,
            progress: None,
        }
    }

    /// The same, with a place to write down how far the computation has come.
    #[must_use]
    pub fn with_progress(self, progress: Option<&'a Progress>) -> Self {
        Task { progress, ..self }
    }

    /// The frame of a part of the work: one thread, and no progress of its own.
    #[must_use]
    pub fn part(&self) -> Self {
        Task {
            threads: 1,
            progress: None,
            ..*self
        }
    }

    /// The frame of what is done while so many bytes are held already.
    #[must_use]
    pub fn beside(&self, bytes: usize) -> Self {
        Task {
            memory: self.memory.saturating_sub(bytes),
            ..*self
        }
    }

    /// Begins a phase of `steps` steps.
    pub fn begin(&self, phase: Phase, steps: usize) {
        if let Some(progress) = self.progress {
            progress.begin(phase, steps as u64);
        }
    }

    /// So many more steps of the phase are done.
    pub fn advance(&self, steps: usize) {
        if let Some(progress) = self.progress {
            progress.advance(steps as u64);
        }
    }

    /// Whether the caller asked to stop. Cheap: look about every millisecond of work.
    pub fn stopped(&self) -> bool {
        (self.stop)()
    }

    /// `Err(Cancelled)` once the caller asked to stop.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`].
    pub fn check(&self) -> Result<()> {
        if self.stopped() {
            Err(Error::cancelled())
        } else {
            Ok(())
        }
    }

    /// [`try_filled`] for what takes long to write: fresh memory costs the system some 0.3 ms a megabyte.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`] when the system has no such memory, [`ErrorKind::Cancelled`].
    pub fn filled<T: Clone>(&self, len: usize, value: T) -> Result<Vec<T>> {
        /// Elements written between two looks at the stop signal: some megabytes.
        const STEP: usize = 1 << 19;
        let mut vec = try_vec(len)?;
        while vec.len() < len {
            self.check()?;
            vec.resize(len.min(vec.len() + STEP), value.clone());
        }
        Ok(vec)
    }

    /// Asks for `bytes` (`None`: the size overflowed) before anything of that size is allocated.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`] with needed and allowed bytes, when it is more than [`Task::memory`].
    pub fn need(&self, what: &str, bytes: Option<usize>) -> Result<usize> {
        match bytes {
            Some(bytes) if bytes <= self.memory => Ok(bytes),
            _ => Err(Error::new(
                ErrorKind::OutOfMemory,
                format!("{what} needs more memory than one call may use"),
            )
            .detail(match bytes {
                Some(bytes) => format!("{bytes} bytes are needed, {} bytes are allowed.", self.memory),
                None => "The size is beyond what this machine can address.".to_owned(),
            })
            .hint("Raise reviewpro.max_memory, or pass less at once.")),
        }
    }
}

/// A `Vec` with exact capacity, or an error instead of an abort.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`] when the system has no such memory.
pub fn try_vec<T>(len: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    match vec.try_reserve_exact(len) {
        Ok(()) => Ok(vec),
        Err(_) => Err(out_of_memory().detail(format!(
            "Failed on request for {len} elements of {} bytes.",
            size_of::<T>()
        ))),
    }
}

/// What a collection that was refused its room reports.
pub(crate) fn out_of_memory() -> Error {
    Error::new(ErrorKind::OutOfMemory, "out of memory")
}

/// A `Vec` of `len` copies of `value`, or an error instead of an abort.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`] when the system has no such memory.
pub fn try_filled<T: Clone>(len: usize, value: T) -> Result<Vec<T>> {
    let mut vec = try_vec(len)?;
    vec.resize(len, value);
    Ok(vec)
}

/// Runs `job`, which is told to stop when it looks for the `look`-th time: what came of it, and how often it looked.
#[cfg(test)]
pub(crate) fn stopped_at<T>(
    look: usize,
    job: impl FnOnce(&Task<'_>) -> Result<T>,
) -> (std::result::Result<T, ErrorKind>, usize) {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let looks = AtomicUsize::new(0);
    let stop = || looks.fetch_add(1, Ordering::Relaxed) + 1 == look;
    let result = job(&Task::new(1, usize::MAX, &stop)).map_err(|error| error.kind);
    (result, looks.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn need_names_both_figures() {
        let task = Task::new(0, 10, &|| false);
        assert_eq!(task.threads, 1);
        assert_eq!(task.need("x", Some(10)), Ok(10));
        let error = task.need("clustering 3 x 4 values", Some(11)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::OutOfMemory);
        assert_eq!(
            error.detail.as_deref(),
            Some("11 bytes are needed, 10 bytes are allowed.")
        );
        assert_eq!(task.need("x", None).unwrap_err().kind, ErrorKind::OutOfMemory);
    }

    #[test]
    fn check_reports_the_stop_signal() {
        assert_eq!(
            Task::new(1, 0, &|| true).check().unwrap_err().kind,
            ErrorKind::Cancelled
        );
        assert_eq!(Task::new(1, 0, &|| false).check(), Ok(()));
    }

    #[test]
    fn filling_is_complete_and_can_be_stopped() {
        let stopped = stopped_at(3, |task| task.filled(1 << 22, 7_u8));
        assert_eq!(stopped, (Err(ErrorKind::Cancelled), 3));
        let go = Task::new(1, 0, &|| false);
        assert_eq!(go.filled(0, 7), Ok(vec![]));
        assert_eq!(go.filled((1 << 20) + 3, 7_u8).unwrap(), vec![7; (1 << 20) + 3]);
    }

    #[test]
    fn absurd_sizes_are_errors() {
        assert_eq!(
            try_vec::<u64>(usize::MAX).unwrap_err().kind,
            ErrorKind::OutOfMemory
        );
        assert_eq!(try_filled(2, 7_u8), Ok(vec![7, 7]));
    }
}
