//! Findings given as JSON objects instead of a SARIF log: the contract for inserting in bulk.
//!
//! The members are called as the columns of [`Finding`]; `line`, `column`, `code_snippet`, `cwe` and `cve` are other names that
//! clients use. An element that does not fit is refused by itself, with a reason; the others are not affected.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::fingerprint::{Hex64, compat, content, location};
use crate::jsonb::Value as Stored;
use crate::table::{Value, table};
use crate::task::try_vec;
use crate::{Error, ErrorKind, Result, Task};

use super::finding::Finding;
use super::number::{self, Integer};
use super::occurrence;
use super::options::{FingerprintKind, Options};
use super::outcome::{self, Emit, INVALID_PARAMETER, OutcomeRow};
use super::raw::{Kind, Raw};
use super::runs::int;

/// Elements read between two looks at the stop signal.
const POLL: usize = 256;

/// Why an element is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    state: &'static str,
    reason: String,
}

impl Refusal {
    fn parameter(reason: impl Into<String>) -> Self {
        Refusal {
            state: INVALID_PARAMETER,
            reason: reason.into(),
        }
    }
}

type Step<T> = std::result::Result<T, Refusal>;
type Text<'d> = Option<Cow<'d, str>>;

/// An element with its identity.
#[derive(Debug)]
struct Element<'d> {
    raw: Raw<'d>,
    finding: Finding<'d>,
    /// What the content fingerprint is about; empty where the element brings its own fingerprint.
    key: String,
}

/// The findings of an array of objects, as [`super::outcomes`] hands out those of a log.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] when the payload is no array or the fingerprint needs what is missing; those of `emit`;
/// [`ErrorKind::Cancelled`].
pub fn objects(payload: &[u8], options: &Options, task: &Task<'_>, emit: Emit<'_>) -> Result<()> {
    let elements = read(payload, options, task)?;
    let count = elements.len();
    let mut found = try_vec(count)?;
    for (index, element) in elements.into_iter().enumerate() {
        match element {
            Ok(element) => found.push(element),
            Err(refusal) => OutcomeRow::error(refusal.state, &refusal.reason)
                .with_columns(&[("result_index", Value::Int(int(index)))], emit)?,
        }
    }
    for (tool, category) in tools(&found)? {
        let row = OutcomeRow {
            // What could not be read may be any finding of any tool.
            complete: Some(found.len() == count),
            ..OutcomeRow::new("run", 0)
        };
        row.with_columns(
            &[
                ("tool_name", outcome::text(tool)),
                ("automation_category", outcome::text(category)),
            ],
            emit,
        )?;
    }
    // The first of equal ones stays the first. A stable sort would take memory without asking.
    let order = |element: &Element<'_>| element.finding.result_index;
    found
        .sort_unstable_by(|a, b| (&a.finding.fingerprint, order(a)).cmp(&(&b.finding.fingerprint, order(b))));
    for (at, group) in found
        .chunk_by(|a, b| a.finding.fingerprint == b.finding.fingerprint)
        .enumerate()
    {
        if at % POLL == 0 {
            task.check()?;
        }
        if let Some(first) = group.first() {
            OutcomeRow::new("finding", group.len()).with(&first.finding, emit)?;
        }
    }
    Ok(())
}

/// The tools and categories that the elements name, each once.
fn tools<'a>(found: &'a [Element<'_>]) -> Result<Vec<(Option<&'a str>, Option<&'a str>)>> {
    let mut tools = try_vec(found.len())?;
    tools.extend(found.iter().map(|element| {
        let finding = &element.finding;
        (
            finding.tool_name.as_deref(),
            finding.automation_category.as_deref(),
        )
    }));
    tools.sort_unstable();
    tools.dedup();
    Ok(tools)
}

table! {
    /// A row of `fingerprint_findings`.
    Fingerprinted {
        /// Position of the element.
        finding_index: Int,
        /// Its fingerprint; NULL for an element that is no finding.
        fingerprint: Text(null),
        /// Whether an earlier element has the same.
        is_duplicate: Bool(null),
    }
}

/// The fingerprints of an array of objects, in its order.
///
/// # Errors
/// As [`objects`].
pub fn fingerprints(
    payload: &[u8],
    options: &Options,
    task: &Task<'_>,
    emit: &mut dyn FnMut(&Fingerprinted<'_>) -> Result<()>,
) -> Result<()> {
    let elements = read(payload, options, task)?;
    let mut first: Vec<(&str, usize)> = try_vec(elements.len())?;
    first.extend(
        elements
            .iter()
            .enumerate()
            .filter_map(|(index, element)| Some((&*element.as_ref().ok()?.finding.fingerprint, index))),
    );
    first.sort_unstable();
    first.dedup_by_key(|(fingerprint, _)| *fingerprint);
    for (index, element) in elements.iter().enumerate() {
        let fingerprint = element.as_ref().ok().map(|element| &*element.finding.fingerprint);
        let earliest = |fingerprint: &str| {
            let at = first
                .binary_search_by_key(&fingerprint, |(value, _)| value)
                .ok()?;
            first.get(at).map(|(_, index)| *index)
        };
        emit(&Fingerprinted {
            finding_index: int(index),
            fingerprint: fingerprint.map(Cow::Borrowed),
            is_duplicate: fingerprint.map(|fingerprint| earliest(fingerprint) != Some(index)),
        })?;
    }
    Ok(())
}

/// Reads all elements and gives those without a fingerprint theirs.
fn read<'d>(payload: &'d [u8], options: &Options, task: &Task<'_>) -> Result<Vec<Step<Element<'d>>>> {
    options.check()?;
    if options.fingerprint() == FingerprintKind::Tool {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            "invalid value for fingerprint: \"tool\"",
        )
        .hint("Findings given as objects have no fingerprints of their tool: use \"content\", \"location\" or \"compat\"."));
    }
    let Stored::Array(array) = Stored::root(payload)? else {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            "findings is not a JSON array of objects",
        ));
    };
    task.need("holding the findings", needed(array.len(), payload.len()))?;
    let raws = Raw::Container(payload).elements();
    let mut elements = try_vec(raws.len())?;
    for (index, raw) in raws.into_iter().enumerate() {
        if index % POLL == 0 {
            task.check()?;
        }
        elements.push(element(index, raw, options));
    }
    number_occurrences(&mut elements, options, task)?;
    Ok(elements)
}

/// What the elements of an array take: themselves, twice while they are chosen from and sorted, what is copied of their texts, and
/// what numbers them.
fn needed(count: usize, bytes: usize) -> Option<usize> {
    let each = 2 * size_of::<Step<Element<'_>>>() + size_of::<Raw<'_>>() + 256;
    count.checked_mul(each)?.checked_add(bytes.checked_mul(2)?)
}

/// An object's members by name.
struct Members<'d>(Vec<(Cow<'d, str>, Raw<'d>)>);

impl<'d> Members<'d> {
    fn get(&self, name: &str) -> Raw<'d> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or(Raw::Absent, |(_, value)| *value)
    }

    /// The first of two names that has a value.
    fn either(&self, name: &str, other: &str) -> Raw<'d> {
        let value = self.get(name);
        if value.is_none() { self.get(other) } else { value }
    }

    fn text(&self, name: &str) -> Step<Text<'d>> {
        text(name, self.get(name))
    }

    fn int(&self, name: &str, other: &str) -> Step<Option<i32>> {
        let value = self.either(name, other);
        if value.is_none() {
            return Ok(None);
        }
        let token = value.token().or_else(|| value.text());
        match token.map_or(Integer::Fraction, |token| number::integer(&token)) {
            Integer::Value(number) => match i32::try_from(number) {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(out_of_range(name)),
            },
            Integer::Huge => Err(out_of_range(name)),
            Integer::Fraction => Err(Refusal::parameter(format!("{name} is not a whole number"))),
        }
    }

    fn float(&self, name: &str, within: RangeInclusive<f64>) -> Step<Option<f64>> {
        let value = self.get(name);
        if value.is_none() {
            return Ok(None);
        }
        let number: Option<f64> = value.token().and_then(|token| token.parse().ok());
        match number {
            Some(number) if within.contains(&number) => Ok(Some(number)),
            Some(_) => Err(beyond(name, &within)),
            None => Err(Refusal::parameter(format!("{name} is not a number"))),
        }
    }

    /// A number as plain decimal digits, which the column takes.
    fn number(&self, name: &str, within: RangeInclusive<f64>) -> Step<Text<'d>> {
        if self.float(name, within)?.is_none() {
            return Ok(None);
        }
        let token = self.get(name).token().unwrap_or_default();
        Ok(number::plain(&token).map(Cow::Owned))
    }

    fn texts(&self, name: &str, other: &str) -> Step<Vec<Cow<'d, str>>> {
        let value = self.either(name, other);
        let wrong = || Refusal::parameter(format!("{name} is not an array of strings"));
        match value.kind() {
            Kind::Absent | Kind::Null => Ok(Vec::new()),
            Kind::Array => value
                .elements()
                .into_iter()
                .map(|element| element.text().ok_or_else(wrong))
                .collect(),
            _ => Err(wrong()),
        }
    }

    fn json(&self, name: &str) -> Step<Option<Cow<'d, [u8]>>> {
        self.get(name)
            .jsonb()
            .map_err(|error| Refusal::parameter(error.message))
    }
}

fn text<'d>(name: &str, value: Raw<'d>) -> Step<Text<'d>> {
    match value.kind() {
        Kind::Absent | Kind::Null => Ok(None),
        Kind::Text => Ok(value.text()),
        _ => Err(Refusal::parameter(format!("{name} is not a string"))),
    }
}

fn out_of_range(name: &str) -> Refusal {
    Refusal {
        state: "22003",
        reason: format!("{name} is out of range for type integer"),
    }
}

fn beyond(name: &str, within: &RangeInclusive<f64>) -> Refusal {
    Refusal {
        state: "22003",
        reason: format!("{name} is not within {} and {}", within.start(), within.end()),
    }
}

const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];

fn severity(members: &Members<'_>) -> Step<Cow<'static, str>> {
    let Some(given) = members.text("severity")? else {
        return Ok("medium".into());
    };
    SEVERITIES
        .iter()
        .find(|known| known.eq_ignore_ascii_case(&given))
        .map(|known| (*known).into())
        .ok_or_else(|| {
            Refusal::parameter(format!(
                "severity is none of critical, high, medium, low, info: \"{given}\""
            ))
        })
}

fn element<'d>(index: usize, raw: Raw<'d>, options: &Options) -> Step<Element<'d>> {
    if raw.kind() != Kind::Object {
        return Err(Refusal::parameter("the element is not an object"));
    }
    let members = Members(raw.members());
    let start_line = members.int("start_line", "line")?;
    let start_column = members.int("start_column", "column")?;
    let (end_line, end_column) = (members.int("end_line", "")?, members.int("end_column", "")?);
    let snippet = text("snippet", members.either("snippet", "code_snippet"))?;
    let given = members.text("fingerprint")?.filter(|text| !text.is_empty());
    let message = members
        .text("message")?
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "No description available".into());
    let suppressed = match members.get("suppressed").kind() {
        Kind::Absent | Kind::Null => false,
        Kind::Bool(value) => value,
        _ => return Err(Refusal::parameter("suppressed is not a boolean")),
    };
    let key = match (&given, options.fingerprint()) {
        (None, FingerprintKind::Content) => content::key(
            None,
            snippet.as_deref(),
            &message,
            [start_line, start_column, end_line, end_column],
        ),
        _ => String::new(),
    };
    let has_own = given.is_some();
    let finding = Finding {
        run_index: 0,
        result_index: int(index),
        location_index: 0,
        rule_id: members.text("rule_id")?,
        rule_name: members.text("rule_name")?,
        rule_description: members.text("rule_description")?,
        help_uri: members.text("help_uri")?,
        kind: members.text("kind")?.unwrap_or("fail".into()),
        level: members.text("level")?.unwrap_or("warning".into()),
        severity: severity(&members)?,
        severity_source: "given".into(),
        security_severity: members.number("security_severity", 0.0..=10.0)?,
        precision: members.text("precision")?,
        // As a log says that there is none.
        rank: members.float("rank", -1.0..=100.0)?.filter(|rank| *rank >= 0.0),
        message,
        file_path: members.text("file_path")?,
        file_uri: members.text("file_uri")?,
        start_line,
        start_column: start_column.or(start_line.and(Some(1))),
        end_line: end_line.or(start_line),
        end_column,
        column_kind: members.text("column_kind")?,
        snippet,
        context_snippet: members.text("context_snippet")?,
        logical_location: members.text("logical_location")?,
        location_count: 1,
        cwe_ids: members.texts("cwe_ids", "cwe")?.into(),
        cve_ids: members.texts("cve_ids", "cve")?.into(),
        tags: members.texts("tags", "")?.into(),
        tool_name: members.text("tool_name")?,
        tool_version: members.text("tool_version")?,
        tool_component: members.text("tool_component")?,
        automation_category: members.text("automation_category")?,
        suppressed,
        suppressions: members.json("suppressions")?,
        baseline_state: members.text("baseline_state")?,
        guid: members.text("guid")?,
        correlation_guid: members.text("correlation_guid")?,
        tool_fingerprints: members.json("tool_fingerprints")?,
        partial_fingerprints: members.json("partial_fingerprints")?,
        fingerprint: given.unwrap_or_default(),
        fingerprint_kind: kind(has_own, options).into(),
        occurrence: 1,
        metadata: members.json("metadata")?,
        sarif_data: match options.raw() {
            true => raw.jsonb().map_err(|error| Refusal::parameter(error.message))?,
            false => None,
        },
        warnings: Cow::Borrowed(&[]),
    };
    let mut element = Element { raw, finding, key };
    if !has_own {
        element.finding.fingerprint = Cow::Owned(element.fingerprint(options).as_str().to_owned());
    }
    Ok(element)
}

fn kind(has_own: bool, options: &Options) -> &'static str {
    match options.fingerprint() {
        _ if has_own => "given",
        FingerprintKind::Location => "location",
        FingerprintKind::Compat => "compat",
        FingerprintKind::Content | FingerprintKind::Tool => "content-v1",
    }
}

impl Element<'_> {
    /// The fingerprint of the finding's occurrence.
    fn fingerprint(&self, options: &Options) -> Hex64 {
        let finding = &self.finding;
        let (rule, path) = (finding.rule_id.as_deref(), finding.file_path.as_deref());
        let (line, column) = (
            finding.start_line.map(i64::from),
            finding.start_column.map(i64::from),
        );
        match options.fingerprint() {
            FingerprintKind::Location => location::fingerprint(path, line, rule),
            FingerprintKind::Compat => {
                let organization = options.organization_id.as_deref().unwrap_or_default();
                compat::fingerprint(organization, rule, path, line, column, &finding.message)
            }
            FingerprintKind::Content | FingerprintKind::Tool => content::fingerprint(
                finding.tool_name.as_deref(),
                rule,
                path,
                &self.key,
                i64::from(finding.occurrence),
            ),
        }
    }

    fn place(&self) -> [Option<i32>; 4] {
        let finding = &self.finding;
        [
            finding.start_line,
            finding.start_column,
            finding.end_line,
            finding.end_column,
        ]
    }
}

/// Numbers elements of one content fingerprint by their place, as [`super::occurrence`] does for results: equal elements share a
/// number, others are findings of their own.
fn number_occurrences(elements: &mut [Step<Element<'_>>], options: &Options, task: &Task<'_>) -> Result<()> {
    let mut order: Vec<&mut Element<'_>> = try_vec(elements.len())?;
    order.extend(
        elements
            .iter_mut()
            .filter_map(|element| element.as_mut().ok())
            .filter(|element| !element.key.is_empty()),
    );
    // Elements at one place stay in their order.
    let key = |element: &Element<'_>| (element.place(), element.finding.result_index);
    order.sort_unstable_by(|a, b| (&a.finding.fingerprint, key(a)).cmp(&(&b.finding.fingerprint, key(b))));
    for group in order.chunk_by_mut(|a, b| a.finding.fingerprint == b.finding.fingerprint) {
        if group.len() < 2 {
            continue;
        }
        let numbers = occurrence::numbers(group.iter().map(|element| (element.place(), element.raw)), task)?;
        for (element, number) in group.iter_mut().zip(numbers) {
            element.finding.occurrence = i32::try_from(number).unwrap_or(i32::MAX);
            if number > 1 {
                element.finding.fingerprint = Cow::Owned(element.fingerprint(options).as_str().to_owned());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(json: &str) -> Vec<(Option<String>, Option<bool>)> {
        let payload = Raw::Text(json).jsonb().unwrap().unwrap();
        let task = Task::new(1, usize::MAX, &|| false);
        let mut rows = Vec::new();
        fingerprints(&payload, &Options::default(), &task, &mut |row| {
            rows.push((row.fingerprint.as_deref().map(str::to_owned), row.is_duplicate));
            Ok(())
        })
        .unwrap();
        rows
    }

    #[test]
    fn the_fingerprint_is_the_published_one() {
        let rows = given(
            r#"[{"tool_name":"Bandit","rule_id":"B101","file_path":"src/app.py","line":3,"code_snippet":" assert x == 1"}]"#,
        );
        let expected = content::fingerprint(
            Some("Bandit"),
            Some("B101"),
            Some("src/app.py"),
            "snippet:assert x == 1",
            1,
        );
        assert_eq!(rows, [(Some(expected.as_str().to_owned()), Some(false))]);
    }

    #[test]
    fn equal_elements_are_duplicates_and_others_are_not() {
        let a = r#"{"message":"m","line":1}"#;
        let b = r#"{"message":"m","line":2}"#;
        let rows = given(&format!("[{b},{a},{b},1,{a},{{\"line\":\"x\"}}]"));
        let duplicate: Vec<_> = rows.iter().map(|(_, duplicate)| *duplicate).collect();
        assert_eq!(
            duplicate,
            [Some(false), Some(false), Some(true), None, Some(true), None]
        );
        assert_ne!(rows[0].0, rows[1].0);
        // The line decides which is the first, not the position.
        assert_eq!(given(&format!("[{a}]"))[0].0, rows[1].0);
    }

    #[test]
    fn reasons_name_the_member() {
        let options = Options::default();
        for (json, state, reason) in [
            ("[5]", "22023", "the element is not an object"),
            (r#"[{"rule_id":5}]"#, "22023", "rule_id is not a string"),
            (
                r#"[{"line":3000000000}]"#,
                "22003",
                "start_line is out of range for type integer",
            ),
            (r#"[{"line":1.5}]"#, "22023", "start_line is not a whole number"),
            (
                r#"[{"cwe":"CWE-1"}]"#,
                "22023",
                "cwe_ids is not an array of strings",
            ),
            (
                r#"[{"severity":"bad"}]"#,
                "22023",
                "severity is none of critical, high, medium, low, info: \"bad\"",
            ),
        ] {
            let payload = Raw::Text(json).jsonb().unwrap().unwrap();
            let raw = Raw::Container(&payload).elements()[0];
            let refusal = element(0, raw, &options).unwrap_err();
            assert_eq!((refusal.state, &*refusal.reason), (state, reason));
        }
    }
}
