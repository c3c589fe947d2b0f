//! Properties of a run that are kept elsewhere (§3.15, §4): those inside the same document are put in their place.

use super::model::{ExternalProperties, ExternalReference, Log, Run};
use super::raw::{Index, Raw};
use super::read::{List, Member, Shape};

/// Appends arrays and replaces objects from `inlineExternalProperties`. What a run still refers to after that is outside of
/// the document, and [`Run::external`] says so.
pub(crate) fn resolve(log: &mut Log<'_>) {
    let inline: Vec<ExternalProperties<'_>> = std::mem::take(&mut log.inline.items)
        .into_iter()
        .map(Member::into_inner)
        .collect();
    for run in &mut log.runs.items {
        if let Member::Is(run) = run {
            resolve_run(run, &inline);
        }
    }
}

fn resolve_run<'d>(run: &mut Run<'d>, inline: &[ExternalProperties<'d>]) {
    let Member::Is(mut external) = std::mem::take(&mut run.external) else {
        return;
    };
    let found = |references: &mut Raw<'d>| take(references, inline);
    for source in found(&mut external.results) {
        append(&mut run.results, &source.results);
    }
    for source in found(&mut external.artifacts) {
        append(&mut run.artifacts, &source.artifacts);
    }
    for source in found(&mut external.logical_locations) {
        append(&mut run.logical_locations, &source.logical_locations);
    }
    for source in found(&mut external.invocations) {
        append(&mut run.invocations, &source.invocations);
    }
    for source in found(&mut external.taxonomies) {
        append(&mut run.taxonomies, &source.taxonomies);
    }
    for source in found(&mut external.thread_flow_locations) {
        append(&mut run.thread_flow_locations, &source.thread_flow_locations);
    }
    for source in found(&mut external.conversion) {
        run.conversion = source.conversion.clone();
    }
    let mut tool = std::mem::take(&mut run.tool).into_inner();
    for source in found(&mut external.driver) {
        tool.driver = source.driver.clone();
    }
    for source in found(&mut external.extensions) {
        append(&mut tool.extensions, &source.extensions);
    }
    run.tool = Member::Is(tool);
    run.external = Member::Is(external);
}

fn append<'d, T: Clone>(list: &mut List<'d, T>, more: &List<'d, T>) {
    list.shape = Shape::List;
    list.items.extend_from_slice(&more.items);
}

/// What one reference or a list of them finds in the document. When it finds everything, no reference is left.
fn take<'a, 'd>(
    references: &mut Raw<'d>,
    inline: &'a [ExternalProperties<'d>],
) -> Vec<&'a ExternalProperties<'d>> {
    let all = match references.elements() {
        elements if elements.is_empty() && !references.is_none() && !references.is_empty() => {
            vec![*references]
        }
        elements => elements,
    };
    let found: Vec<_> = all
        .iter()
        .filter_map(|reference| find(reference.read(), inline))
        .collect();
    if found.len() == all.len() {
        *references = Raw::Absent;
    }
    found
}

/// By `sarif:/inlineExternalProperties/N`, else by guid.
fn find<'a, 'd>(
    reference: Member<ExternalReference<'d>>,
    inline: &'a [ExternalProperties<'d>],
) -> Option<&'a ExternalProperties<'d>> {
    let reference = reference.into_inner();
    let uri = reference
        .location
        .get()
        .and_then(|location| location.uri.filled());
    if let Some(position) = uri
        .as_deref()
        .and_then(|uri| uri.strip_prefix("sarif:/inlineExternalProperties/"))
        && let Index::At(at) = Raw::Text(position).index()
    {
        return inline.get(at);
    }
    let guid = reference.guid.filled()?;
    inline.iter().find(|source| {
        source
            .guid
            .text()
            .is_some_and(|own| own.eq_ignore_ascii_case(&guid))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_appended_and_objects_replaced() {
        let mut member: Member<Log<'_>> = Raw::Text(
            r#"{"runs":[{"results":[1],"externalPropertyFileReferences":{
                "results":[{"location":{"uri":"sarif:/inlineExternalProperties/0"}},{"guid":"g"}],
                "driver":{"guid":"g"},"artifacts":[{"guid":"other"}]}}],
              "inlineExternalProperties":[{"results":[2,3]},{"guid":"G","results":[4],"driver":{"name":"T"}}]}"#,
        )
        .read();
        let Member::Is(log) = &mut member else {
            panic!("a log")
        };
        resolve(log);
        let run = log.runs.items[0].get().unwrap();
        assert_eq!(run.results.items, ["1", "2", "3", "4"].map(Raw::Text));
        assert_eq!(
            run.tool
                .get()
                .unwrap()
                .driver
                .get()
                .unwrap()
                .name
                .text()
                .as_deref(),
            Some("T")
        );
        let external = run.external.get().unwrap();
        assert!(external.results.is_none() && external.driver.is_none() && !external.artifacts.is_none());
    }
}
