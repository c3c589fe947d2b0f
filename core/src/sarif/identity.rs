//! The fingerprint of a row: which formula, and what goes into it.

use std::borrow::Cow;

use crate::fingerprint::tool::Entry;
use crate::fingerprint::{Hex64, compat, content, location, tool};

use super::options::{FingerprintKind, Options};
use super::raw::{Kind, Raw};
use super::region::Span;

/// What identifies a row, apart from its occurrence.
pub(crate) struct Identity<'a, 'd> {
    pub(crate) tool_name: Option<&'a str>,
    pub(crate) rule_id: Option<&'a str>,
    pub(crate) file_path: Option<&'a str>,
    pub(crate) start_line: Option<i32>,
    pub(crate) start_column: Option<i32>,
    pub(crate) snippet: Option<&'a str>,
    pub(crate) message: &'a str,
    pub(crate) written: Span,
    pub(crate) fingerprints: Raw<'d>,
    pub(crate) partial: Raw<'d>,
}

/// The formula that a row's fingerprint has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Formula {
    #[default]
    Content,
    Tool,
    Location,
    Compat,
}

impl Formula {
    /// The word in the column `fingerprint_kind`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Formula::Content => "content-v1",
            Formula::Tool => "tool-v1",
            Formula::Location => "location",
            Formula::Compat => "compat",
        }
    }

    /// Whether the occurrence is part of the hash.
    pub(crate) fn hashes_occurrence(self) -> bool {
        matches!(self, Formula::Content | Formula::Tool)
    }
}

impl Identity<'_, '_> {
    /// The fingerprint of the n-th occurrence.
    pub(crate) fn fingerprint(&self, options: &Options, occurrence: i64) -> (Formula, Hex64) {
        let line = self.start_line.map(i64::from);
        match options.fingerprint() {
            FingerprintKind::Location => (
                Formula::Location,
                location::fingerprint(self.file_path, line, self.rule_id),
            ),
            FingerprintKind::Tool => match self.tool_key(options) {
                Some(key) => {
                    let hash =
                        tool::fingerprint(self.tool_name, self.rule_id, self.file_path, &key, occurrence);
                    (Formula::Tool, hash)
                }
                None => self.content(occurrence),
            },
            // The application's formula over what is stored; compat mode has what the application itself stores.
            FingerprintKind::Compat => {
                let organization = options.organization_id.as_deref().unwrap_or_default();
                let column = self.start_column.map(i64::from);
                (
                    Formula::Compat,
                    compat::fingerprint(
                        organization,
                        self.rule_id,
                        self.file_path,
                        line,
                        column,
                        self.message,
                    ),
                )
            }
            FingerprintKind::Content => self.content(occurrence),
        }
    }

    fn content(&self, occurrence: i64) -> (Formula, Hex64) {
        let written = [
            self.written.start_line,
            self.written.start_column,
            self.written.end_line,
            self.written.end_column,
        ];
        let members = self.partial.members();
        let members = members.iter().map(|(key, value)| (key.as_ref(), *value));
        let line_hash = tool::newest_version(members, content::LINE_HASH).and_then(Raw::text);
        let key = content::key(line_hash.as_deref(), self.snippet, self.message, written);
        (
            Formula::Content,
            content::fingerprint(self.tool_name, self.rule_id, self.file_path, &key, occurrence),
        )
    }

    fn tool_key(&self, options: &Options) -> Option<String> {
        let fingerprints = Entries::of(self.fingerprints);
        let partial = Entries::of(self.partial);
        let names = options.fingerprint_keys.as_deref();
        tool::key(self.tool_name, &fingerprints.entries(), &partial.entries(), names)
    }
}

/// Members of `fingerprints` or `partialFingerprints`.
struct Entries<'d>(Vec<(Cow<'d, str>, Option<Cow<'d, str>>)>);

impl<'d> Entries<'d> {
    fn of(map: Raw<'d>) -> Self {
        let value = |value: Raw<'d>| match value.kind() {
            Kind::Object => value.member("value").text(),
            _ => value.text(),
        };
        let members = map.members().into_iter();
        Entries(members.map(|(key, raw)| (key, value(raw))).collect())
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        self.0
            .iter()
            .map(|(key, value)| Entry {
                key,
                value: value.as_deref(),
            })
            .collect()
    }
}
