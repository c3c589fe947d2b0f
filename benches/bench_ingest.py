#!/usr/bin/env python3
"""The findings of one log into the application's table, with all its indexes: row by row, in bulk, in one statement.

usage: bench_ingest.py [FINDINGS ...]       (default 100 1000 10000; REVIEWPRO_DSN names the database; needs Django)

| way | what it is |
|---|---|
| Django loop | json.loads, then a SELECT and an INSERT or UPDATE per finding through the ORM: the application's way |
| Django bulk_create | json.loads, bulk_create(update_conflicts=True) in batches of 1,000 |
| COPY + upsert | json.loads, COPY into a temporary table, one INSERT ... SELECT ... ON CONFLICT |
| JSON_TABLE | one INSERT ... SELECT over JSON_TABLE |
| sarif_findings | one INSERT ... SELECT over sarif_findings |
| ingest_sarif | the call |
| floor | INSERT ... SELECT from a temporary table that has the rows ready |

Each way stores the same columns, the whole SARIF result among them, and is timed for a scan that is new, for the next scan
with the same findings, and for that scan again, as a retry would send it; with the WAL that each of them wrote and the
dead row versions that it left to vacuum.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import bench
import django_app
import psycopg
from bench_sarif import extract
from make_log import make_log
from record import record

SIZES = (100, 1_000, 10_000)
# The loop would take the better part of an hour.
LOOP_LIMIT = 10_000
BYTES_PER_FINDING = 1_080
APP_TABLE = (Path(__file__).resolve().parents[1] / "tests" / "python" / "app_findings.sql").read_text()
ORGANIZATION = str(uuid.UUID(int=1))
REPOSITORY = str(uuid.UUID(int=2))

EXTRACTED = [
    "fingerprint",
    "rule_id",
    "message",
    "severity",
    "file_path",
    "start_line",
    "start_column",
    "end_line",
    "end_column",
    "snippet",
    "tool_name",
    "tool_version",
    "cwe_ids",
    "cve_ids",
]
COLUMNS = """id, organization_id, repository_id, first_seen_scan_id, last_seen_scan_id, fingerprint, rule_id, message,
    severity, status, file_path, start_line, start_column, end_line, end_column, snippet, tool_name, tool_version,
    cwe_ids, cve_ids, sarif_data, occurrence_count, first_seen_at, last_seen_at, created_at, updated_at"""
CONSTANTS = f"gen_random_uuid(), '{ORGANIZATION}'::uuid, '{REPOSITORY}'::uuid, %(scan)s, %(scan)s"
VALUES = """fingerprint, rule_id, message, severity, 'open', file_path, start_line, start_column, end_line, end_column,
    snippet, tool_name, tool_version"""
TAIL = "sarif_data, 1, now(), now(), now(), now()"
CONFLICT = """ON CONFLICT (organization_id, fingerprint) DO UPDATE SET
    occurrence_count = f.occurrence_count + 1, last_seen_scan_id = excluded.last_seen_scan_id,
    last_seen_at = excluded.last_seen_at, updated_at = excluded.updated_at"""


def upsert(source: str, cwe: str = "cwe_ids", cve: str = "cve_ids") -> str:
    """One statement that stores what a FROM item gives."""
    return f"""INSERT INTO app_findings AS f ({COLUMNS})
    SELECT DISTINCT ON (fingerprint) {CONSTANTS}, {VALUES}, {cwe}, {cve}, {TAIL}
    FROM {source} ORDER BY fingerprint {CONFLICT}"""


JSON_TABLE = f"""(SELECT *,
           encode(sha256(convert_to(
               concat_ws('|', '{ORGANIZATION}', rule_id, file_path, start_line, start_column,
                         left(encode(sha256(convert_to(message, 'UTF8')), 'hex'), 16)), 'UTF8')), 'hex') AS fingerprint,
           CASE level WHEN 'error' THEN 'high' WHEN 'note' THEN 'low' WHEN 'none' THEN 'info' ELSE 'medium' END
               AS severity,
           jsonb_path_query_array(tags, '$[*] ? (@ starts with "CWE-")') AS cwe_ids,
           jsonb_path_query_array(tags, '$[*] ? (@ starts with "CVE-")') AS cve_ids
    FROM bench_scan, JSON_TABLE(body::jsonb, '$.runs[*]' COLUMNS (
        tool_name text PATH '$.tool.driver.name',
        tool_version text PATH '$.tool.driver.semanticVersion',
        NESTED PATH '$.results[*]' COLUMNS (
            sarif_data jsonb PATH '$',
            rule_id text PATH '$.ruleId',
            level text PATH '$.level',
            message text PATH '$.message.text',
            tags jsonb PATH '$.properties.tags' DEFAULT '[]' ON EMPTY,
            file_path text PATH '$.locations[0].physicalLocation.artifactLocation.uri',
            start_line int PATH '$.locations[0].physicalLocation.region.startLine',
            start_column int PATH '$.locations[0].physicalLocation.region.startColumn' DEFAULT 1 ON EMPTY,
            end_line int PATH '$.locations[0].physicalLocation.region.endLine',
            end_column int PATH '$.locations[0].physicalLocation.region.endColumn',
            snippet text PATH '$.locations[0].physicalLocation.region.snippet.text')))) AS parsed"""
OURS = f"bench_scan, LATERAL sarif_findings(body, mode => 'compat', organization_id => '{ORGANIZATION}')"
STAGED = """CREATE TEMPORARY TABLE staged (
    fingerprint text, rule_id text, message text, severity text, file_path text, start_line int, start_column int,
    end_line int, end_column int, snippet text, tool_name text, tool_version text, cwe_ids jsonb, cve_ids jsonb,
    sarif_data jsonb)"""

Way = Callable[[psycopg.Connection, bytes, uuid.UUID], None]


def findings(raw: bytes) -> list[dict[str, Any]]:
    """The rows of a log, by Python, with the fingerprint of the application's formula."""
    log = json.loads(raw)
    return [
        dict(zip(EXTRACTED, extract(run, result, ORGANIZATION), strict=True))
        | {"sarif_data": result, "organization_id": ORGANIZATION, "repository_id": REPOSITORY}
        for run in log["runs"]
        for result in run["results"]
    ]


FINDING = django_app.model(os.environ.get(bench.DSN_VARIABLE, ""))


def django_loop(_: psycopg.Connection, raw: bytes, scan: uuid.UUID) -> None:
    """The application."""
    django_app.loop(FINDING, findings(raw), scan)


def django_bulk(_: psycopg.Connection, raw: bytes, scan: uuid.UUID) -> None:
    """Django at its best."""
    django_app.bulk(FINDING, findings(raw), scan)


def fill(connection: psycopg.Connection, table: str, raw: bytes) -> None:
    """The rows of a log by COPY."""
    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in findings(raw):
            values = [row[name] for name in EXTRACTED[:12]]
            copy.write_row([*values, *(json.dumps(row[name]) for name in ("cwe_ids", "cve_ids", "sarif_data"))])


def copy_upsert(connection: psycopg.Connection, raw: bytes, scan: uuid.UUID) -> None:
    """Bulk through a staging table."""
    with connection.transaction():
        connection.execute(f"{STAGED} ON COMMIT DROP")
        fill(connection, "staged", raw)
        connection.execute(upsert("staged"), {"scan": scan})


def json_table(connection: psycopg.Connection, raw: bytes, scan: uuid.UUID) -> None:
    """Plain SQL."""
    with_scan(connection, raw, upsert(JSON_TABLE), scan)


def insert_select(connection: psycopg.Connection, raw: bytes, scan: uuid.UUID) -> None:
    """The extension's rows, plain SQL for the rest."""
    with_scan(connection, raw, upsert(OURS, "to_jsonb(cwe_ids)", "to_jsonb(cve_ids)"), scan)


def with_scan(connection: psycopg.Connection, raw: bytes, statement: str, scan: uuid.UUID) -> None:
    """Sends the log, and runs a statement over it."""
    with connection.transaction():
        connection.execute("CREATE TEMPORARY TABLE bench_scan (body text) ON COMMIT DROP")
        connection.execute("INSERT INTO bench_scan VALUES (%s)", [raw.decode()])
        connection.execute(statement, {"scan": scan})


def ingest(connection: psycopg.Connection, raw: bytes, scan: uuid.UUID) -> None:
    """The extension."""
    connection.execute(
        "SELECT ingest_sarif(%s::text, %s::uuid, %s::uuid, %s::uuid, 'app_findings', mode => 'compat')",
        [raw.decode(), ORGANIZATION, REPOSITORY, scan],
    )


def floor(connection: psycopg.Connection, _: bytes, scan: uuid.UUID) -> None:
    """What the table itself costs; the rows were made ready outside of the clock."""
    connection.execute(upsert("ready"), {"scan": scan})


WAYS: dict[str, Way] = {
    "Django loop": django_loop,
    "Django bulk_create": django_bulk,
    "COPY + upsert": copy_upsert,
    "JSON_TABLE": json_table,
    "sarif_findings": insert_select,
    "ingest_sarif": ingest,
    "floor": floor,
}


def prepare(connection: psycopg.Connection, raw: bytes) -> None:
    """An empty table, and the rows for the floor."""
    connection.execute("CREATE EXTENSION IF NOT EXISTS pgstattuple")
    connection.execute("DROP TABLE IF EXISTS app_findings")
    connection.execute(APP_TABLE)
    connection.execute("DROP TABLE IF EXISTS ready")
    connection.execute(STAGED.replace("staged", "ready"))
    fill(connection, "ready", raw)


def written(connection: psycopg.Connection) -> int:
    """Bytes of WAL since ever."""
    return int(connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()[0])


class Measured(NamedTuple):
    """What one call cost: seconds, bytes of WAL, dead row versions."""

    seconds: float
    wal: int
    dead: int


def measure_way(way: Way, raw: bytes, total: int) -> list[Measured]:
    """A new scan, the next one, and that one again."""
    connection = bench.connect()
    prepare(connection, raw)
    first, second = uuid.uuid4(), uuid.uuid4()
    measured = []
    for scan in (first, second, second):
        # Hint bits of rows just written would count as WAL of whoever reads them first.
        connection.execute("VACUUM app_findings")
        connection.execute("CHECKPOINT")
        before, started = written(connection), time.perf_counter()
        way(connection, raw, scan)
        seconds, wal = time.perf_counter() - started, written(connection) - before
        dead = connection.execute("SELECT dead_tuple_count FROM pgstattuple('app_findings')").fetchone()[0]
        measured.append(Measured(seconds, wal, dead))
    stored = connection.execute("SELECT count(*) FROM app_findings").fetchone()[0]
    if stored != total:
        sys.exit(f"{stored} findings were stored of {total}")
    connection.close()
    return measured


CASES = ("new scan", "next scan", "the same again")


def measure(count: int) -> list[list[object]]:
    """The lines of the table for one size."""
    raw = make_log(count * BYTES_PER_FINDING)
    total = len({row["fingerprint"] for row in findings(raw)})
    ways = {name: way for name, way in WAYS.items() if name != "Django loop" or count <= LOOP_LIMIT}
    rounds = 3 if count <= 1_000 else 1
    results: dict[str, list[Measured]] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            measured = measure_way(way, raw, total)
            best = results.setdefault(name, measured)
            results[name] = [min(a, b) for a, b in zip(best, measured, strict=True)]
    ours = results["ingest_sarif"]
    for name, measured in results.items():
        if name != "ingest_sarif":
            for case, its, base in zip(CASES, measured, ours, strict=True):
                # Writes of a durable server: the disk has its moods.
                record(f"ingest {count}, {case}: {name}", its.seconds, base.seconds, tolerance=0.5)
    return [
        [
            f"{total:,}",
            name,
            *(
                cell
                for its, base in zip(measured, ours, strict=True)
                for cell in (
                    bench.duration(its.seconds),
                    bench.ratio(its.seconds, base.seconds),
                    bench.size(its.wal),
                    f"{its.dead:,}",
                )
            ),
        ]
        for name, measured in results.items()
    ]


def main() -> None:
    sizes = [int(s) for s in sys.argv[1:]] or list(SIZES)
    header = ["findings", "way"]
    for case in CASES:
        header += [case, "against ingest_sarif", "WAL", "dead"]
    bench.print_table("Findings into the application's table", header, [row for s in sizes for row in measure(s)])


if __name__ == "__main__":
    main()
