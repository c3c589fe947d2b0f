//! A series on one line.

use super::Charset;
use crate::task::try_vec;
use crate::{Error, ErrorKind, Result, Task};

const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII: [&str; 8] = ["_", ".", ":", "-", "=", "+", "*", "#"];
/// Values between two looks at the stop signal.
const VALUES_PER_CHECK: usize = 1 << 16;

/// What the lowest and the highest level stand for; `None`: the smallest and the largest finite value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scale {
    /// The lowest level.
    pub low: Option<f64>,
    /// The highest level.
    pub high: Option<f64>,
}

/// One character per value, of eight heights. What has no number (`None`, NaN) is a blank, what is beyond the scale at its
/// end; a series without ups and downs is drawn at half height.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] for a scale that is no finite range, [`ErrorKind::OutOfMemory`],
/// [`ErrorKind::Cancelled`].
pub fn sparkline(
    values: impl ExactSizeIterator<Item = Option<f64>> + Clone,
    scale: Scale,
    charset: Charset,
    task: &Task<'_>,
) -> Result<String> {
    for (name, bound) in [("low", scale.low), ("high", scale.high)] {
        if let Some(bound) = bound.filter(|bound| !bound.is_finite()) {
            return Err(Error::new(
                ErrorKind::InvalidParameter,
                format!("{name} must be finite, not {bound}"),
            ));
        }
    }
    if let (Some(low), Some(high)) = (scale.low, scale.high)
        && low >= high
    {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("low must be less than high: {low} is not less than {high}"),
        ));
    }
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for (i, value) in values.clone().enumerate() {
        if i % VALUES_PER_CHECK == 0 {
            task.check()?;
        }
        if let Some(value) = value.filter(|value| value.is_finite()) {
            least = least.min(value);
            most = most.max(value);
        }
    }
    let (low, high) = (scale.low.unwrap_or(least), scale.high.unwrap_or(most));
    let levels = match charset {
        Charset::Blocks => BLOCKS,
        Charset::Ascii => ASCII,
    };
    let size = task.need("a sparkline", values.len().checked_mul(levels[0].len()))?;
    let mut line = try_vec(size)?;
    for (i, value) in values.enumerate() {
        if i % VALUES_PER_CHECK == 0 {
            task.check()?;
        }
        let level = value.and_then(|value| level(value, low, high));
        line.extend_from_slice(level.map_or(" ", |level| levels[level]).as_bytes());
    }
    String::from_utf8(line).map_err(|_| Error::new(ErrorKind::Internal, "a sparkline is not text"))
}

/// The height of a value, from 0 to 7; `None` for NaN.
fn level(value: f64, low: f64, high: f64) -> Option<usize> {
    if value.is_nan() {
        None
    } else if value == f64::INFINITY {
        Some(7)
    } else if value == f64::NEG_INFINITY {
        Some(0)
    } else if low >= high {
        // One bound was given and every value lies at it or beyond, or all values are equal.
        Some(match value {
            _ if value > low => 7,
            _ if value < high => 0,
            _ => 3,
        })
    } else {
        // The difference of two finite numbers may not be finite; that of their halves is, but halves of the smallest are 0.
        let unit = if (high - low).is_finite() { 1.0 } else { 0.5 };
        let share = (value * unit - low * unit) / (high * unit - low * unit);
        Some(((share * 8.0).clamp(0.0, 7.0)) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::stopped_at;

    fn line(values: &[f64]) -> String {
        scaled(values, None, None).unwrap()
    }

    fn scaled(values: &[f64], low: Option<f64>, high: Option<f64>) -> Result<String> {
        let task = Task::new(1, usize::MAX, &|| false);
        let values = values.iter().copied().map(Some);
        sparkline(values, Scale { low, high }, Charset::Blocks, &task)
    }

    #[test]
    fn heights() {
        assert_eq!(line(&[0., 1., 2., 3., 4., 5., 6., 7.]), "▁▂▃▄▅▆▇█");
        assert_eq!(line(&[1., 5., 22., 13., 5.]), "▁▂█▅▂");
        assert_eq!(line(&[]), "");
        assert_eq!(line(&[3.0, 3.0]), "▄▄");
        assert_eq!(line(&[f64::MIN, 0.0, f64::MAX]), "▁▅█");
        assert_eq!(line(&[f64::MIN, f64::MAX / 2.0, f64::MAX]), "▁▇█");
        assert_eq!(line(&[0.0, f64::from_bits(1)]), "▁█");
        assert_eq!(
            line(&[f64::NEG_INFINITY, 1., 2., f64::INFINITY, f64::NAN]),
            "▁▁██ "
        );
        assert_eq!(line(&[f64::INFINITY]), "█");
    }

    #[test]
    fn gaps_and_ascii() {
        let task = Task::new(1, usize::MAX, &|| false);
        let values = [Some(0.0), None, Some(7.0)];
        let drawn = |charset| sparkline(values.into_iter(), Scale::default(), charset, &task).unwrap();
        assert_eq!(drawn(Charset::Blocks), "▁ █");
        assert_eq!(drawn(Charset::Ascii), "_ #");
    }

    #[test]
    fn a_scale_of_ones_own() {
        assert_eq!(scaled(&[0., 5., 20.], Some(0.), Some(10.)).unwrap(), "▁▅█");
        assert_eq!(scaled(&[1., 5., 5.], Some(5.), None).unwrap(), "▁▄▄");
        assert_eq!(scaled(&[5., 9.], None, Some(5.)).unwrap(), "▄█");
        assert!(scaled(&[1.], Some(2.), Some(2.)).is_err());
        assert!(scaled(&[1.], Some(f64::NAN), None).is_err());
        assert!(scaled(&[1.], None, Some(f64::INFINITY)).is_err());
    }

    #[test]
    fn memory_and_cancel() {
        let values = || std::iter::repeat_n(Some(1.0), 10);
        let small = Task::new(1, 29, &|| false);
        let error = sparkline(values(), Scale::default(), Charset::Blocks, &small).unwrap_err();
        assert_eq!(error.kind, ErrorKind::OutOfMemory);
        let stopped = Task::new(1, 30, &|| true);
        let error = sparkline(values(), Scale::default(), Charset::Blocks, &stopped).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Cancelled);
    }

    #[test]
    fn both_passes_can_be_stopped_on_the_way() {
        let stops_at = |look| {
            let values = std::iter::repeat_n(Some(1.0), 3 * VALUES_PER_CHECK);
            stopped_at(look, |task| {
                sparkline(values, Scale::default(), Charset::Ascii, task).map(drop)
            })
        };
        // Three looks in each of two passes: neither fewer, nor so many that looking is what takes the time.
        for look in 1..=6 {
            assert_eq!(stops_at(look), (Err(ErrorKind::Cancelled), look));
        }
        assert_eq!(stops_at(7), (Ok(()), 6));
    }
}
