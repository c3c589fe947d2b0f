"""Fixtures of the companion's tests. The server is the one that REVIEWPRO_DSN names."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    if not os.environ.get("REVIEWPRO_DSN"):
        pytest.exit("REVIEWPRO_DSN is not set: `make test STAGES=django` starts a server and sets it", returncode=4)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a run that is to be complete, a test that was skipped is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("REVIEWPRO_COMPLETE") and reporter and reporter.stats.get("skipped"):
        reporter.write_line("REVIEWPRO_COMPLETE is set, but tests were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_report_header(config: pytest.Config) -> str:
    import platform

    import django
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    binding = ", binding on the server" if os.environ.get("SERVER_SIDE_BINDING") else ""
    schema = os.environ.get("REVIEWPRO_SCHEMA")
    return (
        f"Python {platform.python_version()}, Django {django.get_version()}, "
        f"psycopg{'' if is_psycopg3 else '2'}{binding}" + (f", extension in schema {schema}" if schema else "")
    )


@pytest.fixture
def project(db: None) -> Any:
    """An organisation with a repository, and a function that makes scans of it."""
    from product.models import Organization, Repository, Scan

    class Project:
        organization = Organization.objects.create(name="Acme", slug="acme")
        repository = Repository.objects.create(organization=organization, full_name="acme/shop")

        def scan(self, **columns: Any) -> Scan:
            return Scan.objects.create(organization=self.organization, repository=self.repository, **columns)

        def ids(self, scan: Scan | None = None) -> dict[str, Any]:
            return {
                "organization_id": self.organization.pk,
                "repository_id": self.repository.pk,
                "scan_id": (scan or self.scan()).pk,
            }

    return Project()


@pytest.fixture
def rollout(settings: Any) -> Callable[..., None]:
    """Sets how one component runs."""

    def set_up(name: str, **given: Any) -> None:
        settings.REVIEWPRO = {**settings.REVIEWPRO, "ROLLOUT": {name: given}}

    return set_up


@pytest.fixture
def settings_of_backend() -> Callable[[str], str]:
    """Reads a setting of the default connection's session."""
    from django.db import connection

    def read(name: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting(%s)", [name])
            return cursor.fetchone()[0]

    return read
