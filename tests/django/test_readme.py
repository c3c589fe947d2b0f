"""Every Python block of django/README.md runs: sessions with the output that they show, code as it is."""

from __future__ import annotations

import doctest
import re
from typing import Any

import pytest
from corpus import ROOT
from django.conf import settings
from django.test.utils import isolate_apps, override_settings
from examples.models import Document, Point
from product.models import Finding

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
