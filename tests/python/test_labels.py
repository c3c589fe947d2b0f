"""What the catalogue says of each function is true: immutable, parallel safe, readable on a standby.

The functions come from pg_proc, their arguments from the garden's tame values. They lie in tables, so that no call is
folded into a constant, and results are compared as the bytes of their binary form, which no setting changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from garden import FUNCTIONS, OPTIONS, Function, cast, function
from psycopg.conninfo import make_conninfo
from servers import standby_of

# Large enough for threads, and not ASCII alone.
RESULTS = [
    {
        "ruleId": f"r{number % 7}",
        "message": {"text": f"message {number}, naïve é"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": f"src/{number % 31}.py"},
                    "region": {"startLine": number + 1, "snippet": {"text": f"é = {number}"}},
                }
            }
        ],
    }
    for number in range(600)
]
INVOCATION = {"executionSuccessful": True, "startTimeUtc": "2026-01-02T03:04:05.678Z"}
LOG = json.dumps(
    {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "té", "rules": [{"id": "r1", "name": "é"}]}},
                "invocations": [INVOCATION],
                "results": RESULTS,
            }
        ],
    },
    ensure_ascii=False,
)
FINDINGS = json.dumps(
    [{"rule_id": "r", "file_path": f"é{n}.py", "line": n, "message": "m"} for n in range(1, 60)], ensure_ascii=False
)
MATRIX = "(SELECT array_agg(ARRAY[sin(i), cos(i), 1 / (i % 17 + 1.0)]) FROM generate_series(1, 1200) i)"
LARGE = {
    "sarif": f"'{LOG}'",
    "source": "(SELECT string_agg(format('é = %s', i), E'\\n') FROM generate_series(1, 9000) i)",
    "embeddings": MATRIX,
    "new_embeddings": MATRIX,
    "labels": "(SELECT array_agg(i % 9) FROM generate_series(1, 1200) i)",
}


@dataclass(frozen=True)
class Case:
    """A function and the statement that calls it on the row of its table."""

    table: str
    function: Function
    parallel: str
    columns: str
    statement: str


# Their answers hold OIDs and statements, or what a table of findings holds: they are tested with ingest and reports.
READERS = (
    "findings_report",
    "findings_report_data",
    "findings_report_query",
    "ingest_columns",
    "ingest_plan",
    "migration_plan",
    "scan_changes",
)

FORMS = """
SELECT p.proparallel, p.provolatile FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
WHERE e.extname = 'reviewpro_pg' ORDER BY p.proname, p.oid::regprocedure::text COLLATE "C"
"""


def argument(each: Function, index: int) -> str:
    name = each.arguments[index]
    if each.types[index] == "jsonb" and name == "findings":
        return f"('{FINDINGS}')::jsonb"
    large = LARGE.get(name)
    if large is None:
        return each.tame(index)
    if each.types[index] == "bytea":
        return f"convert_to({large}, 'UTF8')"
    return f"({large})::{cast(each.types[index])}"


def pure_cases(connection: psycopg.Connection) -> list[Case]:
    """Every function that is not volatile and can be called from SQL."""
    rows = connection.execute(FUNCTIONS).fetchall()
    labels = connection.execute(FORMS).fetchall()
    cases = []
    for row, (parallel, volatile) in zip(rows, labels, strict=True):
        each = function(row)
        if volatile == "v" or "internal" in each.types or each.name in READERS:
            continue
        table = f"labels_{len(cases)}"
        required = range(len(each.types) - each.defaults)
        values = [argument(each, index) for index in required]
        columns = ", ".join(f"{value} AS a{index}" for index, value in enumerate(values)) or "1 AS a0"
        if each.kind == "w":
            columns = columns.replace(f"{values[0]} AS a0", f"ARRAY[sin(i), i % 5]::{cast(each.types[0])} AS a0")
        options = [f"{name} => {value}" for name, value in OPTIONS.get(each.name, {}).items()]
        listed = ", ".join([*(f"t.a{index}" for index in required), *options])
        over = " OVER (ORDER BY t.i)" if each.kind == "w" else ""
        statement = f"SELECT md5(record_send(ROW({each.name}({listed}){over}))) FROM {table} t"
        cases.append(Case(table, each, parallel, columns, statement))
    assert len(cases) > 40, "the extension has more pure functions than that"
    return cases


def plant(connection: psycopg.Connection, case: Case) -> None:
    rows = 40 if case.function.kind == "w" else 1
    connection.execute(f"CREATE TABLE {case.table} AS SELECT i, {case.columns} FROM generate_series(1, {rows}) i")


@pytest.fixture(scope="module")
def cases(dsn: str) -> Iterator[list[Case]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = pure_cases(connection)
        for case in found:
            connection.execute(f"DROP TABLE IF EXISTS {case.table}")
            plant(connection, case)
        yield found
        for case in found:
            connection.execute(f"DROP TABLE {case.table}")


@pytest.fixture(scope="module")
def expected(dsn: str, cases: list[Case]) -> dict[str, list]:
    """What each statement gives in one thread, without parallel query."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET max_parallel_workers_per_gather = 0; SET reviewpro.max_threads = 1")
        results = {case.table: connection.execute(case.statement).fetchall() for case in cases}
    assert all(results.values()), "a function gave nothing to compare"
    return results


# Settings that must not matter to a function that is immutable or stable.
SETTINGS = {
    "two threads": "SET reviewpro.max_threads = 2",
    "eight threads": "SET reviewpro.max_threads = 8",
    "forced parallel": "SET debug_parallel_query = on; SET parallel_setup_cost = 0",
    "forced parallel, as regress": "SET debug_parallel_query = regress",
    "jit": "SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0",
    "no jit": "SET jit = off",
    "formats": "SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'German'; SET extra_float_digits = -15;"
    " SET bytea_output = 'escape'; SET standard_conforming_strings = off; SET IntervalStyle = 'sql_standard'",
    "search_path": "SET search_path = pg_catalog, public, pg_temp",
    "little memory": "SET work_mem = '64kB'; SET hash_mem_multiplier = 1",
}


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_do_not_matter(
    connection: psycopg.Connection, cases: list[Case], expected: dict[str, list], counted: list[int], settings: str
) -> None:
    connection.execute(SETTINGS[settings])
    found = {}
    for case in cases:
        found[case.table] = connection.execute(case.statement).fetchall()
        counted.append(1)
    different = [case.function.name for case in cases if found[case.table] != expected[case.table]]
    assert not different


def test_parallel_safe_functions_ran_in_workers(
    connection: psycopg.Connection, cases: list[Case], counted: list[int]
) -> None:
    """The setting above has shown something: each plan has a worker do the call."""
    connection.execute("SET debug_parallel_query = on")
    for case in cases:
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {case.statement}").fetchall())
        # PostgreSQL keeps window functions out of workers, whatever they say.
        in_worker = case.parallel == "s" and case.function.kind != "w"
        assert ("Gather" in plan) == in_worker, f"{case.function.name} is {case.parallel}\n{plan}"
        counted.append(1)


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
def test_prepared_plans(
    connection: psycopg.Connection, cases: list[Case], expected: dict[str, list], counted: list[int], mode: str
) -> None:
    connection.execute(f"SET plan_cache_mode = {mode}")
    for case in cases:
        types = case.function.types[: len(case.function.types) - case.function.defaults]
        if case.function.kind == "w" or not types:
            continue
        statement = case.statement.replace(f"FROM {case.table} t", "FROM (VALUES (1)) t (i)")
        for index in range(len(types)):
            statement = statement.replace(f"t.a{index}", f"${index + 1}")
        connection.execute(f"PREPARE {case.table} ({', '.join(map(cast, types))}) AS {statement}")
        literals = ", ".join(f"quote_literal(a{index}::text)" for index in range(len(types)))
        values = ", ".join(connection.execute(f"SELECT {literals} FROM {case.table}").fetchone())
        for _ in range(2):
            assert connection.execute(f"EXECUTE {case.table} ({values})").fetchall() == expected[case.table], (
                case.function
            )
        counted.append(1)


TEXTS = "chr(65 + i % 60) || repeat('é', i % 50) || coalesce(nullif(i % 11, 0)::text, E'\\t\\U0001F600')"


def test_indexes_hold_what_the_functions_say(connection: psycopg.Connection) -> None:
    """Expression indexes and stored generated columns, built serially, in parallel and row by row; by amcheck."""
    connection.execute(
        """
        CREATE EXTENSION IF NOT EXISTS amcheck;
        DROP TABLE IF EXISTS indexed;
        CREATE TABLE indexed (
            id int, organization uuid, rule text, path text, line bigint, message text,
            stored text GENERATED ALWAYS AS (content_fingerprint('t', rule, path, message)) STORED
        );
        SET min_parallel_table_scan_size = 0; SET max_parallel_maintenance_workers = 2; SET parallel_setup_cost = 0;
        """
    )
    fill = f"""
        INSERT INTO indexed SELECT i, gen_random_uuid(), nullif({TEXTS}, 'A'), CASE WHEN i % 13 > 0 THEN {TEXTS} END,
            nullif(i % 100, 7), CASE WHEN i % 17 > 0 THEN {TEXTS} || i END FROM generate_series({{}}) i
    """
    connection.execute(fill.format("1, 3000"))
    expressions = [
        "fingerprint(organization, rule, path, line, 1::bigint, message)",
        "fingerprint(organization::text, rule, path, line, 1::bigint, message)",
        "content_fingerprint('t', rule, path, message)",
        "location_fingerprint(path, line, rule)",
        "repository_fingerprint(organization, message)",
        "stored",
    ]
    for number, expression in enumerate(expressions):
        connection.execute(f"CREATE INDEX indexed_{number} ON indexed (({expression}))")
    connection.execute(fill.format("3001, 4000"))
    connection.execute("UPDATE indexed SET message = message || '!' WHERE id % 3 = 0")
    for number, expression in enumerate(expressions):
        connection.execute("SELECT bt_index_check(%s::regclass, heapallindexed => true)", [f"indexed_{number}"])
        assert connection.execute(f"SELECT count(DISTINCT {expression}) FROM indexed").fetchone()[0] > 1000
    stale = "SELECT count(*) FROM indexed WHERE stored IS DISTINCT FROM content_fingerprint('t', rule, path, message)"
    assert connection.execute(stale).fetchone() == (0,)
    connection.execute("DROP TABLE indexed")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_other_encodings_are_refused_or_right(
    dsn: str, cases: list[Case], expected: dict[str, list], counted: list[int], encoding: str
) -> None:
    """In a database of another encoding: 0A000, or what UTF8 gives."""
    name = f"reviewpro_{encoding.lower()}"
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C'"
        )
        wrong = []
        with psycopg.connect(make_conninfo(dsn, dbname=name), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION reviewpro_pg")
            connection.execute("SET client_encoding = 'UTF8'")
            for case in cases:
                plant(connection, case)
                try:
                    found = connection.execute(case.statement).fetchall()
                except psycopg.errors.FeatureNotSupported:
                    counted.append(1)
                    continue
                counted.append(1)
                # Not the setting's fault: these bytes are in the database's encoding in both.
                if found != expected[case.table]:
                    wrong.append((case.function.name, case.function.types, found, expected[case.table]))
            health = connection.execute("SELECT status, problems FROM reviewpro_health").fetchone()
            assert health == ("warn", ["the encoding of the database is not UTF8"])
        admin.execute(f"DROP DATABASE {name}")
    assert not wrong, wrong


WRITES = (
    "SELECT create_findings_table('on_standby')",
    'SELECT * FROM ingest_sarif(\'{"version":"2.1.0","runs":[]}\'::text, gen_random_uuid(), gen_random_uuid(),'
    " gen_random_uuid(), findings => 'standby_findings')",
    "SELECT * FROM ingest_findings('[]', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),"
    " findings_table => 'standby_findings')",
    "SELECT * FROM migrate_fingerprints('standby_findings', gen_random_uuid(), gen_random_uuid())",
)
READS = (
    "SELECT count(*) > 0 FROM reviewpro_stats",
    "SELECT status = 'ok' FROM reviewpro_health",
    "SELECT count(*) >= 0 FROM reviewpro_progress",
    "SELECT count(*) = 5 FROM cluster_query('SELECT i, ARRAY[i, 1]::real[] FROM generate_series(1, 5) i')",
    "SELECT cluster_report('{{1,2},{1,3}}'::real[]) IS NOT NULL",
    "SELECT count(*) = 0 FROM scan_changes(gen_random_uuid(), gen_random_uuid(), 'standby_findings')",
)


def test_standby_reads_and_does_not_write(
    dsn: str, cases: list[Case], expected: dict[str, list], counted: list[int]
) -> None:
    with psycopg.connect(dsn, autocommit=True) as primary:
        primary.execute("DROP TABLE IF EXISTS standby_findings")
        primary.execute("SELECT create_findings_table('standby_findings')")
    with (
        standby_of(dsn) as copy,
        psycopg.connect(make_conninfo(dsn, host=str(copy.socket)), autocommit=True) as connection,
    ):
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
        for case in cases:
            assert connection.execute(case.statement).fetchall() == expected[case.table], case.function
            counted.append(1)
        for statement in READS:
            assert connection.execute(statement).fetchone() == (True,), statement
        for statement in WRITES:
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                connection.execute(statement)
    with psycopg.connect(dsn, autocommit=True) as primary:
        primary.execute("DROP TABLE standby_findings")
