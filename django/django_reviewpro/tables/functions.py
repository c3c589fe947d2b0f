"""The extension's table functions as querysets.

A document is a value (text, bytes, a parsed document, an open file) or an expression: OuterRef("log") in a subquery,
F("log") with over=, a queryset with values(...) that the function is called on row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from django.db import models
from django.db.models import Value
from django.db.models.sql import Query

from .. import arguments, options
from . import rows
from .engine import call, selected
from .query_text import QueryText

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable
    from typing_extensions import Unpack

    # Whatever Django's own expressions take in their place.
    Expr: TypeAlias = Combinable

__all__ = [
    "AssignClusters",
    "ClusterMembers",
    "ClusterQuery",
    "ClusterSummaries",
    "FingerprintFindings",
    "SarifChanges",
    "SarifFindings",
    "SarifLineHashes",
    "SarifRules",
    "SarifRuns",
    "SarifValidate",
    "ScanChanges",
    "SuggestEps",
]

Over: TypeAlias = "models.QuerySet[Any, Any] | None"


def SarifFindings(
    sarif: arguments.Document | Expr,
    *,
    over: Over = None,
    using: str | None = None,
    **given: Unpack[options.SarifOptions],
) -> models.QuerySet[rows.SarifFinding]:
    """The findings of a SARIF 2.1.0 log, one row per result. Options are sarif_findings'."""
    arguments.check_options("SarifFindings", given, options.SarifOptions)
    values = [arguments.document_argument(sarif), *arguments.named_arguments(given)]
    return call(rows.SarifFinding, values, over=over, using=using)


def SarifRuns(
    sarif: arguments.Document | Expr, *, over: Over = None, using: str | None = None
) -> models.QuerySet[rows.SarifRun]:
    """The runs of a SARIF log; `complete` says whether what is not found any more may be closed."""
    return call(rows.SarifRun, [arguments.document_argument(sarif)], over=over, using=using)


def SarifRules(
    sarif: arguments.Document | Expr, *, over: Over = None, using: str | None = None
) -> models.QuerySet[rows.SarifRule]:
    """The rules of a SARIF log, of the tools and their extensions."""
    return call(rows.SarifRule, [arguments.document_argument(sarif)], over=over, using=using)


def SarifValidate(
    sarif: arguments.Document | Expr, *, over: Over = None, using: str | None = None
) -> models.QuerySet[rows.SarifProblem]:
    """What is wrong with a SARIF log: severity, a stable code, a JSON pointer, how to mend it."""
    return call(rows.SarifProblem, [arguments.document_argument(sarif)], over=over, using=using)


def SarifLineHashes(
    source: str | Expr, *, over: Over = None, using: str | None = None
) -> models.QuerySet[rows.SarifLineHash]:
    """The hash of each line of a source file."""
    return call(rows.SarifLineHash, [arguments.plain_argument(source)], over=over, using=using)


def FingerprintFindings(
    findings: Sequence[Mapping[str, Any]] | Expr,
    *,
    over: Over = None,
    using: str | None = None,
    **given: Unpack[options.FingerprintFindingsOptions],
) -> models.QuerySet[rows.FindingFingerprint]:
    """The fingerprints of an array of finding objects, in order."""
    arguments.check_options("FingerprintFindings", given, options.FingerprintFindingsOptions)
    values = [arguments.objects_argument(findings), *arguments.named_arguments(given)]
    return call(rows.FindingFingerprint, values, over=over, using=using)


def ScanChanges(
    scan_id: UUID | str | Expr,
    *,
    findings: type[models.Model] | str | None = None,
    over: Over = None,
    using: str | None = None,
    **given: Unpack[options.ScanChangesOptions],
) -> models.QuerySet[rows.ScanChange]:
    """What a scan changed against the one before. `findings` is the model or the name of the table."""
    arguments.check_options("ScanChanges", given, options.ScanChangesOptions)
    values = [arguments.plain_argument(scan_id), *arguments.named_arguments(given)]
    if findings is not None:
        values.append(arguments.NamedArgument("findings", arguments.table_argument(findings)))
    return call(rows.ScanChange, values, over=over, using=using)


def SarifChanges(
    before: arguments.Document | Expr | None,
    after: arguments.Document | Expr | None,
    *,
    over: Over = None,
    using: str | None = None,
    **given: Unpack[options.SarifChangesOptions],
) -> models.QuerySet[rows.SarifChange]:
    """What changed from one log to another, of any two scans. `before` may be None: then all is new."""
    arguments.check_options("SarifChanges", given, options.SarifChangesOptions)
    values = [*arguments.documents_arguments(before, after), *arguments.named_arguments(given)]
    return call(rows.SarifChange, values, over=over, using=using)


def ClusterQuery(
    query: models.QuerySet[Any, Any] | str,
    *,
    using: str | None = None,
    **given: Unpack[options.ClusterOptions],
) -> models.QuerySet[rows.ClusteredRow]:
    """Clusters the rows of a queryset with values_list(id, embedding), however many.

    A str is SQL and is run as it is: never build it from what users typed.
    """
    arguments.check_options("ClusterQuery", given, options.ClusterOptions)
    if isinstance(query, models.QuerySet):
        inner: Query = query.query
        if len(selected(inner)) != 2:
            raise ValueError("ClusterQuery needs values_list(id, embedding)")
        using = using or query.db
        text: Any = QueryText(inner)
    else:
        text = Value(query)
    return call(rows.ClusteredRow, [text, *arguments.named_arguments(given)], using=using)


def ClusterSummaries(
    embeddings: arguments.Vectors | Expr,
    labels: Sequence[int] | Expr,
    *,
    over: Over = None,
    using: str | None = None,
    **given: Unpack[options.SummaryOptions],
) -> models.QuerySet[rows.ClusterSummary]:
    """One row per cluster of labelled vectors."""
    arguments.check_options("ClusterSummaries", given, options.SummaryOptions)
    values = [arguments.vectors_argument(embeddings), arguments.labels_argument(labels)]
    return call(rows.ClusterSummary, [*values, *arguments.named_arguments(given)], over=over, using=using)


def ClusterMembers(
    embeddings: arguments.Vectors | Expr,
    labels: Sequence[int] | Expr,
    *,
    over: Over = None,
    using: str | None = None,
    **given: Unpack[options.SummaryOptions],
) -> models.QuerySet[rows.ClusterMember]:
    """One row per vector that is in a cluster."""
    arguments.check_options("ClusterMembers", given, options.SummaryOptions)
    values = [arguments.vectors_argument(embeddings), arguments.labels_argument(labels)]
    return call(rows.ClusterMember, [*values, *arguments.named_arguments(given)], over=over, using=using)


def AssignClusters(
    new_embeddings: arguments.Vectors | Expr,
    embeddings: arguments.Vectors | Expr,
    labels: Sequence[int] | Expr,
    *,
    over: Over = None,
    using: str | None = None,
    **given: Unpack[options.AssignOptions],
) -> models.QuerySet[rows.ClusterAssignment]:
    """The existing cluster of each new vector. `max_distance` must be given."""
    arguments.check_options("AssignClusters", given, options.AssignOptions)
    values = [
        arguments.vectors_argument(new_embeddings),
        arguments.vectors_argument(embeddings),
        arguments.labels_argument(labels),
    ]
    return call(rows.ClusterAssignment, [*values, *arguments.named_arguments(given)], over=over, using=using)


def SuggestEps(
    embeddings: arguments.Vectors | Expr,
    *,
    over: Over = None,
    using: str | None = None,
    **given: Unpack[options.SuggestOptions],
) -> models.QuerySet[rows.EpsCandidate]:
    """Candidates for eps, with the clusters that DBSCAN would find."""
    arguments.check_options("SuggestEps", given, options.SuggestOptions)
    values = [arguments.vectors_argument(embeddings), *arguments.named_arguments(given)]
    return call(rows.EpsCandidate, values, over=over, using=using)
