"""fingerprint() as a stored generated column and in indexes: through logical replication, on a read replica, in parallel plans."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from ingest import ingest, make_log
from servers import connect, durable_server, standby_of

FORMULA = "fingerprint(organization_id, rule_id, file_path, start_line, start_column, message)"
LOGICAL = "wal_level = logical\nmax_worker_processes = 16\n"
CONTENT = (
    "SELECT md5(string_agg(format('%s %s', id, formula), ',' ORDER BY id)), count(*), count(formula) FROM published"
)
ROWS = 400


@pytest.fixture(scope="module")
def publisher() -> Iterator[str]:
    """A server whose table `published` has a stored generated fingerprint; its connection string."""
    with durable_server(LOGICAL, "published") as server:
        dsn = server.dsn("published")
        with connect(dsn) as connection:
            connection.execute("SELECT create_findings_table('published')")
            connection.execute(f"ALTER TABLE published ADD formula text GENERATED ALWAYS AS ({FORMULA}) STORED")
            connection.execute("CREATE UNIQUE INDEX published_formula ON published (formula)")
            connection.execute(f"CREATE INDEX published_expression ON published (({FORMULA}))")
            ingest(connection, make_log([f"r{number}" for number in range(ROWS)]), findings="published")
        yield dsn


def wait_for(connection: psycopg.Connection, query: str, expected: object) -> None:
    """Until the query gives that, for a minute at most."""
    found = None
    for _ in range(600):
        found = connection.execute(query).fetchone()
        if found == expected:
            return
        time.sleep(0.1)
    raise AssertionError(f"{query} gives {found} and not {expected}")


def test_logical_replication(publisher: str, counted: list[int]) -> None:
    """The publisher's values sent as they are stored, and the subscriber's own: equal, in the first copy and in what follows."""
    with durable_server(LOGICAL, "sent") as subscriber, connect(publisher) as source:
        subscriber.create_database("computed")
        ways = {"sent": ("text", "stored"), "computed": (f"text GENERATED ALWAYS AS ({FORMULA}) STORED", "none")}
        subscribers = {name: connect(subscriber.dsn(name)) for name in ways}
        for name, (column, published) in ways.items():
            source.execute(
                f"CREATE PUBLICATION {name} FOR TABLE published WITH (publish_generated_columns = {published})"
            )
            subscribers[name].execute("SELECT create_findings_table('published')")
            subscribers[name].execute(f"ALTER TABLE published ADD formula {column}")
            subscribers[name].execute("CREATE UNIQUE INDEX published_formula ON published (formula)")
            subscribers[name].execute(f"CREATE SUBSCRIPTION {name} CONNECTION '{publisher}' PUBLICATION {name}")
        for connection in subscribers.values():
            wait_for(connection, "SELECT count(*) FROM published", (ROWS,))
        # New rows, rows that change what the fingerprint is made of, rows that go.
        ingest(source, make_log([f"r{number}" for number in range(100, ROWS + 100)]), findings="published")
        source.execute("UPDATE published SET message = message || ' é' WHERE start_line = 1 AND rule_id LIKE 'r%7'")
        source.execute("DELETE FROM published WHERE rule_id LIKE 'r%3'")
        expected = source.execute(CONTENT).fetchone()
        for connection in subscribers.values():
            wait_for(connection, CONTENT, expected)
            assert connection.execute(
                f"SELECT count(*) FROM published WHERE formula IS DISTINCT FROM {FORMULA}"
            ).fetchone() == (0,)
            connection.execute("CREATE EXTENSION amcheck")
            connection.execute("SELECT bt_index_check('published_formula', heapallindexed => true)")
            counted.append(expected[1])
        for name, connection in subscribers.items():
            connection.execute(f"DROP SUBSCRIPTION {name}")
            source.execute(f"DROP PUBLICATION {name}")
            connection.close()


def test_a_read_replica_finds_rows_by_its_indexes(publisher: str) -> None:
    """The standby computes the key of its search itself, and finds what the primary has stored."""
    with connect(publisher) as source:
        row = source.execute(f"SELECT id, formula, {FORMULA} FROM published ORDER BY id LIMIT 1").fetchone()
        values = source.execute(
            """SELECT organization_id, rule_id, file_path, start_line::bigint, start_column::bigint, message
               FROM published WHERE id = %s""",
            row[:1],
        ).fetchone()
    assert row[1] == row[2]
    with standby_of(publisher) as standby, connect(standby.dsn("published")) as replica:
        assert replica.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
        replica.execute("SET enable_seqscan = off")
        for column, index in (("formula", "published_formula"), (FORMULA, "published_expression")):
            query = f"SELECT id FROM published WHERE {column} = fingerprint(%s::uuid, %s, %s, %s, %s, %s)"
            assert replica.execute(query, values).fetchall() == [row[:1]]
            plan = "\n".join(line for (line,) in replica.execute(f"EXPLAIN {query}", values))
            assert index in plan, plan


def test_fingerprints_in_parallel_plans(connection: psycopg.Connection) -> None:
    """Workers compute them below the Gather: in a filter, in a grouping, and filling a generated column."""
    connection.execute(
        f"""DROP TABLE IF EXISTS wide, filled;
            CREATE TABLE wide AS SELECT i, '{uuid.UUID(int=1)}'::uuid AS organization_id, 'r' || i % 50 AS rule_id,
                'src/' || i || '.py' AS file_path, i::bigint AS start_line, 1::bigint AS start_column, 'm' || i AS message
            FROM generate_series(1, 20000) i;
            CREATE STATISTICS wide_first ON (left({FORMULA}, 1)) FROM wide;
            ANALYZE wide;
            SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0;
            SET max_parallel_workers_per_gather = 2; SET parallel_leader_participation = off"""
    )
    serial = connection.execute(
        f"""WITH s AS MATERIALIZED (SELECT *, {FORMULA} AS f FROM wide)
            SELECT count(DISTINCT left(f, 1)), count(*) FILTER (WHERE f < '8') FROM s"""
    ).fetchone()
    grouped = f"SELECT left({FORMULA}, 1) AS k, count(*) FROM wide GROUP BY 1"
    filtered = f"SELECT count(*) FROM wide WHERE {FORMULA} < '8'"
    for query, node in ((grouped, "Partial HashAggregate"), (filtered, "Partial Aggregate")):
        plan = [line for (line,) in connection.execute(f"EXPLAIN (ANALYZE, VERBOSE, COSTS off) {query}")]
        text = "\n".join(plan)
        assert node in text, text
        assert "Workers Launched: 2" in text, text
        gather = next(number for number, line in enumerate(plan) if "Gather" in line)
        scan = next(number for number, line in enumerate(plan) if "Parallel Seq Scan on public.wide" in line)
        assert gather < scan, text
        assert any("fingerprint(" in line for line in plan[gather:] if "Group Key" not in line), text
    assert len(connection.execute(grouped).fetchall()) == serial[0]
    assert connection.execute(filtered).fetchone() == serial[1:]
    connection.execute(
        f"""CREATE TABLE filled (LIKE wide, formula text GENERATED ALWAYS AS ({FORMULA}) STORED);
            INSERT INTO filled SELECT * FROM wide"""
    )
    stale = f"SELECT count(*) FROM filled WHERE formula IS DISTINCT FROM {FORMULA}"
    plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN (ANALYZE, COSTS off) {stale}"))
    assert "Workers Launched: 2" in plan, plan
    assert connection.execute(stale).fetchone() == (0,)
    connection.execute("DROP TABLE wide, filled")
