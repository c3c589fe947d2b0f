"""The SQL of docs/operations/rollback.md and scale-out.md does what the pages say."""

from __future__ import annotations

import uuid
from pathlib import Path

import psycopg
import pytest
from corpus import ROOT
from examples import examples, run
from ingest import ORGANIZATION, REPOSITORY, ingest, make_log
from psycopg.conninfo import make_conninfo

PAGES = ROOT / "docs" / "operations"
FORMULA = "fingerprint(organization_id, rule_id, file_path, start_line, start_column, message)"


def blocks(page: Path) -> list[str]:
    found = [statement for statement, _ in examples(page)]
    assert found, f"{page.name} has no SQL"
    return found


@pytest.fixture
def scratch(dsn: str, connection: psycopg.Connection) -> str:
    """A database that may lose the extension."""
    connection.execute("DROP DATABASE IF EXISTS reviewpro_pages WITH (FORCE)")
    connection.execute("CREATE DATABASE reviewpro_pages")
    place = make_conninfo(dsn, dbname="reviewpro_pages")
    with psycopg.connect(place, autocommit=True) as own:
        own.execute("CREATE EXTENSION reviewpro_pg")
    return place


def test_rollback_keeps_every_value(scratch: str) -> None:
    with psycopg.connect(scratch, autocommit=True) as own:
        own.execute("SELECT create_findings_table('findings')")
        own.execute(f"ALTER TABLE findings ADD application_fingerprint text GENERATED ALWAYS AS ({FORMULA}) STORED")
        own.execute(
            "CREATE INDEX findings_by_location ON findings (location_fingerprint(file_path, start_line, rule_id))"
        )
        ingest(own, make_log([f"r{number}" for number in range(50)]))
        content = (
            "SELECT md5(string_agg(f::text, ',' ORDER BY id)), count(*), count(application_fingerprint) FROM findings f"
        )
        before = own.execute(content).fetchone()
        with pytest.raises(psycopg.errors.DependentObjectsStillExist):
            own.execute("DROP EXTENSION reviewpro_pg")
        away, back = blocks(PAGES / "rollback.md")
        run(scratch, [away], "")
        assert own.execute("SELECT count(*) FROM pg_extension WHERE extname = 'reviewpro_pg'").fetchone() == (0,)
        assert own.execute(content).fetchone() == before
        run(scratch, [back], "")
        assert own.execute(f"SELECT count(*) FROM findings WHERE application_fingerprint <> {FORMULA}").fetchone() == (
            0,
        )
        result = ingest(own, make_log([f"r{number}" for number in range(40)]))
        assert (result["updated"], result["fixed"]) == (40, 10)


def test_partitions_and_the_statement_for_citus(scratch: str) -> None:
    """Without Citus, the statement for it at least does what it is meant to, and once only."""
    partitions, statement = blocks(PAGES / "scale-out.md")
    run(scratch, [partitions], "")
    with psycopg.connect(scratch, autocommit=True) as own:
        assert own.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'findings'::regclass").fetchone() == (8,)
        own.execute("CREATE TABLE scans (organization_id uuid, repository_id uuid, scan_id uuid, log text)")
        rules = [f"r{number}" for number in range(30)]
        for scan, log in ((1, make_log(rules)), (2, make_log(rules[10:]))):
            own.execute(
                "INSERT INTO scans VALUES (%s, %s, %s, %s)", [ORGANIZATION, REPOSITORY, uuid.UUID(int=scan), log]
            )
        seen = "SELECT count(*), sum(occurrence_count) FROM findings"
        second = statement.replace("000000000001'", "000000000002'")
        assert second != statement
        for which, expected in ((statement, (30, 30)), (statement, (30, 30)), (second, (30, 50)), (second, (30, 50))):
            run(scratch, [which], "")
            assert own.execute(seen).fetchone() == expected
        # What it stores is what ingest recognises.
        result = ingest(own, make_log(rules))
        assert (result["inserted"], result["updated"]) == (0, 30)
