//! The parts of SARIF 2.1.0 that become columns. Scalars stay in place ([`Raw`]); containers are read.

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess};

use super::raw::Raw;
use super::read::{Elements, Format, Into, List, Member, Object, object, sanitised};

object! {
    /// sarifLog, §3.13.
    Log {
        schema: Raw<'d> = b"$schema",
        version: Raw<'d> = b"version",
        runs: List<'d, Member<Run<'d>>> = b"runs",
        inline: List<'d, Member<ExternalProperties<'d>>> = b"inlineExternalProperties",
    }

    /// run, §3.14.
    Run {
        tool: Member<Tool<'d>> = b"tool",
        results: List<'d, Raw<'d>> = b"results",
        artifacts: List<'d, Member<Artifact<'d>>> = b"artifacts",
        logical_locations: List<'d, Member<LogicalLocation<'d>>> = b"logicalLocations",
        invocations: List<'d, Raw<'d>> = b"invocations",
        uri_bases: Raw<'d> = b"originalUriBaseIds",
        version_control: List<'d, Member<VersionControl<'d>>> = b"versionControlProvenance",
        automation: Member<AutomationDetails<'d>> = b"automationDetails",
        taxonomies: List<'d, Member<ToolComponent<'d>>> = b"taxonomies",
        conversion: Member<Conversion<'d>> = b"conversion",
        external: Member<ExternalReferences<'d>> = b"externalPropertyFileReferences",
        thread_flow_locations: List<'d, Raw<'d>> = b"threadFlowLocations",
        baseline_guid: Raw<'d> = b"baselineGuid",
        column_kind: Raw<'d> = b"columnKind",
    }

    /// tool, §3.18.
    Tool {
        // What version 1.0.0 has instead of a driver.
        name: Raw<'d> = b"name",
        driver: Member<ToolComponent<'d>> = b"driver",
        extensions: List<'d, Member<ToolComponent<'d>>> = b"extensions",
    }

    /// toolComponent, §3.19.
    ToolComponent {
        name: Raw<'d> = b"name",
        guid: Raw<'d> = b"guid",
        full_name: Raw<'d> = b"fullName",
        version: Raw<'d> = b"version",
        semantic_version: Raw<'d> = b"semanticVersion",
        file_version: Raw<'d> = b"dottedQuadFileVersion",
        organization: Raw<'d> = b"organization",
        information_uri: Raw<'d> = b"informationUri",
        rules: List<'d, Member<Rule<'d>>> = b"rules",
        notifications: List<'d, Member<Descriptor<'d>>> = b"notifications",
        taxa: List<'d, Member<Descriptor<'d>>> = b"taxa",
        global_message_strings: Raw<'d> = b"globalMessageStrings",
    }

    /// reportingDescriptor, §3.49.
    Rule {
        id: Raw<'d> = b"id",
        guid: Raw<'d> = b"guid",
        name: Raw<'d> = b"name",
        short_description: Member<Text<'d>> = b"shortDescription",
        full_description: Member<Text<'d>> = b"fullDescription",
        help_uri: Raw<'d> = b"helpUri",
        configuration: Member<Configuration<'d>> = b"defaultConfiguration",
        message_strings: Raw<'d> = b"messageStrings",
        relationships: List<'d, Member<Relationship<'d>>> = b"relationships",
        properties: Member<Properties<'d>> = b"properties",
        deprecated_ids: Raw<'d> = b"deprecatedIds",
    }

    /// reportingDescriptor, §3.49, of what is no rule: a notification or a taxon.
    Descriptor {
        id: Raw<'d> = b"id",
        guid: Raw<'d> = b"guid",
        configuration: Member<Configuration<'d>> = b"defaultConfiguration",
    }

    /// multiformatMessageString, §3.12.
    Text {
        text: Raw<'d> = b"text",
        markdown: Raw<'d> = b"markdown",
    }

    /// reportingConfiguration, §3.50.
    Configuration {
        level: Raw<'d> = b"level",
        enabled: Raw<'d> = b"enabled",
        rank: Raw<'d> = b"rank",
    }

    /// configurationOverride, §3.51.
    Override {
        descriptor: Member<Reference<'d>> = b"descriptor",
        configuration: Member<Configuration<'d>> = b"configuration",
    }

    /// reportingDescriptorRelationship, §3.53.
    Relationship {
        target: Member<Reference<'d>> = b"target",
        kinds: Raw<'d> = b"kinds",
    }

    /// reportingDescriptorReference, §3.52.
    Reference {
        id: Raw<'d> = b"id",
        index: Raw<'d> = b"index",
        guid: Raw<'d> = b"guid",
        component: Member<ComponentReference<'d>> = b"toolComponent",
    }

    /// toolComponentReference, §3.54.
    ComponentReference {
        name: Raw<'d> = b"name",
        index: Raw<'d> = b"index",
        guid: Raw<'d> = b"guid",
    }

    /// result, §3.27.
    Finding {
        rule_id: Raw<'d> = b"ruleId",
        rule_index: Raw<'d> = b"ruleIndex",
        rule: Member<Reference<'d>> = b"rule",
        kind: Raw<'d> = b"kind",
        level: Raw<'d> = b"level",
        message: Member<Message<'d>> = b"message",
        target: Member<ArtifactLocation<'d>> = b"analysisTarget",
        locations: Elements<'d, Member<Location<'d>>> = b"locations",
        guid: Raw<'d> = b"guid",
        correlation_guid: Raw<'d> = b"correlationGuid",
        rank: Raw<'d> = b"rank",
        baseline_state: Raw<'d> = b"baselineState",
        fingerprints: Raw<'d> = b"fingerprints",
        partial_fingerprints: Raw<'d> = b"partialFingerprints",
        suppressions: Raw<'d> = b"suppressions",
        taxa: List<'d, Member<Reference<'d>>> = b"taxa",
        provenance: Member<Provenance<'d>> = b"provenance",
        properties: Member<Properties<'d>> = b"properties",
        code_flows: Raw<'d> = b"codeFlows",
        related_locations: Raw<'d> = b"relatedLocations",
        fixes: Raw<'d> = b"fixes",
        stacks: Raw<'d> = b"stacks",
        graphs: Raw<'d> = b"graphs",
        attachments: Raw<'d> = b"attachments",
        web_request: Raw<'d> = b"webRequest",
        web_response: Raw<'d> = b"webResponse",
        work_item_uris: Raw<'d> = b"workItemUris",
        viewer_uri: Raw<'d> = b"hostedViewerUri",
        occurrence_count: Raw<'d> = b"occurrenceCount",
    }

    /// message, §3.11.
    Message {
        text: Raw<'d> = b"text",
        id: Raw<'d> = b"id",
        markdown: Raw<'d> = b"markdown",
        arguments: Raw<'d> = b"arguments",
    }

    /// location, §3.28.
    Location {
        physical: Member<PhysicalLocation<'d>> = b"physicalLocation",
        logical: List<'d, Member<LogicalLocation<'d>>> = b"logicalLocations",
    }

    /// physicalLocation, §3.29.
    PhysicalLocation {
        artifact: Member<ArtifactLocation<'d>> = b"artifactLocation",
        region: Member<Region<'d>> = b"region",
        context: Member<Region<'d>> = b"contextRegion",
    }

    /// artifactLocation, §3.4.
    ArtifactLocation {
        uri: Raw<'d> = b"uri",
        base: Raw<'d> = b"uriBaseId",
        index: Raw<'d> = b"index",
    }

    /// region, §3.30.
    Region {
        start_line: Raw<'d> = b"startLine",
        start_column: Raw<'d> = b"startColumn",
        end_line: Raw<'d> = b"endLine",
        end_column: Raw<'d> = b"endColumn",
        snippet: Member<Content<'d>> = b"snippet",
    }

    /// artifactContent, §3.3.
    Content {
        text: Raw<'d> = b"text",
        rendered: Member<Text<'d>> = b"rendered",
    }

    /// artifact, §3.24.
    Artifact {
        location: Member<ArtifactLocation<'d>> = b"location",
        parent: Raw<'d> = b"parentIndex",
        contents: Member<Content<'d>> = b"contents",
    }

    /// logicalLocation, §3.33.
    LogicalLocation {
        name: Raw<'d> = b"name",
        qualified_name: Raw<'d> = b"fullyQualifiedName",
        index: Raw<'d> = b"index",
    }

    /// suppression, §3.35.
    Suppression {
        status: Raw<'d> = b"status",
    }

    /// resultProvenance, §3.48.
    Provenance {
        invocation: Raw<'d> = b"invocationIndex",
    }

    /// invocation, §3.20.
    Invocation {
        successful: Raw<'d> = b"executionSuccessful",
        exit_code: Raw<'d> = b"exitCode",
        start_time: Raw<'d> = b"startTimeUtc",
        end_time: Raw<'d> = b"endTimeUtc",
        command_line: Raw<'d> = b"commandLine",
        working_directory: Member<ArtifactLocation<'d>> = b"workingDirectory",
        execution_notifications: List<'d, Raw<'d>> = b"toolExecutionNotifications",
        configuration_notifications: List<'d, Raw<'d>> = b"toolConfigurationNotifications",
        overrides: List<'d, Member<Override<'d>>> = b"ruleConfigurationOverrides",
        notification_overrides: List<'d, Member<Override<'d>>> = b"notificationConfigurationOverrides",
        start_failure: Raw<'d> = b"processStartFailureMessage",
    }

    /// notification, §3.58.
    Notification {
        level: Raw<'d> = b"level",
        descriptor: Member<Reference<'d>> = b"descriptor",
    }

    /// versionControlDetails, §3.23.
    VersionControl {
        repository: Raw<'d> = b"repositoryUri",
        revision: Raw<'d> = b"revisionId",
        branch: Raw<'d> = b"branch",
        mapped_to: Member<ArtifactLocation<'d>> = b"mappedTo",
    }

    /// runAutomationDetails, §3.17.
    AutomationDetails {
        id: Raw<'d> = b"id",
        guid: Raw<'d> = b"guid",
    }

    /// conversion, §3.22.
    Conversion {
        tool: Member<Tool<'d>> = b"tool",
    }

    /// externalPropertyFileReferences, §3.15.
    ExternalReferences {
        conversion: Raw<'d> = b"conversion",
        driver: Raw<'d> = b"driver",
        extensions: Raw<'d> = b"extensions",
        artifacts: Raw<'d> = b"artifacts",
        invocations: Raw<'d> = b"invocations",
        logical_locations: Raw<'d> = b"logicalLocations",
        results: Raw<'d> = b"results",
        taxonomies: Raw<'d> = b"taxonomies",
        thread_flow_locations: Raw<'d> = b"threadFlowLocations",
    }

    /// externalPropertyFileReference, §3.16.
    ExternalReference {
        location: Member<ArtifactLocation<'d>> = b"location",
        guid: Raw<'d> = b"guid",
    }

    /// externalProperties, §4.3.
    ExternalProperties {
        guid: Raw<'d> = b"guid",
        conversion: Member<Conversion<'d>> = b"conversion",
        driver: Member<ToolComponent<'d>> = b"driver",
        extensions: List<'d, Member<ToolComponent<'d>>> = b"extensions",
        artifacts: List<'d, Member<Artifact<'d>>> = b"artifacts",
        invocations: List<'d, Raw<'d>> = b"invocations",
        logical_locations: List<'d, Member<LogicalLocation<'d>>> = b"logicalLocations",
        results: List<'d, Raw<'d>> = b"results",
        taxonomies: List<'d, Member<ToolComponent<'d>>> = b"taxonomies",
        thread_flow_locations: List<'d, Raw<'d>> = b"threadFlowLocations",
    }
}

/// propertyBag, §3.8: the conventional names, and the members whose names say severity, CWE or vulnerability.
#[derive(Clone, Debug, Default)]
pub(crate) struct Properties<'d> {
    pub(crate) tags: Raw<'d>,
    pub(crate) security_severity: Raw<'d>,
    pub(crate) precision: Raw<'d>,
    /// The others that may matter, as they come; [`super::read::sort_members`] brings them into order.
    pub(crate) others: Vec<(Cow<'d, str>, Raw<'d>)>,
}

impl<'d> Object<'d> for Properties<'d> {
    fn member<F: Format, A: MapAccess<'d>>(
        &mut self,
        format: F,
        name: Cow<'d, [u8]>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match name.as_ref() {
            b"tags" => map.next_value_seed(Into(format, &mut self.tags))?,
            b"security-severity" => map.next_value_seed(Into(format, &mut self.security_severity))?,
            b"precision" => map.next_value_seed(Into(format, &mut self.precision))?,
            _ if is_telling(&name) => {
                let mut value = Raw::default();
                map.next_value_seed(Into(format, &mut value))?;
                format.budget().push(&mut self.others, (sanitised(name), value))?;
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Whether a property's name contains a word that the severity or taxonomy rules look for.
fn is_telling(name: &[u8]) -> bool {
    ["severity", "cwe", "cve", "alias", "vulnerabilit"]
        .iter()
        .any(|word| contains_ignoring_case(name, word.as_bytes()))
}

/// Whether `word`, in lower case, is in `text` in any ASCII case.
pub(crate) fn contains_ignoring_case(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

impl<'d> Run<'d> {
    /// The invocations, read; empty ones in the place of what is no object.
    pub(crate) fn read_invocations(&self) -> Vec<Invocation<'d>> {
        self.invocations
            .items
            .iter()
            .map(|raw| raw.read::<Member<Invocation<'d>>>().into_inner())
            .collect()
    }
}

impl Invocation<'_> {
    /// Whether `processStartFailureMessage` says that there was nothing to run.
    pub(crate) fn failed_to_start(&self) -> bool {
        !self.start_failure.is_none() && !self.start_failure.is_empty()
    }
}
