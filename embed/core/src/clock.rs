//! Time and chance, so that tests need neither.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A stop is noticed this soon.
const SLICE: Duration = Duration::from_millis(5);

/// What waits, and what draws lots.
pub trait Clock: Sync {
    /// Time since 1970, which all processes of a machine agree on.
    fn now(&self) -> Duration;
    /// Waits, unless `stopped` says so before.
    fn sleep(&self, time: Duration, stopped: &dyn Fn() -> bool);
    /// At least 0 and less than 1.
    fn chance(&self) -> f64;
}

/// The system's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn sleep(&self, time: Duration, stopped: &dyn Fn() -> bool) {
        let end = std::time::Instant::now() + time;
        while !stopped() {
            let left = end.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(SLICE));
        }
    }

    fn chance(&self) -> f64 {
        // Each state has keys of its own.
        let bits = RandomState::new().hash_one(0) >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_a_share() {
        let drawn: Vec<f64> = (0..100).map(|_| SystemClock.chance()).collect();
        assert!(drawn.iter().all(|share| (0.0..1.0).contains(share)));
        assert!(drawn.iter().any(|share| *share < 0.5) && drawn.iter().any(|share| *share >= 0.5));
    }

    #[test]
    fn a_stop_ends_a_sleep() {
        let started = std::time::Instant::now();
        SystemClock.sleep(Duration::from_secs(60), &|| true);
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}
