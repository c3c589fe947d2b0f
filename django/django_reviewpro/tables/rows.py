"""What one row of each table function means. The columns are documented in the extension's reference."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import NotSupportedError, models

from . import detached
from .engine import RowManager


def _text() -> models.TextField:  # type: ignore[type-arg]
    return detached.TextField(null=True)


def _integer() -> models.IntegerField:  # type: ignore[type-arg]
    return detached.IntegerField(null=True)


def _number() -> models.FloatField:  # type: ignore[type-arg]
    return detached.FloatField(null=True)


def _flag() -> models.BooleanField:  # type: ignore[type-arg]
    return detached.BooleanField(null=True)


def _time() -> models.DateTimeField:  # type: ignore[type-arg]
    return detached.DateTimeField(null=True)


def _decimal() -> models.DecimalField:  # type: ignore[type-arg]
    return detached.DecimalField(null=True)


def _json() -> models.JSONField:
    return detached.JSONField(null=True)


def _texts() -> detached.ArrayField:
    return detached.ArrayField(models.TextField(), null=True)


class _FunctionRow(detached.DetachedModel):
    """A row that is the result of a function."""

    objects: ClassVar[RowManager[Any]] = RowManager()

    class Meta(detached.DetachedModel.Meta):
        abstract = True

    def refresh_from_db(self, using: Any = None, fields: Any = None, from_queryset: Any = None) -> None:
        """Django comes here for fields that only() or defer() left out."""
        which = f"field {', '.join(fields)}" if fields else "row"
        raise NotSupportedError(f"{which} of {type(self).__name__} cannot be read later: it is a function's result")


class _Row(_FunctionRow):
    """A row, numbered from 1 in the order in which the function gives it."""

    ordinality = detached.BigIntegerField(primary_key=True)

    class Meta(_FunctionRow.Meta):
        abstract = True


class SarifFinding(_Row):
    """One result of a SARIF log (with per_location: one location of a result)."""

    run_index = _integer()
    result_index = _integer()
    location_index = _integer()
    rule_id = _text()
    rule_name = _text()
    rule_description = _text()
    help_uri = _text()
    kind = _text()
    level = _text()
    severity = _text()
    severity_source = _text()
    security_severity = _decimal()
    precision = _text()
    rank = _number()
    message = _text()
    file_path = _text()
    file_uri = _text()
    start_line = _integer()
    start_column = _integer()
    end_line = _integer()
    end_column = _integer()
    column_kind = _text()
    snippet = _text()
    context_snippet = _text()
    logical_location = _text()
    location_count = _integer()
    cwe_ids = _texts()
    cve_ids = _texts()
    tags = _texts()
    tool_name = _text()
    tool_version = _text()
    tool_component = _text()
    automation_category = _text()
    suppressed = _flag()
    suppressions = _json()
    baseline_state = _text()
    guid = _text()
    correlation_guid = _text()
    tool_fingerprints = _json()
    partial_fingerprints = _json()
    fingerprint = _text()
    fingerprint_kind = _text()
    occurrence = _integer()
    metadata = _json()
    sarif_data = _json()
    warnings = _texts()

    class Meta(_Row.Meta):
        db_table = "sarif_findings"


class SarifRun(_Row):
    """One run of a SARIF log."""

    run_index = _integer()
    tool_name = _text()
    tool_full_name = _text()
    tool_version = _text()
    semantic_version = _text()
    organization = _text()
    information_uri = _text()
    extensions = _texts()
    automation_id = _text()
    automation_category = _text()
    run_guid = _text()
    baseline_guid = _text()
    results_available = _flag()
    results_count = _integer()
    findings_count = _integer()
    rules_count = _integer()
    suppressed_count = _integer()
    execution_successful = _flag()
    error_notifications = _integer()
    complete = _flag()
    notifications = _json()
    exit_code = _integer()
    start_time = _time()
    end_time = _time()
    command_line = _text()
    working_directory = _text()
    column_kind = _text()
    vcs_uri = _text()
    vcs_revision = _text()
    vcs_branch = _text()
    taxonomies = _texts()
    external_results = _flag()
    converter = _text()

    class Meta(_Row.Meta):
        db_table = "sarif_runs"


class SarifRule(_Row):
    """One rule of the tool of a run, or of one of its extensions."""

    run_index = _integer()
    component_index = _integer()
    component = _text()
    rule_index = _integer()
    rule_id = _text()
    guid = _text()
    rule_name = _text()
    short_description = _text()
    full_description = _text()
    help_uri = _text()
    level = _text()
    enabled = _flag()
    severity = _text()
    severity_source = _text()
    security_severity = _decimal()
    precision = _text()
    tags = _texts()
    cwe_ids = _texts()
    deprecated_ids = _texts()
    results_count = _integer()

    class Meta(_Row.Meta):
        db_table = "sarif_rules"


class SarifProblem(_Row):
    """One thing that is wrong with a SARIF log."""

    severity = _text()
    code = _text()
    pointer = _text()
    message = _text()

    class Meta(_Row.Meta):
        db_table = "sarif_validate"


class SarifLineHash(_Row):
    """The hash of one line of a source file."""

    line = _integer()
    hash = _text()

    class Meta(_Row.Meta):
        db_table = "sarif_line_hashes"


class FindingFingerprint(_Row):
    """The fingerprint of one element of an array of findings."""

    finding_index = _integer()
    fingerprint = _text()
    is_duplicate = _flag()

    class Meta(_Row.Meta):
        db_table = "fingerprint_findings"


class ScanChange(_Row):
    """What a scan changed about one finding: new, fixed, reopened, unchanged."""

    change = _text()
    fingerprint = _text()
    rule_id = _text()
    severity = _text()
    status = _text()
    file_path = _text()
    start_line = _integer()
    message = _text()

    class Meta(_Row.Meta):
        db_table = "scan_changes"


class SarifChange(_Row):
    """What changed about one finding from one log to another: new, fixed, reopened, unchanged, not_scanned, filtered."""

    change = _text()
    fingerprint = _text()
    rule_id = _text()
    severity = _text()
    tool_name = _text()
    file_path = _text()
    start_line = _integer()
    previous_line = _integer()
    message = _text()

    class Meta(_Row.Meta):
        db_table = "sarif_changes"


class ClusteredRow(_Row):
    """One row of a clustered query: its id as text, and its cluster, NULL for noise."""

    id = _text()
    cluster = _integer()

    class Meta(_Row.Meta):
        db_table = "cluster_query"


class ClusterSummary(_Row):
    """One cluster: size, the row nearest to the centroid (counted from 1), similarities, distances."""

    cluster = _integer()
    size = _integer()
    representative = _integer()
    avg_similarity = _number()
    min_similarity = _number()
    max_similarity = _number()
    avg_distance_to_centroid = _number()
    std_distance_to_centroid = _number()
    cohesion_score = _number()

    class Meta(_Row.Meta):
        db_table = "cluster_summaries"


class EpsCandidate(_Row):
    """A candidate for eps, and what DBSCAN would find with it."""

    quantile = _number()
    eps = _number()
    n_clusters = _integer()
    noise_count = _integer()
    largest_share = _number()
    suggested = _flag()
    chaining = _flag()

    class Meta(_Row.Meta):
        db_table = "suggest_eps"


class _VectorRow(_FunctionRow):
    """A row about a vector: the function itself numbers the vectors, from 1."""

    vector = detached.IntegerField(primary_key=True, db_column="ordinality")

    class Meta(_FunctionRow.Meta):
        abstract = True


class ClusterMember(_VectorRow):
    """One vector that is in a cluster, with its distance to the centroid."""

    cluster = _integer()
    distance_to_centroid = _number()
    similarity_to_centroid = _number()
    is_representative = _flag()

    class Meta(_Row.Meta):
        db_table = "cluster_members"


class ClusterAssignment(_VectorRow):
    """The existing cluster of one new vector; NULL where none is near enough."""

    cluster = _integer()
    distance = _number()

    class Meta(_Row.Meta):
        db_table = "assign_clusters"
