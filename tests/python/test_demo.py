"""The demo, as `make demo` runs it: it ends well, nothing is new the second time, every finding has its embedding."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from corpus import ROOT
from psycopg.conninfo import make_conninfo

DATABASE = "reviewpro_demo"


@pytest.fixture
def database(dsn: str) -> Iterator[str]:
    """An empty database: the demo makes tables of its own."""
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {DATABASE}")
        yield make_conninfo(dsn, dbname=DATABASE)
        admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def run_demo(database: str) -> str:
    """What the demo prints, without the times at its end."""
    psql = shutil.which("psql")
    assert psql, "psql is not on the PATH"
    command = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "demo/demo.sql", database]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("Time of each step")[0]


def test_demo(database: str) -> None:
    printed = run_demo(database)
    counts = [
        tuple(map(int, row)) for row in re.findall(r"^ *(\d+) \| +(\d+) \| +(\d+) \| +(\d+)$", printed, re.MULTILINE)
    ]
    first, again, moved, clusters = counts
    results, folded, new, seen = first
    assert results > 2000
    assert new == results - folded
    assert seen == 0
    assert again == (results, folded, 0, new)
    assert moved[2] == 0
    assert moved[3] > 200
    assert clusters[0] == clusters[1] == new, "a finding has no embedding: run demo/make_embeddings.py"
    assert clusters[2] > 50
    assert run_demo(database) == printed, "the demo gives something else the second time"
