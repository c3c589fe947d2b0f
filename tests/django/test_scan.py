"""A whole scan, before and after: what the application's Python stores, and what one statement stores in its place."""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from corpus import ROOT, Log, own_logs
from django.db import connection, transaction
from django_reviewpro.clustering import cluster_rows, store_clusters
from django_reviewpro.ingest import ingest_sarif
from django_reviewpro.rollout import Component, shadow_compared
from product import legacy
from product.models import Finding, FindingCluster, FindingClusterMembership, FindingEmbedding

pytestmark = pytest.mark.django_db

# The loop takes milliseconds per finding: larger logs say nothing new, and one environment reads all of these.
COMPLETE = bool(os.environ.get("REVIEWPRO_COMPLETE"))
MOST_RESULTS = 1500 if COMPLETE else 150
LOGS = [log for log in own_logs() if sum(len(run.get("results") or []) for run in log.document["runs"]) <= MOST_RESULTS]
CLUSTERED = [log for log in LOGS if log.name.startswith(("bandit-", "ruff-", "semgrep-")) and "broken" not in log.name]
NOT_COMPARED = {"id", "first_seen_at", "last_seen_at", "created_at", "updated_at"}


def findings() -> list[dict[str, Any]]:
    """The table's content, but for what differs from one run to the next."""
    names = [field.attname for field in Finding._meta.concrete_fields if field.name not in NOT_COMPARED]
    return list(Finding.objects.order_by("organization_id", "fingerprint").values(*names))


@contextmanager
def undone() -> Iterator[None]:
    """What happens in it did not happen."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_logs_are_there() -> None:
    assert len(LOGS) >= 15
    least = 3000 if COMPLETE else 300
    assert sum(len(run.get("results") or []) for log in LOGS for run in log.document["runs"]) > least


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_one_statement_stores_what_the_loop_stored(project: Any, log: Log) -> None:
    first, second = project.ids(), project.ids()
    with undone():
        before = legacy.store_log(log.document, **first)
        after_first = findings()
        legacy.store_log(log.document, **second)
        after_second = findings()
    result = ingest_sarif(log.raw, findings=Finding, mode="compat", **first)
    assert (result.total, result.inserted, result.duplicates) == (before.total, before.new, before.updated)
    assert findings() == after_first
    again = ingest_sarif(log.document, findings=Finding, mode="compat", close=False, **second)
    assert (again.inserted, again.updated) == (0, before.new)
    assert findings() == after_second


@pytest.fixture(scope="module")
def embeddings() -> dict[str, list[float]]:
    """Sentence embeddings of the findings' texts, by the text's digest."""
    with gzip.open(ROOT / "demo" / "embeddings.csv.gz", "rt", newline="") as file:
        return {digest: [float(x) for x in vector.strip("{}").split(",")] for digest, vector in csv.reader(file)}


def clusters() -> list[dict[str, Any]]:
    """Clusters and who is in them."""
    stored = []
    for row in FindingCluster.objects.order_by("cluster_label"):
        members = row.memberships.order_by("finding__fingerprint")
        by_name = members.values_list("finding__fingerprint", "distance_to_centroid")
        columns = {
            field.name: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if field.name not in NOT_COMPARED | {"representative_finding"}
        }
        figures = columns.pop("statistics")
        columns |= {f"statistics.{name}": value for name, value in figures.items()}
        columns["members"] = [fingerprint for fingerprint, _ in by_name]
        columns["distances"] = [distance for _, distance in by_name]
        columns["representative"] = row.representative_finding.fingerprint
        stored.append(columns)
    return stored


def test_clusters_are_those_that_python_found(project: Any, embeddings: dict[str, list[float]]) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is what the application clusters with")
    for log in CLUSTERED:
        ingest_sarif(log.raw, findings=Finding, mode="compat", close=False, **project.ids())
    rows = []
    for finding in Finding.objects.all():
        vector = embeddings.get(hashlib.sha256(legacy.embedding_text(finding).encode()).hexdigest())
        if vector:
            rows.append(FindingEmbedding(finding=finding, vector=vector))
    FindingEmbedding.objects.bulk_create(rows)
    ordered = FindingEmbedding.objects.order_by("finding__fingerprint")
    assert ordered.count() > (500 if COMPLETE else 50)
    organization = project.organization.pk
    with undone():
        stored = list(ordered.select_related("finding"))
        number = legacy.store_clusters(organization, [row.finding for row in stored], [row.vector for row in stored])
        before = clusters()
    found = cluster_rows(ordered.values_list("finding_id", "vector"), eps=1 - legacy.SIMILARITY_THRESHOLD)
    constants = {"organization_id": organization}
    assert store_clusters(found, FindingCluster, FindingClusterMembership, constants) == number
    assert number > (20 if COMPLETE else 5)
    after = clusters()
    for one, other in zip(before, after, strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            expected = pytest.approx(value, abs=1e-6) if isinstance(value, float) or name == "distances" else value
            assert other[name] == expected, (one["cluster_label"], name)
    assert len(found.noise) + sum(cluster.size for cluster in found.clusters) == len(rows)
    # Again, in place of those.
    assert store_clusters(found, FindingCluster, FindingClusterMembership, constants) == number
    assert FindingCluster.objects.count() == number


def test_rolled_out_in_shadow(project: Any, settings: Any) -> None:
    """The way the product takes: both side by side on real logs, no difference, and Python's rows in the table."""
    settings.REVIEWPRO = {**settings.REVIEWPRO, "ROLLOUT": {"ingest": {"MODE": "shadow"}}}
    task: Component[Any, Any] = Component(
        "ingest",
        python=legacy.store_log,
        sql=lambda log, **ids: ingest_sarif(log, findings=Finding, mode="compat", close=False, **ids),
        observe=lambda result: findings(),
    )
    seen: list[Any] = []

    def receive(comparison: Any, **given: Any) -> None:
        seen.append(comparison)

    shadow_compared.connect(receive)
    try:
        for log in LOGS[:6]:
            task.run(project.repository.pk, log.document, **project.ids())
    finally:
        shadow_compared.disconnect(receive)
    assert len(seen) == 6
    found = [(comparison.equal, comparison.differences, comparison.error) for comparison in seen]
    assert found == [(True, (), None)] * 6
    assert Finding.objects.exists()


def columns_and_indexes(read: Callable[[str], list[tuple[Any, ...]]], table: str) -> tuple[Any, Any]:
    """Columns by name; indexes by what they are on, as often as they are there."""
    columns = read(f"""
        SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
        WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname
    """)
    indexes = read(f"""
        SELECT regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', ''), indisunique FROM pg_index
        WHERE indrelid = '{table}'::regclass ORDER BY 1, 2
    """)
    return columns, indexes


def test_the_table_without_foreign_keys_is_the_models() -> None:
    """tests/python/app_findings.sql, which tests without Django and benches use, and the model are one table."""

    def read(statement: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    with connection.cursor() as cursor:
        cursor.execute((ROOT / "tests" / "python" / "app_findings.sql").read_text())
    (columns, indexes), (expected_columns, expected_indexes) = (
        columns_and_indexes(read, table) for table in ("app_findings", "findings")
    )
    assert columns == expected_columns
    assert indexes == expected_indexes
    assert len(indexes) > 20
