//! How the existing application reads a log, to the last quirk: its Python, stated as rules.
//!
//! "Default" below means: when the member is absent. A null stays a null.

use std::borrow::Cow;

use crate::fingerprint::{compat, python_text};

use super::findings::{Outcome, Problem};
use super::identity::Formula;
use super::level::Severity;
use super::model::{Log, Run};
use super::number::{self, Integer};
use super::options::{FingerprintKind, Options};
use super::raw::{Kind, Raw};
use super::read::{Member, Shape};
use super::region::Span;
use super::row::{self, Row};
use super::warning::Warning;

/// The first run that the application cannot read and stops at.
pub(crate) fn stop(log: &Log<'_>) -> Option<usize> {
    match log.runs.shape {
        Shape::Scalar(true) => Some(0),
        Shape::Sized(size) if size > 0 => Some(0),
        _ => log.runs.items.iter().position(|run| match run {
            Member::Is(run) => unreadable(run),
            _ => true,
        }),
    }
}

fn unreadable(run: &Run<'_>) -> bool {
    let tool = match &run.tool {
        Member::Absent => false,
        Member::Null | Member::Wrong => true,
        Member::Is(tool) => matches!(tool.driver, Member::Null | Member::Wrong),
    };
    tool || matches!(run.results.shape, Shape::Null | Shape::Scalar(_))
}

/// `results` that is an object or a string is read as a list of its names or characters: each is an error.
pub(crate) fn phantom_errors(run_index: usize, shape: Shape) -> impl Iterator<Item = Problem> {
    let count = match shape {
        Shape::Sized(count) => count,
        _ => 0,
    };
    (0..count).map(move |result_index| Problem {
        run_index,
        result_index,
        reason: NOT_AN_OBJECT,
    })
}

/// Why an element of `results` is no result.
pub(crate) const NOT_AN_OBJECT: &str = "the result is not an object";

/// The tool as the application names it.
#[derive(Debug)]
pub(crate) struct Tool<'d> {
    name: Raw<'d>,
    version: Raw<'d>,
}

impl<'d> Tool<'d> {
    pub(crate) fn of(run: &Run<'d>) -> Self {
        let driver = run.tool.get().and_then(|tool| tool.driver.get());
        let unknown = Raw::Text(UNKNOWN);
        let or_unknown = |value: Raw<'d>| if value == Raw::Absent { unknown } else { value };
        Tool {
            name: driver.map_or(unknown, |driver| or_unknown(driver.name)),
            version: driver.map_or(unknown, |driver| {
                if driver.version.truthy() {
                    driver.version
                } else {
                    or_unknown(driver.semantic_version)
                }
            }),
        }
    }
}

impl<'d> Tool<'d> {
    /// The name in the column `tool_name`.
    pub(crate) fn name(&self) -> Option<Cow<'d, str>> {
        text_column(self.name)
    }
}

/// The JSON text of "unknown".
const UNKNOWN: &str = "\"unknown\"";

/// What the application stores where this crate stores something else.
#[derive(Debug)]
pub(crate) struct CompatRow<'d> {
    pub(crate) rule_name: Option<Cow<'d, str>>,
    pub(crate) tool_name: Option<Cow<'d, str>>,
    pub(crate) tool_version: Option<Cow<'d, str>>,
    pub(crate) cwe_ids: Vec<Cow<'d, str>>,
    pub(crate) cve_ids: Vec<Cow<'d, str>>,
}

impl CompatRow<'_> {
    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.rule_name, &self.tool_name, &self.tool_version];
        let lists = self.cwe_ids.iter().chain(&self.cve_ids);
        size_of::<Self>()
            + texts
                .into_iter()
                .flatten()
                .chain(lists.clone())
                .map(row::owned)
                .sum::<usize>()
            + lists.count() * size_of::<Cow<'_, str>>()
    }
}

/// Turns the rows of a result into what the application stores, or says why it stores nothing.
pub(crate) fn apply<'d>(tool: &Tool<'d>, raw: Raw<'d>, options: &Options, rows: &mut [Row<'d>]) -> Outcome {
    match read(raw) {
        Err(reason) => Outcome::Error(reason),
        Ok(None) => Outcome::Skipped,
        Ok(Some(stored)) => {
            for row in rows {
                stored.apply(tool, raw, options, row);
            }
            Outcome::Rows
        }
    }
}

/// What the application takes from a result.
struct Stored<'d> {
    rule_id: Raw<'d>,
    message: Cow<'d, str>,
    severity: Severity,
    uri: Raw<'d>,
    lines: [Raw<'d>; 4],
    snippet: Raw<'d>,
    cwe_ids: Vec<Cow<'d, str>>,
    cve_ids: Vec<Cow<'d, str>>,
    rule_name: Raw<'d>,
}

type Step<T> = Result<T, &'static str>;

/// An object's members by name.
struct Dict<'d>(Vec<(Cow<'d, str>, Raw<'d>)>);

impl<'d> Dict<'d> {
    /// An object. An absent member counts as `{}`.
    fn of(value: Raw<'d>, reason: &'static str) -> Step<Self> {
        match value.kind() {
            Kind::Absent | Kind::Object => Ok(Dict(value.members())),
            _ => Err(reason),
        }
    }

    fn get(&self, name: &str) -> Raw<'d> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or(Raw::Absent, |(_, value)| *value)
    }

    fn get_or(&self, name: &str, default: &'static str) -> Raw<'d> {
        match self.get(name) {
            Raw::Absent => Raw::Text(default),
            value => value,
        }
    }
}

/// Whether Python's `name in value` holds for a string or an array.
fn contains(value: Raw<'_>, name: &str) -> bool {
    match value.kind() {
        Kind::Text => value.text().is_some_and(|text| text.contains(name)),
        _ => value
            .elements()
            .iter()
            .any(|element| element.text().as_deref() == Some(name)),
    }
}

/// Reads a result as the application does, in its order.
fn read(raw: Raw<'_>) -> Step<Option<Stored<'_>>> {
    let result = Dict::of(raw, NOT_AN_OBJECT)?;
    let rule_id = result.get_or("ruleId", UNKNOWN);
    let message = message(result.get("message"))?;
    let locations = result.get("locations");
    if !locations.truthy() {
        return Ok(None);
    }
    let first = locations.elements().first().copied().unwrap_or_default();
    if first.kind() != Kind::Object {
        return Err("the first location is not an object");
    }
    let physical = Dict::of(
        first.member("physicalLocation"),
        "physicalLocation is not an object",
    )?;
    let artifact = Dict::of(
        physical.get("artifactLocation"),
        "artifactLocation is not an object",
    )?;
    let region = Dict::of(physical.get("region"), "region is not an object")?;
    let lines = [
        region.get_or("startLine", "1"),
        region.get_or("startColumn", "1"),
        region.get("endLine"),
        region.get("endColumn"),
    ];
    let snippet = Dict::of(region.get("snippet"), "snippet is not an object")?.get("text");
    let severity = match result.get_or("level", "\"warning\"") {
        level if matches!(level.kind(), Kind::Array | Kind::Object) => return Err("level is not a word"),
        level => match level.text().as_deref() {
            Some("error") => Severity::High,
            Some("note") => Severity::Low,
            Some("none") => Severity::Info,
            _ => Severity::Medium,
        },
    };
    let properties = result.get("properties");
    let (cwe_ids, cve_ids) = tags(properties)?;
    let rule_name = rule_name(properties, &result)?;
    let Some(text) = message.text() else {
        return Err("the message is not text");
    };
    if message.unpaired() {
        return Err("the message holds a lone surrogate");
    }
    let uri = artifact.get_or("uri", UNKNOWN);
    for value in [rule_id, uri, lines[0], lines[1]] {
        if matches!(value.kind(), Kind::Array | Kind::Object) {
            return Err("a part of the fingerprint is not a scalar");
        }
    }
    Ok(Some(Stored {
        rule_id,
        message: text,
        severity,
        uri,
        lines,
        snippet,
        cwe_ids,
        cve_ids,
        rule_name,
    }))
}

fn message(message: Raw<'_>) -> Step<Raw<'_>> {
    let nothing = Raw::Text("\"No description available\"");
    match message.kind() {
        Kind::Absent => Ok(nothing),
        Kind::Object => {
            let message = Dict(message.members());
            let first = [message.get("text"), message.get("markdown")]
                .into_iter()
                .find(|value| *value != Raw::Absent);
            Ok(first.unwrap_or(nothing))
        }
        Kind::Text | Kind::Array if contains(message, "text") || contains(message, "markdown") => {
            Err("the message is not an object")
        }
        Kind::Text | Kind::Array => Ok(nothing),
        _ => Err("the message is not an object"),
    }
}

type Words<'d> = Vec<Cow<'d, str>>;

fn tags(properties: Raw<'_>) -> Step<(Words<'_>, Words<'_>)> {
    let none = (Vec::new(), Vec::new());
    let tags = match properties.kind() {
        Kind::Absent => return Ok(none),
        Kind::Object => properties.member("tags"),
        Kind::Text | Kind::Array if contains(properties, "tags") => {
            return Err("properties is not an object");
        }
        Kind::Text | Kind::Array => return Ok(none),
        _ => return Err("properties is not an object"),
    };
    match tags.kind() {
        // Characters and names of up to three letters never start with CWE-.
        Kind::Absent | Kind::Text => Ok(none),
        Kind::Object => Ok(sorted_tags(tags.members().into_iter().map(|(name, _)| name))),
        Kind::Array => {
            let tags = tags.elements();
            if tags.iter().any(|tag| tag.kind() != Kind::Text) {
                return Err("a tag is not text");
            }
            Ok(sorted_tags(tags.into_iter().filter_map(Raw::text)))
        }
        _ => Err("tags is not a list"),
    }
}

fn sorted_tags<'d>(tags: impl Iterator<Item = Cow<'d, str>>) -> (Words<'d>, Words<'d>) {
    let (mut cwes, mut cves) = (Vec::new(), Vec::new());
    for tag in tags {
        if tag.starts_with("CWE-") {
            cwes.push(tag);
        } else if tag.starts_with("CVE-") {
            cves.push(tag);
        }
    }
    (cwes, cves)
}

fn rule_name<'d>(properties: Raw<'d>, result: &Dict<'d>) -> Step<Raw<'d>> {
    let stated = match properties.kind() {
        Kind::Object => properties.member("rule_name"),
        Kind::Text | Kind::Array if contains(properties, "rule_name") => {
            return Err("properties is not an object");
        }
        _ => Raw::Absent,
    };
    Ok(if stated == Raw::Absent {
        result.get("ruleIndex")
    } else {
        stated
    })
}

/// A value as Python prints it into the fingerprint.
fn printed(value: Raw<'_>) -> Cow<'_, str> {
    match value.kind() {
        Kind::Text => value.text().unwrap_or_default(),
        Kind::Bool(true) => "True".into(),
        Kind::Bool(false) => "False".into(),
        Kind::Number => match value.token() {
            Some(token) => Cow::Owned(python_text::number(&token).into_owned()),
            None => Cow::default(),
        },
        _ => "None".into(),
    }
}

/// A value in a text column.
fn text_column<'d>(value: Raw<'d>) -> Option<Cow<'d, str>> {
    match value.kind() {
        Kind::Absent | Kind::Null => None,
        Kind::Array | Kind::Object => value.json(),
        _ => Some(printed(value)),
    }
}

/// A value in an integer column, `Err` when the column would refuse it.
fn integer_column(value: Raw<'_>) -> Result<Option<i32>, ()> {
    let integer = match value.kind() {
        Kind::Absent | Kind::Null => return Ok(None),
        Kind::Bool(value) => return Ok(Some(i32::from(value))),
        Kind::Number => match number::integer(&value.token().unwrap_or_default()) {
            // Python's int() cuts the fraction off.
            Integer::Fraction => match value.token().and_then(|token| token.parse::<f64>().ok()) {
                // What is beyond an i64 becomes the nearest one, which is beyond the column too.
                Some(float) => Integer::Value(float as i64),
                None => Integer::Huge,
            },
            integer => integer,
        },
        Kind::Text => {
            let text = value.text().unwrap_or_default();
            let digits = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
            match digits.parse::<i64>() {
                Ok(value) => Integer::Value(value),
                Err(_) => Integer::Huge,
            }
        }
        _ => Integer::Huge,
    };
    match integer {
        Integer::Value(value) => i32::try_from(value).map(Some).map_err(|_| ()),
        _ => Err(()),
    }
}

impl<'d> Stored<'d> {
    fn apply(&self, tool: &Tool<'d>, raw: Raw<'d>, options: &Options, row: &mut Row<'d>) {
        let columns = self.lines.map(integer_column);
        let [start_line, start_column, end_line, end_column] = columns.map(|column| column.unwrap_or(None));
        row.place.span = Span {
            start_line,
            start_column,
            end_line,
            end_column,
        };
        row.rule_id = text_column(self.rule_id);
        row.file.path = text_column(self.uri);
        row.message = self.message.clone();
        row.judgement.severity = self.severity;
        row.snippet = text_column(self.snippet);
        let compat = CompatRow {
            rule_name: text_column(self.rule_name),
            tool_name: text_column(tool.name),
            tool_version: text_column(tool.version),
            cwe_ids: self.cwe_ids.clone(),
            cve_ids: self.cve_ids.clone(),
        };
        let too_long = |text: &Option<Cow<'_, str>>, limit| {
            text.as_ref().is_some_and(|text| text.chars().count() > limit)
        };
        let refused = columns.iter().any(Result::is_err)
            || start_line.is_none()
            || start_column.is_none()
            || row.rule_id.is_none()
            || row.file.path.is_none()
            || compat.tool_name.is_none()
            || too_long(&row.rule_id, 255)
            || too_long(&compat.rule_name, 512)
            || too_long(&row.file.path, 1024)
            || too_long(&compat.tool_name, 255)
            || too_long(&compat.tool_version, 100)
            || raw.unstorable();
        row.warnings.add_if(refused, Warning::CompatDbReject);
        if options.fingerprint() == FingerprintKind::Compat {
            row.formula = Formula::Compat;
            row.fingerprint = compat::fingerprint_of_texts(
                options.organization_id.as_deref().unwrap_or_default(),
                &printed(self.rule_id),
                &printed(self.uri),
                &printed(self.lines[0]),
                &printed(self.lines[1]),
                &self.message,
            );
        }
        row.compat = Some(Box::new(compat));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is borrowed from the document is not the row's.
    #[test]
    fn a_rows_size_is_its_own_texts_and_lists() {
        let own = |len| Cow::Owned("x".repeat(len));
        let row = CompatRow {
            rule_name: Some(own(1000)),
            tool_name: Some("borrowed".into()),
            tool_version: Some(own(200)),
            cwe_ids: vec![own(30), "CWE-79".into()],
            cve_ids: vec![own(4)],
        };
        let (texts, lists) = (1000 + 200 + 30 + 4, 3 * size_of::<Cow<'_, str>>());
        assert_eq!(row.size(), size_of::<CompatRow<'_>>() + texts + lists);
    }
}
