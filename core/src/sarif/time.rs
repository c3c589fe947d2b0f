//! Times as SARIF writes them (§3.9).

/// Microseconds since 1970-01-01 00:00 UTC of a time such as `2024-02-29T12:30:00.5Z`.
///
/// A space may stand for the `T`, an offset (`+02:00`) for the `Z`, and a time without either is in UTC, as the specification
/// demands. `None` for anything else. Digits beyond microseconds are cut off.
pub(crate) fn micros(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let field = |from: usize, to: usize| -> Option<i64> {
        let digits = bytes.get(from..to)?;
        let all_digits = digits.iter().all(u8::is_ascii_digit);
        all_digits.then(|| {
            digits
                .iter()
                .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    let separators = [bytes[4], bytes[7], bytes[10], bytes[13], bytes[16]];
    let separated = matches!(separators, [b'-', b'-', b'T' | b't' | b' ', b':', b':']);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let valid = separated
        && year > 0
        && (1..=12).contains(&month)
        && (1..=month_days).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !valid {
        return None;
    }
    let (fraction, zone) = fraction(&text[19..])?;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - zone_seconds(zone)?;
    Some(seconds * 1_000_000 + fraction)
}

/// The microseconds after the seconds, and the rest.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(digits) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = digits
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if digits.is_empty() {
        return None;
    }
    let micros = (0..6).fold(0, |value, at| {
        let digit = digits.as_bytes().get(at).map_or(0, |digit| digit - b'0');
        value * 10 + i64::from(digit)
    });
    Some((micros, rest))
}

/// The offset from UTC.
fn zone_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes() {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let digits = |text: &str| -> Option<i64> {
        let valid = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if valid { text.parse().ok() } else { None }
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.000001Z", 1),
            ("2000-03-01T00:00:00Z", 951_868_800_000_000),
            ("2024-02-29T12:30:00.5Z", 1_709_209_800_500_000),
            ("2024-02-29T14:30:00.5000009+02:00", 1_709_209_800_500_000),
            ("2024-02-29 12:30:00", 1_709_209_800_000_000),
            ("1969-12-31T23:59:59Z", -1_000_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("1904-02-29T00:00:00Z", -2_077_747_200_000_000),
            ("2024-04-30t00:00:00z", 1_714_435_200_000_000),
            ("2024-06-15T12:00:00-05:30", 1_718_472_600_000_000),
            ("2024-06-15T12:00:00+05:30", 1_718_433_000_000_000),
            ("2024-12-31T23:59:60Z", 1_735_689_600_000_000),
            ("2024-01-01T00:00:00+23:59", 1_703_980_860_000_000),
        ] {
            assert_eq!(micros(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "2024",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-04-31T00:00:00Z",
            "2024-06-31T00:00:00Z",
            "2024-09-31T00:00:00Z",
            "2024-11-31T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:61Z",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+01:60",
            "2024-01-01T00:00:00+1:00",
            "2024-01-01T00:00:00+001:00",
            "2024-01-01T00:00:00+a1:00",
            "2024-13-01T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00X",
            "2024-01-01T00:00:00+2",
            "2024-01-01T00:00:00+99:00",
            "2024/01/01T00:00:00Z",
            "2024-01-01T00:00:0éZ",
            "0000-01-01T00:00:00Z",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }
}
