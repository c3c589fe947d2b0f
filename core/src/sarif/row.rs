//! A finding while the log is being read: small, borrowed from the document, with its run's and rule's facts left where they are.

use std::borrow::Cow;

use crate::Result;
use crate::fingerprint::Hex64;
use crate::table::{UsedColumns, position};

use super::compat::CompatRow;
use super::context::Context;
use super::documents::Documents;
use super::finding::Finding;
use super::identity::{Formula, Identity};
use super::level::{self, Judgement, Stated};
use super::location::File;
use super::message;
use super::model::{self, Location};
use super::options::{Kind, Mode, Options, Suppressed};
use super::raw::Raw;
use super::read::Member;
use super::region::{self, Place};
use super::rule::{Found, RuleFacts};
use super::suppression;
use super::taxonomy::{self, Ids};
use super::warning::{Warning, Warnings};

const TAGS: usize = position(Finding::COLUMNS, "tags");

/// One row before its occurrence is known.
#[derive(Debug)]
pub(crate) struct Row<'d> {
    pub(crate) result: u32,
    pub(crate) location: u32,
    pub(crate) location_count: u32,
    /// The position in the context's rule facts.
    pub(crate) rule: Option<u32>,
    pub(crate) judgement: Judgement,
    pub(crate) place: Place,
    pub(crate) rule_id: Option<Cow<'d, str>>,
    pub(crate) message: Cow<'d, str>,
    pub(crate) file: File<'d>,
    pub(crate) snippet: Option<Cow<'d, str>>,
    pub(crate) context_snippet: Option<Cow<'d, str>>,
    /// Identifiers when they are not just the rule's.
    pub(crate) cwes: Option<Ids>,
    pub(crate) cves: Ids,
    pub(crate) tags: Vec<Cow<'d, str>>,
    pub(crate) suppressed: bool,
    pub(crate) baseline_state: Option<&'static str>,
    pub(crate) fingerprints: Raw<'d>,
    pub(crate) partial: Raw<'d>,
    pub(crate) raw: Raw<'d>,
    pub(crate) rare: Option<Box<Rare<'d>>>,
    pub(crate) warnings: Warnings,
    pub(crate) formula: Formula,
    pub(crate) fingerprint: Hex64,
    pub(crate) occurrence: u32,
    pub(crate) compat: Option<Box<CompatRow<'d>>>,
}

/// What few results have.
#[derive(Debug, Default)]
pub(crate) struct Rare<'d> {
    pub(crate) score: Option<Box<str>>,
    pub(crate) rank: Option<f64>,
    pub(crate) logical_location: Option<Cow<'d, str>>,
    pub(crate) suppressions: Raw<'d>,
    pub(crate) guid: Option<Cow<'d, str>>,
    pub(crate) correlation_guid: Option<Cow<'d, str>>,
    pub(crate) component: usize,
    /// Members of the column `metadata`.
    pub(crate) metadata: Vec<(&'static str, Raw<'d>)>,
    pub(crate) other_locations: Vec<Raw<'d>>,
}

impl Rare<'_> {
    fn is_empty(&self) -> bool {
        self.score.is_none()
            && self.rank.is_none()
            && self.logical_location.is_none()
            && self.suppressions.is_none()
            && self.guid.is_none()
            && self.correlation_guid.is_none()
            && self.component == 0
            && self.metadata.is_empty()
            && self.other_locations.is_empty()
    }
}

/// Reads a result into its rows: one, or one per location.
pub(crate) fn rows<'d>(
    context: &Context<'d>,
    result: u32,
    raw: Raw<'d>,
    finding: &mut model::Finding<'d>,
    options: &Options,
    out: &mut Vec<Row<'d>>,
) {
    let count = u32::try_from(finding.locations.len()).unwrap_or(u32::MAX);
    let others = std::mem::take(&mut finding.locations.rest);
    let (own_rows, metadata) = if options.per_location {
        (others, Vec::new())
    } else {
        (Vec::new(), others)
    };
    let mut add = |location, finding: &model::Finding<'d>, metadata| {
        let mut row = row(context, result, raw, finding, metadata, options);
        row.location = location;
        row.location_count = count;
        out.push(row);
    };
    add(0, finding, metadata);
    for (location, raw) in (1..).zip(own_rows) {
        finding.locations.first = Some(raw.read());
        add(location, finding, Vec::new());
    }
}

fn row<'d>(
    context: &Context<'d>,
    result: u32,
    raw: Raw<'d>,
    finding: &model::Finding<'d>,
    other_locations: Vec<Raw<'d>>,
    options: &Options,
) -> Row<'d> {
    let mut warnings = context.warnings;
    let found = context.rules.find(finding, &mut warnings);
    let facts = found.rule.and_then(|rule| context.rules.facts.get(rule));
    let rule_id = finding
        .rule_id
        .filled()
        .or_else(|| finding.rule.get()?.id.filled())
        .or_else(|| facts?.id.clone());
    let own = Stated::of(&finding.properties);
    let judgement = level::of_result(context, finding, found, &own, &mut warnings);
    let message = message::message(
        finding,
        raw,
        &context.rules,
        found,
        rule_id.as_ref(),
        &mut warnings,
    );
    let location = finding.locations.first.as_ref().and_then(Member::get);
    let physical = location.and_then(|location| location.physical.get());
    let artifact = physical.and_then(|physical| physical.artifact.get());
    let place = Place::of(physical.and_then(|physical| physical.region.get()), &mut warnings);
    let file = match (artifact, finding.target.get()) {
        (Some(artifact), _) => context.files.file(artifact, &mut warnings),
        (None, Some(target)) if physical.is_none() => context.files.file(target, &mut warnings),
        _ => File::default(),
    };
    let snippet = region::snippet(physical, place.span, || context.files.contents(artifact?));
    let (cwes, cves) = taxa(context, finding, facts, rule_id.as_deref(), &message);
    let rare = rare(
        context,
        finding,
        &own,
        location,
        found,
        other_locations,
        &mut warnings,
    );
    mismatches(finding, location, &mut warnings);
    let mut row = Row {
        result,
        location: 0,
        location_count: 0,
        rule: found.rule.and_then(|rule| u32::try_from(rule).ok()),
        judgement,
        place,
        rule_id,
        message,
        file,
        snippet,
        context_snippet: physical
            .and_then(|p| p.context.get())
            .and_then(|context| region::content(&context.snippet)),
        cwes,
        cves,
        tags: finding
            .properties
            .get()
            .map(|properties| properties.tags.strings())
            .unwrap_or_default(),
        suppressed: suppression::suppressed(finding.suppressions, &mut warnings),
        baseline_state: suppression::baseline_state(finding.baseline_state, &mut warnings),
        fingerprints: finding.fingerprints,
        partial: finding.partial_fingerprints,
        raw,
        rare: (!rare.is_empty()).then(|| Box::new(rare)),
        warnings,
        formula: Formula::default(),
        fingerprint: Hex64::new([0; 32]),
        occurrence: 1,
        compat: None,
    };
    (row.formula, row.fingerprint) = row.identity(context).fingerprint(options, 1);
    row
}

/// CWEs when they are not just the rule's, and CVEs.
fn taxa<'d>(
    context: &Context<'d>,
    finding: &model::Finding<'d>,
    facts: Option<&RuleFacts<'d>>,
    rule_id: Option<&str>,
    message: &str,
) -> (Option<Ids>, Ids) {
    let (mut taxa, mut own) = (Ids::default(), Ids::default());
    context.taxonomies.taxa(&finding.taxa, &mut taxa);
    let mut cves = Ids::default();
    if let Some(rule_id) = rule_id {
        taxonomy::cves_of_text(rule_id, &mut cves);
    }
    if let Some(facts) = facts {
        cves.extend(&facts.named_cves);
    }
    if let Some(properties) = finding.properties.get() {
        taxonomy::cwes_of_properties(properties, &mut own);
        taxonomy::cves_of_properties(properties, &mut cves);
    }
    if let Some(facts) = facts {
        cves.extend(&facts.cves);
    }
    if cves.is_empty() {
        if let Some(facts) = facts {
            cves.extend(&facts.text_cves);
        }
        taxonomy::cves_of_text(message, &mut cves);
    }
    let cwes = match facts {
        Some(_) if taxa.is_empty() && own.is_empty() => None,
        Some(facts) => {
            taxa.extend(&facts.related_cwes);
            taxa.extend(&own);
            taxa.extend(&facts.cwes);
            Some(taxa)
        }
        None => {
            taxa.extend(&own);
            if let (true, Some(rule_id)) = (taxa.is_empty(), rule_id) {
                taxonomy::cwes_of_text(rule_id, &mut taxa);
            }
            Some(taxa)
        }
    };
    (cwes, cves)
}

fn rare<'d>(
    context: &Context<'d>,
    finding: &model::Finding<'d>,
    own: &Stated,
    location: Option<&Location<'d>>,
    found: Found,
    other_locations: Vec<Raw<'d>>,
    warnings: &mut Warnings,
) -> Rare<'d> {
    let facts = found.rule.and_then(|rule| context.rules.facts.get(rule));
    let metadata = [
        ("code_flows", finding.code_flows),
        ("related_locations", finding.related_locations),
        ("fixes", finding.fixes),
        ("stacks", finding.stacks),
        ("graphs", finding.graphs),
        ("attachments", finding.attachments),
        ("web_request", finding.web_request),
        ("web_response", finding.web_response),
        ("work_item_uris", finding.work_item_uris),
        ("hosted_viewer_uri", finding.viewer_uri),
        ("occurrence_count", finding.occurrence_count),
    ];
    Rare {
        score: own.score.clone(),
        rank: level::rank(finding.rank, warnings)
            .or_else(|| context.overridden(finding, found).rank)
            .or_else(|| facts?.configured.rank),
        logical_location: location.and_then(|location| context.files.logical(location, warnings)),
        suppressions: finding.suppressions,
        guid: finding.guid.filled(),
        correlation_guid: finding.correlation_guid.filled(),
        component: facts.map_or(found.component, |facts| facts.component),
        metadata: metadata
            .into_iter()
            .filter(|(_, value)| !value.is_none() && !value.is_empty())
            .collect(),
        other_locations,
    }
}

/// Warns of members whose type the specification does not allow.
fn mismatches(finding: &model::Finding<'_>, location: Option<&Location<'_>>, warnings: &mut Warnings) {
    let odd = |value: Raw<'_>| !value.is_none() && value.text().is_none();
    let physical = location.and_then(|location| location.physical.get());
    let wrong = odd(finding.rule_id)
        || odd(finding.guid)
        || odd(finding.correlation_guid)
        || finding.rule.wrong()
        || finding.locations.shape.wrong()
        || finding
            .locations
            .first
            .as_ref()
            .is_some_and(|first| first.get().is_none())
        || finding.target.wrong()
        || finding.taxa.shape.wrong()
        || finding.provenance.wrong()
        || finding.properties.wrong()
        || location.is_some_and(|location| location.physical.wrong() || location.logical.shape.wrong())
        || physical.is_some_and(|p| p.artifact.wrong() || p.region.wrong() || p.context.wrong());
    warnings.add_if(wrong, Warning::TypeMismatch);
}

/// Bytes of a string that is not the document's.
#[expect(clippy::ptr_arg, reason = "whose it is, is the question")]
pub(crate) fn owned(text: &Cow<'_, str>) -> usize {
    match text {
        Cow::Borrowed(_) => 0,
        Cow::Owned(text) => text.capacity(),
    }
}

impl<'d> Row<'d> {
    /// About how many bytes the row takes, its place in the order of occurrences included.
    pub(crate) fn size(&self) -> usize {
        const PLACE: usize = 2 * 24;
        // A few elements, and strings that are long only where the document has them.
        let short = |list: &[Cow<'_, str>]| size_of_val(list) + list.iter().map(owned).sum::<usize>();
        let rare = self.rare.as_ref().map_or(0, |rare| {
            size_of::<Rare<'d>>()
                + rare.other_locations.capacity() * size_of::<Raw<'d>>()
                + rare.logical_location.as_ref().map_or(0, owned)
        });
        let texts = [
            &self.rule_id,
            &self.file.path,
            &self.file.uri,
            &self.snippet,
            &self.context_snippet,
        ];
        size_of::<Self>()
            + PLACE
            + rare
            + short(&self.tags)
            + short(&self.cves.0)
            + self.cwes.as_ref().map_or(0, |ids| short(&ids.0))
            + owned(&self.message)
            + texts.into_iter().flatten().map(owned).sum::<usize>()
            + self.compat.as_ref().map_or(0, |compat| compat.size())
    }

    /// What the fingerprint is made of.
    pub(crate) fn identity<'a>(&'a self, context: &'a Context<'d>) -> Identity<'a, 'd> {
        Identity {
            tool_name: context.tool_name.as_deref(),
            rule_id: self.rule_id.as_deref(),
            file_path: self.file.path.as_deref(),
            start_line: self.place.span.start_line,
            start_column: self.place.span.start_column,
            snippet: self.snippet.as_deref(),
            message: &self.message,
            written: self.place.written,
            fingerprints: self.fingerprints,
            partial: self.partial,
        }
    }

    /// Whether the options ask for this row. The application stores results of every kind and baseline, and so does
    /// compat mode.
    pub(crate) fn wanted(&self, options: &Options) -> bool {
        let kind: Kind = self.judgement.kind;
        let all = options.mode == Mode::Compat;
        (all || options.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind)))
            && (all || options.include_absent || self.baseline_state != Some("absent"))
            && match options.suppressed {
                Suppressed::Include => true,
                Suppressed::Exclude => !self.suppressed,
                Suppressed::Only => self.suppressed,
            }
    }

    /// The rule's tags and the result's, each once.
    fn all_tags<'a>(&'a self, facts: Option<&'a RuleFacts<'d>>) -> Vec<Cow<'a, str>> {
        let of_rule = facts.map(|facts| facts.tags.as_slice()).unwrap_or_default();
        let mut tags: Vec<Cow<'_, str>> = Vec::with_capacity(of_rule.len() + self.tags.len());
        for tag in of_rule.iter().chain(&self.tags) {
            if !tags.contains(tag) {
                tags.push(Cow::Borrowed(tag));
            }
        }
        tags
    }

    /// Hands out the finished row, without lists that are not used.
    pub(crate) fn emit(
        &self,
        context: &Context<'d>,
        documents: Documents<'_>,
        used: UsedColumns,
        emit: &mut dyn FnMut(&Finding<'_>) -> Result<()>,
    ) -> Result<()> {
        let none = Rare::default();
        let rare = self.rare.as_deref().unwrap_or(&none);
        let facts = self
            .rule
            .and_then(|rule| context.rules.facts.get(usize::try_from(rule).ok()?));
        let compat = self.compat.as_deref();
        let text = |text: &'_ Option<Cow<'d, str>>| text.clone();
        let tags = if used.contains(TAGS) {
            self.all_tags(facts)
        } else {
            Vec::new()
        };
        let warnings: Vec<Cow<'_, str>> = self
            .warnings
            .iter()
            .map(|warning| warning.as_str().into())
            .collect();
        let rule_cwes = facts.map(|facts| facts.all_cwes.0.as_slice()).unwrap_or_default();
        let cwes = self.cwes.as_ref().map_or(rule_cwes, |ids| ids.0.as_slice());
        let own_score = rare.score.as_deref();
        let span = self.place.span;
        let finding = Finding {
            run_index: i32::try_from(context.index).unwrap_or(i32::MAX),
            result_index: i32::try_from(self.result).unwrap_or(i32::MAX),
            location_index: i32::try_from(self.location).unwrap_or(i32::MAX),
            rule_id: self.rule_id.as_deref().map(Cow::Borrowed),
            rule_name: match compat {
                Some(compat) => text(&compat.rule_name),
                None => facts.and_then(|facts| facts.name.as_deref()).map(Cow::Borrowed),
            },
            rule_description: facts
                .and_then(|facts| facts.description())
                .map(|text| Cow::Borrowed(text.as_ref())),
            help_uri: facts
                .and_then(|facts| facts.help_uri.as_deref())
                .map(Cow::Borrowed),
            kind: Cow::Borrowed(self.judgement.kind.as_str()),
            level: Cow::Borrowed(self.judgement.level.as_str()),
            severity: Cow::Borrowed(self.judgement.severity.as_str()),
            severity_source: Cow::Borrowed(self.judgement.source.as_str()),
            security_severity: own_score
                .or_else(|| facts?.stated.score.as_deref())
                .map(Cow::Borrowed),
            precision: facts
                .and_then(|facts| facts.precision.as_deref())
                .map(Cow::Borrowed),
            rank: rare.rank,
            message: Cow::Borrowed(&self.message),
            file_path: self.file.path.as_deref().map(Cow::Borrowed),
            file_uri: self.file.uri.as_deref().map(Cow::Borrowed),
            start_line: span.start_line,
            start_column: span.start_column,
            end_line: span.end_line,
            end_column: span.end_column,
            column_kind: context.column_kind.as_deref().map(Cow::Borrowed),
            snippet: self.snippet.as_deref().map(Cow::Borrowed),
            context_snippet: self.context_snippet.as_deref().map(Cow::Borrowed),
            logical_location: rare.logical_location.as_deref().map(Cow::Borrowed),
            location_count: i32::try_from(self.location_count).unwrap_or(i32::MAX),
            cwe_ids: Cow::Borrowed(compat.map_or(cwes, |compat| compat.cwe_ids.as_slice())),
            cve_ids: Cow::Borrowed(compat.map_or(self.cves.0.as_slice(), |compat| compat.cve_ids.as_slice())),
            tags: Cow::Owned(tags),
            tool_name: match compat {
                Some(compat) => compat.tool_name.as_deref().map(Cow::Borrowed),
                None => context.tool_name.as_deref().map(Cow::Borrowed),
            },
            tool_version: match compat {
                Some(compat) => compat.tool_version.as_deref().map(Cow::Borrowed),
                None => context.tool_version.as_deref().map(Cow::Borrowed),
            },
            tool_component: match rare.component {
                0 => None,
                at => context
                    .rules
                    .components
                    .get(at)
                    .and_then(|component| component.name.as_deref())
                    .map(Cow::Borrowed),
            },
            automation_category: context.category.as_deref().map(Cow::Borrowed),
            suppressed: self.suppressed,
            suppressions: documents.suppressions.map(Cow::Borrowed),
            baseline_state: self.baseline_state.map(Cow::Borrowed),
            guid: rare.guid.as_deref().map(Cow::Borrowed),
            correlation_guid: rare.correlation_guid.as_deref().map(Cow::Borrowed),
            tool_fingerprints: documents.fingerprints.map(Cow::Borrowed),
            partial_fingerprints: documents.partial.map(Cow::Borrowed),
            fingerprint: Cow::Borrowed(self.fingerprint.as_str()),
            fingerprint_kind: Cow::Borrowed(self.formula.as_str()),
            occurrence: i32::try_from(self.occurrence).unwrap_or(i32::MAX),
            metadata: documents.metadata.map(Cow::Borrowed),
            sarif_data: documents.raw.map(Cow::Borrowed),
            warnings: Cow::Owned(warnings),
        };
        emit(&finding)
    }
}
