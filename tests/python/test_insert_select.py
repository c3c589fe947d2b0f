"""Plain INSERT ... SELECT ... ON CONFLICT over sarif_findings: into the application's table and into our own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from corpus import Log, own_logs
from findings import rows, to_text

APP_TABLE = (Path(__file__).parent / "app_findings.sql").read_text()
ORGANIZATION = uuid.UUID(int=1)
REPOSITORY = uuid.UUID(int=2)

INTO_APP_TABLE = """
INSERT INTO app_findings AS f (
    id, organization_id, repository_id, first_seen_scan_id, last_seen_scan_id, fingerprint, rule_id, rule_name,
    message, severity, status, file_path, start_line, start_column, end_line, end_column, snippet,
    tool_name, tool_version, cwe_ids, cve_ids, sarif_data, occurrence_count,
    first_seen_at, last_seen_at, created_at, updated_at)
SELECT DISTINCT ON (fingerprint)
       gen_random_uuid(), %(organization)s, %(repository)s, %(scan)s, %(scan)s, fingerprint, rule_id, rule_name,
       message, severity, 'open', file_path, start_line, start_column, end_line, end_column, snippet,
       tool_name, tool_version, to_jsonb(cwe_ids), to_jsonb(cve_ids), sarif_data, 1, now(), now(), now(), now()
FROM sarif_findings(%(log)s::bytea, mode => 'compat', organization_id => %(organization)s)
ORDER BY fingerprint, run_index, result_index
ON CONFLICT (organization_id, fingerprint) DO UPDATE
   SET last_seen_scan_id = excluded.last_seen_scan_id, last_seen_at = excluded.last_seen_at,
       occurrence_count = f.occurrence_count + 1
RETURNING old.id IS NULL
"""
INTO_OWN_TABLE = """
INSERT INTO own_findings AS f (
    organization_id, repository_id, first_seen_scan_id, last_seen_scan_id, fingerprint, rule_id, rule_name, message,
    severity, file_path, start_line, start_column, end_line, end_column, snippet, tool_name, tool_version,
    cwe_ids, cve_ids)
SELECT DISTINCT ON (fingerprint)
       %(organization)s, %(repository)s, %(scan)s, %(scan)s, fingerprint, rule_id, rule_name, message,
       severity, file_path, start_line, start_column, end_line, end_column, snippet, tool_name, tool_version,
       to_jsonb(cwe_ids), to_jsonb(cve_ids)
FROM sarif_findings(%(log)s::bytea)
ORDER BY fingerprint, run_index, result_index
ON CONFLICT (organization_id, repository_id, fingerprint) DO UPDATE
   SET last_seen_scan_id = excluded.last_seen_scan_id, occurrence_count = f.occurrence_count + 1
RETURNING old.id IS NULL
"""


@pytest.fixture
def tables(connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection on which both tables exist and are empty."""
    connection.execute("DROP TABLE IF EXISTS app_findings, own_findings")
    connection.execute(APP_TABLE)
    connection.execute("SELECT create_findings_table('own_findings')")
    yield connection
    connection.execute("DROP TABLE app_findings, own_findings")


def ingest(connection: psycopg.Connection, statement: str, log: Log) -> tuple[int, int]:
    """How many findings were new, and how many had been seen before."""
    values = {"organization": ORGANIZATION, "repository": REPOSITORY, "scan": uuid.uuid4(), "log": log.raw}
    found = [new for (new,) in connection.execute(statement, values)]
    return found.count(True), found.count(False)


@pytest.mark.parametrize("statement", [INTO_APP_TABLE, INTO_OWN_TABLE], ids=["application", "own"])
def test_a_repeated_scan_adds_nothing(tables: psycopg.Connection, counted: list[int], statement: str) -> None:
    for log in own_logs():
        first = ingest(tables, statement, log)
        assert ingest(tables, statement, log) == (0, sum(first)), log.name
        counted.append(sum(first))


def test_the_applications_table_holds_what_the_function_returned(tables: psycopg.Connection) -> None:
    log = next(log for log in own_logs() if log.name.startswith("bandit-django"))
    ingest(tables, INTO_APP_TABLE, log)
    expected: dict[str, tuple[object, ...]] = {}
    for row in rows(tables, log.raw, "bytea", {"mode": "compat", "organization_id": str(ORGANIZATION)}):
        expected.setdefault(
            row["fingerprint"], (row["rule_id"], row["file_path"], row["start_line"], row["sarif_data"])
        )
    stored = tables.execute("SELECT fingerprint, rule_id, file_path, start_line, sarif_data FROM app_findings")
    assert {fingerprint: tuple(rest) for fingerprint, *rest in stored} == expected
    assert all(value[3] is not None for value in expected.values())


def test_distinct_findings_are_all_kept(tables: psycopg.Connection) -> None:
    """Linters repeat themselves within a file: equal messages on different lines are different findings. Only a result
    that is in the log twice, word for word, is one finding."""
    for log in own_logs():
        distinct = {to_text(result) for run in log.document["runs"] for result in run["results"]}
        tables.execute("TRUNCATE own_findings")
        assert ingest(tables, INTO_OWN_TABLE, log) == (len(distinct), 0), log.name
