"""Calls repeated for ever do not make a backend grow. REVIEWPRO_REPEATS sets how often (1,000)."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import psycopg
import pytest
from ingest import ORGANIZATION, REPOSITORY, make_log

REPEATS = int(os.environ.get("REVIEWPRO_REPEATS", "1000"))
ALLOWED_MB = 5.0
WARM_UP = 200

SMALL = make_log([f"rule-{number}" for number in range(20)])
# Beyond what is done on the backend's own thread.
LARGE = make_log([f"rule-{number}" for number in range(400)])
MATRIX = "(SELECT array_agg(ARRAY[sin(i), cos(i), i % 5]::real[]) FROM generate_series(1, 60) i)"
IDS = f"'{ORGANIZATION}', '{REPOSITORY}', '{ORGANIZATION}'"

# A statement, its values, and whether it works or fails.
CALLS: dict[str, tuple[str, list[object], bool]] = {
    "fingerprint": ("SELECT fingerprint('a'::text, 'r', 'p', 1, 2, %s)", ["m"], True),
    "content_fingerprint": ("SELECT content_fingerprint('t', 'r', 'p', %s)", ["message:m"], True),
    "line hashes": ("SELECT count(*) FROM sarif_line_hashes(%s)", ["a = 1\n" * 200], True),
    "text": ("SELECT count(*) FROM sarif_findings(%s::text)", [SMALL], True),
    "text, on threads": ("SELECT count(*) FROM sarif_findings(%s::text)", [LARGE], True),
    "jsonb": ("SELECT count(*) FROM sarif_findings(%s::jsonb)", [SMALL], True),
    "gzip": ("SELECT count(*) FROM sarif_findings(%s::bytea)", [gzip.compress(SMALL.encode())], True),
    "summary": ("SELECT sarif_summary(%s::text)", [SMALL], True),
    "validate": ("SELECT count(*) FROM sarif_validate(%s::text)", [SMALL], True),
    "clustering": (f"SELECT cluster_embeddings({MATRIX})", [], True),
    "members": (f"SELECT count(*) FROM cluster_members({MATRIX}, array_fill(0, ARRAY[60]))", [], True),
    "silhouette": (
        f"SELECT silhouette_score({MATRIX}, (SELECT array_agg(i % 3) FROM generate_series(1, 60) i))",
        [],
        True,
    ),
    "query": (
        "SELECT count(*) FROM cluster_query('SELECT i, ARRAY[i]::real[] FROM generate_series(1, 60) i')",
        [],
        True,
    ),
    "window": (
        "SELECT count(c) FROM (SELECT cluster_dbscan(ARRAY[i, 1]::real[], 0.1) OVER (PARTITION BY i % 3) c"
        " FROM generate_series(1, 60) i) q",
        [],
        True,
    ),
    "ingest": (f"SELECT total FROM ingest_sarif(%s::text, {IDS}, findings => 'repeated')", [SMALL], True),
    "statistics": ("SELECT sum(calls) FROM reviewpro_stats, reviewpro_health", [], True),
    "failing text": ("SELECT count(*) FROM sarif_findings(%s::text)", [SMALL[:-2]], False),
    "failing text, on threads": ("SELECT count(*) FROM sarif_findings(%s::text)", [LARGE[:-2]], False),
    "failing gzip": ("SELECT count(*) FROM sarif_findings(%s::bytea)", [gzip.compress(LARGE.encode())[:-5]], False),
    "failing clustering": ("SELECT cluster_embeddings('{{1,NaN},{1,2}}'::real[])", [], False),
    "failing query": (
        "SELECT count(*) FROM cluster_query('SELECT i, ARRAY[1/(9-i)]::real[] FROM generate_series(1, 60) i')",
        [],
        False,
    ),
    "failing window": (
        "SELECT cluster_dbscan(ARRAY[i, 'NaN']::real[], 0.1) OVER () FROM generate_series(1, 60) i",
        [],
        False,
    ),
    "failing ingest": (f"SELECT total FROM ingest_sarif('{{'::text, {IDS}, findings => 'repeated')", [], False),
}


def private_mb(pid: int) -> float:
    """What the process does not share with others."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    sizes = re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", text, re.MULTILINE)
    assert len(sizes) == 2
    return sum(map(int, sizes)) / 1024


def call(connection: psycopg.Connection, kind: str, times: int) -> None:
    statement, values, works = CALLS[kind]
    for _ in range(times):
        try:
            connection.execute(statement, values or None).fetchall()
        except psycopg.DataError:
            assert not works
        else:
            assert works


@pytest.mark.parametrize("kind", CALLS)
def test_repeated_calls_do_not_grow_the_backend(connection: psycopg.Connection, kind: str) -> None:
    if "ingest" in kind:
        connection.execute("DROP TABLE IF EXISTS repeated")
        connection.execute("SELECT create_findings_table('repeated')")
    call(connection, kind, WARM_UP)
    before = private_mb(connection.info.backend_pid)
    call(connection, kind, REPEATS)
    grown = private_mb(connection.info.backend_pid) - before
    print(f"{kind}: {grown:+.2f} MB in {REPEATS} calls")
    assert grown < ALLOWED_MB


def test_the_measure_sees_a_leak(connection: psycopg.Connection) -> None:
    """A session that does keep something, such as prepared statements, is seen to grow."""
    before = private_mb(connection.info.backend_pid)
    for number in range(300):
        connection.execute(f"PREPARE kept_{number} AS SELECT {', '.join(map(str, range(300)))}")
    assert private_mb(connection.info.backend_pid) - before > ALLOWED_MB
