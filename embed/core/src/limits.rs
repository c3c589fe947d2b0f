//! Requests and tokens a minute, counted in memory that processes may share: only atomics, and all zeros is a valid state.
//!
//! Each limit is a generic cell rate algorithm: one number, the time at which nothing of it would be in use any more. A tenth of
//! the requests of a minute, and half of its tokens, may go at once; the rest comes back evenly, so that no minute sees more
//! than the limit. A single request larger than that goes when nothing is in use.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const MINUTE: u64 = 60_000_000_000;
/// A clock that was set back must not stop everybody for long.
const LONGEST_DEBT: u64 = 10 * MINUTE;
/// Endpoints and models that are counted apart at the same time; those beyond share a place.
const SLOTS: usize = 64;

/// Says when a request may go.
pub trait Limits: Sync {
    /// Takes a request of so many tokens, and returns zero; or takes nothing, and returns how long to wait before asking again.
    fn take(&self, tokens: u64, now: Duration) -> Duration;
    /// Nobody is to ask the server before this time: it has said so.
    fn pause_until(&self, time: Duration);
    /// The largest request that does not have to wait for all others to be forgotten.
    fn most_tokens(&self) -> u64;
}

/// What is in use of one endpoint and model. Times are nanoseconds since 1970.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Slot {
    key: AtomicU64,
    requests: AtomicU64,
    tokens: AtomicU64,
    pause: AtomicU64,
}

/// The places of all endpoints and models.
#[derive(Debug)]
#[repr(C)]
pub struct Table {
    slots: [Slot; SLOTS],
}

impl Default for Table {
    fn default() -> Self {
        Table {
            slots: std::array::from_fn(|_| Slot::default()),
        }
    }
}

impl Table {
    /// The place of this endpoint and model: its own, a free one, or one of which nothing is in use any more.
    pub fn slot(&self, endpoint: &str, model: &str, now: Duration) -> &Slot {
        let mut hasher = DefaultHasher::new();
        (endpoint, model).hash(&mut hasher);
        // 0 stands for a free place.
        let key = hasher.finish().max(1);
        let first = usize::try_from(key % SLOTS as u64).unwrap_or(0);
        let places = || self.slots.iter().cycle().skip(first).take(SLOTS);
        for slot in places() {
            let taken = slot
                .key
                .compare_exchange(0, key, Ordering::Relaxed, Ordering::Relaxed);
            if taken.is_ok() || taken == Err(key) {
                return slot;
            }
        }
        // No place is ever free again, so that none is overlooked by those who search for their own. Somebody who still holds a
        // place that is given away counts there once more, which delays a request at worst.
        let now = nanoseconds(now);
        for slot in places() {
            let other = slot.key.load(Ordering::Relaxed);
            let is_idle = slot
                .debts()
                .iter()
                .all(|debt| debt.load(Ordering::Relaxed) <= now);
            if is_idle
                && slot
                    .key
                    .compare_exchange(other, key, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
            {
                return slot;
            }
        }
        &self.slots[first]
    }
}

impl Slot {
    /// The times until which anything is in use.
    fn debts(&self) -> [&AtomicU64; 3] {
        [&self.requests, &self.tokens, &self.pause]
    }
}

/// The limits of one endpoint and model; 0 is none.
#[derive(Clone, Copy, Debug)]
pub struct Shared<'a> {
    /// What is in use.
    pub slot: &'a Slot,
    /// Requests a minute.
    pub requests_per_minute: u64,
    /// Tokens a minute, as estimated.
    pub tokens_per_minute: u64,
}

impl Shared<'_> {
    fn tokens_at_once(&self) -> u64 {
        (self.tokens_per_minute / 2).max(1)
    }
}

impl Limits for Shared<'_> {
    fn take(&self, tokens: u64, now: Duration) -> Duration {
        let now = nanoseconds(now);
        let pause = self.slot.pause.load(Ordering::Relaxed).saturating_sub(now);
        if pause > 0 && pause <= LONGEST_DEBT {
            return Duration::from_nanos(pause);
        }
        let requests = Rate::new(
            self.requests_per_minute,
            (self.requests_per_minute / 10).max(1),
            1,
        );
        let wait = requests.take(&self.slot.requests, now);
        if wait > 0 {
            return Duration::from_nanos(wait);
        }
        let tokens = Rate::new(self.tokens_per_minute, self.tokens_at_once(), tokens);
        let wait = tokens.take(&self.slot.tokens, now);
        if wait > 0 {
            self.slot.requests.fetch_sub(requests.cost, Ordering::Relaxed);
        }
        Duration::from_nanos(wait)
    }

    fn pause_until(&self, time: Duration) {
        self.slot.pause.fetch_max(nanoseconds(time), Ordering::Relaxed);
    }

    fn most_tokens(&self) -> u64 {
        if self.tokens_per_minute == 0 {
            u64::MAX
        } else {
            self.tokens_at_once()
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// One thing that is limited, in nanoseconds of its rate.
struct Rate {
    cost: u64,
    at_once: u64,
}

impl Rate {
    /// `amount` of what there may be `per_minute`, `at_once` of it together.
    fn new(per_minute: u64, at_once: u64, amount: u64) -> Self {
        if per_minute == 0 {
            return Rate { cost: 0, at_once: 0 };
        }
        // What goes at once is on top of what comes back within the same minute.
        let steady = per_minute.saturating_sub(at_once).max(1);
        let time = |amount: u64| {
            u64::try_from(u128::from(amount) * u128::from(MINUTE) / u128::from(steady)).unwrap_or(u64::MAX)
        };
        Rate {
            cost: time(amount).min(LONGEST_DEBT),
            at_once: time(at_once),
        }
    }

    /// Zero, or how long to wait.
    fn take(&self, free_at: &AtomicU64, now: u64) -> u64 {
        if self.cost == 0 {
            return 0;
        }
        let mut before = free_at.load(Ordering::Relaxed);
        loop {
            let debt = before.saturating_sub(now);
            let debt = if debt > LONGEST_DEBT { 0 } else { debt };
            let wait = (debt + self.cost).saturating_sub(self.at_once).min(debt);
            if wait > 0 {
                return wait;
            }
            match free_at.compare_exchange_weak(
                before,
                now + debt + self.cost,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return 0,
                Err(other) => before = other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits(slot: &Slot, requests: u64, tokens: u64) -> Shared<'_> {
        Shared {
            slot,
            requests_per_minute: requests,
            tokens_per_minute: tokens,
        }
    }

    /// Asks as often as it may, for so long; the times of what was granted.
    fn granted(limits: &Shared<'_>, tokens: u64, minutes: u64) -> Vec<Duration> {
        let start = Duration::from_secs(1_000_000_000);
        let (mut now, mut times) = (start, Vec::new());
        while now < start + Duration::from_secs(60 * minutes) {
            match limits.take(tokens, now) {
                Duration::ZERO => times.push(now),
                wait => now += wait,
            }
        }
        times
    }

    fn most_in_a_minute(times: &[Duration]) -> usize {
        let within = |from: &Duration| {
            times
                .iter()
                .filter(|time| *time >= from && **time < *from + Duration::from_secs(60))
                .count()
        };
        times.iter().map(within).max().unwrap_or(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn no_minute_sees_more_than_the_limit(requests in 1_u64..300, tokens in 1_u64..60) {
            let slot = Slot::default();
            let times = granted(&limits(&slot, requests, 0), 1, 3);
            prop_assert!(most_in_a_minute(&times) <= requests as usize);
            // And not much less over time.
            prop_assert!(times.len() as u64 + 1 >= 2 * requests);

            let slot = Slot::default();
            let times = granted(&limits(&slot, 0, 200), tokens, 3);
            prop_assert!(most_in_a_minute(&times) as u64 * tokens <= 200);
            prop_assert!(times.len() > 1);
        }
    }

    #[test]
    fn no_limit_is_no_wait() {
        let slot = Slot::default();
        assert!((0..1000).all(|_| {
            limits(&slot, 0, 0)
                .take(1_000_000, Duration::from_secs(1))
                .is_zero()
        }));
    }

    #[test]
    fn a_refusal_takes_nothing() {
        let slot = Slot::default();
        let both = limits(&slot, 10, 100);
        let now = Duration::from_secs(1_000);
        assert!(both.take(50, now).is_zero());
        // A request may go, but not with as many tokens.
        let later = now + Duration::from_secs(7);
        assert!(!both.take(50, later).is_zero());
        // The turn is still there.
        assert!(both.take(1, later).is_zero());
        assert!(!both.take(1, later).is_zero());
    }

    #[test]
    fn more_than_fits_goes_alone() {
        let slot = Slot::default();
        let limits = limits(&slot, 0, 100);
        let now = Duration::from_secs(1_000);
        assert!(limits.take(400, now).is_zero());
        assert!(!limits.take(1, now).is_zero());
    }

    #[test]
    fn a_pause_is_everybodys() {
        let slot = Slot::default();
        let now = Duration::from_secs(1_000);
        limits(&slot, 0, 0).pause_until(now + Duration::from_secs(3));
        assert_eq!(limits(&slot, 5, 5).take(1, now), Duration::from_secs(3));
        assert!(
            limits(&slot, 0, 0)
                .take(1, now + Duration::from_secs(3))
                .is_zero()
        );
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nobody() {
        let slot = Slot::default();
        assert!(
            limits(&slot, 1, 0)
                .take(1, Duration::from_secs(1_000_000))
                .is_zero()
        );
        assert!(limits(&slot, 1, 0).take(1, Duration::from_secs(10)).is_zero());
    }

    #[test]
    fn places_are_by_endpoint_and_model() {
        let (table, now) = (Table::default(), Duration::from_secs(1_000));
        let slot = |endpoint, model| table.slot(endpoint, model, now);
        assert!(std::ptr::eq(slot("a", "m"), slot("a", "m")));
        assert!(!std::ptr::eq(slot("a", "m"), slot("a", "n")));
    }

    #[test]
    fn a_place_is_given_to_another_once_nothing_of_it_is_in_use() {
        let (table, now) = (Table::default(), Duration::from_secs(1_000));
        let take = |model: &str, now| limits(table.slot("a", model, now), 1, 0).take(1, now);
        let models: Vec<String> = (0..SLOTS).map(|i| i.to_string()).collect();
        assert!(models.iter().all(|model| take(model, now).is_zero()));
        // All are in use: one more has to share.
        assert!(!take("late", now).is_zero());
        assert!(models.iter().all(|model| !take(model, now).is_zero()));
        // A pause keeps a place, and its key is found again.
        let later = now + Duration::from_secs(61);
        let paused = table.slot("a", "7", later);
        limits(paused, 0, 0).pause_until(later + Duration::from_secs(5));
        for i in 0..SLOTS - 1 {
            assert!(take(&format!("new {i}"), later).is_zero());
        }
        assert!(std::ptr::eq(paused, table.slot("a", "7", later)));
        assert_eq!(take("7", later), Duration::from_secs(5));
    }
}
