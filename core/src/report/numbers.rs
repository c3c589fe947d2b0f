//! Numbers as people read them, and severities as classes of a closed set.

use std::fmt::{self, Display, Formatter};

/// A count with its thousands apart.
#[derive(Clone, Copy)]
pub(super) struct Count(pub u64);

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A count and its noun: `1 rule`, `2 rules`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", Count(count))
}

/// What a severity is drawn as: one of the names that the style knows.
pub(super) fn severity_class(severity: Option<&str>) -> &'static str {
    match severity {
        Some("critical") => "critical",
        Some("high") => "high",
        Some("medium") => "medium",
        Some("low") => "low",
        Some("info") => "info",
        _ => "other",
    }
}

/// A text, or what stands for none.
pub(super) fn or_unknown(text: &Option<String>) -> &str {
    match text.as_deref() {
        Some(text) if !text.trim().is_empty() => text,
        _ => "(unknown)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands() {
        for (count, shown) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(Count(count).to_string(), shown);
        }
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(0, "file"), "0 files");
    }
}
