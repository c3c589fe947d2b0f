//! The tool fingerprint: built on a fingerprint that the tool itself wrote. Version 1, frozen.
//!
//! A tool's value alone is a trap: some write a placeholder into every result, some the author of a commit, some a value that repeats
//! within one log. So only listed keys count, placeholders are refused, and tool, rule, path and occurrence always take part: the
//! formula is that of [`super::content`] with the tag `reviewpro/tool/v1` and the content key `key=value`.

use super::content::{LINE_HASH, tagged};
use super::{Hex64, is_space};
use std::cmp::Ordering;

/// Names this formula inside the hash.
pub const TAG: &str = "reviewpro/tool/v1";

/// Bases looked up in `fingerprints` when the caller names none, best first. `0` counts for Snyk alone.
const FINGERPRINTS: [&str; 7] = [
    "matchBasedId",
    "identity",
    "jfrogFingerprintHash",
    "hash",
    "contextHash",
    "stableResultHash",
    "0",
];

/// Bases looked up in `partialFingerprints` after those, best first.
const PARTIAL_FINGERPRINTS: [&str; 7] = [
    LINE_HASH,
    "contextRegionHash",
    "signature",
    "InstanceId",
    "DATADOG_FINGERPRINT",
    "vulnerabilityHash",
    "vulnerabilityWithTraceHash",
];

/// Keys that say who and when, or where in a line, not what.
const DENIED: [&str; 7] = [
    "commitSha",
    "author",
    "email",
    "date",
    "commitMessage",
    "primaryLocationStartColumnFingerprint",
    "scanFileHash",
];

/// Values that tools write when they have none.
const PLACEHOLDERS: [&str; 5] = ["requires login", "unknown", "none", "null", "n/a"];

/// One member of `fingerprints` or `partialFingerprints`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The member's name: base, or base and `/vN`.
    pub key: &'a str,
    /// A string, or the string member `value` of an object; `None` for anything else.
    pub value: Option<&'a str>,
}

/// The tool fingerprint. `tool_key` comes from [`key`]; `occurrence` counts from 1.
pub fn fingerprint(
    tool_name: Option<&str>,
    rule_id: Option<&str>,
    file_path: Option<&str>,
    tool_key: &str,
    occurrence: i64,
) -> Hex64 {
    tagged(TAG, tool_name, rule_id, file_path, tool_key, occurrence)
}

/// `key=value` of the first usable key, if there is one.
///
/// `names` replaces the built-in lists; each name is looked up in `fingerprints`, then in `partial`. A name is a base (its newest
/// version counts) or a whole key with its version. Denied names are passed over: see [`is_denied`].
pub fn key(
    tool_name: Option<&str>,
    fingerprints: &[Entry<'_>],
    partial: &[Entry<'_>],
    names: Option<&[String]>,
) -> Option<String> {
    let usable = |entries: &[Entry<'_>], name: &str| find(entries, name).and_then(usable);
    let Some(names) = names else {
        let is_snyk = tool_name
            .and_then(|name| name.get(..4))
            .is_some_and(|name| name.eq_ignore_ascii_case("snyk"));
        return FINGERPRINTS
            .iter()
            .filter(|name| **name != "0" || is_snyk)
            .find_map(|name| usable(fingerprints, name))
            .or_else(|| PARTIAL_FINGERPRINTS.iter().find_map(|name| usable(partial, name)));
    };
    names
        .iter()
        .filter(|name| !is_denied(name))
        .find_map(|name| usable(fingerprints, name).or_else(|| usable(partial, name)))
}

/// Whether a key never serves as a fingerprint, even when a caller lists it.
pub fn is_denied(name: &str) -> bool {
    DENIED.contains(&split(name).0)
}

/// The entry of the newest version of a base.
fn newest<'a>(entries: &[Entry<'a>], base: &str) -> Option<Entry<'a>> {
    let keys = entries.iter().map(|entry| (entry.key, *entry));
    newest_version(keys, base)
}

/// What stands under the key of a base with the greatest version, compared as a number; a key without a version is the lowest.
pub(crate) fn newest_version<'k, T>(members: impl Iterator<Item = (&'k str, T)>, base: &str) -> Option<T> {
    members
        .filter(|(key, _)| key.starts_with(base) && split(key).0 == base)
        // `v1` and `v01` are the same number: the key's bytes decide, so that the order of members does not.
        .max_by(|(a, _), (b, _)| compare_versions(a, b).then_with(|| a.cmp(b)))
        .map(|(_, value)| value)
}

fn find<'a>(entries: &[Entry<'a>], name: &str) -> Option<Entry<'a>> {
    match split(name) {
        (base, None) => newest(entries, base),
        (_, Some(_)) => entries.iter().find(|entry| entry.key == name).copied(),
    }
}

/// A key's base, and the digits of its version.
fn split(key: &str) -> (&str, Option<&str>) {
    match key.rsplit_once("/v") {
        Some((base, version)) if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) => {
            (base, Some(version))
        }
        _ => (key, None),
    }
}

fn compare_versions(a: &str, b: &str) -> Ordering {
    let number = |key| {
        let digits = split(key).1?.trim_start_matches('0');
        Some((digits.len(), digits))
    };
    number(a).cmp(&number(b))
}

/// `key=value`, unless the value says nothing.
fn usable(entry: Entry<'_>) -> Option<String> {
    let value = entry.value?.trim_matches(|c| u8::try_from(c).is_ok_and(is_space));
    let says_nothing =
        value.len() < 6 || is_placeholder(value) || value.bytes().all(|byte| matches!(byte, b'0' | b'-'));
    if says_nothing {
        return None;
    }
    let value = if split(entry.key).0 == LINE_HASH {
        without_occurrence(value)
    } else {
        value
    };
    Some([entry.key, "=", value].concat())
}

/// Whether a value is what tools write when they have no fingerprint.
pub(crate) fn is_placeholder(value: &str) -> bool {
    PLACEHOLDERS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// A line hash without its final `:n`.
fn without_occurrence(value: &str) -> &str {
    match value.rsplit_once(':') {
        Some((hash, n)) if !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()) => hash,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(key: &'a str, value: &'a str) -> Entry<'a> {
        Entry {
            key,
            value: Some(value),
        }
    }

    #[test]
    fn golden_value_never_changes() {
        let key = key(
            Some("SnykCode"),
            &[entry("0", "aabbccddeeff"), entry("identity/v1", " 0f3a9c\n")],
            &[],
            None,
        );
        assert_eq!(key.as_deref(), Some("identity/v1=0f3a9c"));
        assert_eq!(
            fingerprint(
                Some("SnykCode"),
                Some("javascript/Sqli"),
                Some("db.js"),
                "identity/v1=0f3a9c",
                1
            )
            .as_str(),
            "c37828aa4143b0b1528848c0b00a6260f0b5b575bb7fa087d2c8a90ca4f76981"
        );
    }

    #[test]
    fn versions_compare_as_numbers() {
        let entries = [
            entry("h", "unversioned"),
            entry("h/v2", "2"),
            entry("h/v10", "10"),
            entry("h/v09", "9"),
            entry("h/x/v99", "another base"),
            entry("h/v", "another base"),
        ];
        assert_eq!(newest(&entries, "h"), Some(entry("h/v10", "10")));
        assert_eq!(newest(&entries[..1], "h"), Some(entry("h", "unversioned")));
        assert_eq!(newest(&entries, "g"), None);
        let mut same = [entry("h/v1", "a"), entry("h/v01", "b")];
        let first = newest(&same, "h");
        same.reverse();
        assert_eq!(newest(&same, "h"), first);
    }

    /// `/v` without a number after it is part of a name like any other.
    #[test]
    fn only_digits_are_a_version() {
        for key in ["h/v", "h/vnext", "h/v1.2", "h/v-1", "h/v2x"] {
            assert_eq!(newest(&[entry(key, "of another base")], "h"), None, "{key}");
            let entries = [entry(key, "whole"), entry("h/v1", "1")];
            assert_eq!(newest(&entries, "h"), Some(entry("h/v1", "1")), "{key}");
            assert_eq!(find(&entries, key), Some(entry(key, "whole")), "{key}");
            // It is a base itself.
            let versioned = format!("{key}/v7");
            let entries = [entry(key, "unversioned"), entry(&versioned, "7")];
            assert_eq!(find(&entries, key), Some(entry(&versioned, "7")), "{key}");
        }
        assert!(is_denied("author/v2") && !is_denied("author/v") && !is_denied("author/vague"));
    }

    #[test]
    fn placeholders_are_refused() {
        for value in [
            "requires login",
            "Requires Login",
            " unknown ",
            "abcde",
            "000000",
            "0000-0000",
            "",
            "NULL",
        ] {
            let entries = [entry("matchBasedId/v1", value)];
            assert_eq!(key(None, &entries, &[], None), None, "{value}");
        }
        let unusable = [Entry {
            key: "hash",
            value: None,
        }];
        assert_eq!(key(None, &unusable, &[], None), None);
    }

    #[test]
    fn the_newest_version_decides_even_when_unusable() {
        let entries = [
            entry("matchBasedId/v1", "usable value"),
            entry("matchBasedId/v2", "requires login"),
        ];
        assert_eq!(key(None, &entries, &[], None), None);
    }

    #[test]
    fn a_line_hash_loses_its_occurrence() {
        let partial = [entry("primaryLocationLineHash", "39fa2ee980eb94b0:12")];
        assert_eq!(
            key(None, &[], &partial, None).as_deref(),
            Some("primaryLocationLineHash=39fa2ee980eb94b0")
        );
        // Only `:` and digits at the end are one; under another name they may mean anything.
        for (name, value) in [
            ("primaryLocationLineHash", "39fa2ee980eb94b0:"),
            ("primaryLocationLineHash", "39fa2ee980eb94b0:x"),
            ("primaryLocationLineHash", "39fa2ee980eb94b0:1x"),
            ("contextRegionHash/v1", "39fa2ee980eb94b0:12"),
        ] {
            assert_eq!(
                key(None, &[], &[entry(name, value)], None),
                Some(format!("{name}={value}"))
            );
        }
    }

    #[test]
    fn zero_is_a_key_of_snyk_only() {
        let entries = [entry("0", "aabbccddeeff")];
        assert_eq!(key(Some("other"), &entries, &[], None), None);
        assert_eq!(key(None, &entries, &[], None), None);
        assert_eq!(
            key(Some("SNYK container"), &entries, &[], None).as_deref(),
            Some("0=aabbccddeeff")
        );
    }

    #[test]
    fn a_callers_list_replaces_the_built_in_one() {
        let names = ["author", "mine", "hash/v1"].map(str::to_owned);
        let fingerprints = [entry("hash/v1", "old value"), entry("hash/v2", "new value")];
        let partial = [entry("author", "somebody"), entry("mine/v3", "my value")];
        assert_eq!(
            key(None, &fingerprints, &partial, Some(&names)).as_deref(),
            Some("mine/v3=my value")
        );
        assert_eq!(
            key(None, &fingerprints, &[], Some(&names)).as_deref(),
            Some("hash/v1=old value")
        );
        assert_eq!(key(None, &fingerprints, &partial, Some(&[])), None);
        assert!(is_denied("author") && is_denied("author/v1") && !is_denied("mine"));
    }
}
