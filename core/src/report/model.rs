//! The document that a report is made of. Members that are missing are empty, members that are unknown are passed over.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

/// The longest list of a document: a page is for people.
pub const MAX_ITEMS: usize = 10_000;

/// All of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Report {
    /// What the page is called.
    pub title: Option<String>,
    /// When it was made, as shown.
    pub generated_at: Option<String>,
    /// What it speaks of: the table, the organisation and so on.
    #[serde(deserialize_with = "list")]
    pub scope: Vec<Fact>,
    /// How many of what.
    pub totals: Totals,
    /// One for each severity, the worst first.
    #[serde(deserialize_with = "list")]
    pub severities: Vec<Severity>,
    /// What the latest scan changed; `None` where the table does not tell.
    pub changes: Option<Changes>,
    /// The rules with the most open findings.
    #[serde(deserialize_with = "list")]
    pub rules: Vec<Rule>,
    /// The files with the most open findings.
    #[serde(deserialize_with = "list")]
    pub files: Vec<File>,
    /// The worst open findings, the worst first.
    #[serde(deserialize_with = "list")]
    pub worst: Vec<Finding>,
    /// Where the findings' embeddings lie.
    pub map: Option<Map>,
}

/// A name and a value.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fact {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// How many of what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Rows.
    pub findings: u64,
    /// Those that nobody has settled and no scan has found fixed.
    pub open: u64,
    /// Those that a scan did not find any more.
    pub fixed: u64,
    /// Those that a person settled.
    pub settled: u64,
    /// Open ones that are suppressed in the code or by a list; `None` where the table does not tell.
    pub suppressed: Option<u64>,
    /// Rules with open findings.
    pub rules: u64,
    /// Files with open findings.
    pub files: u64,
}

/// One severity.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Severity {
    /// Its name.
    pub severity: String,
    /// Open findings.
    pub open: u64,
    /// Those of them that are new since the last scan.
    pub new: Option<u64>,
}

/// What the latest scan of each repository changed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// How many scans: one for each repository.
    pub scans: u64,
    /// When the latest of them was stored, as shown.
    pub at: Option<String>,
    /// Open findings that it found first.
    pub new: u64,
    /// Findings that were fixed and are back; `None` where the table does not tell.
    pub reopened: Option<u64>,
    /// Findings that it did not find any more; `None` where the table does not tell.
    pub fixed: Option<u64>,
}

/// A rule.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// Its id.
    pub rule_id: Option<String>,
    /// Its name.
    pub rule_name: Option<String>,
    /// Where one reads about it.
    pub help_uri: Option<String>,
    /// The worst severity of its open findings.
    pub severity: Option<String>,
    /// Its open findings.
    pub open: u64,
}

/// A file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct File {
    /// Its path.
    pub file_path: Option<String>,
    /// The worst severity of its open findings.
    pub severity: Option<String>,
    /// Its open findings.
    pub open: u64,
}

/// A finding.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// The rule's id.
    pub rule_id: Option<String>,
    /// The rule's name.
    pub rule_name: Option<String>,
    /// Where one reads about the rule.
    pub help_uri: Option<String>,
    /// The severity.
    pub severity: Option<String>,
    /// From 0 to 10.
    pub security_severity: Option<f64>,
    /// The file.
    pub file_path: Option<String>,
    /// The line.
    pub start_line: Option<i64>,
    /// What the tool says.
    pub message: Option<String>,
    /// The code.
    pub snippet: Option<String>,
    /// The tool.
    pub tool_name: Option<String>,
    /// CWE identifiers.
    #[serde(deserialize_with = "list")]
    pub cwe_ids: Vec<String>,
    /// When it was found first, as shown.
    pub first_seen: Option<String>,
    /// `new` or `reopened` where the latest scan made it so.
    pub change: Option<String>,
}

/// Where the findings' embeddings lie.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Map {
    /// Those that are drawn.
    #[serde(deserialize_with = "list")]
    pub points: Vec<Point>,
    /// How many there are, if more than are drawn.
    pub of: Option<u64>,
}

/// One embedding.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Point {
    /// On the first principal component.
    pub x: f64,
    /// On the second principal component.
    pub y: f64,
    /// The cluster; `None` for noise.
    pub cluster: Option<i64>,
    /// The severity of the finding.
    pub severity: Option<String>,
    /// What it is.
    pub label: Option<String>,
}

/// A list of at most [`MAX_ITEMS`]; null is an empty one.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_unit<E>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element()? {
                if list.len() == MAX_ITEMS {
                    return Err(A::Error::custom(format!(
                        "a list of a report has more than {MAX_ITEMS} items"
                    )));
                }
                list.push(item);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_any(List(PhantomData))
}
