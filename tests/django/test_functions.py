"""Scalar and window functions as expressions: annotate, filter, generated columns, constraints, indexes."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
import reference
from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.fields import ArrayField
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.writer import MigrationWriter
from django.db.models import F, Value, Window
from django.db.models.functions import Cast, Concat
from django_reviewpro import functions
from django_reviewpro.fields import RealField
from django_reviewpro.functions import (
    ClusterAgglomerative,
    ClusterDBSCAN,
    ClusterEmbeddings,
    ClusterKMeans,
    ClusterReport,
    ContentFingerprint,
    Fingerprint,
    LocationFingerprint,
    RepositoryFingerprint,
    ReviewproVersion,
    SarifSummary,
    SilhouetteSamples,
    SilhouetteScore,
)
from examples.models import Document, Note, Point
from logs import make_log

pytestmark = pytest.mark.django_db
ORGANIZATION = uuid.UUID("11111111-2222-3333-4444-555555555555")
NOTE: dict[str, Any] = {
    "organization_id": ORGANIZATION,
    "rule_id": "B101",
    "file_path": "src/app.py",
    "start_line": 7,
    "start_column": 5,
    "message": "Use of assert detected.",
}
APPLICATION = reference.application(str(ORGANIZATION), "B101", "src/app.py", 7, 5, NOTE["message"])
VECTORS = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 1.0], [-1.0, -1.0]]
LABELS = [0, 0, 1, 1, -1]


def test_fingerprints_in_annotate_and_filter() -> None:
    note = Note.objects.create(**NOTE)
    identity = ("organization_id", "rule_id", "file_path", "start_line", "start_column", "message")
    notes = Note.objects.annotate(
        application=Fingerprint(*identity),
        of_text=Fingerprint(Cast("organization_id", models.TextField()), *identity[1:]),
        content=ContentFingerprint("tool_name", "rule_id", "file_path", Concat(Value("message:"), F("message"))),
        second=ContentFingerprint("tool_name", "rule_id", "file_path", Value("message:m"), Value(2)),
        place=LocationFingerprint("file_path", "start_line", "rule_id"),
        ours=RepositoryFingerprint(Value(ORGANIZATION), Value("x")),
    )
    found = notes.get(application=APPLICATION)
    assert found == note
    assert found.of_text == APPLICATION
    assert found.content == reference.content("tool", "B101", "src/app.py", f"message:{NOTE['message']}", 1)
    assert found.second == reference.content("tool", "B101", "src/app.py", "message:m", 2)
    assert found.place == reference.location("src/app.py", 7, "B101")
    assert len(found.ours) == 64
    assert notes.order_by(Fingerprint(*identity)).first() == note


def test_generated_columns_constraints_and_indexes() -> None:
    note = Note.objects.create(**NOTE)
    assert note.identity == APPLICATION
    with pytest.raises(IntegrityError, match="note_identity"), transaction.atomic():
        Note.objects.create(**NOTE)
    with pytest.raises(IntegrityError, match="note_content"), transaction.atomic():
        Note.objects.create(**NOTE | {"start_column": 6})
    place = reference.location("src/app.py", 8, "B101")
    with pytest.raises(IntegrityError, match="note_stated"), transaction.atomic():
        Note.objects.create(**NOTE | {"start_line": 9, "stated": place})
    Note.objects.create(**NOTE | {"start_line": 8, "stated": place})
    # The generated column is a key to upsert by.
    again = [Note(**NOTE | {"tool_name": "other"})]
    Note.objects.bulk_create(again, update_conflicts=True, unique_fields=["identity"], update_fields=["tool_name"])
    assert Note.objects.get(identity=APPLICATION).tool_name == "other"
    # The index on the expression serves a filter on it.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    by_place = Note.objects.filter(pk__gt=0).alias(place=LocationFingerprint("file_path", "start_line", "rule_id"))
    assert "note_location" in by_place.filter(place=place).explain()


def test_constraints_are_checked_by_full_clean() -> None:
    from django.core.exceptions import ValidationError

    Note.objects.create(**NOTE)
    with pytest.raises(ValidationError) as refusal:
        Note(**NOTE | {"start_column": 6, "stated": "0" * 64}).full_clean()
    assert {"note_content", "note_stated"} <= {
        name for name in ("note_content", "note_stated") if name in str(refusal.value)
    }


def test_migrations_name_the_public_path() -> None:
    expression = ContentFingerprint("tool_name", "rule_id", "file_path", "message")
    text, imports = MigrationWriter.serialize(expression)
    assert text == "django_reviewpro.functions.ContentFingerprint('tool_name', 'rule_id', 'file_path', 'message')"
    assert imports == {"import django_reviewpro.functions"}
    for name in functions.__all__:
        made = getattr(functions, name)
        arity = {"ReviewproVersion": 0, "SarifSummary": 1, "Fingerprint": 6, "ContentFingerprint": 4}.get(name, 2)
        arity = 3 if name == "LocationFingerprint" else 1 if name.startswith("Cluster") else arity
        path, args, _ = made(*"abcdef"[:arity]).deconstruct()
        assert (path, len(args)) == (f"django_reviewpro.functions.{name}", arity)


def test_the_schema_of_the_settings(settings: Any) -> None:
    settings.REVIEWPRO = {"SCHEMA": 'odd "name"'}
    sql, _ = Note.objects.values_list(LocationFingerprint("file_path", "start_line", "rule_id")).query.sql_with_params()
    assert '"odd ""name""".location_fingerprint(' in sql
    # Options keep the expression's identity, so that equal ones are taken to be equal.
    assert ClusterDBSCAN("v", eps=0.1) == ClusterDBSCAN("v", eps=0.1)
    assert ClusterDBSCAN("v", eps=0.1) != ClusterDBSCAN("v", eps=0.2)


@pytest.mark.parametrize("column", ["as_text", "as_json", "as_bytes"])
def test_summary_of_a_log(column: str) -> None:
    log = make_log(3)
    Document.objects.create(name="1", as_text=json.dumps(log), as_json=log, as_bytes=json.dumps(log).encode())
    documents = Document.objects.annotate(summary=SarifSummary(column))
    assert documents.get().summary["tool"]["name"] == "t"
    assert documents.filter(summary__tool__name="t").count() == 1


def test_version() -> None:
    Document.objects.create(name="1")
    from django_reviewpro import __version__

    assert Document.objects.values_list(ReviewproVersion(), flat=True).get() == __version__


@pytest.fixture
def points() -> None:
    Point.objects.bulk_create(Point(vector=vector, double=vector) for vector in VECTORS)
    Point.objects.create(vector=None, double=None, group=1)


@pytest.mark.parametrize("column", ["vector", "double"])
def test_window_functions(points: None, column: str) -> None:
    def labels(expression: Any) -> list[int | None]:
        rows = Point.objects.annotate(cluster=Window(expression, order_by="pk")).order_by("pk")
        return list(rows.values_list("cluster", flat=True))

    assert labels(ClusterDBSCAN(column, eps=0.1)) == [0, 0, 1, 1, None, None]
    assert labels(ClusterDBSCAN(column, eps=0.1, min_samples=3)) == [None] * 6
    agglomerative = labels(ClusterAgglomerative(column, distance_threshold=0.2, linkage="complete"))
    assert len(set(agglomerative[:5])) == 3
    assert agglomerative[5] is None
    assert len(set(labels(ClusterAgglomerative(column, n_clusters=2))[:5])) == 2
    assert len(set(labels(ClusterKMeans(column, n_clusters=3, seed=1))[:5])) == 3
    in_cluster = Point.objects.annotate(cluster=Window(ClusterDBSCAN(column, eps=0.1), order_by="pk"))
    assert in_cluster.filter(cluster=1).count() == 2


def test_window_functions_by_partition(points: None) -> None:
    Point.objects.bulk_create(Point(vector=vector, group=1) for vector in VECTORS[:2])
    window = Window(ClusterDBSCAN("vector", eps=0.1), partition_by="group", order_by="pk")
    rows = Point.objects.annotate(cluster=window).filter(group=1).order_by("pk")
    assert list(rows.values_list("cluster", flat=True)) == [None, 0, 0]


@pytest.mark.parametrize("column", ["vector", "double"])
def test_arrays_of_vectors(points: None, column: str) -> None:
    vectors = ArrayAgg(column, order_by="pk")
    found = Point.objects.filter(group=0).aggregate(
        labels=ClusterEmbeddings(vectors, eps=0.1),
        report=ClusterReport(vectors, algorithm="agglomerative", n_clusters=2),
        score=SilhouetteScore(vectors, ClusterEmbeddings(vectors, eps=0.1), include_noise=False),
        samples=SilhouetteSamples(vectors, LABELS, metric="euclidean"),
    )
    assert found["labels"] == LABELS
    assert found["report"]["n_clusters"] == 2
    assert 0.9 < found["score"] <= 1
    assert len(found["samples"]) == 5


def test_vectors_as_values() -> None:
    Document.objects.create(name="1")

    class Matrix:
        """What NumPy's arrays have."""

        def tolist(self) -> list[list[float]]:
            return VECTORS

    for vectors in (VECTORS, tuple(map(tuple, VECTORS)), Matrix(), [[int(x * 10) for x in v] for v in VECTORS]):
        assert Document.objects.values_list(ClusterEmbeddings(vectors, eps=0.1), flat=True).get() == LABELS
    score = SilhouetteScore(VECTORS, LABELS)
    assert Document.objects.annotate(score=score).filter(score__gt=0.5).count() == 1
    assert Document.objects.values_list(SilhouetteScore(VECTORS, [0] * 5), flat=True).get() is None


def test_real_arrays_are_half_the_size() -> None:
    Point.objects.create(vector=[0.5] * 100, double=[0.5] * 100)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_typeof(vector)::text, pg_column_size(vector), pg_column_size(double) FROM examples_point"
        )
        kind, real, double = cursor.fetchone()
    assert (kind, double - 24) == ("real[]", 2 * (real - 24))
    cast = Cast("double", ArrayField(RealField()))
    assert Point.objects.values_list(ClusterEmbeddings(ArrayAgg(cast)), flat=True).count() == 1


def test_options_are_checked() -> None:
    with pytest.raises(TypeError, match=r"no option 'epsilon': there are .*eps"):
        ClusterEmbeddings("vectors", epsilon=0.1)
    with pytest.raises(TypeError, match="no option 'eps'"):
        Fingerprint(*"abcdef", eps=1)
    with pytest.raises(TypeError):
        Fingerprint("organization_id", "rule_id")
