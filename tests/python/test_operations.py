"""What operators rely on: counts, the log line, the exporters' queries, and the table of SQLSTATEs."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid

import psycopg
import pytest
import yaml
from corpus import ROOT
from ingest import ingest, make_log

OPERATIONS = ROOT / "docs" / "operations"
COUNTS = "SELECT calls, errors, rows, bytes FROM reviewpro_stats WHERE function = %s"


def counts(connection: psycopg.Connection, function: str) -> tuple[int, int, int, int]:
    row = connection.execute(COUNTS, [function]).fetchone()
    assert row
    return row


def test_no_call_of_many_sessions_is_lost(dsn: str, connection: psycopg.Connection) -> None:
    log, sessions, calls = make_log(["a", "b", "c"]), 8, 50
    connection.execute("SELECT reviewpro_stats_reset()")

    def client() -> None:
        with psycopg.connect(dsn, autocommit=True) as own:
            for _ in range(calls):
                own.execute("SELECT count(*) FROM sarif_findings(%s::text)", [log]).fetchone()
            with pytest.raises(psycopg.DataError):
                own.execute("SELECT count(*) FROM sarif_findings('{'::text)")

    work = [threading.Thread(target=client) for _ in range(sessions)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    total, errors, rows, size = counts(connection, "sarif_findings")
    assert (total, errors, rows) == (sessions * (calls + 1), sessions, sessions * calls * 3)
    assert size > sessions * calls * len(log)


def test_cancel_is_an_error_that_is_counted(dsn: str, connection: psycopg.Connection) -> None:
    connection.execute("SELECT reviewpro_stats_reset()")
    with psycopg.connect(dsn, autocommit=True) as victim:
        victim.execute("SET statement_timeout = '150ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            victim.execute(
                "SELECT cluster_embeddings(array_agg(ARRAY[sin(i), cos(i), sin(i * 1.7)]::real[]), 'agglomerative',"
                " n_clusters => 2) FROM generate_series(1, 8000) i"
            )
    assert counts(connection, "cluster_embeddings")[:3] == (1, 1, 0)


def test_ingest_whose_transaction_fails_later(dsn: str, connection: psycopg.Connection) -> None:
    """An error after the ingest is not its error; one within is, whether caught by a savepoint or not."""
    connection.execute("DROP TABLE IF EXISTS counted_findings")
    connection.execute("SELECT create_findings_table('counted_findings')")
    connection.execute("SELECT reviewpro_stats_reset()")
    with psycopg.connect(dsn) as own:
        ingest(own, make_log(["a"]), findings="counted_findings")
        with pytest.raises(psycopg.errors.DivisionByZero):
            own.execute("SELECT 1/0")
        own.rollback()
        with pytest.raises(psycopg.DataError), own.transaction():
            ingest(own, "{", findings="counted_findings")
        ingest(own, make_log(["a", "b"]), findings="counted_findings")
        with pytest.raises(psycopg.DataError):
            ingest(own, "{", findings="counted_findings")
    assert counts(connection, "ingest_sarif")[:3] == (4, 2, 3)
    connection.execute("DROP TABLE counted_findings")


def test_health_shows_a_running_call(dsn: str, connection: psycopg.Connection) -> None:
    with psycopg.connect(dsn, autocommit=True) as busy:

        def run() -> None:
            with pytest.raises(psycopg.errors.QueryCanceled):
                busy.execute(
                    "SELECT cluster_embeddings(array_agg(ARRAY[sin(i), cos(i), sin(i * 1.7)]::real[]), 'agglomerative',"
                    " n_clusters => 2) FROM generate_series(1, 9000) i"
                )

        thread = threading.Thread(target=run)
        thread.start()
        seen = 0
        for _ in range(500):
            seen = connection.execute("SELECT running_calls FROM reviewpro_health").fetchone()[0]
            if seen:
                break
            time.sleep(0.01)
        busy.cancel_safe()
        thread.join()
    assert seen == 1


def test_log_line(connection: psycopg.Connection) -> None:
    notices: list[tuple[str | None, str]] = []
    # What a notice says is gone when the handler returns.
    connection.add_notice_handler(lambda said: notices.append((said.severity_nonlocalized, said.message_primary or "")))
    connection.execute("DROP TABLE IF EXISTS logged_findings")
    connection.execute("SELECT create_findings_table('logged_findings')")
    connection.execute("SET client_min_messages = log")
    scan = uuid.uuid4()
    log = make_log(["rule-secret", "rule-other"])
    ingest(connection, log, scan=scan, findings="logged_findings")
    assert not [text for _, text in notices if "reviewpro_pg ingest" in text], "it is off by default"
    connection.execute("SET reviewpro.log_ingest = on")
    ingest(connection, log, findings="logged_findings")
    connection.execute("RESET reviewpro.log_ingest; RESET client_min_messages; DROP TABLE logged_findings")
    lines = [said for said in notices if said[1].startswith("reviewpro_pg ingest: ")]
    assert len(lines) == 1
    severity, text = lines[0]
    assert severity == "LOG"
    told = json.loads(text.removeprefix("reviewpro_pg ingest: "))
    assert told["function"] == "ingest_sarif"
    assert {name: told[name] for name in ("total", "inserted", "updated", "unchanged", "errors")} == {
        "total": 2,
        "inserted": 0,
        "updated": 2,
        "unchanged": 0,
        "errors": 0,
    }
    assert uuid.UUID(told["scan_id"]) != scan
    assert told["bytes"] >= len(log)
    assert 0 < told["seconds"] < 60
    assert "secret" not in text


def columns_of(connection: psycopg.Connection, query: str) -> list[str]:
    cursor = connection.execute(query)
    assert cursor.fetchall(), "the query gave no rows"
    assert cursor.description
    return [column.name for column in cursor.description]


def test_queries_for_postgres_exporter(connection: psycopg.Connection) -> None:
    metrics = yaml.safe_load((OPERATIONS / "postgres_exporter.yaml").read_text())
    assert set(metrics) == {"reviewpro", "reviewpro_health"}
    connection.execute("CREATE ROLE scraper; SET ROLE scraper")
    for metric in metrics.values():
        declared = [name for column in metric["metrics"] for name in column]
        assert columns_of(connection, metric["query"]) == declared
        assert {use["usage"] for column in metric["metrics"] for use in column.values()} <= {
            "LABEL",
            "COUNTER",
            "GAUGE",
        }
    connection.execute("RESET ROLE; DROP ROLE scraper")


def test_queries_for_sql_exporter(connection: psycopg.Connection) -> None:
    queries = yaml.safe_load((OPERATIONS / "sql_exporter.yaml").read_text())["jobs"][0]["queries"]
    assert len(queries) == 2
    for query in queries:
        assert columns_of(connection, query["query"]) == query["labels"] + query["values"]


def test_documented_queries(connection: psycopg.Connection) -> None:
    blocks = re.findall(r"```sql\n(.*?)```", (OPERATIONS / "monitoring.md").read_text(), re.DOTALL)
    statements = [statement for block in blocks for statement in block.split(";") if statement.strip()]
    assert len(statements) >= 2
    for statement in statements:
        connection.execute(statement)


# What the table calls by another of its names.
ALIASES = {"array_element_error": "array_subscript_error"}


def section(title: str | None) -> dict[str, str]:
    """Codes and second columns of the table under a heading."""
    text = (OPERATIONS / "troubleshooting.md").read_text()
    part = text.split(f"## {title}\n")[1] if title else text
    rows = re.findall(r"^\| `([0-9A-Z]{5})` \| ([^|]+) \|", part.split("\n## ")[0], re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a code is there twice"
    return {code: name.strip() for code, name in rows}


def code_of(name: str) -> str:
    title = "".join(word.capitalize() for word in name.split("_"))
    # Names that Python's own classes of errors have end in an underscore.
    found = getattr(psycopg.errors, f"{title}_", None) or getattr(psycopg.errors, title)
    return found.sqlstate


def test_every_sqlstate_is_explained() -> None:
    explained = section(None)
    rust = "\n".join(path.read_text() for path in sorted((ROOT / "src").rglob("*.rs")))
    scripts = "\n".join(path.read_text() for path in sorted((ROOT / "sql").glob("*.sql")))
    raised = {name.lower() for name in re.findall(r"PgSqlErrorCode::ERRCODE_(\w+)", rust)}
    raised |= set(re.findall(r"ERRCODE = '(\w+)'", scripts))
    assert len(raised) > 15, "the sources raise more than that"
    raised = {ALIASES.get(name, name) for name in raised}
    assert {code_of(name): name for name in raised} == explained
    core = (ROOT / "core" / "src" / "error.rs").read_text()
    kinds = set(re.findall(r"\(([0-9A-Z]{5})\)", core))
    assert len(kinds) > 8
    assert kinds <= set(explained)


def test_every_reason_of_an_ingest_is_explained() -> None:
    script = "\n".join(path.read_text() for path in sorted((ROOT / "sql").glob("ingest*.sql")))
    given = set(re.findall(r"'sqlstate', '(\w{5})'", script)) | set(re.findall(r"state := '(\w{5})'", script))
    core = "\n".join(path.read_text() for path in sorted((ROOT / "core" / "src" / "sarif").glob("o*.rs")))
    given |= set(re.findall(r'(?:state: |const INVALID_PARAMETER: &str = )"(\w{5})"', core))
    assert len(given) > 4
    assert given == set(section("Entries of `errors`"))
