"""demo/scale_out on three shards and a coordinator, servers of their own each; and hash partitions on one server: what
is stored is what one plain table on one server has."""

from __future__ import annotations

import random
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest
from corpus import ROOT
from ingest import ingest, make_log
from servers import Server, connect, durable_server, house

SHARDS = 3
DATABASE = "scale_out"
QUICK = "fsync = off\nshared_buffers = 32MB\n"
CONTENT = """
    SELECT organization_id, repository_id, fingerprint, rule_id, severity, status, file_path, start_line, message, occurrence_count,
           first_seen_scan_id, last_seen_scan_id, fixed_scan_id
    FROM findings ORDER BY organization_id, repository_id, fingerprint"""


@dataclass(frozen=True)
class Scan:
    organization: uuid.UUID
    repository: uuid.UUID
    scan: uuid.UUID
    log: str


def scans() -> list[Scan]:
    """Three scans of each of two repositories of twenty organisations: findings stay, go, come back."""
    source = random.Random(3)
    rules = [f"r{number}" for number in range(40)]
    return [
        Scan(
            uuid.UUID(int=1000 + organization),
            uuid.UUID(int=repository),
            # Ordered as they were made, as uuidv7 are.
            uuid.UUID(int=(turn << 64) + source.getrandbits(60)),
            make_log(source.sample(rules, 25)),
        )
        for turn in range(3)
        for organization in range(20)
        for repository in range(2)
    ]


def psql(server: Server, script: str, **variables: str) -> None:
    command = [house.bindir() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"]
    for name, value in variables.items():
        command += ["-v", f"{name}={value}"]
    subprocess.run(
        [*command, "-f", ROOT / "demo" / "scale_out" / script],
        env=server.env(DATABASE),
        check=True,
        stdout=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def coordinator() -> Iterator[str]:
    """The coordinator's connection string."""
    with ExitStack() as stack:
        shards = [stack.enter_context(durable_server(QUICK, DATABASE)) for _ in range(SHARDS)]
        for shard in shards:
            psql(shard, "shard.sql")
        first = stack.enter_context(durable_server(QUICK, DATABASE))
        hosts = {f"host{number}": str(shard.socket) for number, shard in enumerate(shards)}
        psql(first, "coordinator.sql", port="5432", dbname=DATABASE, user="postgres", **hosts)
        yield first.dsn(DATABASE)


@pytest.fixture(scope="module")
def one_node(dsn: str) -> Iterator[list[tuple]]:
    """What one table on one server holds after the same scans."""
    with connect(dsn) as connection:
        connection.execute("DROP TABLE IF EXISTS findings; SELECT create_findings_table('findings')")
        for each in scans():
            ingest(connection, each.log, organization=each.organization, repository=each.repository, scan=each.scan)
        yield connection.execute(CONTENT).fetchall()
        connection.execute("DROP TABLE findings")


def send(connection: psycopg.Connection, batch: list[Scan]) -> int:
    """Scans by one statement; how many were new."""
    return connection.execute(
        """INSERT INTO scans SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[]) ON CONFLICT DO NOTHING""",
        [
            [each.organization for each in batch],
            [each.repository for each in batch],
            [each.scan for each in batch],
            [each.log for each in batch],
        ],
    ).rowcount


def test_shards_hold_what_one_node_holds(coordinator: str, one_node: list[tuple], counted: list[int]) -> None:
    everything = scans()
    with connect(coordinator) as connection:
        assert sum(send(connection, everything[start : start + 40]) for start in range(0, len(everything), 40)) == 120
        stored = connection.execute(CONTENT).fetchall()
        assert stored == one_node
        counted.append(len(stored))
        answers = (
            "SELECT count(*), sum(inserted), sum(inserted + updated), sum(jsonb_array_length(errors)) FROM answers"
        )
        seen = sum(row[9] for row in one_node)
        assert connection.execute(answers).fetchone() == (120, len(one_node), seen, 0)
        assert {row[5] for row in one_node} == {"open", "fixed"}
        # Each organisation is on one shard, and each shard has some.
        spread = connection.execute(
            "SELECT tableoid::regclass, count(DISTINCT organization_id) FROM findings GROUP BY 1"
        )
        counts = dict(spread.fetchall())
        assert len(counts) == SHARDS
        assert sum(counts.values()) == 20
        # All of it once more: not a row is written.
        assert send(connection, everything) == 0
        assert connection.execute(CONTENT).fetchall() == one_node


def test_shards_compute_fingerprints_themselves(coordinator: str, one_node: list[tuple]) -> None:
    formula = "fingerprint(organization_id, rule_id, file_path, start_line::bigint, start_column::bigint, message)"
    with connect(coordinator) as connection:
        send(connection, scans())
        query = f"SELECT fingerprint FROM findings WHERE {formula} < '4'"
        plan = [line for (line,) in connection.execute(f"EXPLAIN (VERBOSE, COSTS off) {query}")]
        remote = [line for line in plan if "Remote SQL" in line]
        assert len(remote) == SHARDS, plan
        assert all("public.fingerprint(" in line for line in remote), remote
        assert sum("Async Foreign Scan" in line for line in plan) == SHARDS, plan
        assert 0 < len(connection.execute(query).fetchall()) < len(one_node)
        # The key of a row known, one shard is asked, and no other.
        query = f"SELECT count(*) FROM findings WHERE organization_id = '{uuid.UUID(int=1000)}'"
        plan = [line for (line,) in connection.execute(f"EXPLAIN (VERBOSE, COSTS off) {query}")]
        assert sum("Remote SQL" in line for line in plan) == 1, plan
        # Without the server's option the rows would travel: the test can tell.
        for number in range(SHARDS):
            connection.execute(f"ALTER SERVER shard_{number} OPTIONS (DROP extensions)")
        plan = [
            line
            for (line,) in connection.execute(
                f"EXPLAIN (VERBOSE, COSTS off) SELECT FROM findings WHERE {formula} < '4'"
            )
        ]
        assert not any("public.fingerprint(" in line for line in plan if "Remote SQL" in line), plan
        for number in range(SHARDS):
            connection.execute(f"ALTER SERVER shard_{number} OPTIONS (ADD extensions 'reviewpro_pg')")


def test_all_shards_at_once(coordinator: str, one_node: list[tuple]) -> None:
    with connect(coordinator) as connection:
        send(connection, scans())
        answers = connection.execute(
            "SELECT answer FROM everywhere('SELECT count(*) AS n, sum(occurrence_count) AS seen FROM shard.findings')"
        ).fetchall()
        assert len(answers) == SHARDS
        assert sum(answer["n"] for (answer,) in answers) == len(one_node)
        assert sum(answer["seen"] for (answer,) in answers) == sum(row[9] for row in one_node)
        started = time.perf_counter()
        connection.execute("SELECT everywhere('SELECT pg_sleep(1)::text')")
        assert 1 <= time.perf_counter() - started < SHARDS, "one after the other"


def test_logs_stay_comparable(coordinator: str) -> None:
    """The changes between two scans of the past, from the logs that the shards keep."""
    everything = scans()
    with connect(coordinator) as connection:
        send(connection, everything)
        first, third = everything[0], everything[80]
        assert (first.organization, first.repository) == (third.organization, third.repository)
        found = dict(
            connection.execute(
                """SELECT c.change, count(*)::int FROM scans a, scans b, LATERAL sarif_changes(a.log, b.log) c
                   WHERE (a.organization_id, a.scan_id) = (%s, %s) AND (b.organization_id, b.scan_id) = (%s, %s) GROUP BY 1""",
                [first.organization, first.scan, third.organization, third.scan],
            ).fetchall()
        )
    assert found["fixed"] == found["new"]
    assert found["new"] + found["unchanged"] == 25


def test_hash_partitions_on_one_server(dsn: str, connection: psycopg.Connection, one_node: list[tuple]) -> None:
    """The recommended table, its primary key widened by the organisation, in eight partitions."""
    connection.execute(
        """DROP SCHEMA IF EXISTS parts CASCADE; CREATE SCHEMA parts;
           SELECT create_findings_table('parts.template');
           ALTER TABLE parts.template DROP CONSTRAINT template_pkey;
           CREATE TABLE parts.findings (LIKE parts.template INCLUDING ALL, PRIMARY KEY (organization_id, id))
               PARTITION BY HASH (organization_id)"""
    )
    for number in range(8):
        connection.execute(
            f"""CREATE TABLE parts.findings_{number} PARTITION OF parts.findings
                FOR VALUES WITH (MODULUS 8, REMAINDER {number})"""
        )
    for each in scans():
        ids = {"organization": each.organization, "repository": each.repository, "scan": each.scan}
        ingest(connection, each.log, findings="parts.findings", **ids)
    assert connection.execute(CONTENT.replace("FROM findings", "FROM parts.findings")).fetchall() == one_node
    used = connection.execute("SELECT count(DISTINCT tableoid) FROM parts.findings").fetchone()
    assert used[0] > 4
    connection.execute("SET enable_partitionwise_aggregate = on")
    grouped = "SELECT organization_id, count(DISTINCT content_fingerprint('t', rule_id, file_path, message)) FROM parts.findings GROUP BY 1"
    plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN (COSTS off) {grouped}"))
    assert plan.count("Aggregate") == 8, plan
    assert sum(count for _, count in connection.execute(grouped)) > 0
    connection.execute("DROP SCHEMA parts CASCADE")
