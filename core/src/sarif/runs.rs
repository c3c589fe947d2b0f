//! The rows of `sarif_runs`: what was run, and whether its results can be taken as complete.

use std::borrow::Cow;

use crate::jsonb::{Object, Tree};
use crate::{Result, Task};

use super::context::{self, Context};
use super::count::{self, Counts};
use super::document::{Document, Source};
use super::model::{self, Invocation, ToolComponent};
use super::notification::Notifications;
use super::number::{self, Integer};
use super::options::{Mode, Options};
use super::raw::{Kind, Raw};
use super::read::{Member, Shape};
use super::time;
use crate::table::table;

table! {
    /// One run: the columns of `sarif_runs`.
    Run {
        /// Position in `runs`.
        run_index: Int,
        /// The driver's name.
        tool_name: Text(null),
        /// The driver's name with more detail.
        tool_full_name: Text(null),
        /// `version`, else `semanticVersion`, else `dottedQuadFileVersion`.
        tool_version: Text(null),
        /// `semanticVersion`.
        semantic_version: Text(null),
        /// Who makes the tool.
        organization: Text(null),
        /// Where to read about the tool.
        information_uri: Text(null),
        /// Names of the extensions.
        extensions: Texts,
        /// `automationDetails.id`.
        automation_id: Text(null),
        /// That id without its last part, which names one run.
        automation_category: Text(null),
        /// `automationDetails.guid`.
        run_guid: Text(null),
        /// `baselineGuid`: the run that baseline states compare with.
        baseline_guid: Text(null),
        /// False when `results` is null or absent: the tool failed to start or to analyse.
        results_available: Bool,
        /// Elements of `results`.
        results_count: Int,
        /// Results that `sarif_findings` gives by default.
        findings_count: Int,
        /// Rules of the driver and the extensions.
        rules_count: Int,
        /// Suppressed results.
        suppressed_count: Int,
        /// False when an invocation says that it failed, NULL when none says anything.
        execution_successful: Bool(null),
        /// Notifications of level error.
        error_notifications: Int,
        /// Whether what is not among the results can be taken as not found.
        complete: Bool,
        /// `{"execution": [...], "configuration": [...]}` as written.
        notifications: Jsonb(null),
        /// Exit code of the first invocation.
        exit_code: Int(null),
        /// The earliest start.
        start_time: Timestamp(null),
        /// The latest end.
        end_time: Timestamp(null),
        /// Command line of the first invocation.
        command_line: Text(null),
        /// Working directory of the first invocation, a URI.
        working_directory: Text(null),
        /// The unit of columns.
        column_kind: Text(null),
        /// The repository.
        vcs_uri: Text(null),
        /// The commit.
        vcs_revision: Text(null),
        /// The branch.
        vcs_branch: Text(null),
        /// Names of the taxonomies.
        taxonomies: Texts,
        /// Whether results are kept in another document.
        external_results: Bool,
        /// The tool that converted the log from another format.
        converter: Text(null),
    }
}

/// The runs of a log; elements of `runs` that are no objects are left out.
///
/// # Errors
/// As [`super::findings`].
pub fn runs(source: Source<'_>, task: &Task<'_>) -> Result<Vec<Run<'static>>> {
    let document = Document::open(source, task)?;
    let mut log = document.log(Mode::Spec)?;
    let mut rows = Vec::new();
    for (index, run) in log.runs.items.iter_mut().enumerate() {
        let Member::Is(run) = run else { continue };
        let context = Context::of(index, run, &Options::default())?;
        let counts = count::count(&document, &context, &run.results.items, task)?;
        rows.push(row(run, &context, &counts)?);
    }
    Ok(rows)
}

/// A number of things in a column of type int4.
pub(crate) fn int(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn owned(text: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
    text.map(|text| Cow::Owned(text.into_owned()))
}

fn row(run: &model::Run<'_>, context: &Context<'_>, counts: &Counts) -> Result<Run<'static>> {
    let tool = run.tool.get();
    let driver = tool.and_then(|tool| tool.driver.get());
    let of_driver = |member: fn(&ToolComponent<'_>) -> Option<Cow<'static, str>>| driver.and_then(member);
    let invocations = run.read_invocations();
    let first = invocations.first();
    let control = run.version_control.items.iter().find_map(Member::get);
    let automation = run.automation.get();
    let times =
        |member: fn(&Invocation<'_>) -> Option<i64>| invocations.iter().filter_map(move |i| member(i));
    Ok(Run {
        run_index: int(context.index),
        tool_name: owned(context.tool_name.clone()),
        tool_full_name: of_driver(|driver| owned(driver.full_name.filled())),
        tool_version: owned(context.tool_version.clone()),
        semantic_version: of_driver(|driver| owned(driver.semantic_version.filled())),
        organization: of_driver(|driver| owned(driver.organization.filled())),
        information_uri: of_driver(|driver| owned(driver.information_uri.filled())),
        extensions: names(
            tool.map(|tool| tool.extensions.items.as_slice())
                .unwrap_or_default(),
        ),
        automation_id: owned(automation.and_then(|automation| automation.id.filled())),
        automation_category: owned(context.category.clone()),
        run_guid: owned(automation.and_then(|automation| automation.guid.filled())),
        baseline_guid: owned(run.baseline_guid.filled()),
        results_available: is_available(run),
        results_count: int(counts.results),
        findings_count: int(counts.findings),
        rules_count: int(context.rules.facts.len()),
        suppressed_count: int(counts.suppressed),
        execution_successful: successful(&invocations),
        error_notifications: int(Notifications::of(tool)?.errors(&invocations)),
        complete: is_complete(run)?,
        notifications: notifications(&invocations)?,
        exit_code: first.and_then(|first| exit_code(first.exit_code)),
        start_time: times(|invocation| time::micros(&invocation.start_time.text()?)).min(),
        end_time: times(|invocation| time::micros(&invocation.end_time.text()?)).max(),
        command_line: owned(first.and_then(|first| first.command_line.filled())),
        working_directory: owned(first.and_then(|first| first.working_directory.get()?.uri.filled())),
        column_kind: owned(context.column_kind.clone()),
        vcs_uri: owned(control.and_then(|control| control.repository.filled())),
        vcs_revision: owned(control.and_then(|control| control.revision.filled())),
        vcs_branch: owned(control.and_then(|control| control.branch.filled())),
        taxonomies: names(&run.taxonomies.items),
        external_results: has_external_results(run),
        converter: owned(
            run.conversion
                .get()
                .and_then(|conversion| conversion.tool.get()?.driver.get()?.name.filled()),
        ),
    })
}

fn names(components: &[Member<ToolComponent<'_>>]) -> Cow<'static, [Cow<'static, str>]> {
    components
        .iter()
        .filter_map(|component| owned(component.get()?.name.filled()))
        .collect()
}

fn is_available(run: &model::Run<'_>) -> bool {
    run.results.shape == Shape::List
}

pub(crate) fn has_external_results(run: &model::Run<'_>) -> bool {
    run.external
        .get()
        .is_some_and(|external| !external.results.is_none())
}

/// Whether the results are all that the tool had to find: there are results, all of them in this document and readable, no
/// invocation failed, and no error was reported. Stricter than `executionSuccessful`, which tools set carelessly (§3.20.14, §3.20.21).
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`].
pub(crate) fn is_complete(run: &model::Run<'_>) -> Result<bool> {
    let invocations = run.read_invocations();
    Ok(is_available(run)
        && run
            .results
            .items
            .iter()
            .all(|result| result.kind() == Kind::Object)
        && successful(&invocations) != Some(false)
        && !has_external_results(run)
        && Notifications::of(run.tool.get())?.errors(&invocations) == 0)
}

/// Whether the run succeeded, as far as its invocations say so: one failure is a failure, and so is a process that did not start
/// (§3.20.22).
fn successful(invocations: &[Invocation<'_>]) -> Option<bool> {
    let of_one = |invocation: &Invocation<'_>| {
        if invocation.failed_to_start() {
            Some(false)
        } else {
            invocation.successful.boolean()
        }
    };
    let mut stated = invocations.iter().filter_map(of_one);
    let first = stated.next()?;
    Some(first && stated.all(|successful| successful))
}

fn notifications(invocations: &[Invocation<'_>]) -> Result<Option<Cow<'static, [u8]>>> {
    let mut members = Vec::new();
    for name in ["execution", "configuration"] {
        let mut trees = Vec::new();
        for invocation in invocations {
            let list = match name {
                "execution" => &invocation.execution_notifications,
                _ => &invocation.configuration_notifications,
            };
            for raw in &list.items {
                trees.extend(raw.tree()?);
            }
        }
        if !trees.is_empty() {
            members.push((Cow::Borrowed(name), Tree::Array(trees)));
        }
    }
    if members.is_empty() {
        return Ok(None);
    }
    Ok(Some(Cow::Owned(
        Tree::Object(Object::new(members)).encode()?.into_bytes(),
    )))
}

fn exit_code(value: Raw<'_>) -> Option<i32> {
    match number::integer(&value.token()?) {
        Integer::Value(value) => i32::try_from(value).ok(),
        _ => None,
    }
}

/// `version` of a tool as `sarif_summary` shows it.
pub(crate) fn version(driver: &ToolComponent<'_>) -> Option<Cow<'static, str>> {
    owned(context::version(driver))
}
