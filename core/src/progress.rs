//! How far a computation has come, for whoever watches it from outside.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// What a computation is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Phase {
    /// Anything without a phase of its own.
    Computing,
    /// Vectors are read from a query or a partition.
    ReadingVectors,
    /// Pairs of vectors are tested for nearness.
    ComparingVectors,
    /// All distances are computed.
    ComputingDistances,
    /// The two nearest clusters are joined, again and again.
    JoiningClusters,
    /// Vectors are compared with their own and other clusters.
    ComputingSilhouettes,
    /// Centroids move to the middle of their clusters, again and again.
    MovingCentroids,
}

impl Phase {
    /// Every phase, in the order of their numbers.
    pub const ALL: [Phase; 7] = [
        Phase::Computing,
        Phase::ReadingVectors,
        Phase::ComparingVectors,
        Phase::ComputingDistances,
        Phase::JoiningClusters,
        Phase::ComputingSilhouettes,
        Phase::MovingCentroids,
    ];

    /// The name as SQL shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Computing => "computing",
            Phase::ReadingVectors => "reading vectors",
            Phase::ComparingVectors => "comparing vectors",
            Phase::ComputingDistances => "computing distances",
            Phase::JoiningClusters => "joining clusters",
            Phase::ComputingSilhouettes => "computing silhouettes",
            Phase::MovingCentroids => "moving centroids",
        }
    }
}

/// A place that a computation writes and anybody may read at any time, such as one in shared memory. All zero is a
/// computation that has just begun. What is read of it may mix two moments.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Progress {
    total: AtomicU64,
    done: AtomicU64,
    phase: AtomicU32,
}

impl Progress {
    /// Begins a phase of `total` steps; 0 if their number is not known.
    pub fn begin(&self, phase: Phase, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.phase.store(phase as u32, Ordering::Relaxed);
    }

    /// So many more steps are done.
    pub fn advance(&self, steps: u64) {
        self.done.fetch_add(steps, Ordering::Relaxed);
    }

    /// The phase, and the share of its steps that is done (0 to 1), if their number is known.
    #[must_use]
    pub fn read(&self) -> (Phase, Option<f64>) {
        let number = self.phase.load(Ordering::Relaxed);
        let phase = Phase::ALL
            .get(number as usize)
            .copied()
            .unwrap_or(Phase::Computing);
        let (done, total) = (
            self.done.load(Ordering::Relaxed),
            self.total.load(Ordering::Relaxed),
        );
        let share = (total > 0).then(|| (done as f64 / total as f64).min(1.0));
        (phase, share)
    }

    /// What is here now, in a place of its own.
    #[must_use]
    pub fn copy(&self) -> Progress {
        let copy = Progress::default();
        copy.set(self);
        copy
    }

    /// Takes over what `other` says.
    pub fn set(&self, other: &Progress) {
        self.phase
            .store(other.phase.load(Ordering::Relaxed), Ordering::Relaxed);
        self.total
            .store(other.total.load(Ordering::Relaxed), Ordering::Relaxed);
        self.done
            .store(other.done.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_become_shares() {
        let progress = Progress::default();
        assert_eq!(progress.read(), (Phase::Computing, None));
        progress.begin(Phase::JoiningClusters, 8);
        progress.advance(2);
        assert_eq!(progress.read(), (Phase::JoiningClusters, Some(0.25)));
        let before = progress.copy();
        progress.advance(7);
        assert_eq!(progress.read(), (Phase::JoiningClusters, Some(1.0)));
        progress.begin(Phase::ReadingVectors, 0);
        assert_eq!(progress.read(), (Phase::ReadingVectors, None));
        progress.set(&before);
        assert_eq!(progress.read(), (Phase::JoiningClusters, Some(0.25)));
    }

    #[test]
    fn numbers_are_places() {
        for (place, phase) in Phase::ALL.into_iter().enumerate() {
            assert_eq!(phase as usize, place);
        }
    }
}
