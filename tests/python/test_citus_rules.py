"""What Citus refuses or does slowly, looked for in our SQL. There is no Citus here: these are its documented rules, read off the
statements that ingest writes and off the catalogue."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from ingest import APP_TABLE

TABLES = ("own", "app")
CALL = re.compile(r"(?:([a-z_]+)\.)?([a-z_][a-z0-9_]*)\s*\(", re.IGNORECASE)
# What looks like a call and is none.
WORDS = {
    *(
        "all",
        "and",
        "any",
        "as",
        "by",
        "case",
        "coalesce",
        "conflict",
        "exists",
        "filter",
        "from",
        "in",
        "not",
        "on",
        "operator",
    ),
    *("or", "over", "row", "select", "set", "then", "values", "when", "where", "with", "materialized", "findings", "t"),
}
# Functions that read or write tables: the only ones that a statement over distributed rows must not call.
QUERYING = {
    *(
        "create_findings_table",
        "findings_report",
        "findings_report_query",
        "ingest_columns",
        "ingest_findings",
        "ingest_plan",
        "ingest_sarif",
    ),
    *(
        "ingest_store",
        "migrate_all_fingerprints",
        "migrate_fingerprints",
        "migrate_fingerprints_by_log",
        "migration_plan",
        "run_log_migration",
        "run_migration",
        "scan_changes",
    ),
    *("cluster_query", "findings_report_data"),
}


@pytest.fixture(params=TABLES)
def plan(request: pytest.FixtureRequest, connection: psycopg.Connection) -> Iterator[dict[str, str]]:
    """The statements for our table, and for the application's."""
    connection.execute("DROP TABLE IF EXISTS citus_own, app_findings")
    if request.param == "own":
        table = connection.execute("SELECT create_findings_table('citus_own')::text").fetchone()[0]
    else:
        connection.execute(APP_TABLE)
        table = "app_findings"
    ids = [uuid.UUID(int=number) for number in (1, 2, 3)]
    yield connection.execute("SELECT ingest_plan(%s::regclass, %s, %s, %s)", [table, *ids]).fetchone()[0]
    connection.execute("DROP TABLE IF EXISTS citus_own, app_findings")


def calls(connection: psycopg.Connection, text: str) -> dict[str, str]:
    """The functions that a text calls, each with the worst volatility of that name."""
    names = {match[2].lower() for match in CALL.finditer(re.sub(r"'(?:[^']|'')*'", "''", text))} - WORDS
    found = dict(
        connection.execute(
            """SELECT proname, CASE WHEN bool_or(provolatile = 'v') THEN 'v' WHEN bool_or(provolatile = 's') THEN 's' ELSE 'i' END
               FROM pg_proc WHERE proname = ANY (%s) GROUP BY 1""",
            [list(names)],
        ).fetchall()
    )
    # What remains are tables with a list of columns and types with a length.
    return found


def between(text: str, start: str, end: str) -> list[str]:
    found = re.findall(f"{start}(.*?){end}", text, re.DOTALL)
    assert found, f"{start} is not there"
    return found


def test_conflicts_are_settled_by_immutable_expressions(connection: psycopg.Connection, plan: dict[str, str]) -> None:
    """now() in DO UPDATE SET is an error: times come from the row that is offered."""
    for name in ("store", "row"):
        for clause in between(plan[name], "DO UPDATE SET", "RETURNING"):
            assert set(calls(connection, clause).values()) <= {"i"}, clause
            assert "excluded." in clause


def test_no_volatile_function_in_what_is_written(connection: psycopg.Connection, plan: dict[str, str]) -> None:
    """Such a SELECT goes through the coordinator, such an UPDATE is refused. uuidv7() makes ids where the column has no default."""
    for name in ("store", "rows", "close", "row"):
        volatile = {function for function, label in calls(connection, plan[name]).items() if label == "v"}
        assert volatile <= ({"uuidv7"} if "app_findings" in plan["store"] else set()), (name, volatile)


def test_no_statement_calls_a_function_that_queries(connection: psycopg.Connection, plan: dict[str, str]) -> None:
    for name in ("store", "rows", "close", "row"):
        found = calls(connection, plan[name])
        assert len(found) >= 3 or name == "row", found
        assert not found.keys() & QUERYING, name


def test_rows_are_found_by_the_tenant(plan: dict[str, str]) -> None:
    """Every look-up and the arbiter of the conflict begin with the organisation."""
    for name in ("store", "row"):
        assert re.search(r"ON CONFLICT \(organization_id\b", plan[name]), name
    assert re.search(r"ON f\.organization_id OPERATOR\(pg_catalog\.=\) s\.organization_id", plan["store"])
    assert re.search(r"WHERE f\.organization_id OPERATOR\(pg_catalog\.=\) \$2", plan["close"])


def test_keys_hold_the_tenant(connection: psycopg.Connection) -> None:
    """A distributed table's unique keys must. The primary key of the recommended table is its id: widened, all do."""
    connection.execute("DROP TABLE IF EXISTS citus_own; SELECT create_findings_table('citus_own')")
    keys = """SELECT i.indisprimary, a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
              WHERE i.indrelid = 'citus_own'::regclass AND i.indisunique ORDER BY 1"""
    assert connection.execute(keys).fetchall() == [(False, "organization_id"), (True, "id")]
    connection.execute(
        "ALTER TABLE citus_own DROP CONSTRAINT citus_own_pkey; ALTER TABLE citus_own ADD PRIMARY KEY (organization_id, id)"
    )
    assert connection.execute(keys).fetchall() == [(False, "organization_id"), (True, "organization_id")]
    assert connection.execute("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'citus_own'::regclass").fetchone() == (
        0,
    )
    connection.execute("DROP TABLE citus_own")


def test_functions_over_rows_are_immutable_and_parallel_safe(connection: psycopg.Connection) -> None:
    """Then shards compute them. The others are those that query or look at the server, and SECURITY DEFINER is none."""
    rows = connection.execute(
        """SELECT p.proname, p.provolatile, p.proparallel, p.prosecdef FROM pg_proc p
           JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
           JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
           WHERE e.extname = 'reviewpro_pg' AND p.prokind IN ('f', 'p')"""
    ).fetchall()
    assert len(rows) > 50
    assert not [name for name, _, _, definer in rows if definer]
    looking = {name for name, *_ in rows if name.startswith("reviewpro_")} | {"ingest_began", "ingest_ended"}
    # They tell of a whole set how long it took, or compute for the leader alone.
    looking |= {"cluster_report", "cluster_map"}
    other = {name for name, volatile, parallel, _ in rows if (volatile, parallel) != ("i", "s")} - QUERYING - looking
    assert other == set(), "not immutable, or not parallel safe, and does not query"
    named = {name for name, *_ in rows}
    assert named >= QUERYING, QUERYING - named
    pushed = {"sarif_findings", "fingerprint", "content_fingerprint", "location_fingerprint", "repository_fingerprint"}
    assert not pushed & (QUERYING | looking)


def test_the_rules_would_notice(connection: psycopg.Connection) -> None:
    assert calls(connection, "SET last_seen_at = pg_catalog.now()") == {"now": "s"}
    assert calls(connection, "SELECT gen_random_uuid(), 'random()'") == {"gen_random_uuid": "v"}
