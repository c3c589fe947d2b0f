//! CWE and CVE identifiers, wherever tools put them.

use std::borrow::Cow;

use super::lookup::{Described, Meant, Table};
use super::model::{Descriptor, Properties, Reference, Rule, ToolComponent, contains_ignoring_case};
use super::raw::{Index, Raw};
use super::read::{List, Member, sort_members};

/// The CWE taxonomy's guid in the collection that SARIF's editors keep.
const CWE_GUID: &str = "FFC64C90-42B6-44CE-8BEB-F6B7DAE649E5";

/// Identifiers in order of appearance, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ids(pub(crate) Vec<Cow<'static, str>>);

impl Ids {
    fn add(&mut self, id: String) {
        if !self.0.iter().any(|known| *known == id) {
            self.0.push(Cow::Owned(id));
        }
    }

    pub(crate) fn extend(&mut self, others: &Ids) {
        for id in &others.0 {
            if !self.0.contains(id) {
                self.0.push(id.clone());
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn cwes_in(&mut self, text: &str) {
        each_cwe(text.as_bytes(), |number| self.add(format!("CWE-{number}")));
    }

    fn cves_in(&mut self, text: &str) {
        each_cve(text, |id| self.add(id.to_ascii_uppercase()));
    }
}

/// Calls `found` for each CWE number in the text: `cwe` not after a letter, at most one of `- _ : / space`, zeros, one to five
/// digits, then no word character.
fn each_cwe(text: &[u8], mut found: impl FnMut(u32)) {
    let mut from = 0;
    while let Some(at) = memchr::memchr2(b'c', b'C', text.get(from..).unwrap_or_default()).map(|at| at + from)
    {
        from = at + 1;
        let after_letter = at > 0 && text[at - 1].is_ascii_alphabetic();
        if after_letter
            || !text[at..]
                .get(..3)
                .is_some_and(|word| word.eq_ignore_ascii_case(b"cwe"))
        {
            continue;
        }
        let mut rest = &text[at + 3..];
        if let [b'-' | b'_' | b':' | b'/' | b' ', tail @ ..] = rest {
            rest = tail;
        }
        if let Some(number) = cwe_number(rest)
            && !is_ranked(rest)
        {
            found(number);
        }
    }
}

/// Whether `top` follows the number: `CWE 2023 Top 25` is the list of a year.
fn is_ranked(number: &[u8]) -> bool {
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = number.get(digits..).unwrap_or_default();
    let separators = rest
        .iter()
        .take_while(|byte| matches!(byte, b'-' | b'_' | b':' | b'/' | b' '))
        .count();
    let word = rest.get(separators..).unwrap_or_default();
    word.get(..3)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"top"))
        && !word.get(3).is_some_and(u8::is_ascii_alphabetic)
}

/// Zeros, one to five digits, then no word character; 0 is no weakness.
fn cwe_number(text: &[u8]) -> Option<u32> {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    if text
        .get(end)
        .is_some_and(|&byte| byte.is_ascii_alphabetic() || byte == b'_')
    {
        return None;
    }
    let digits = std::str::from_utf8(&text[..end]).ok()?.trim_start_matches('0');
    if digits.len() > 5 {
        None
    } else {
        digits.parse().ok()
    }
}

/// A text of nothing but numbers, such as `134, 787`.
fn bare_numbers(text: &str) -> Option<Vec<u32>> {
    let parts = text.split([',', ';', ' ']).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            if part.bytes().all(|byte| byte.is_ascii_digit()) {
                cwe_number(part.as_bytes())
            } else {
                None
            }
        })
        .collect()
}

/// Calls `found` for each CVE identifier in the text: a word boundary, `CVE-`, four digits, `-`, four or more digits.
fn each_cve(text: &str, mut found: impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) =
        memchr::memchr2(b'c', b'C', bytes.get(from..).unwrap_or_default()).map(|at| at + from)
    {
        from = at + 1;
        let inside_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        let rest = &bytes[at..];
        let is_start = rest
            .get(..4)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"cve-"))
            && rest
                .get(4..8)
                .is_some_and(|year| year.iter().all(u8::is_ascii_digit))
            && rest.get(8) == Some(&b'-');
        if inside_word || !is_start {
            continue;
        }
        let digits = rest[9..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits >= 4 {
            found(&text[at..at + 9 + digits]);
        }
    }
}

/// The taxonomies of a run, to tell what a reference to a taxon means.
#[derive(Debug, Default)]
pub(crate) struct Taxonomies<'d> {
    /// Whether each of `run.taxonomies` is the CWE.
    is_cwe: Vec<bool>,
    taxa: Table<'d, Taxon<'d>>,
}

#[derive(Debug, Default)]
struct Taxon<'d> {
    id: Option<Cow<'d, str>>,
    guid: Option<Cow<'d, str>>,
}

impl<'d> Described<'d> for Taxon<'d> {
    fn id(&self) -> Option<&Cow<'d, str>> {
        self.id.as_ref()
    }

    fn guid(&self) -> Option<&Cow<'d, str>> {
        self.guid.as_ref()
    }
}

/// Whether a taxonomy with this name and guid is the CWE.
fn is_cwe(name: Raw<'_>, guid: Raw<'_>) -> bool {
    name.text().is_some_and(|name| name.eq_ignore_ascii_case("cwe"))
        || guid
            .text()
            .is_some_and(|guid| guid.eq_ignore_ascii_case(CWE_GUID))
}

impl<'d> Taxonomies<'d> {
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`].
    pub(crate) fn of(taxonomies: &[Member<ToolComponent<'d>>]) -> crate::Result<Self> {
        let each = || taxonomies.iter().map(Member::get);
        let count = each().flatten().map(|taxonomy| taxonomy.taxa.items.len()).sum();
        let mut taxa = Table::with_room(count)?;
        for taxonomy in each() {
            let items = taxonomy.map_or(&[][..], |taxonomy| &taxonomy.taxa.items);
            let taxon = |descriptor: &Descriptor<'d>| Taxon {
                id: descriptor.id.filled(),
                guid: descriptor.guid.filled(),
            };
            taxa.add(
                taxonomy,
                items.iter().map(|item| item.get().map(taxon).unwrap_or_default()),
            );
        }
        Ok(Taxonomies {
            is_cwe: each()
                .map(|taxonomy| taxonomy.is_some_and(|t| is_cwe(t.name, t.guid)))
                .collect(),
            taxa: taxa.finish()?,
        })
    }

    /// The CWE that a reference to a taxon names: by its id, or by what stands at its index or has its guid (§3.52).
    fn taxon(&self, reference: &Reference<'_>, ids: &mut Ids) {
        let taxonomy = reference.component.get();
        let position = match taxonomy.map(|taxonomy| self.taxa.component(taxonomy, 0)) {
            Some(Meant::Is(at)) => Some(at),
            _ => None,
        };
        let guid = reference.guid.filled();
        let taxon = match (position, reference.index.index()) {
            (Some(taxonomy), Index::At(at)) => self.taxa.at(taxonomy, at),
            _ => None,
        }
        .or_else(|| self.taxa.by_guid(position.unwrap_or(0), &guid?));
        let is_known = |at: Option<usize>| at.is_some_and(|at| self.is_cwe.get(at) == Some(&true));
        let in_cwe = taxonomy.is_some_and(|taxonomy| is_cwe(taxonomy.name, taxonomy.guid))
            || is_known(position)
            || is_known(taxon.and_then(|taxon| self.taxa.component_of(taxon)));
        if !in_cwe {
            return;
        }
        let own = || self.taxa.facts.get(taxon?)?.id.clone();
        let id = reference.id.filled().map(Cow::into_owned);
        let Some(id) = id.or_else(|| own().map(Cow::into_owned)) else {
            return;
        };
        match cwe_number(id.as_bytes()) {
            Some(number) => ids.add(format!("CWE-{number}")),
            None => ids.cwes_in(&id),
        }
    }

    /// The CWEs of `result.taxa`.
    pub(crate) fn taxa(&self, taxa: &List<'_, Member<Reference<'_>>>, ids: &mut Ids) {
        for taxon in taxa.items.iter().filter_map(Member::get) {
            self.taxon(taxon, ids);
        }
    }

    /// The CWEs that a rule's relationships imply.
    pub(crate) fn relationships(&self, rule: &Rule<'_>, ids: &mut Ids) {
        for relationship in rule.relationships.items.iter().filter_map(Member::get) {
            let disjoint = relationship.kinds.strings().iter().any(|kind| kind == "disjoint");
            if let (false, Some(target)) = (disjoint, relationship.target.get()) {
                self.taxon(target, ids);
            }
        }
    }
}

/// The CWEs of tags, and of properties named after them, whose value may be bare numbers.
pub(crate) fn cwes_of_properties(properties: &Properties<'_>, ids: &mut Ids) {
    for tag in properties.tags.strings() {
        ids.cwes_in(&tag);
    }
    for (name, value) in sort_members(properties.others.clone()) {
        if is_cwe_property(&name) {
            for text in texts(value) {
                match bare_numbers(&text) {
                    Some(numbers) => numbers
                        .into_iter()
                        .for_each(|number| ids.add(format!("CWE-{number}"))),
                    None => ids.cwes_in(&text),
                }
            }
        }
    }
}

/// `cwe` or `cwes`, with an optional `id` or `ids` after it.
fn is_cwe_property(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    matches!(
        name.as_str(),
        "cwe" | "cwes" | "cweid" | "cweids" | "cwesid" | "cwesids"
    )
}

/// The CVEs of tags and of properties that list vulnerabilities or their aliases.
pub(crate) fn cves_of_properties(properties: &Properties<'_>, ids: &mut Ids) {
    for tag in properties.tags.strings() {
        ids.cves_in(&tag);
    }
    for (name, value) in sort_members(properties.others.clone()) {
        let telling = ["cve", "alias", "vulnerabilit"];
        if telling
            .iter()
            .any(|word| contains_ignoring_case(name.as_bytes(), word.as_bytes()))
        {
            for text in texts(value) {
                ids.cves_in(&text);
            }
        }
    }
}

/// A string or number, or those of a list.
fn texts(value: Raw<'_>) -> Vec<Cow<'_, str>> {
    match scalar(value) {
        Some(text) => vec![text],
        None => value.elements().into_iter().filter_map(scalar).collect(),
    }
}

fn scalar(value: Raw<'_>) -> Option<Cow<'_, str>> {
    value.text().or_else(|| value.token())
}

/// The last resort for CWEs: what the rule's texts say.
pub(crate) fn cwes_of_texts(rule: &Rule<'_>, ids: &mut Ids) {
    let description = |member: &Member<super::model::Text<'_>>| {
        member
            .get()
            .and_then(|text| text.text.text().map(Cow::into_owned))
    };
    let texts = [
        rule.id.text().map(Cow::into_owned),
        rule.name.text().map(Cow::into_owned),
        description(&rule.short_description),
        description(&rule.full_description),
    ];
    for text in texts.iter().flatten() {
        ids.cwes_in(text);
    }
    let Some(uri) = rule.help_uri.text() else { return };
    let lower = uri.to_ascii_lowercase();
    if let Some((_, rest)) = lower.split_once("cwe.mitre.org/data/definitions/")
        && let Some(number) = cwe_number(rest.as_bytes())
    {
        ids.add(format!("CWE-{number}"));
    }
}

/// The CWEs in one text.
pub(crate) fn cwes_of_text(text: &str, ids: &mut Ids) {
    ids.cwes_in(text);
}

/// The CVEs in one text.
pub(crate) fn cves_of_text(text: &str, ids: &mut Ids) {
    ids.cves_in(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cwes(text: &str) -> Vec<Cow<'static, str>> {
        let mut ids = Ids::default();
        ids.cwes_in(text);
        ids.0
    }

    fn cves(text: &str) -> Vec<Cow<'static, str>> {
        let mut ids = Ids::default();
        ids.cves_in(text);
        ids.0
    }

    #[test]
    fn cwe_pattern() {
        for (text, expected) in [
            ("external/cwe/cwe-079", vec!["CWE-79"]),
            ("CWE-89: SQLi", vec!["CWE-89"]),
            ("CWE:614", vec!["CWE-614"]),
            (
                "cwe20 CWE_021 cwe/22 Cwe 23 CWE-20",
                vec!["CWE-20", "CWE-21", "CWE-22", "CWE-23"],
            ),
            ("xcwe-1 cwe--1 cwe-0 cwe-123456 cwe-1a cwe-1_ cwe- cwe", vec![]),
            ("1cwe-7 (cwe-000008)", vec!["CWE-7", "CWE-8"]),
            ("CWE 2023 top 25 CWE-2024-Top-25 cwe/2021/TOP/25", vec![]),
            ("CWE-79 topic CWE-89 stop", vec!["CWE-79", "CWE-89"]),
        ] {
            assert_eq!(cwes(text), expected, "{text}");
        }
    }

    #[test]
    fn bare_numbers_count_in_properties_named_after_them() {
        let properties: Member<Properties<'_>> = Raw::Text(
            r#"{"cwe":"134, 787","CWE_ID":[20,"CWE-21"],"cwes":"22 no","mycwe":"23","tags":["24"]}"#,
        )
        .read();
        let mut ids = Ids::default();
        cwes_of_properties(properties.get().unwrap(), &mut ids);
        assert_eq!(ids.0, ["CWE-134", "CWE-787", "CWE-20", "CWE-21"]);
    }

    #[test]
    fn cve_pattern() {
        assert_eq!(
            cves("CVE-2021-44228-log4j cve-2020-12345"),
            ["CVE-2021-44228", "CVE-2020-12345"]
        );
        assert!(cves("xCVE-2021-44228 CVE-2021-442 CVE-21-4422 CVE-2021").is_empty());
    }
}
