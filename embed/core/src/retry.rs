//! How long to wait before the next attempt: what the server says, or exponential backoff with full jitter.

use std::time::{Duration, SystemTime};

/// Before the second attempt at most this.
const FIRST: Duration = Duration::from_millis(500);
/// Before any later one at most this.
const LONGEST: Duration = Duration::from_secs(20);

/// The wait after the attempt of that number, counted from 1; `chance` is at least 0 and less than 1.
#[must_use]
pub fn backoff(attempt: u32, chance: f64) -> Duration {
    let bound = FIRST
        .saturating_mul(1 << attempt.saturating_sub(1).min(10))
        .min(LONGEST);
    // Not nothing: a server in trouble is not asked again at once.
    bound.mul_f64((0.1 + 0.9 * chance).clamp(0.0, 1.0))
}

/// `Retry-After` as RFC 9110 has it: seconds, or a date, which is a wait from `now`.
#[must_use]
pub fn retry_after(value: &str, now: Duration) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(since.saturating_sub(now))
}

/// A time of the headers `x-ratelimit-reset-*`, such as `6m0s`, `1.5s`, `12ms`, `1d2h`.
#[must_use]
pub fn reset(value: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = value.trim();
    if let Ok(seconds) = rest.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        total = total.checked_add(part)?;
        rest = after;
    }
    (!value.trim().is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound() {
        let longest: Vec<Duration> = (1..9).map(|attempt| backoff(attempt, 0.999_999)).collect();
        assert!(longest.is_sorted());
        assert!(longest[0] <= FIRST && longest[7] <= LONGEST && longest[7] > LONGEST.mul_f64(0.99));
        assert_eq!(backoff(1, 0.0), FIRST.mul_f64(0.1));
        assert!(backoff(u32::MAX, 0.5) < LONGEST);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Duration::from_secs(784_111_777);
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after(" 0.5 ", now), Some(Duration::from_millis(500)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:57 GMT", now),
            Some(Duration::from_secs(20))
        );
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now),
            Some(Duration::ZERO)
        );
        for wrong in ["", "-1", "soon", "NaN", "1e400"] {
            assert_eq!(retry_after(wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn resets_have_units() {
        assert_eq!(reset("6m0s"), Some(Duration::from_secs(360)));
        assert_eq!(reset("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(reset("12ms"), Some(Duration::from_millis(12)));
        assert_eq!(reset("1d2h"), Some(Duration::from_secs(93_600)));
        assert_eq!(reset("3"), Some(Duration::from_secs(3)));
        for wrong in ["", "s", "5x", "1.2.3s", "-1s", "99999999999999999999999d"] {
            assert_eq!(reset(wrong), None, "{wrong}");
        }
    }
}
