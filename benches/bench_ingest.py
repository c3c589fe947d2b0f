#!/usr/bin/env python3
"""The findings of one log into the application's table, with all its indexes: row by row, in bulk, in one statement.

usage: bench_ingest.py [FINDINGS ...]       (default 100 1000 10000; REVIEWPRO_DSN names the database)

| way | what it is |
|---|---|
| loop | json.loads, then a SELECT and an INSERT or UPDATE per finding: the application's way, without its ORM's cost |
| COPY + upsert | json.loads, COPY into a temporary table, one INSERT ... SELECT ... ON CONFLICT |
| JSON_TABLE | one INSERT ... SELECT over JSON_TABLE |
| ours | one INSERT ... SELECT over sarif_findings |
| floor | INSERT ... SELECT from a temporary table that has the rows ready |

Each way is timed for a scan that is new and for the same scan again.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import bench
import psycopg
from bench_sarif import extract
from make_log import make_log

SIZES = (100, 1_000, 10_000)
# The loop would take the better part of an hour.
LOOP_LIMIT = 10_000
BYTES_PER_FINDING = 1_080
APP_TABLE = (Path(__file__).resolve().parents[1] / "tests" / "python" / "app_findings.sql").read_text()
ORGANIZATION = str(uuid.UUID(int=1))
REPOSITORY = str(uuid.UUID(int=2))

COLUMNS = """id, organization_id, repository_id, first_seen_scan_id, last_seen_scan_id, fingerprint, rule_id, message,
    severity, status, file_path, start_line, start_column, end_line, end_column, snippet, tool_name, tool_version,
    cwe_ids, cve_ids, occurrence_count, first_seen_at, last_seen_at, created_at, updated_at"""
CONSTANTS = f"gen_random_uuid(), '{ORGANIZATION}'::uuid, '{REPOSITORY}'::uuid, %(scan)s, %(scan)s"
VALUES = """fingerprint, rule_id, message, severity, 'open', file_path, start_line, start_column, end_line, end_column,
    snippet, tool_name, tool_version"""
TAIL = "1, now(), now(), now(), now()"
CONFLICT = """ON CONFLICT (organization_id, fingerprint) DO UPDATE SET
    occurrence_count = f.occurrence_count + 1, last_seen_scan_id = excluded.last_seen_scan_id,
    last_seen_at = excluded.last_seen_at, updated_at = excluded.updated_at"""


def upsert(source: str, cwe: str = "'[]'", cve: str = "'[]'") -> str:
    """One statement that stores what a FROM item gives."""
    return f"""INSERT INTO app_findings AS f ({COLUMNS})
    SELECT DISTINCT ON (fingerprint) {CONSTANTS}, {VALUES}, {cwe}, {cve}, {TAIL}
    FROM {source} ORDER BY fingerprint {CONFLICT}"""


JSON_TABLE = f"""(SELECT *,
           encode(sha256(convert_to(
               concat_ws('|', '{ORGANIZATION}', rule_id, file_path, start_line, start_column,
                         left(encode(sha256(convert_to(message, 'UTF8')), 'hex'), 16)), 'UTF8')), 'hex') AS fingerprint,
           CASE level WHEN 'error' THEN 'high' WHEN 'note' THEN 'low' WHEN 'none' THEN 'info' ELSE 'medium' END
               AS severity
    FROM bench_scan, JSON_TABLE(body::jsonb, '$.runs[*]' COLUMNS (
        tool_name text PATH '$.tool.driver.name',
        tool_version text PATH '$.tool.driver.semanticVersion',
        NESTED PATH '$.results[*]' COLUMNS (
            rule_id text PATH '$.ruleId',
            level text PATH '$.level',
            message text PATH '$.message.text',
            file_path text PATH '$.locations[0].physicalLocation.artifactLocation.uri',
            start_line int PATH '$.locations[0].physicalLocation.region.startLine',
            start_column int PATH '$.locations[0].physicalLocation.region.startColumn' DEFAULT 1 ON EMPTY,
            end_line int PATH '$.locations[0].physicalLocation.region.endLine',
            end_column int PATH '$.locations[0].physicalLocation.region.endColumn',
            snippet text PATH '$.locations[0].physicalLocation.region.snippet.text')))) AS parsed"""
OURS = f"bench_scan, LATERAL sarif_findings(body, mode => 'compat', organization_id => '{ORGANIZATION}', raw => false)"
STAGED = """CREATE TEMPORARY TABLE staged (
    fingerprint text, rule_id text, message text, severity text, file_path text, start_line int, start_column int,
    end_line int, end_column int, snippet text, tool_name text, tool_version text)"""

Way = Callable[[psycopg.Connection, bytes], None]


def findings(raw: bytes) -> list[tuple[object, ...]]:
    """The rows of a log, by Python, with the fingerprint of the application's formula."""
    log = json.loads(raw)
    return [extract(run, r, ORGANIZATION)[:12] for run in log["runs"] for r in run["results"]]


def loop(connection: psycopg.Connection, raw: bytes) -> None:
    """One look-up and one write per finding, each in a transaction of its own."""
    scan = uuid.uuid4()
    look = "SELECT id FROM app_findings WHERE organization_id = %s AND fingerprint = %s"
    update = "UPDATE app_findings SET occurrence_count = occurrence_count + 1, last_seen_at = now() WHERE id = %s"
    marks = "%s, " * 5 + "%s, %s, %s, %s, 'open', %s, %s, %s, %s, %s, %s, %s, %s, '[]', '[]'"
    insert = f"INSERT INTO app_findings ({COLUMNS}) VALUES ({marks}, {TAIL})"
    for row in findings(raw):
        found = connection.execute(look, [ORGANIZATION, row[0]]).fetchone()
        if found:
            connection.execute(update, found)
        else:
            connection.execute(insert, [uuid.uuid4(), ORGANIZATION, REPOSITORY, scan, scan, *row])


def copy_upsert(connection: psycopg.Connection, raw: bytes) -> None:
    """Bulk through a staging table."""
    with connection.transaction():
        connection.execute(f"{STAGED} ON COMMIT DROP")
        with connection.cursor().copy("COPY staged FROM STDIN") as copy:
            for row in findings(raw):
                copy.write_row(row)
        connection.execute(upsert("staged"), {"scan": uuid.uuid4()})


def json_table(connection: psycopg.Connection, raw: bytes) -> None:
    """Plain SQL."""
    with_scan(connection, raw, upsert(JSON_TABLE))


def ours(connection: psycopg.Connection, raw: bytes) -> None:
    """The extension."""
    with_scan(connection, raw, upsert(OURS, "to_jsonb(cwe_ids)", "to_jsonb(cve_ids)"))


def with_scan(connection: psycopg.Connection, raw: bytes, statement: str) -> None:
    """Stores the log, as every application does that keeps it, and runs a statement over it."""
    with connection.transaction():
        connection.execute("CREATE TEMPORARY TABLE bench_scan (body text) ON COMMIT DROP")
        connection.execute("INSERT INTO bench_scan VALUES (%s)", [raw.decode()])
        connection.execute(statement, {"scan": uuid.uuid4()})


def floor(connection: psycopg.Connection, raw: bytes) -> None:
    """What the table itself costs; the rows were made ready outside of the clock."""
    connection.execute(upsert("ready"), {"scan": uuid.uuid4()})


WAYS: dict[str, Way] = {
    "loop": loop,
    "COPY + upsert": copy_upsert,
    "JSON_TABLE": json_table,
    "ours": ours,
    "floor": floor,
}


def prepare(connection: psycopg.Connection, raw: bytes) -> None:
    """An empty table, and the rows for the floor."""
    connection.execute("DROP TABLE IF EXISTS app_findings")
    connection.execute(APP_TABLE)
    connection.execute("DROP TABLE IF EXISTS ready")
    connection.execute(STAGED.replace("staged", "ready"))
    with connection.cursor().copy("COPY ready FROM STDIN") as copy:
        for row in findings(raw):
            copy.write_row(row)


def measure(count: int) -> list[list[object]]:
    """The lines of the table for one size."""
    raw = make_log(count * BYTES_PER_FINDING)
    total = len(findings(raw))
    times: dict[str, tuple[float, float]] = {}
    for name, way in WAYS.items():
        if name == "loop" and count > LOOP_LIMIT:
            continue
        connection = bench.connect()
        prepare(connection, raw)
        seconds = []
        for _ in range(2):
            connection.execute("CHECKPOINT")
            started = time.perf_counter()
            way(connection, raw)
            seconds.append(time.perf_counter() - started)
        stored = connection.execute("SELECT count(*) FROM app_findings").fetchone()[0]
        if stored != total:
            sys.exit(f"{name} stored {stored} findings of {total}")
        times[name] = (seconds[0], seconds[1])
        connection.execute("DROP TABLE app_findings")
        connection.close()
    first, again = times["ours"]
    return [
        [
            f"{total:,}",
            name,
            bench.duration(a),
            f"{total / a:,.0f}",
            bench.ratio(a, first),
            bench.duration(b),
            bench.ratio(b, again),
        ]
        for name, (a, b) in times.items()
    ]


def main() -> None:
    sizes = [int(s) for s in sys.argv[1:]] or list(SIZES)
    header = ["findings", "way", "new scan", "findings/s", "ours is faster by", "same scan again", "ours is faster by"]
    bench.print_table("Findings into the application's table", header, [row for s in sizes for row in measure(s)])


if __name__ == "__main__":
    main()
