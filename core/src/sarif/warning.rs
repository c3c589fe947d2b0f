//! The leniencies that reading a log took, by name.

/// Declares the warnings: each is one bit, and one word of the column `warnings`.
macro_rules! warnings {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A leniency that reading a result took.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Warning {
            $($(#[$doc])* $name,)*
        }

        impl Warning {
            /// Every warning in the order in which a row names them.
            pub const ALL: &'static [Warning] = &[$(Warning::$name,)*];

            /// The word in the column `warnings`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Warning::$name => $word,)*
                }
            }
        }
    };
}

warnings! {
    /// `tool` or its driver is missing: the tool has no name.
    ToolMissing = "tool_missing",
    /// A member has a type that the specification does not allow; it counts as absent.
    TypeMismatch = "type_mismatch",
    /// A number is written as a string.
    TypeCoerced = "type_coerced",
    /// `ruleIndex` names another rule than `ruleId`; the id counts.
    RuleIndexMismatch = "rule_index_mismatch",
    /// `ruleIndex` names no rule.
    RuleIndexOutOfRange = "rule_index_out_of_range",
    /// `toolComponent` names no component of the tool; a rule index in it means nothing.
    ToolComponentUnresolved = "tool_component_unresolved",
    /// The message is a plain string.
    MessageNotObject = "message_not_object",
    /// No message string has the message's id.
    MessageIdUnresolved = "message_id_unresolved",
    /// The message says nothing; the rule's text stands for it.
    MessageFromRule = "message_from_rule",
    /// `kind` is not one of the specification's words; `fail` stands for it.
    KindUnknown = "kind_unknown",
    /// `level` is not one of the specification's words; it counts as absent.
    LevelUnknown = "level_unknown",
    /// `level` contradicts a kind that has none.
    LevelIgnored = "level_ignored",
    /// An artifact index names no artifact.
    ArtifactIndexOutOfRange = "artifact_index_out_of_range",
    /// A `uriBaseId` refers to itself.
    UriBaseLoop = "uri_base_loop",
    /// A logical location's index names none.
    LogicalLocationIndexOutOfRange = "logical_location_index_out_of_range",
    /// A line or column is beyond the column's type.
    LineOutOfRange = "line_out_of_range",
    /// The region ends before it starts.
    RegionReversed = "region_reversed",
    /// A suppression's status is not one of the specification's words; it counts as accepted.
    SuppressionStatusUnknown = "suppression_status_unknown",
    /// `baselineState` is not one of the specification's words.
    BaselineStateUnknown = "baseline_state_unknown",
    /// A listed fingerprint key says who or when, not what, and was not used.
    FingerprintKeyDenied = "fingerprint_key_denied",
    /// Some of the run's properties are in another file.
    ExternalProperties = "external_properties",
    /// An argument would have made the message longer than a megabyte; its placeholder stays.
    ArgumentTooLong = "argument_too_long",
    /// A word is written in another case than the specification has it: `Pass`, `Rejected`.
    WordCase = "word_case",
    /// A rank is no number from 0 to 100; it counts as absent.
    RankOutOfRange = "rank_out_of_range",
    /// An artifact lies inside itself; it counts as lying in none.
    ArtifactParentLoop = "artifact_parent_loop",
    /// The application's table would refuse this row.
    CompatDbReject = "compat_db_reject",
}

/// A set of warnings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Warnings(u32);

impl Warnings {
    pub(crate) fn add(&mut self, warning: Warning) {
        self.0 |= 1 << warning as u32;
    }

    pub(crate) fn add_if(&mut self, condition: bool, warning: Warning) {
        if condition {
            self.add(warning);
        }
    }

    pub(crate) fn contains(self, warning: Warning) -> bool {
        self.0 & (1 << warning as u32) != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Warning> {
        Warning::ALL
            .iter()
            .copied()
            .filter(move |&warning| self.contains(warning))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_warning_has_its_bit_and_word() {
        assert!(Warning::ALL.len() <= 32);
        let mut all = Warnings::default();
        for &warning in Warning::ALL {
            all.add(warning);
        }
        let words: Vec<_> = all.iter().map(Warning::as_str).collect();
        assert_eq!(words.len(), Warning::ALL.len());
        let distinct: std::collections::BTreeSet<_> = words.iter().collect();
        assert_eq!(distinct.len(), words.len());
    }
}
