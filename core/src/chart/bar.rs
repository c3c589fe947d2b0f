//! One value as a bar.

use super::{Charset, from_one};
use crate::Result;

/// The longest bar.
const MAX_WIDTH: usize = 1000;
/// Left parts of a character, from an eighth to seven eighths.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A bar whose length stands to `width` characters as `value` to `max`, rounded to eighths of a character (to whole ones in
/// ASCII). What is beyond `max` fills it, what is not above zero is empty, and what is above zero is never empty.
/// `None` where a number is NaN.
///
/// # Errors
/// [`crate::ErrorKind::InvalidParameter`] for a width outside 1 to 1000.
pub fn bar(value: f64, max: f64, width: i32, charset: Charset) -> Result<Option<String>> {
    let width = from_one("width", width, MAX_WIDTH)?;
    if value.is_nan() || max.is_nan() {
        return Ok(None);
    }
    let share = if value <= 0.0 || max <= 0.0 {
        return Ok(Some(String::new()));
    } else if value >= max {
        1.0
    } else {
        value / max
    };
    let steps = match charset {
        Charset::Blocks => 8,
        Charset::Ascii => 1,
    };
    // A share is at most 1 and a width at most 1000.
    let filled = (share * (width * steps) as f64).round() as usize;
    Ok(Some(match charset {
        Charset::Blocks => {
            let filled = filled.max(1);
            let part = filled.checked_rem(8).and_then(|rest| rest.checked_sub(1));
            let mut bar = "█".repeat(filled / 8);
            bar.extend(part.and_then(|part| EIGHTHS.get(part)));
            bar
        }
        Charset::Ascii if filled == 0 => ".".to_owned(),
        Charset::Ascii => "#".repeat(filled),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use proptest::prelude::*;

    fn blocks(value: f64, max: f64, width: i32) -> String {
        bar(value, max, width, Charset::Blocks).unwrap().unwrap()
    }

    #[test]
    fn lengths_are_in_proportion() {
        assert_eq!(blocks(3.0, 3.0, 4), "████");
        assert_eq!(blocks(1.5, 3.0, 4), "██");
        assert_eq!(blocks(1.0, 32.0, 4), "▏");
        assert_eq!(blocks(7.0, 32.0, 4), "▉");
        assert_eq!(blocks(9.0, 32.0, 4), "█▏");
        assert_eq!(bar(1.5, 3.0, 4, Charset::Ascii).unwrap().unwrap(), "##");
    }

    #[test]
    fn the_ends_of_the_scale() {
        assert_eq!(blocks(0.0, 3.0, 4), "");
        assert_eq!(blocks(-1.0, 3.0, 4), "");
        assert_eq!(blocks(1.0, 0.0, 4), "");
        assert_eq!(blocks(1e300, 1.0, 4), "████");
        assert_eq!(blocks(f64::MIN_POSITIVE, f64::MAX, 4), "▏");
        assert_eq!(bar(1e-9, 1.0, 4, Charset::Ascii).unwrap().unwrap(), ".");
        assert_eq!(blocks(f64::INFINITY, 1.0, 2), "██");
        assert_eq!(blocks(f64::INFINITY, f64::INFINITY, 2), "██");
        assert_eq!(blocks(1.0, f64::INFINITY, 2), "▏");
        assert_eq!(bar(f64::NAN, 1.0, 2, Charset::Blocks), Ok(None));
        assert_eq!(bar(1.0, f64::NAN, 2, Charset::Blocks), Ok(None));
    }

    #[test]
    fn widths_are_checked() {
        for width in [0, -1, 1001, i32::MIN] {
            let error = bar(1.0, 1.0, width, Charset::Blocks).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidParameter);
            assert_eq!(
                error.message,
                format!("width must be from 1 to 1000, not {width}")
            );
        }
    }

    proptest! {
        #[test]
        fn more_is_never_shorter(a in any::<f64>(), b in any::<f64>(), max in any::<f64>(), width in 1..50_i32) {
            for charset in [Charset::Blocks, Charset::Ascii] {
                let length = |value| bar(value, max, width, charset).unwrap().map(|bar| {
                    bar.chars().map(|c| EIGHTHS.iter().position(|&e| e == c).map_or(8, |at| at + 1)).sum::<usize>()
                });
                if let (Some(low), Some(high)) = (length(a.min(b)), length(a.max(b))) {
                    prop_assert!(low <= high);
                    prop_assert!(high <= 8 * width as usize);
                }
            }
        }
    }
}
