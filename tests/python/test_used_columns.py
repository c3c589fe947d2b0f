"""sarif_findings makes only the columns that a statement looks at, and those as if it made all."""

from __future__ import annotations

import json
import random

import psycopg
import pytest
from corpus import OWN, read_folder

# How a statement can take some columns: {columns} of `f`, from the log $1, which is also the one row of `logs`.
SHAPES = {
    "scan": "SELECT {columns} FROM sarif_findings(%(log)s::text) f",
    "condition": "SELECT {columns} FROM sarif_findings(%(log)s::text) f WHERE cardinality(f.warnings) >= 0 AND f.metadata IS NOT DISTINCT FROM f.metadata",
    "alias": "SELECT {columns} FROM (SELECT * FROM sarif_findings(%(log)s::text)) f",
    "order": "SELECT {columns} FROM sarif_findings(%(log)s::text) f ORDER BY f.sarif_data, f.snippet, f.run_index, f.result_index",
    "limit": "SELECT {columns} FROM sarif_findings(%(log)s::text) f LIMIT 1000000",
    "ordinality": "SELECT {columns} FROM sarif_findings(%(log)s::text) WITH ORDINALITY f WHERE f.ordinality > 0",
    "two functions": "SELECT {columns} FROM ROWS FROM (generate_series(1, 0), sarif_findings(%(log)s::text)) f(n, {names})",
    "lateral": "SELECT {columns} FROM logs, sarif_findings(logs.log) f",
    "lateral with a condition": "SELECT {columns} FROM logs JOIN LATERAL sarif_findings(logs.log) f ON f.message <> logs.log",
    "left lateral": "SELECT {columns} FROM logs LEFT JOIN LATERAL sarif_findings(logs.log) f ON f.partial_fingerprints IS NULL OR true",
    "outer of a nested loop": "SELECT {columns} FROM sarif_findings(%(log)s::text) f, LATERAL (SELECT f.message OFFSET 0) g WHERE g.message = f.message",
    "join": "SELECT {columns} FROM sarif_findings(%(log)s::text) f JOIN known USING (fingerprint)",
    "left join": "SELECT {columns} FROM sarif_findings(%(log)s::text) f LEFT JOIN known ON known.fingerprint = f.fingerprint AND f.level <> 'x'",
    "right join": "SELECT {columns} FROM known RIGHT JOIN sarif_findings(%(log)s::text) f USING (fingerprint)",
    "union": "SELECT {columns} FROM sarif_findings(%(log)s::text) f UNION ALL SELECT {columns} FROM sarif_findings(%(log)s::text) f WHERE false",
    "two scans": "SELECT {columns} FROM sarif_findings(%(log)s::text) f JOIN sarif_findings(%(log)s::text) g USING (run_index, result_index, fingerprint)",
    "materialized": "WITH f AS MATERIALIZED (SELECT * FROM sarif_findings(%(log)s::text)) SELECT {columns} FROM f",
    "subquery": "SELECT {columns} FROM sarif_findings(%(log)s::text) f WHERE EXISTS (SELECT FROM sarif_findings(%(log)s::text) g WHERE g.message = f.message AND g.tags = f.tags)",
    "grouped": "SELECT {columns} FROM sarif_findings(%(log)s::text) f GROUP BY {columns}, f.run_index, f.result_index",
    "window": "SELECT {columns} FROM (SELECT *, row_number() OVER (PARTITION BY rule_id ORDER BY severity) AS n FROM sarif_findings(%(log)s::text)) f WHERE n > 0",
    "whole row": "SELECT {fields} FROM (SELECT f AS r FROM sarif_findings(%(log)s::text) f OFFSET 0) s",
    "whole row, lateral": "SELECT {fields} FROM (SELECT f AS r FROM logs, sarif_findings(logs.log) f OFFSET 0) s",
    "target list": "SELECT {fields} FROM (SELECT sarif_findings(%(log)s::text) AS r OFFSET 0) s",
    "aggregate": "SELECT (unnest(a)).* FROM (SELECT array_agg(ROW({columns})::picked) a FROM sarif_findings(%(log)s::text) f) s",
    "lateral aggregate": "SELECT (unnest(a)).* FROM logs, LATERAL (SELECT array_agg(ROW({columns})::picked) a FROM sarif_findings(logs.log) f) s",
    "function": "SELECT {columns} FROM all_findings(%(log)s) f",
    "view": "SELECT {columns} FROM findings_of_logs f",
}  # fmt: skip
# What the planner may choose between.
SETTINGS = [
    [],
    ["enable_hashjoin = off", "enable_mergejoin = off", "enable_hashagg = off"],
    ["enable_hashjoin = off", "enable_nestloop = off", "enable_sort = off"],
    ["debug_parallel_query = regress", "parallel_setup_cost = 0", "parallel_tuple_cost = 0"],
]


@pytest.fixture
def log(connection: psycopg.Connection) -> str:
    """A log in which every column has a value somewhere; `findings` holds all of its rows."""
    documents = [log.document for log in read_folder(OWN / "logs") if log.text]
    runs = [run | {"results": (run.get("results") or [])[:5]} for document in documents for run in document["runs"]]
    runs.append(
        {
            "tool": {"driver": {"name": "t", "version": "1", "rules": [{"id": "R", "helpUri": "https://x/"}]}},
            "columnKind": "utf16CodeUnits",
            "automationDetails": {"id": "nightly/1"},
            "results": [
                {
                    "ruleId": "R",
                    "message": {"text": f"CVE-2024-{number:04}"},
                    "rank": 5,
                    "guid": "11111111-2222-3333-4444-555555555555",
                    "correlationGuid": "11111111-2222-3333-4444-555555555556",
                    "baselineState": "new",
                    "suppressions": [{"kind": "inSource"}],
                    "fingerprints": {"a/v1": "b"},
                    "partialFingerprints": {"primaryLocationLineHash": f"{number}:1"},
                    "fixes": [{"artifactChanges": []}],
                    "properties": {"tags": ["CWE-79", "z"], "security-severity": "9.1"},
                }
                for number in range(3)
            ],
        }
    )
    text = json.dumps({"version": "2.1.0", "runs": runs})
    connection.execute("CREATE TEMP TABLE logs AS SELECT %s::text AS log", [text])
    connection.execute("CREATE TEMP TABLE findings AS SELECT f.* FROM (SELECT log FROM logs) l, sarif_findings(log) f")
    connection.execute("CREATE TEMP TABLE known AS SELECT DISTINCT fingerprint FROM findings")
    connection.execute("CREATE TEMP VIEW findings_of_logs AS SELECT f.* FROM logs, sarif_findings(log) f")
    connection.execute("""CREATE FUNCTION pg_temp.all_findings(log text) RETURNS SETOF findings LANGUAGE plpgsql AS
        'BEGIN RETURN QUERY SELECT * FROM sarif_findings(log); END'""")
    return text


def columns_of(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Name and type of every column."""
    query = """SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
               WHERE attrelid = 'findings'::regclass AND attnum > 0 ORDER BY attnum"""
    return connection.execute(query).fetchall()


def test_every_column_has_values(connection: psycopg.Connection, log: str) -> None:
    """Or the comparison below would not see that one is missing."""
    names = [name for name, _ in columns_of(connection)]
    counts = connection.execute(f"SELECT {', '.join(f'count({name})' for name in names)} FROM findings").fetchone()
    never = {name for name, count in zip(names, counts, strict=True) if not count}
    # A raw result is there when it is asked for.
    assert never <= {"sarif_data", "file_uri", "precision", "tool_component", "context_snippet", "logical_location"}
    assert len(names) == 46


@pytest.mark.parametrize("shape", SHAPES)
def test_some_columns_are_as_all(connection: psycopg.Connection, log: str, shape: str, counted: list[int]) -> None:
    columns = columns_of(connection)
    names = [name for name, _ in columns]
    picks = [[column] for column in columns] + [random.Random(n).sample(columns, 2 + n % 12) for n in range(12)]
    for pick in picks:
        wanted = [name for name, _ in pick]
        connection.execute("DROP TYPE IF EXISTS pg_temp.picked")
        connection.execute(f"CREATE TYPE pg_temp.picked AS ({', '.join(f'{name} {kind}' for name, kind in pick)})")
        query = SHAPES[shape].format(
            columns=", ".join(f"f.{name}" for name in wanted),
            fields=", ".join(f"(s.r).{name}" for name in wanted),
            names=", ".join(names),
        )
        query = query.replace("all_findings(", "pg_temp.all_findings(").replace("::picked", "::pg_temp.picked")
        expected = f"SELECT {', '.join(wanted)} FROM findings"
        for settings in SETTINGS if len(pick) > 1 else SETTINGS[:1]:
            with connection.transaction(force_rollback=True):
                for setting in settings:
                    connection.execute(f"SET LOCAL {setting}")
                rows = connection.execute(f"{query}", {"log": log})
                assert sorted(map(repr, rows)) == sorted(map(repr, connection.execute(expected))), (wanted, settings)
        counted.append(1)


def test_columns_that_nobody_uses_are_not_made(connection: psycopg.Connection) -> None:
    """What does not fit into work_mem goes to temporary files, which are counted."""
    steps = [{"location": {"message": {"text": f"step {n} of the flow"}}} for n in range(40)]
    flows = [{"threadFlows": [{"locations": steps}]}]
    results = [{"ruleId": f"R{n}", "message": {"text": "m"}, "codeFlows": flows} for n in range(500)]
    document = json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": results}]})

    def written(query: str) -> int:
        plan = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}", {"log": document}).fetchone()[0]
        return plan[0]["Plan"]["Temp Written Blocks"]

    connection.execute("SET work_mem = '64kB'")
    scan = "SELECT {} FROM sarif_findings(%(log)s::text) f"
    lateral = "SELECT {} FROM (VALUES (%(log)s::text)) v(log), sarif_findings(v.log) f"
    connection.execute("CREATE TEMP TABLE the_log AS SELECT %s::text AS log", [document])
    table = "SELECT {} FROM the_log, sarif_findings(the_log.log) f"
    everything = written(scan.format("*"))
    assert everything > 100
    for form in (scan, lateral, table):
        for columns in ("rule_id, message", "count(*)", "count(rule_id), max(level)"):
            assert written(form.format(columns)) < everything / 4, (form, columns)
        assert written(form.format("metadata")) > everything / 2
