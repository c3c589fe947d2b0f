"""Every Python block of django/README.md runs: sessions with the output that they show, code as it is."""

from __future__ import annotations

import doctest
import gzip
import json
import re
from typing import Any

import pytest
from corpus import ROOT
from django.conf import settings
from django.db import connection
from django.test import RequestFactory
from django.test.utils import isolate_apps, override_settings
from django_reviewpro.ingest import ingest_sarif
from examples.models import Document, Point
from logs import make_log
from product.models import Finding, FindingCluster, FindingEmbedding

pytestmark = pytest.mark.django_db
README = ROOT / "django" / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.NORMALIZE_WHITESPACE


def test_readme(project: Any) -> None:
    text = README.read_text(encoding="utf-8")
    names = {
        "__name__": "examples.readme",
        "Document": Document,
        "Finding": Finding,
        "Point": Point,
        "organization": project.organization,
        "repository": project.repository,
        "scan": project.scan(),
        "override_settings": override_settings,
        "settings": settings,
    }
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    said: list[str] = []
    examples = code = 0
    for block in BLOCK.finditer(text):
        line = text[: block.start()].count("\n") + 1
        if ">>>" not in block[1]:
            with isolate_apps("examples"):
                exec(compile(block[1], f"README.md:{line}", "exec"), dict(names))
            code += 1
            continue
        test = doctest.DocTestParser().get_doctest(block[1], names, "README.md", str(README), line)
        runner.run(test, out=said.append, clear_globs=False)
        names = test.globs
        examples += len(test.examples)
    assert not runner.failures, "".join(said)
    assert examples > 30
    assert code >= 3


def test_view_and_task(project: Any, rf: RequestFactory) -> None:
    block = next(
        block[1] for block in BLOCK.finditer(README.read_text(encoding="utf-8")) if "@require_POST" in block[1]
    )
    code: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), code)
    scan = project.scan()

    def upload(body: bytes) -> tuple[int, dict[str, Any]]:
        response = code["upload"](rf.post("/", body, content_type="application/octet-stream"), scan.pk)
        return response.status_code, json.loads(response.content)

    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100):
        log = json.dumps(make_log(20)).encode()
        assert upload(gzip.compress(log)) == (200, {"inserted": 20, "fixed": 0, "errors": 0})
        assert upload(log) == (200, {"inserted": 0, "fixed": 0, "errors": 0})
        assert upload(log[:-10])[0] == 400
    FindingEmbedding.objects.bulk_create(
        FindingEmbedding(finding=finding, vector=[1.0, number % 2, 0.0])
        for number, finding in enumerate(Finding.objects.order_by("start_line"))
    )
    for _ in range(2):
        assert code["cluster_organization"](project.organization.pk) == 2
        assert sorted(FindingCluster.objects.values_list("size", flat=True)) == [10, 10]


def test_the_smallest_model_stores(project: Any) -> None:
    block = next(
        block[1] for block in BLOCK.finditer(README.read_text(encoding="utf-8")) if "class Finding" in block[1]
    )
    names: dict[str, Any] = {"__name__": "examples.readme"}
    with isolate_apps("examples"):
        exec(compile(block, "README.md", "exec"), names)
    with connection.schema_editor() as editor:
        editor.create_model(names["Finding"])
    stored = [ingest_sarif(make_log(count), findings=names["Finding"], **project.ids()) for count in (20, 15)]
    assert [(result.inserted, result.updated, result.fixed) for result in stored] == [(20, 0, 0), (0, 15, 5)]


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)(#[^)]*)?\)", README.read_text(encoding="utf-8"))
    assert links
    for path, _ in links:
        assert (README.parent / path).exists(), path


def test_settings_are_those_of_the_code() -> None:
    from django_reviewpro.rollout.settings import KEYS, ComponentSettings

    text = README.read_text(encoding="utf-8")
    for key in KEYS:
        assert f"`{key}`" in text
    defaults = ComponentSettings()
    assert f"| {defaults.failures}, {defaults.successes}, {defaults.seconds} |" in text
