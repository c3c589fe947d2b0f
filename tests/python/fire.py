"""Overlapping scans for tests under fire: logs in a table, a ledger of what each call answered, and what must hold between
the two and the findings."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from typing import NamedTuple

import psycopg
from ingest import APP_TABLE, make_log

RULES = [f"rule-{number:03}" for number in range(300)]
LOGS = 200
SIZE = 10

LEDGER = """
DROP TABLE IF EXISTS fire_findings, fire_logs, fire_ledger;
CREATE TABLE fire_logs (id int PRIMARY KEY, body text NOT NULL);
-- One row for each call, written in the transaction of the call.
CREATE TABLE fire_ledger (scan_id uuid, total int, inserted int, updated int, reopened int, fixed int, errors int);
"""


def prepare(connection: psycopg.Connection, table: str) -> None:
    """Empty findings (the application's table or our own), logs that overlap in shuffled order, an empty ledger."""
    connection.execute(LEDGER)
    if table == "app_findings":
        connection.execute(APP_TABLE.replace("app_findings", "fire_findings"))
    else:
        connection.execute("SELECT create_findings_table('fire_findings')")
    # Rows that every scan updates: without vacuum in between, dead ones would be most of the work.
    connection.execute("ALTER TABLE fire_findings SET (autovacuum_vacuum_scale_factor = 0.5)")
    source = random.Random(7)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO fire_logs VALUES (%s, %s)",
            [(number, make_log(source.sample(RULES, SIZE))) for number in range(1, LOGS + 1)],
        )


class Sums(NamedTuple):
    """What the calls have answered, and what is stored."""

    calls: int
    answered: tuple[int, int, int, int]
    stored: tuple[int, int, int, int]


def sums(connection: psycopg.Connection, size: int = SIZE) -> Sums:
    """Errors, rows, sightings and open rows: by the answers, and by the table."""
    calls, *answered = connection.execute(
        """SELECT count(*), coalesce(sum(errors + abs(total - %s)), 0)::int, coalesce(sum(inserted), 0)::int,
                  coalesce(sum(inserted + updated), 0)::int, coalesce(sum(inserted + reopened - fixed), 0)::int
           FROM fire_ledger""",
        [size],
    ).fetchone()
    stored = connection.execute(
        """SELECT 0, count(*)::int, coalesce(sum(occurrence_count), 0)::int,
                  (count(*) FILTER (WHERE status = 'open'))::int FROM fire_findings"""
    ).fetchone()
    return Sums(calls, tuple(answered), tuple(stored))


CALL = """
    INSERT INTO fire_ledger
    SELECT {scan}, r.total, r.inserted, r.updated, r.reopened, r.fixed, jsonb_array_length(r.errors)
    FROM ingest_sarif({log}, {organization}, {repository}, {scan}, findings => 'fire_findings', mode => {mode},
                      close => {close}) r
"""


def ledgered_ingest(
    connection: psycopg.Connection, rules: Sequence[str], repository: uuid.UUID, scan: uuid.UUID, mode: str = "spec"
) -> None:
    """One scan and its line of the ledger, in one transaction: both are there afterwards, or neither."""
    statement = CALL.format(
        scan="%(scan)s::uuid",
        log="%(log)s::text",
        organization="%(organization)s::uuid",
        repository="%(repository)s::uuid",
        mode="%(mode)s",
        close="true",
    )
    connection.execute(
        statement,
        {
            "scan": scan,
            "log": make_log(list(rules)),
            "organization": uuid.UUID(int=1),
            "repository": repository,
            "mode": mode,
        },
    )
