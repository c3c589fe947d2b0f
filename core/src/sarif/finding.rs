//! One row of `sarif_findings`.

use crate::table::table;

table! {
    /// One finding: the columns of `sarif_findings`.
    Finding {
        /// Position of the run in `runs`.
        run_index: Int,
        /// Position of the result in the run's `results`.
        result_index: Int,
        /// Position of the location in the result's `locations`; 0 unless every location is a row.
        location_index: Int,
        /// `ruleId`, else `rule.id`, else the id of the rule found.
        rule_id: Text(null),
        /// The rule's name.
        rule_name: Text(null),
        /// The rule's short description, else its full one.
        rule_description: Text(null),
        /// The rule's help.
        help_uri: Text(null),
        /// fail, pass, open, review, notApplicable, informational.
        kind: Text,
        /// error, warning, note, none.
        level: Text,
        /// critical, high, medium, low, info.
        severity: Text,
        /// Where the severity comes from.
        severity_source: Text,
        /// The CVSS-like score, 0 < x <= 10.
        security_severity: Numeric(null),
        /// How often the rule is right: very-high to low.
        precision: Text(null),
        /// The tool's own rank.
        rank: Float(null),
        /// What is wrong; never empty.
        message: Text,
        /// The file, relative to the repository when that is known.
        file_path: Text(null),
        /// The file's absolute URI, when it is known.
        file_uri: Text(null),
        /// First line, from 1.
        start_line: Int(null),
        /// First column, from 1.
        start_column: Int(null),
        /// Last line.
        end_line: Int(null),
        /// The column after the last one; NULL: to the end of the line.
        end_column: Int(null),
        /// The unit of columns: utf16CodeUnits or unicodeCodePoints.
        column_kind: Text(null),
        /// The code.
        snippet: Text(null),
        /// The code with its surroundings.
        context_snippet: Text(null),
        /// Function, class, resource.
        logical_location: Text(null),
        /// How many locations the result has.
        location_count: Int,
        /// CWE identifiers.
        cwe_ids: Texts,
        /// CVE identifiers.
        cve_ids: Texts,
        /// Tags of the rule, then of the result.
        tags: Texts,
        /// The tool.
        tool_name: Text(null),
        /// Its version.
        tool_version: Text(null),
        /// The extension that the rule comes from.
        tool_component: Text(null),
        /// What tells several analyses by one tool apart.
        automation_category: Text(null),
        /// Whether the finding is suppressed.
        suppressed: Bool,
        /// The suppressions as written.
        suppressions: Jsonb(null),
        /// new, unchanged, updated, absent.
        baseline_state: Text(null),
        /// The result's guid.
        guid: Text(null),
        /// What the same result in other runs shares.
        correlation_guid: Text(null),
        /// `fingerprints` as written.
        tool_fingerprints: Jsonb(null),
        /// `partialFingerprints` as written.
        partial_fingerprints: Jsonb(null),
        /// 64 lower-case hexadecimal digits.
        fingerprint: Text,
        /// The formula: content-v1, tool-v1, location, compat.
        fingerprint_kind: Text,
        /// Which of several findings of the same identity this is, from 1.
        occurrence: Int,
        /// Code flows, related locations, fixes and the like.
        metadata: Jsonb(null),
        /// The result as written.
        sarif_data: Jsonb(null),
        /// The leniencies that reading took.
        warnings: Texts,
    }
}
