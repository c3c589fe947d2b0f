//! Suppressions (§3.27.23, §3.35) and the baseline state (§3.27.24).

use super::model::Suppression;
use super::raw::Raw;
use super::read::{List, Member};
use super::warning::{Warning, Warnings};

/// Whether a result is suppressed: it has suppressions, and none is under review or rejected.
pub(crate) fn suppressed(suppressions: Raw<'_>, warnings: &mut Warnings) -> bool {
    if suppressions.is_none() {
        return false;
    }
    let list: List<'_, Member<Suppression<'_>>> = suppressions.read();
    warnings.add_if(list.shape.wrong(), Warning::TypeMismatch);
    let mut standing = !list.items.is_empty();
    for suppression in &list.items {
        let Some(suppression) = suppression.get() else {
            warnings.add(Warning::TypeMismatch);
            continue;
        };
        if suppression.status.is_none() {
            continue;
        }
        match word(
            suppression.status,
            &["accepted", "underReview", "rejected"],
            warnings,
        ) {
            Some("accepted") => {}
            Some(_) => standing = false,
            None => warnings.add(Warning::SuppressionStatusUnknown),
        }
    }
    standing
}

/// `baselineState` when it is one of the specification's words.
pub(crate) fn baseline_state(value: Raw<'_>, warnings: &mut Warnings) -> Option<&'static str> {
    let known = word(value, &["new", "unchanged", "updated", "absent"], warnings);
    warnings.add_if(known.is_none() && !value.is_none(), Warning::BaselineStateUnknown);
    known
}

/// Which of the specification's words a value is, in any case of letters.
fn word(value: Raw<'_>, words: &[&'static str], warnings: &mut Warnings) -> Option<&'static str> {
    let text = value.text()?;
    let known = words
        .iter()
        .copied()
        .find(|word| word.eq_ignore_ascii_case(&text))?;
    warnings.add_if(known != text, Warning::WordCase);
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_must_stand() {
        let of = |json: &'static str| {
            let mut warnings = Warnings::default();
            (
                suppressed(Raw::Text(json), &mut warnings),
                warnings.iter().map(Warning::as_str).collect::<Vec<_>>(),
            )
        };
        assert_eq!(of(r#"[{"kind":"inSource"}]"#), (true, vec![]));
        assert_eq!(of(r#"[{"status":"accepted"}]"#), (true, vec![]));
        assert_eq!(of(r#"[{"status":"rejected"}]"#), (false, vec![]));
        assert_eq!(of("[]"), (false, vec![]));
        assert_eq!(of("null"), (false, vec![]));
        assert_eq!(
            of(r#"[{"status":"accepted"},{"status":"underReview"}]"#),
            (false, vec![])
        );
        assert_eq!(
            of(r#"[{"status":"odd"}]"#),
            (true, vec!["suppression_status_unknown"])
        );
        assert_eq!(of(r#"[{"status":"Rejected"}]"#), (false, vec!["word_case"]));
        assert_eq!(of(r#"[{"status":"ACCEPTED"}]"#), (true, vec!["word_case"]));
        assert_eq!(
            of(r#"[{"status":5}]"#),
            (true, vec!["suppression_status_unknown"])
        );
        assert_eq!(of("{}"), (false, vec!["type_mismatch"]));
    }

    #[test]
    fn only_known_baseline_states_count() {
        let mut warnings = Warnings::default();
        assert_eq!(
            baseline_state(Raw::Text(r#""absent""#), &mut warnings),
            Some("absent")
        );
        assert_eq!(warnings, Warnings::default());
        assert_eq!(baseline_state(Raw::Text(r#""existing""#), &mut warnings), None);
        assert_ne!(warnings, Warnings::default());
        let mut warnings = Warnings::default();
        assert_eq!(
            baseline_state(Raw::Text(r#""Absent""#), &mut warnings),
            Some("absent")
        );
        assert_eq!(warnings.iter().collect::<Vec<_>>(), [Warning::WordCase]);
    }
}
