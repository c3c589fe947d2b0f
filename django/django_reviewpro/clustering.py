"""Clusters of a queryset's rows, in one statement, and into the application's tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connections, models, router, transaction

from . import arguments, options
from .conf import qualified
from .errors import mapped_errors
from .tables.engine import selected

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Cluster", "Clustering", "Member", "cluster_rows", "store_clusters"]


@dataclass(frozen=True)
class Member:
    """A row in a cluster: its id, and its Euclidean distance to the mean of the cluster's vectors."""

    id: Any
    distance_to_centroid: float


@dataclass(frozen=True)
class Cluster:
    """A cluster, with the figures of cluster_summaries; `representative`: the id of the row nearest to its centroid."""

    label: int
    size: int
    representative: Any
    avg_similarity: float
    min_similarity: float
    max_similarity: float
    avg_distance_to_centroid: float
    std_distance_to_centroid: float
    cohesion_score: float
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Clustering:
    """Clusters in the order of their labels, and the ids of the rows in none."""

    algorithm: str
    options: Mapping[str, Any]
    clusters: tuple[Cluster, ...]
    noise: tuple[Any, ...]


# One reading of the vectors. array_agg keeps the order of the subquery.
_STATEMENT = """
WITH vectors AS MATERIALIZED (
    SELECT array_agg(id) AS ids, array_agg(vector) AS vectors FROM ({rows}) source (id, vector) WHERE vector IS NOT NULL
), labelled AS MATERIALIZED (
    SELECT ids, vectors, {cluster_embeddings}(vectors{options}) AS labels FROM vectors WHERE ids IS NOT NULL
)
SELECT ids, labels,
       (SELECT json_agg(s ORDER BY s.cluster) FROM {cluster_summaries}(vectors, labels) s),
       (SELECT json_agg(m ORDER BY m.ordinality) FROM {cluster_members}(vectors, labels) m)
FROM labelled
"""


def cluster_rows(
    rows: models.QuerySet[Any, Any], *, using: str | None = None, **given: Unpack[options.ClusterOptions]
) -> Clustering:
    """Clusters the rows of a queryset with values_list(id, embedding); rows without an embedding take no part.

    The embedding is an array column, or a pgvector column. Options are those of cluster_embeddings, whose array bounds
    the size: about 87,000 vectors of 1536 numbers; beyond that django_reviewpro.tables.ClusterQuery gives the labels.
    A queryset without an order is ordered by its first column, since the order numbers the clusters.
    """
    arguments.check_options("cluster_rows", given, options.ClusterOptions)
    columns = selected(rows.query)
    if len(columns) != 2:
        raise ValueError("cluster_rows needs values_list(id, embedding)")
    if rows.query.is_sliced and not rows.ordered:
        raise ValueError("cluster_rows needs rows in an order before they are sliced: which ones are meant?")
    ordered = rows if rows.ordered else rows.order_by(next(iter(columns)))
    alias = using or rows.db
    connection = connections[alias]
    algorithm = str(given.get("algorithm", "dbscan"))
    nothing = Clustering(algorithm, dict(given), (), ())
    try:
        sql, params = ordered.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return nothing
    if not isinstance(list(columns.values())[1], ArrayField):
        sql = f"SELECT id, vector::real[] FROM ({sql}) stored (id, vector)"
    named, values = arguments.named_parameters(given)
    statement = _STATEMENT.format(
        rows=sql,
        options="".join(f", {part}" for part in named),
        **{name: qualified(name) for name in ("cluster_embeddings", "cluster_summaries", "cluster_members")},
    )
    with mapped_errors(), connection.cursor() as cursor:
        cursor.execute(statement, [*params, *values])
        row = cursor.fetchone()
    if row is None:
        return nothing
    ids, labels, summaries, members = row
    return Clustering(
        algorithm,
        dict(given),
        tuple(_clusters(ids, _json(summaries), _json(members))),
        tuple(id_ for id_, label in zip(ids, labels, strict=True) if label < 0),
    )


def _clusters(
    ids: Sequence[Any], summaries: Iterable[Mapping[str, Any]], members: Iterable[Mapping[str, Any]]
) -> Iterable[Cluster]:
    by_label: dict[int, list[Member]] = {}
    for member in members:
        # Positions count from 1.
        found = Member(ids[member["ordinality"] - 1], member["distance_to_centroid"])
        by_label.setdefault(member["cluster"], []).append(found)
    for summary in summaries:
        figures = dict(summary)
        label = figures.pop("cluster")
        figures["representative"] = ids[figures["representative"] - 1]
        yield Cluster(label=label, members=tuple(by_label[label]), **figures)


def _json(value: Any) -> list[Any]:
    """An aggregate over no rows is NULL; psycopg reads json, and leaves jsonb to Django."""
    return json.loads(value) if isinstance(value, str) else value or []


def store_clusters(
    clustering: Clustering,
    clusters: type[models.Model],
    memberships: type[models.Model],
    constants: Mapping[str, Any],
    *,
    using: str | None = None,
) -> int:
    """Stores clusters in place of those with the same `constants` ({"organization_id": ...}); gives their number.

    `using` names the database, by default the one to which the router has clusters written.

    Columns are matched by name. Of clusters: cluster_label ('cluster_0', ...), representative or
    representative_finding, algorithm, similarity_threshold (1 - eps or 1 - distance_threshold), statistics (an object
    of the figures), primary_rule_id, primary_severity, primary_tool (the most frequent among the members), and those
    of Cluster. Of memberships: a foreign key to the cluster, one to the rows, distance_to_centroid.
    """
    names = {name for field in clusters._meta.concrete_fields for name in (field.name, field.attname)}
    to_cluster = _foreign_key(memberships, lambda target: target is clusters)
    to_row = _foreign_key(memberships, lambda target: target is not clusters)
    using = using or router.db_for_write(clusters)
    with transaction.atomic(using=using):
        clusters._default_manager.using(using).filter(**constants).delete()
        rows = _rows(to_row.related_model, clustering, using)
        made = []
        for cluster in clustering.clusters:
            values = _columns(clustering, cluster, [rows[member.id] for member in cluster.members if member.id in rows])
            made.append(clusters(**constants, **{name: value for name, value in values.items() if name in names}))
        clusters._default_manager.using(using).bulk_create(made)
        memberships._default_manager.using(using).bulk_create(
            [
                memberships(
                    **{
                        to_cluster.name: stored,
                        to_row.attname: member.id,
                        "distance_to_centroid": member.distance_to_centroid,
                    }
                )
                for stored, cluster in zip(made, clustering.clusters, strict=True)
                for member in cluster.members
            ],
            batch_size=1000,
        )
    return len(made)


def _columns(clustering: Clustering, cluster: Cluster, members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All that a table of clusters may want to know."""
    figures = {name: value for name, value in asdict(cluster).items() if name not in ("members", "label")}
    representative = figures.pop("representative")
    threshold = clustering.options.get("eps", clustering.options.get("distance_threshold"))
    values = {
        **figures,
        "cluster_label": f"cluster_{cluster.label}",
        "representative_id": representative,
        "representative_finding_id": representative,
        "algorithm": clustering.algorithm,
        "statistics": figures,
        "primary_rule_id": _most_frequent(members, "rule_id"),
        "primary_severity": _most_frequent(members, "severity"),
        "primary_tool": _most_frequent(members, "tool_name"),
    }
    if threshold is not None:
        values["similarity_threshold"] = 1 - threshold
    return values


def _most_frequent(members: Sequence[Mapping[str, Any]], column: str) -> str:
    """The most frequent value; among equally frequent ones the first in order. Empty where there is none."""
    counts = Counter(str(member[column]) for member in members if member.get(column) is not None)
    return min(counts, key=lambda value: (-counts[value], value)) if counts else ""


def _rows(model: type[models.Model], clustering: Clustering, using: str) -> dict[Any, Mapping[str, Any]]:
    """What the members say of themselves, by id."""
    wanted = {"rule_id", "severity", "tool_name"} & {field.name for field in model._meta.concrete_fields}
    ids = [member.id for cluster in clustering.clusters for member in cluster.members]
    found = model._default_manager.using(using).filter(pk__in=ids).values("pk", *wanted)
    return {row["pk"]: row for row in found}


def _foreign_key(model: type[models.Model], fits: Any) -> Any:
    keys = [field for field in model._meta.concrete_fields if field.many_to_one and fits(field.related_model)]
    if len(keys) != 1:
        raise ValueError(f"{model.__name__} has {len(keys)} foreign keys that may be the one of a membership, not one")
    return keys[0]
