//! How values are spread.

use super::from_one;
use crate::{Result, Task};

/// The most buckets.
const MAX_BUCKETS: usize = 1000;
/// Values between two looks at the stop signal.
const VALUES_PER_CHECK: usize = 1 << 14;

/// One row of a histogram: the values from `low` to below `high`; the last bucket holds the largest value too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// From 1; as PostgreSQL's `width_bucket` has it, 0 for -Infinity and one more than there are buckets for Infinity.
    /// `None` for what is no number.
    pub bucket: Option<i32>,
    /// The lower edge.
    pub low: Option<f64>,
    /// The upper edge.
    pub high: Option<f64>,
    /// How many values.
    pub count: i32,
}

/// Counts values in `buckets` ranges of equal width between the smallest and the largest finite one. The counts add up to the
/// number of values: infinities, and what is no number (`None`, NaN), have rows of their own where there are any.
/// Equal values are one bucket.
///
/// # Errors
/// [`crate::ErrorKind::InvalidParameter`] for a number of buckets outside 1 to 1000, [`crate::ErrorKind::Cancelled`].
pub fn histogram(
    values: impl ExactSizeIterator<Item = Option<f64>> + Clone,
    buckets: i32,
    task: &Task<'_>,
) -> Result<Vec<Bucket>> {
    let buckets = from_one("buckets", buckets, MAX_BUCKETS)?;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut below, mut above, mut unknown) = (0, 0, 0);
    for (i, value) in values.clone().enumerate() {
        if i % VALUES_PER_CHECK == 0 {
            task.check()?;
        }
        match value {
            None => unknown += 1,
            Some(value) if value.is_nan() => unknown += 1,
            Some(f64::INFINITY) => above += 1,
            Some(f64::NEG_INFINITY) => below += 1,
            Some(value) => {
                low = low.min(value);
                high = high.max(value);
            }
        }
    }
    let edges = edges(low, high, buckets);
    let inner = edges.get(1..edges.len().saturating_sub(1)).unwrap_or_default();
    let mut counts = vec![0; edges.len().saturating_sub(1)];
    for (i, value) in values.enumerate() {
        if i % VALUES_PER_CHECK == 0 {
            task.check()?;
        }
        if let Some(value) = value.filter(|value| value.is_finite()) {
            counts[inner.partition_point(|&edge| edge <= value)] += 1;
        }
    }
    let row = |bucket, low, high, count| Bucket {
        bucket,
        low,
        high,
        count,
    };
    let infinity = |bucket, edge, count| row(Some(bucket), Some(edge), Some(edge), count);
    let mut rows = vec![infinity(0, f64::NEG_INFINITY, below)];
    rows.retain(|row| row.count > 0);
    rows.extend(
        (1..)
            .zip(edges.windows(2))
            .zip(counts)
            .map(|((bucket, edges), count)| row(Some(bucket), Some(edges[0]), Some(edges[1]), count)),
    );
    let last = [
        infinity(buckets as i32 + 1, f64::INFINITY, above),
        row(None, None, None, unknown),
    ];
    rows.extend(last.into_iter().filter(|row| row.count > 0));
    Ok(rows)
}

/// The edges of the buckets, in order; none without a finite value.
fn edges(low: f64, high: f64, buckets: usize) -> Vec<f64> {
    if low > high {
        return Vec::new();
    }
    if low == high {
        return vec![low, high];
    }
    let mut edges = Vec::with_capacity(buckets + 1);
    let mut last = low;
    for i in 0..buckets {
        let share = i as f64 / buckets as f64;
        // Not low + share * (high - low), which may overflow. Rounding must not turn the order round.
        last = (low * (1.0 - share) + high * share).clamp(last, high);
        edges.push(last);
    }
    edges.push(high);
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::task::stopped_at;
    use proptest::prelude::*;

    fn task() -> Task<'static> {
        Task::new(1, usize::MAX, &|| false)
    }

    fn counts(values: &[f64], buckets: i32) -> Vec<(Option<i32>, i32)> {
        let rows = histogram(values.iter().copied().map(Some), buckets, &task()).unwrap();
        rows.iter().map(|row| (row.bucket, row.count)).collect()
    }

    #[test]
    fn equal_widths() {
        let values = [1.0, 2.0, 2.0, 9.0, 11.0].map(Some);
        let rows = histogram(values.into_iter(), 2, &task()).unwrap();
        let bucket = |bucket, low, high, count| Bucket {
            bucket: Some(bucket),
            low: Some(low),
            high: Some(high),
            count,
        };
        assert_eq!(rows, [bucket(1, 1.0, 6.0, 3), bucket(2, 6.0, 11.0, 2)]);
    }

    #[test]
    fn what_has_no_place() {
        assert_eq!(counts(&[], 3), []);
        assert_eq!(counts(&[5.0, 5.0], 3), [(Some(1), 2)]);
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY];
        assert_eq!(counts(&odd, 3), [(Some(0), 1), (Some(4), 2), (None, 1)]);
        assert_eq!(
            counts(&[f64::MIN, f64::MAX, 0.0], 2),
            [(Some(1), 1), (Some(2), 2)]
        );
        for buckets in [0, -5, 1001] {
            let error = histogram(std::iter::empty(), buckets, &task()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidParameter);
        }
    }

    #[test]
    fn both_passes_can_be_stopped_on_the_way() {
        let stops_at = |look| {
            let values = std::iter::repeat_n(Some(1.0), 3 * VALUES_PER_CHECK);
            stopped_at(look, |task| histogram(values, 4, task).map(drop))
        };
        // Three looks in each of two passes: neither fewer, nor so many that looking is what takes the time.
        for look in 1..=6 {
            assert_eq!(stops_at(look), (Err(ErrorKind::Cancelled), look));
        }
        assert_eq!(stops_at(7), (Ok(()), 6));
    }

    proptest! {
        /// The obvious twin: each value is compared with each row.
        #[test]
        fn counts_are_those_between_the_edges(
            values in prop::collection::vec(prop::option::of(prop_oneof![
                any::<f64>(), (-3..3_i32).prop_map(f64::from), Just(1e-308), Just(f64::MAX), Just(f64::MIN),
            ]), 0..40),
            buckets in 1..12_i32,
        ) {
            let rows = histogram(values.iter().copied(), buckets, &task()).unwrap();
            prop_assert_eq!(rows.iter().map(|row| row.count as usize).sum::<usize>(), values.len());
            let finite: Vec<_> = rows.iter().filter(|row| row.low.is_some_and(f64::is_finite)).collect();
            for (i, row) in finite.iter().enumerate() {
                let (low, high) = (row.low.unwrap(), row.high.unwrap());
                prop_assert!(low <= high);
                let is_last = i + 1 == finite.len();
                let within = |value: &f64| low <= *value && (*value < high || is_last && *value <= high);
                let count = values.iter().flatten().filter(|value| within(value)).count();
                prop_assert_eq!(row.count as usize, count);
                if let Some(next) = finite.get(i + 1) {
                    prop_assert_eq!(row.high, next.low);
                }
            }
        }
    }
}
