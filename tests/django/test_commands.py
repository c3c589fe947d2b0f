"""Management commands, and what they are made of: clustering of querysets, progress."""

from __future__ import annotations

import gzip
import io
import json
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.postgres.fields import ArrayField
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import ProgrammingError, connection, connections
from django.db.models import F, FloatField
from django.db.models.functions import Cast
from django.test.utils import CaptureQueriesContext
from django_reviewpro import progress
from django_reviewpro.clustering import cluster_rows, store_clusters
from django_reviewpro.errors import InvalidInput
from django_reviewpro.report import afindings_report
from logs import make_log
from product.models import Finding, FindingCluster, FindingClusterMembership, FindingEmbedding

pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(name: str, *arguments: Any, terminal: bool = False, **options: Any) -> tuple[str, str]:
    out, err = io.StringIO(), Terminal() if terminal else io.StringIO()
    call_command(name, *map(str, arguments), stdout=out, stderr=err, no_color=True, **options)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def arguments(project: Any) -> list[str]:
    ids = project.ids()
    return [
        f"--organization={ids['organization_id']}",
        f"--repository={ids['repository_id']}",
        f"--scan={ids['scan_id']}",
        "--findings=product.Finding",
    ]


def test_ingest(arguments: list[str], tmp_path: Path) -> None:
    first, second = tmp_path / "first.sarif", tmp_path / "second.sarif.gz"
    first.write_text(json.dumps(make_log(3)))
    second.write_bytes(gzip.compress(json.dumps(make_log(5, tool="other")).encode()))
    out, err = run("ingest_sarif", first, second, *arguments)
    assert f"{first}: 3 results: 3 inserted (" in out
    assert f"{second}: 5 results: 5 inserted (" in out
    assert err == ""
    assert Finding.objects.count() == 8
    out, err = run("ingest_sarif", first, second, *arguments, terminal=True)
    assert "3 results: 3 unchanged" in out
    assert "[" in err
    assert "second.sarif.gz" in err
    assert err.endswith("\r\033[K")


def test_logs_of_one_tool_are_one_scan(
    project: Any, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one has not, the other may have: only what none has is fixed."""
    names = ("first", "second", "third")
    first, second, third = paths = [tmp_path / f"{name}.sarif" for name in names]
    counts: dict[str, int] = {}
    for path, tool in zip(paths, ("t", "t", "other"), strict=True):
        log = make_log(4, tool=tool)
        for n, result in enumerate(log["runs"][0]["results"]):
            result["message"]["text"] = f"{path.stem} {n}"
        path.write_text(json.dumps(log))
    arguments = [argument for argument in arguments if not argument.startswith("--scan=")]

    def scan(*logs: Any) -> str:
        out, _ = run("ingest_sarif", *logs, *arguments, f"--scan={project.ids()['scan_id']}")
        counts.clear()
        counts.update(Counter(Finding.objects.values_list("status", flat=True)))
        return out

    scan(*paths)
    assert counts == {"open": 12}
    out = scan(*paths)
    assert counts == {"open": 12}
    assert "fixed" not in out
    assert "reopened" not in out
    log = json.loads(second.read_text())
    del log["runs"][0]["results"][2:]
    second.write_text(json.dumps(log))
    out = scan(*paths)
    assert counts == {"open": 10, "fixed": 2}
    assert "2 fixed, in none of the logs of its tools" in out

    # A log that is not whole says nothing about what the others lack, but for other tools.
    log["runs"][0]["invocations"] = [{"executionSuccessful": False}]
    del log["runs"][0]["results"][1:]
    second.write_text(json.dumps(log))
    log = json.loads(third.read_text())
    del log["runs"][0]["results"][3:]
    third.write_text(json.dumps(log))

    class Input:
        buffer = io.BytesIO(second.read_bytes())

    monkeypatch.setattr("sys.stdin", Input)
    scan(first, "-", third)
    assert counts == {"open": 9, "fixed": 3}


def test_ingest_from_standard_input(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(json.dumps(make_log(2)).encode())

    monkeypatch.setattr("sys.stdin", Input)
    out, _ = run("ingest_sarif", "-", *arguments, "--mode=compat", "--keep-open", "--source-root=/src")
    assert "2 inserted" in out


def test_ingest_stores_all_logs_or_none(arguments: list[str], tmp_path: Path) -> None:
    good, bad = tmp_path / "good.sarif", tmp_path / "bad.sarif"
    good.write_text(json.dumps(make_log(3)))
    bad.write_text("{")
    for wrong, text in ((bad, "invalid input syntax for JSON"), (tmp_path / "gone.sarif", "No such file")):
        with pytest.raises(CommandError, match=text):
            run("ingest_sarif", good, wrong, *arguments)
        assert Finding.objects.count() == 0


def test_ingest_names_what_was_not_stored(arguments: list[str], tmp_path: Path) -> None:
    log = make_log(2)
    log["runs"][0]["results"][1]["ruleId"] = "x" * 300
    path = tmp_path / "log.sarif"
    path.write_text(json.dumps(log))
    out, err = run("ingest_sarif", path, *arguments)
    assert "1 inserted, 1 not stored" in out
    assert "result 0/1: " in err
    with pytest.raises(CommandError):
        run("ingest_sarif", path, *arguments, "--strict")


def test_ingest_refuses_what_is_no_id(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not a UUID: 'me'"):
        run("ingest_sarif", "x", "--organization=me", f"--repository={uuid.uuid4()}")


def test_report(arguments: list[str], tmp_path: Path) -> None:
    log = make_log(3)
    log["runs"][0]["results"][0]["message"]["text"] = "<script>alert(1)</script>"
    path, page = tmp_path / "log.sarif", tmp_path / "report.html"
    path.write_text(json.dumps(log))
    run("ingest_sarif", path, *arguments)
    findings, repository = "--findings=product.Finding", arguments[1]
    out, err = run("findings_report", findings, repository, "--title=Nightly", f"--output={page}")
    assert (out, err) == ("", "")
    html = page.read_text()
    assert html.startswith("<!DOCTYPE html>")
    assert "<title>Nightly</title>" in html
    assert "&lt;script&gt;alert" in html
    assert "<script" not in html
    out, _ = run("findings_report", findings, "--format=markdown", "--worst=3")
    assert out.startswith("# Findings")
    assert out.count("alert") == 1
    out, _ = run("findings_report", findings, "--format=markdown", "--worst=0")
    assert "alert" not in out
    with pytest.raises(CommandError, match="No such file"):
        run("findings_report", findings, f"--output={tmp_path / 'gone' / 'report.html'}")
    with pytest.raises(CommandError, match="does not exist"):
        run("findings_report", "--findings=nowhere")
    with pytest.raises(CommandError, match="not a UUID"):
        run("findings_report", "--scan=last")


def test_report_of_an_asynchronous_view() -> None:
    assert "# Nightly" in async_to_sync(afindings_report)(Finding, format="markdown", title="Nightly")
    with pytest.raises(TypeError, match="no option 'titel'"):
        async_to_sync(afindings_report)(Finding, titel="x")  # type: ignore[call-arg]


@pytest.fixture
def embedded(project: Any) -> Any:
    """Six findings whose embeddings make two clusters of two, and two rows of noise."""
    from django_reviewpro.ingest import ingest_sarif

    ingest_sarif(make_log(6), findings=Finding, **project.ids())
    vectors = [[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0.1, 1, 0], [0, 0, 1], [-1, -1, -1]]
    findings = Finding.objects.order_by("start_line")
    FindingEmbedding.objects.bulk_create(
        FindingEmbedding(finding=finding, vector=vector) for finding, vector in zip(findings, vectors, strict=True)
    )
    return project


def rows() -> Any:
    return FindingEmbedding.objects.order_by("finding__start_line").values_list("finding_id", "vector")


def test_clusters_of_a_queryset(embedded: Any) -> None:
    found = cluster_rows(rows(), eps=0.1)
    ids = list(Finding.objects.order_by("start_line").values_list("pk", flat=True))
    assert [[member.id for member in cluster.members] for cluster in found.clusters] == [ids[:2], ids[2:4]]
    assert found.noise == tuple(ids[4:])
    # Of two, both are as near to the centroid.
    assert found.clusters[0].representative in ids[:2]
    assert found.clusters[1].representative in ids[2:4]
    assert found.clusters[0].members[0].distance_to_centroid == pytest.approx(0.0707, abs=1e-3)
    assert cluster_rows(rows().filter(finding__start_line=99)).clusters == ()
    assert [c.size for c in cluster_rows(rows(), algorithm="agglomerative", n_clusters=3).clusters] == [4, 1, 1]
    # An expression is an embedding too, and keeps its type; the labels are those of the same numbers.
    doubled = FindingEmbedding.objects.order_by("finding__start_line").annotate(v=F("vector"))
    assert cluster_rows(doubled.values_list("finding_id", "v"), eps=0.1).noise == found.noise
    with CaptureQueriesContext(connection) as captured:
        cluster_rows(doubled.values_list("finding_id", Cast("vector", ArrayField(FloatField()))), eps=0.1)
    assert "::real[]" not in captured[0]["sql"]
    with pytest.raises(ValueError, match="values_list"):
        cluster_rows(FindingEmbedding.objects.all())


def test_errors_of_clustering(embedded: Any) -> None:
    with pytest.raises(InvalidInput, match="eps"):
        cluster_rows(rows(), eps=-1)


def test_storing_clusters(embedded: Any) -> None:
    found = cluster_rows(rows(), eps=0.1)
    constants = {"organization_id": embedded.organization.pk}
    for _ in range(2):
        assert store_clusters(found, FindingCluster, FindingClusterMembership, constants) == 2
    first = FindingCluster.objects.get(cluster_label="cluster_0")
    assert (first.size, first.primary_rule_id, first.primary_tool, first.similarity_threshold) == (2, "R0", "t", 0.9)
    assert first.representative_finding.start_line in (1, 2)
    assert first.memberships.count() == 2
    with pytest.raises(ValueError, match="foreign keys"):
        store_clusters(found, FindingCluster, Finding, constants)


@pytest.mark.django_db(databases=["default", "bare"])
def test_clusters_are_stored_where_it_is_said(embedded: Any) -> None:
    """The other database has no such tables."""
    constants = {"organization_id": embedded.organization.pk}
    with pytest.raises(ProgrammingError, match="does not exist"):
        store_clusters(cluster_rows(rows(), eps=0.1), FindingCluster, FindingClusterMembership, constants, using="bare")
    assert FindingCluster.objects.count() == 0


def test_cluster_findings(embedded: Any) -> None:
    shown = ["product.FindingEmbedding", "--id=finding", "--embedding=vector", "--eps=0.1"]
    out, err = run("cluster_findings", *shown)
    assert "6 rows: 2 clusters of 4 rows, 2 in no cluster" in out
    assert err == ""
    assert FindingCluster.objects.count() == 0
    organization = embedded.organization.pk
    stored = ["--clusters=product.FindingCluster", "--memberships=product.FindingClusterMembership"]
    stored += [f"--set=organization_id={organization}", "--filter=finding__start_line__lt=3"]
    run("cluster_findings", *shown, *stored)
    assert FindingClusterMembership.objects.count() == 2


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--clusters=product.FindingCluster"], "go together"),
        (["--clusters=product.FindingCluster", "--memberships=product.FindingClusterMembership"], "needs --set"),
        (["--filter=nothing=1"], "Cannot resolve keyword"),
        (["--eps=-1"], "eps"),
        (["--filter=x"], "not NAME=VALUE"),
    ],
)
def test_cluster_findings_refuses(embedded: Any, more: list[str], text: str) -> None:
    with pytest.raises(CommandError, match=text):
        run("cluster_findings", "product.FindingEmbedding", "--id=finding", "--embedding=vector", *more)


def test_filters_of_flags(embedded: Any) -> None:
    command = ("cluster_findings", "product.FindingEmbedding", "--id=finding", "--embedding=vector", "--eps=0.1")
    out, _ = run(*command, "--filter=vector__isnull=false")
    everything, _ = run(*command)
    assert out == everything
    out, _ = run(*command, "--filter=vector__isnull=true")
    assert out.startswith("0 rows")
    with pytest.raises(CommandError, match="there are true and false"):
        run(*command, "--filter=vector__isnull=maybe")


@pytest.mark.parametrize("command", ["ingest_sarif", "cluster_findings", "findings_report", "reviewpro_status"])
def test_databases_that_there_are(command: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    needed = {"ingest_sarif": ["x.sarif", *arguments], "cluster_findings": ["product.FindingEmbedding"]}.get(
        command, []
    )
    with pytest.raises(CommandError, match="no database 'x' in the settings: there are default, bare"):
        run(command, *needed, "--database=x")
    monkeypatch.setattr(connections["bare"], "vendor", "sqlite")
    with pytest.raises(CommandError, match="'bare' is not PostgreSQL"):
        run(command, *needed, "--database=bare")


def test_models_that_there_are(arguments: list[str]) -> None:
    for name in ("nope", "product.Nope", "nope.Finding"):
        with pytest.raises(CommandError, match="there is no model"):
            run("cluster_findings", name)
    with pytest.raises(CommandError, match="Nope"):
        run("ingest_sarif", "x.sarif", *arguments[:-1], "--findings=product.Nope")


def test_status_before_migrate(rollout: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reviewpro_shadow_comparisons RENAME TO elsewhere")
    out, _ = run("reviewpro_status")
    assert "comparisons: no table, run migrate" in out


def test_clusters_of_nothing() -> None:
    none = FindingEmbedding.objects.none().values_list("finding_id", "vector")
    assert cluster_rows(none).clusters == ()
    assert cluster_rows(FindingEmbedding.objects.filter(pk__in=[]).values_list("finding_id", "vector")).noise == ()


def test_slices_need_an_order(embedded: Any) -> None:
    rows = FindingEmbedding.objects.values_list("finding_id", "vector")
    with pytest.raises(ValueError, match="in an order before they are sliced"):
        cluster_rows(rows[:3])
    found = cluster_rows(rows.order_by("finding_id")[:3])
    assert sum(cluster.size for cluster in found.clusters) + len(found.noise) == 3


def test_cluster_findings_of_an_unknown_model() -> None:
    with pytest.raises(CommandError, match="there is no model"):
        run("cluster_findings", "nowhere.Model")


def test_status(rollout: Any) -> None:
    from django_reviewpro import __version__
    from django_reviewpro.rollout import Component

    rollout("task", MODE="shadow", PERCENT=100)
    Component("task", python=lambda: 1, sql=lambda: 2).run(1)
    out, err = run("reviewpro_status")
    assert out.startswith("server:    PostgreSQL 18.")
    assert f"library:   {__version__}\ncompanion: {__version__}\n" in out
    assert "component task: shadow, 100 % of keys; 1 compared, 1 different" in out
    assert err == ""


@pytest.mark.django_db(databases=["default", "bare"])
def test_status_of_a_database_without_the_extension() -> None:
    with pytest.raises(SystemExit) as ended:
        run("reviewpro_status", "--database=bare")
    assert ended.value.code == 1


@pytest.mark.django_db(transaction=True)
def test_progress_of_a_running_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another connection sees while this one computes."""
    monkeypatch.setattr(progress, "INTERVAL_SECONDS", 0.01)
    terminal = Terminal()
    bar = progress.Bar(OutputWrapper(terminal), 100)
    with progress.watched("default", bar), connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {progress.qualified("silhouette_score")}(array_agg(v), array_agg(n % 3), 'euclidean')
            FROM (SELECT n, ARRAY(SELECT sin(n * d)::real FROM generate_series(1, 64) d)
                  FROM generate_series(1, 14000) n) t (n, v)
            """
        )
        cursor.fetchone()
    assert "computing silhouettes" in terminal.getvalue()
    assert "%" in terminal.getvalue()


def test_a_bar() -> None:
    terminal = Terminal()
    bar = progress.Bar(OutputWrapper(terminal), 4)
    bar.show(1, "one")
    bar.show(4, "four")
    bar.clear()
    bar.clear()
    text = terminal.getvalue()
    assert "[########......................]  25% one" in text
    assert "[##############################] 100% four" in text
    plain = io.StringIO()
    progress.Bar(OutputWrapper(plain), 4).show(1, "one")
    assert plain.getvalue() == ""
