"""System checks, by what they must find."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django_reviewpro import __version__
from django_reviewpro.checks import check_databases, check_settings, judge
from django_reviewpro.versions import Extension, Versions, versions

GOOD = Extension("public", __version__, __version__)


def ids(messages: list[Any]) -> list[str]:
    return [message.id for message in messages]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Versions(180000, GOOD, __version__), []),
        (Versions(170006, None, None), ["reviewpro.E001"]),
        (Versions(180000, None, None), ["reviewpro.W001"]),
        (Versions(180000, GOOD, "0.1.99"), ["reviewpro.W002"]),
        (Versions(180000, GOOD, None), ["reviewpro.W002"]),
        (Versions(180000, GOOD, __version__, companion="77.0.0"), ["reviewpro.W003"]),
        (Versions(180000, GOOD, __version__, companion=__version__ + ".post1"), []),
        (Versions(180000, Extension("public", "5.0.0", None), "5.0.1"), ["reviewpro.W002", "reviewpro.W003"]),
    ],
)
def test_versions(found: Versions, expected: list[str]) -> None:
    assert ids(judge(found)) == expected


@pytest.mark.django_db(databases=["default", "bare"])
def test_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_databases(databases=["default"]) == []
    # The router keeps the extension away from it.
    assert check_databases(databases=["bare"]) == []
    monkeypatch.setattr("router.Router.allow_migrate", lambda *args, **hints: True)
    missing = check_databases(databases=["default", "bare"])
    assert [(message.id, message.obj) for message in missing] == [("reviewpro.W001", "database 'bare'")]
    assert check_databases(databases=None) == []


@pytest.mark.django_db
def test_they_are_registered(settings: Any) -> None:
    settings.REVIEWPRO = {"SCHEME": "x"}
    assert ids([m for m in run_checks(databases=["default"]) if m.id.startswith("reviewpro")]) == ["reviewpro.E002"]


@pytest.mark.django_db
def test_versions_of_this_database() -> None:
    found = versions()
    assert found.extension is not None
    assert (found.extension.version, found.library, found.companion) == (__version__,) * 3
    assert found.server >= 180000


@pytest.mark.parametrize("schema", ["", "100%", 5])
def test_names_of_schemas(settings: Any, schema: Any) -> None:
    settings.REVIEWPRO = {"SCHEMA": schema}
    assert ids(check_settings()) == ["reviewpro.E002"]


@pytest.mark.parametrize(
    "rollout",
    [
        {"ingest": {"MODE": "both"}},
        {"ingest": {"PERCENT": 101}},
        {"ingest": {"PERCENT": "10"}},
        {"ingest": {"PERCENTAGE": 10}},
        {"ingest": {"FAILURES": 0}},
        {"ingest": {"PERCENT": None}},
        {"ingest": {"PERCENT": float("nan")}},
        {"ingest": {"FALLBACK": "no"}},
        {"ingest": True},
        5,
    ],
)
def test_settings_of_the_rollout(settings: Any, rollout: Any) -> None:
    settings.REVIEWPRO = {"ROLLOUT": rollout}
    assert ids(check_settings()) == ["reviewpro.E003"]
    settings.REVIEWPRO = {"ROLLOUT": {"ingest": {"MODE": "sql", "PERCENT": 10, "TIMEOUT": None, "FALLBACK": False}}}
    assert check_settings() == []
