"""Fixtures: one scratch database on the server that REVIEWPRO_DSN names, and a fresh connection for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from corpus import SHARED_VARIABLE, shared_folder
from psycopg import sql
from psycopg.conninfo import make_conninfo

DSN_VARIABLE = "REVIEWPRO_DSN"
DATABASE = "reviewpro_python"

# What was read, for the last lines of a run: a suite that read nothing has shown nothing.
COUNTS: dict[str, int] = {}


@pytest.fixture(scope="session")
def dsn() -> Iterator[str]:
    """Connection string of a scratch database with the extension in it."""
    server = os.environ.get(DSN_VARIABLE)
    if not server:
        pytest.exit(
            f"{DSN_VARIABLE} is not set: `make test` starts a server and sets it",
            returncode=pytest.ExitCode.USAGE_ERROR,
        )
    name = sql.Identifier(DATABASE)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
        scratch = make_conninfo(server, dbname=DATABASE)
        with psycopg.connect(scratch, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION reviewpro_pg")
        yield scratch
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


@pytest.fixture
def connection(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection in autocommit mode; at the end it must still answer."""
    with psycopg.connect(dsn, autocommit=True) as opened:
        yield opened
        assert opened.execute("SELECT 1").fetchone() == (1,), "the session did not survive the test"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the large corpus and its golden rows; without it the test is skipped, and says so."""
    folder = shared_folder()
    if folder is None:
        pytest.skip(f"{SHARED_VARIABLE} is not set: no log of the large corpus was read")
    return folder


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Iterator[list[int]]:
    """A list that collects how much a test has read; empty or zero in the end is a failure."""
    seen: list[int] = []
    yield seen
    total = sum(seen)
    COUNTS[request.node.name] = total
    assert total > 0, "nothing was read"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints how much each test has read."""
    for name, total in COUNTS.items():
        terminalreporter.write_line(f"{name}: {total} read")
    if shared_folder() is None:
        terminalreporter.write_line(f"{SHARED_VARIABLE} is not set: the large corpus was not read")
