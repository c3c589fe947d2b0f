"""Table functions as querysets: everything that a queryset can do, on values and on columns."""

from __future__ import annotations

import gzip
import io
import json
import operator
import pickle
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import NotSupportedError, connection
from django.db.models import Count, Exists, F, Max, OuterRef, Q, Subquery, Value, Window
from django.db.models.functions import Concat, RowNumber
from django.test.utils import CaptureQueriesContext
from django_reviewpro.functions import ClusterEmbeddings
from django_reviewpro.tables import (
    AssignClusters,
    ClusterMembers,
    ClusterQuery,
    ClusterSummaries,
    FingerprintFindings,
    SarifChanges,
    SarifFinding,
    SarifFindings,
    SarifLineHashes,
    SarifRules,
    SarifRuns,
    SarifValidate,
    ScanChanges,
    SuggestEps,
)
from examples.models import Document, Note, Point
from logs import make_log
from product.models import Finding

pytestmark = pytest.mark.django_db
LOG = make_log(10)
TEXT = json.dumps(LOG)
COLUMNS = ("as_text", "as_json", "as_bytes")


@pytest.fixture
def documents() -> list[Document]:
    """Two logs, of 10 and of 4 findings, each in every type of column."""
    logs = [LOG, make_log(4, tool="other")]
    return [
        Document.objects.create(name=str(n), as_text=json.dumps(log), as_json=log, as_bytes=json.dumps(log).encode())
        for n, log in enumerate(logs)
    ]


@pytest.mark.parametrize(
    "document",
    [
        LOG,
        TEXT,
        TEXT.encode(),
        TEXT.encode("utf-16"),
        bytearray(TEXT.encode()),
        memoryview(TEXT.encode()),
        gzip.compress(TEXT.encode()),
        io.StringIO(TEXT),
        io.BytesIO(gzip.compress(TEXT.encode())),
    ],
    ids=lambda document: type(document).__name__,
)
def test_documents_as_values(document: Any) -> None:
    rows = list(SarifFindings(document))
    assert [row.start_line for row in rows] == list(range(1, 11))
    assert rows[0].fingerprint_kind == "content-v1"
    assert isinstance(rows[0], SarifFinding)


def test_a_path_is_no_document(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="open it"):
        SarifFindings(tmp_path)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not int"):
        SarifFindings(5)  # type: ignore[arg-type]


def test_documents_may_hold_what_text_cannot() -> None:
    log = make_log(1)
    log["runs"][0]["results"][0]["message"]["text"] = "a\0b\ud800c\u00e4"
    assert SarifFindings(log).get().message == "a\ufffdb\ufffdc\u00e4"


def test_options() -> None:
    log = make_log(4, kind="pass")
    assert SarifFindings(log).count() == 0
    assert SarifFindings(log, kinds=["pass"]).count() == 4
    assert SarifFindings(log, kinds=None).count() == 4
    based = make_log(1)
    based["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"] = "ROOT"
    assert SarifFindings(based, uri_bases={"ROOT": "file:///x/"}).get().file_uri == "file:///x/src/a0.py"
    organization = "11111111-2222-3333-4444-555555555555"
    compat = SarifFindings(LOG, mode="compat", organization_id=organization)
    assert {row.fingerprint_kind for row in compat} == {"compat"}
    with pytest.raises(TypeError, match=r"no option 'kind': there are .*kinds"):
        SarifFindings(LOG, kind="pass")  # type: ignore[call-arg]


def test_filter_values_annotate() -> None:
    findings = SarifFindings(LOG)
    assert findings.filter(start_line__gt=4).count() == 6
    assert findings.exclude(severity="high").filter(Q(rule_id="R0") | Q(rule_id="R1")).count() == 3
    counted = findings.values("rule_id").annotate(n=Count("*"), last=Max("start_line")).order_by("rule_id")
    assert list(counted) == [
        {"rule_id": "R0", "n": 4, "last": 10},
        {"rule_id": "R1", "n": 3, "last": 8},
        {"rule_id": "R2", "n": 3, "last": 9},
    ]
    assert findings.first().ordinality == 1
    assert findings.last().start_line == 10
    assert findings.get(ordinality=3).file_path == "src/a2.py"
    assert [row.start_line for row in findings.order_by("-start_line")[2:4]] == [8, 7]
    assert findings.values_list("tool_name", flat=True).distinct().get() == "t"
    assert findings.aggregate(last=Max("start_line")) == {"last": 10}
    assert findings.filter(rule_id="R1").union(findings.filter(rule_id="R2")).count() == 6
    numbered = findings.annotate(n=Window(RowNumber(), partition_by="rule_id", order_by="start_line")).filter(n=1)
    assert [row.start_line for row in numbered.order_by("start_line")] == [1, 2, 3]
    assert findings.only("rule_id").order_by("start_line").first().rule_id == "R0"
    with pytest.raises(NotSupportedError, match="field message"):
        _ = findings.only("rule_id").order_by("start_line").first().message
    assert "Function Scan" in findings.filter(rule_id="R1").explain()
    assert len(list(findings.iterator(chunk_size=3))) == 10
    assert findings.exists()


def test_values_of_arrays_numbers_and_json() -> None:
    log = make_log(1)
    result = log["runs"][0]["results"][0]
    result["properties"] = {"tags": ["external/cwe/cwe-79", "security"], "security-severity": "7.5"}
    result["suppressions"] = [{"kind": "inSource"}]
    findings = SarifFindings(log, raw=True)
    row = findings.get()
    assert (row.cwe_ids, row.suppressed, float(row.security_severity)) == (["CWE-79"], True, 7.5)
    assert row.sarif_data == result
    assert findings.filter(cwe_ids__contains=["CWE-79"], security_severity__gte=7).exists()
    assert findings.filter(sarif_data__message__text="message 0").exists()
    assert not findings.filter(suppressions__0__kind="external").exists()


def test_rows_can_be_kept_in_a_cache() -> None:
    rows = list(SarifFindings(LOG))
    assert pickle.loads(pickle.dumps(rows)) == rows
    assert [row.message for row in pickle.loads(pickle.dumps(rows))] == [row.message for row in rows]


def test_async() -> None:
    async def read() -> list[int]:
        return [row.start_line async for row in SarifFindings(LOG).filter(start_line__lt=3)]

    assert async_to_sync(read)() == [1, 2]


@pytest.mark.parametrize("column", COLUMNS)
def test_subqueries_refer_to_the_outer_row(documents: list[Document], column: str) -> None:
    seventh = SarifFindings(OuterRef(column)).filter(start_line=7)
    assert list(Document.objects.filter(Exists(seventh))) == [documents[0]]
    assert list(Document.objects.filter(~Exists(seventh))) == [documents[1]]
    last = SarifFindings(OuterRef(column)).order_by("-start_line").values("file_path")[:1]
    assert list(Document.objects.order_by("pk").values_list(Subquery(last), flat=True)) == ["src/a9.py", "src/a3.py"]
    counted = SarifFindings(OuterRef(column)).order_by().values("tool_name").annotate(n=Count("*")).values("n")
    counts = Document.objects.annotate(n=Subquery(counted))
    assert list(counts.order_by("pk").values_list("n", flat=True)) == [10, 4]
    # The outer query's own grouping has to know the columns that the arguments use.
    grouped = counts.values("n").annotate(times=Count("pk")).order_by("n")
    assert list(grouped) == [{"n": 4, "times": 1}, {"n": 10, "times": 1}]


@pytest.mark.parametrize("column", COLUMNS)
def test_an_outer_row_that_is_in_a_subquery_itself(documents: list[Document], column: str) -> None:
    """Django renames the tables of what becomes a subquery."""
    seventh = SarifFindings(OuterRef(column)).filter(start_line=7)
    inner = Document.objects.filter(Exists(seventh))
    assert list(Document.objects.filter(pk__in=inner.values("pk"))) == [documents[0]]
    assert list(Document.objects.exclude(pk__in=inner.values("pk"))) == [documents[1]]
    same = inner.filter(pk=OuterRef("pk"))
    assert list(Document.objects.filter(Exists(Document.objects.filter(Exists(same), pk=OuterRef("pk"))))) == [
        documents[0]
    ]
    counted = SarifFindings(OuterRef(column)).order_by().values("tool_name").annotate(n=Count("*")).values("n")
    largest = Document.objects.annotate(n=Subquery(counted)).filter(n__gt=4).values("pk")
    assert Document.objects.filter(pk__in=largest).get() == documents[0]
    # Which row is meant shows where the outermost is another one, or of another table.
    others = Document.objects.exclude(pk=OuterRef("pk")).filter(Exists(seventh))
    assert list(Document.objects.filter(Exists(others))) == [documents[1]]
    Point.objects.create(group=documents[0].pk)
    assert Point.objects.filter(group__in=inner.values("pk")).count() == 1
    assert inner.union(Document.objects.filter(~Exists(seventh))).count() == 2


def test_conditions_are_combined_for_rows_of_one_call_only() -> None:
    rows = SarifFindings(LOG)
    assert (rows.filter(start_line=1) | rows.filter(start_line=2)).count() == 2
    assert (rows.filter(start_line__lt=3) & rows.filter(start_line__gt=1)).get().start_line == 2
    other = SarifFindings(make_log(3))
    for combine in (operator.or_, operator.and_, operator.xor):
        with pytest.raises(NotSupportedError, match="rows of one call"):
            combine(rows.filter(start_line=1), other.filter(start_line=2))


def test_rows_of_several_calls_are_told_apart() -> None:
    one, other = SarifFindings(LOG)[0], SarifFindings(make_log(3, tool="other"))[0]
    assert one.pk == other.pk == 1
    assert one != other
    assert len({one, other, SarifFindings(LOG)[0]}) == 2


def test_querysets_can_be_pickled(documents: list[Document]) -> None:
    for rows in (
        SarifFindings(LOG)
        .filter(start_line__lt=4, cwe_ids__len=0)
        .exclude(message="x")
        .order_by("severity", "start_line"),
        SarifFindings(LOG).annotate(n=F("start_line") + 1).filter(n__lt=5),
        SarifFindings(F("as_json"), over=Document.objects.values("as_json", "name")).filter(start_line=1),
        SuggestEps([[0.0, 1.0], [1.0, 0.0], [1.0, 0.1]]).filter(eps__gt=0),
    ):
        assert list(pickle.loads(pickle.dumps(rows))) == list(rows)
        again = rows.all()
        again.query = pickle.loads(pickle.dumps(rows.query))
        assert list(again) == list(rows)
        assert len(again) > 0


def test_as_a_set_to_compare_with() -> None:
    Note.objects.create(
        organization_id="11111111-2222-3333-4444-555555555555",
        rule_id="R1", file_path="src/a1.py", start_line=2, message="m",
    )  # fmt: skip
    assert Note.objects.filter(file_path__in=SarifFindings(LOG).values("file_path")).count() == 1
    known = Note.objects.filter(file_path=OuterRef("file_path"), start_line=OuterRef("start_line"))
    assert SarifFindings(LOG).filter(~Exists(known)).count() == 9


def test_a_function_within_the_subquery_of_a_function(documents: list[Document]) -> None:
    same = SarifFindings(make_log(3)).filter(file_path=OuterRef("file_path"))
    assert SarifFindings(LOG).filter(Exists(same)).count() == 3
    rules = SarifRules(OuterRef(OuterRef("as_json"))).filter(rule_id="x")
    loud = SarifFindings(OuterRef("as_json")).filter(Exists(rules))
    assert not Document.objects.filter(Exists(loud)).exists()


@pytest.mark.parametrize("column", COLUMNS)
def test_over_the_rows_of_a_queryset(documents: list[Document], column: str) -> None:
    findings = SarifFindings(F(column), over=Document.objects.values(column, document=F("pk"), title=F("name")))
    assert findings.count() == 14
    assert {row.document for row in findings} == {document.pk for document in documents}
    assert findings.filter(title="1").count() == 4
    counted = findings.filter(severity="high").values("document").annotate(n=Count("*")).order_by("document")
    assert [row["n"] for row in counted] == [5, 2]
    assert Document.objects.filter(pk__in=findings.filter(start_line=7).values("document")).get() == documents[0]
    with CaptureQueriesContext(connection) as captured:
        list(findings.all())
    assert len(captured) == 1
    assert findings.union(findings, all=True).count() == 28


def test_over_with_filters_and_options_by_column(documents: list[Document]) -> None:
    source = Document.objects.filter(name="1").values("as_json", how=F("name"))
    assert SarifFindings(F("as_json"), over=source).count() == 4
    rooted = Document.objects.values("as_text", root=Concat(Value("/src"), F("name")))
    assert SarifFindings(F("as_text"), over=rooted, source_root=F("root")).count() == 14
    # The column that is used twice, and those that nobody uses, are where they belong.
    assert not hasattr(SarifFindings(F("as_text"), over=rooted, source_root=F("root")).first(), "root")


def test_what_over_refuses(documents: list[Document]) -> None:
    with pytest.raises(ValueError, match="over= has no column 'body': there are as_json"):
        SarifFindings(F("body"), over=Document.objects.values("as_json"))
    assert SarifFindings(F("as_json"), over=Document.objects.only("pk").values("as_json")).count() == 14
    with pytest.raises(ValueError, match="conflicts with"):
        SarifFindings(F("as_json"), over=Document.objects.values("as_json", message=F("name")))
    for unnamed in (Document.objects.all(), Document.objects.values()):
        with pytest.raises(ValueError, match="needs values"):
            SarifFindings(F("as_json"), over=unnamed)
    with pytest.raises(ValueError, match="give one as over="):
        SarifFindings(F("as_json"))


def test_rows_cannot_be_written() -> None:
    for refused in (
        lambda: SarifFindings(LOG).update(message=""),
        lambda: SarifFindings(LOG).delete(),
        lambda: SarifFindings(LOG).create(message=""),
        lambda: SarifFinding.objects.all(),
    ):
        with pytest.raises(NotSupportedError):
            refused()


def test_runs_rules_problems_and_hashes() -> None:
    log = make_log(3)
    log["runs"][0]["tool"]["driver"]["rules"] = [{"id": "R0", "defaultConfiguration": {"level": "error"}}]
    run = SarifRuns(log).get()
    assert (run.tool_name, run.results_count, run.complete) == ("t", 3, True)
    assert SarifRules(log).filter(level="error").values_list("rule_id", "results_count").get() == ("R0", 1)
    assert not SarifValidate(log).filter(severity="error").exists()
    wrong = SarifValidate({"version": "2.1.0"}).filter(severity="error").first()
    assert (wrong.pointer, bool(wrong.message)) == ("", True)
    assert [row.line for row in SarifLineHashes("a = 1\nb = 2")][:2] == [1, 2]
    assert Document.objects.filter(Exists(SarifValidate(OuterRef("as_json")))).count() == 0


def test_fingerprints_of_objects() -> None:
    objects = [{"rule_id": "B101", "file_path": "a.py", "line": 1, "message": "m"}] * 2
    rows = FingerprintFindings(objects, kind="location")
    assert [row.is_duplicate for row in rows] == [False, True]


def test_scan_changes(project: Any) -> None:
    from django_reviewpro.ingest import ingest_sarif

    first, second = project.scan(), project.scan()
    ingest_sarif(make_log(3), findings=Finding, **project.ids(first))
    ingest_sarif(make_log(2), findings=Finding, **project.ids(second))
    changes = ScanChanges(second.pk, previous_scan_id=first.pk, findings=Finding)
    assert list(changes.values("change").annotate(n=Count("*")).order_by("change").values_list("change", "n")) == [
        ("fixed", 1), ("unchanged", 2),
    ]  # fmt: skip
    # The table by its name; what the second scan saw again is not the first one's any more.
    assert ScanChanges(first.pk, findings="findings").values_list("change", flat=True).get() == "new"


def test_changes_between_two_logs() -> None:
    shorter = make_log(8)
    expected = [("fixed", 2), ("unchanged", 8)]
    kinds = [LOG, TEXT, TEXT.encode(), io.BytesIO(gzip.compress(TEXT.encode()))]
    for before in kinds:
        for after in (shorter, json.dumps(shorter).encode("utf-16")):
            if hasattr(before, "seek"):
                before.seek(0)
            changes = SarifChanges(before, after).values("change").annotate(n=Count("*")).order_by("change")
            assert list(changes.values_list("change", "n")) == expected
    known = list(SarifFindings(LOG).values_list("fingerprint", flat=True))
    back = SarifChanges(shorter, LOG, known=known).exclude(change="unchanged")
    assert list(back.values_list("change", "start_line", "previous_line")) == [
        ("reopened", 9, None), ("reopened", 10, None),
    ]  # fmt: skip
    assert SarifChanges(None, LOG).filter(change="new").count() == 10
    assert SarifChanges(LOG, None).filter(change="not_scanned").count() == 10


def test_changes_of_columns(documents: list[Document]) -> None:
    changes = SarifChanges(F("as_json"), F("as_json"), over=Document.objects.values("as_json"))
    assert set(changes.values_list("change", flat=True)) == {"unchanged"}
    assert changes.count() == SarifFindings(LOG).count() + SarifFindings(documents[1].as_json).count()


VECTORS = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 1.0], [-1.0, -1.0]]
LABELS = [0, 0, 1, 1, -1]


def test_clusters_of_values() -> None:
    assert [row.size for row in ClusterSummaries(VECTORS, LABELS)] == [2, 2]
    members = ClusterMembers(VECTORS, LABELS, metric="cosine").filter(is_representative=True)
    assert members.count() == 2
    assigned = AssignClusters([[1, 0.05], [-5, 1]], VECTORS, LABELS, max_distance=0.1)
    assert list(assigned.values_list("vector", "cluster")) == [(1, 0), (2, None)]
    assert SuggestEps(VECTORS).filter(suggested=True).count() == 1


def test_a_query_of_vectors() -> None:
    Point.objects.bulk_create(Point(group=1, vector=vector) for vector in VECTORS)
    Point.objects.create(group=2, vector=[5, 5])
    points = Point.objects.filter(group=1).order_by("pk").values_list("pk", "vector")
    rows = ClusterQuery(points, eps=0.1)
    assert list(rows.values_list("cluster", flat=True)) == [0, 0, 1, 1, None]
    assert {int(row.id) for row in rows} == set(Point.objects.filter(group=1).values_list("pk", flat=True))
    assert ClusterQuery("SELECT 1, ARRAY[1, 0]::real[]").get().id == "1"
    with pytest.raises(ValueError, match="values_list"):
        ClusterQuery(Point.objects.all())


def test_the_values_of_a_query_of_vectors_are_quoted() -> None:
    name = "it's 100%; DROP TABLE examples_point --"
    Point.objects.create(vector=[1, 0])
    Document.objects.create(name=name)
    titled = Point.objects.annotate(title=Subquery(Document.objects.filter(name=name).values("name")[:1]))
    assert ClusterQuery(titled.filter(title=name).values_list("title", "vector")).get().id == name
    assert ClusterQuery(titled.exclude(title=name).values_list("title", "vector")).count() == 0


def test_clusters_of_a_column_in_one_statement() -> None:
    Point.objects.bulk_create(Point(group=n % 2, vector=vector) for n in range(2) for vector in VECTORS)
    ordered = ArrayAgg("vector", order_by="pk")
    assert Point.objects.filter(group=1).aggregate(labels=ClusterEmbeddings(ordered, eps=0.1))["labels"] == LABELS
    # One row per group, each with its vectors as one array.
    groups = Point.objects.values("group").annotate(vectors=ordered).values("group", "vectors")
    summaries = ClusterSummaries(F("vectors"), ClusterEmbeddings(F("vectors"), eps=0.1), over=groups)
    assert list(summaries.order_by("group", "cluster").values_list("group", "cluster", "size")) == [
        (0, 0, 2), (0, 1, 2), (1, 0, 2), (1, 1, 2),
    ]  # fmt: skip
