"""ingest_sarif on real logs: into the application's table as it is, and into our own; what it counts is what is stored."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest
from corpus import all_logs, own_logs
from findings import rows
from ingest import APP_TABLE, ORGANIZATION, REPOSITORY, ingest, make_log

TABLES = ("app_findings", "own_findings")


@pytest.fixture
def tables(connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection on which both tables exist and are empty."""
    connection.execute("DROP TABLE IF EXISTS app_findings, own_findings")
    connection.execute(APP_TABLE)
    connection.execute("SELECT create_findings_table('own_findings')")
    yield connection
    connection.execute("DROP TABLE app_findings, own_findings")


def count(connection: psycopg.Connection, table: str) -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("mode", ["spec", "compat"])
def test_every_log_is_stored_and_a_repeated_scan_changes_nothing(
    tables: psycopg.Connection, counted: list[int], table: str, mode: str
) -> None:
    for log in all_logs():
        tables.execute(f"TRUNCATE {table}")
        scan = uuid.uuid4()
        try:
            first = ingest(tables, log.raw, scan=scan, findings=table, mode=mode)
        except psycopg.Error as error:
            # A document that is no log: the same refusal as sarif_findings'.
            with pytest.raises(psycopg.Error) as refusal:
                rows(tables, log.raw, "bytea", {"mode": mode, "organization_id": ORGANIZATION})
            assert refusal.value.sqlstate == error.sqlstate, log.name
            continue
        expected = rows(tables, log.raw, "bytea", {"mode": mode, "organization_id": ORGANIZATION})
        named = len({row["fingerprint"] for row in expected})
        assert first["inserted"] == count(tables, table), log.name
        refused = [e for e in first["errors"] if e["sqlstate"] != "22023"]
        assert first["inserted"] >= named - len(refused) - (mode == "compat") * len(first["errors"]), log.name
        assert first["updated"] == first["unchanged"] == first["fixed"] == 0, log.name
        before = tables.execute(f"SELECT xmin::text, ctid::text, f::text FROM {table} f ORDER BY 2").fetchall()
        again = ingest(tables, log.raw, scan=scan, findings=table, mode=mode)
        assert (again["inserted"], again["updated"], again["fixed"]) == (0, 0, 0), log.name
        assert again["unchanged"] == first["inserted"], log.name
        assert again["errors"] == first["errors"], log.name
        after = tables.execute(f"SELECT xmin::text, ctid::text, f::text FROM {table} f ORDER BY 2").fetchall()
        assert after == before, log.name
        counted.append(first["total"])


def test_compat_mode_stores_what_the_application_stores(tables: psycopg.Connection, counted: list[int]) -> None:
    columns = [
        "rule_id",
        "rule_name",
        "message",
        "severity",
        "file_path",
        "start_line",
        "start_column",
        "end_line",
        "end_column",
        "snippet",
    ]
    columns += ["tool_name", "tool_version", "cwe_ids", "cve_ids", "sarif_data"]
    for log in own_logs():
        tables.execute("TRUNCATE app_findings")
        ingest(tables, log.raw, findings="app_findings", mode="compat")
        times: Counter[str] = Counter()
        expected = {}
        for row in rows(tables, log.raw, "bytea", {"mode": "compat", "organization_id": ORGANIZATION}):
            times[row["fingerprint"]] += 1
            expected.setdefault(row["fingerprint"], tuple(row[name] for name in columns))
        stored = tables.execute(
            f"SELECT fingerprint, occurrence_count, status, {', '.join(columns)} FROM app_findings"
        ).fetchall()
        assert {row[0]: row[3:] for row in stored} == expected, log.name
        assert {row[0]: row[1] for row in stored} == times, log.name
        assert {row[2] for row in stored} <= {"open"}, log.name
        counted.append(len(stored))


@pytest.mark.parametrize("table", TABLES)
def test_the_life_of_findings(tables: psycopg.Connection, table: str) -> None:
    """Against a model in a few lines of Python, over scans of random subsets."""
    import random

    source = random.Random(4)
    rules = [f"r{number}" for number in range(30)]
    model: dict[str, list[object]] = {}
    for number in range(40):
        log = source.sample(rules, source.randrange(25))
        expected = Counter(inserted=0, updated=0, reopened=0, fixed=0)
        for rule in log:
            if rule not in model:
                model[rule] = ["open", 1]
                expected["inserted"] += 1
            else:
                expected["updated"] += 1
                expected["reopened"] += model[rule][0] == "fixed"
                model[rule] = ["open" if model[rule][0] == "fixed" else model[rule][0], model[rule][1] + 1]
        for rule, state in model.items():
            if rule not in log and state[0] == "open":
                state[0] = "fixed"
                expected["fixed"] += 1
        result = ingest(tables, make_log(log), findings=table)
        assert {name: result[name] for name in expected} == expected, number
        if number % 5 == 0 and model:
            rule = source.choice(sorted(model))
            model[rule][0] = "wont_fix"
            tables.execute(f"UPDATE {table} SET status = 'wont_fix' WHERE rule_id = %s", [rule])
        stored = tables.execute(f"SELECT rule_id, status, occurrence_count FROM {table}").fetchall()
        assert {rule: [status, seen] for rule, status, seen in stored} == model, number


@pytest.mark.parametrize(("before", "during"), [("1MB", "64MB"), ("80MB", "80MB")])
def test_work_mem_is_raised_for_the_ingest_alone(tables: psycopg.Connection, before: str, during: str) -> None:
    """A trigger of the table sees it; the transaction finds its own again, after an error too."""
    seen = """CREATE FUNCTION pg_temp.see() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN PERFORM set_config('test.seen', current_setting('work_mem'), false); RETURN NEW; END$$"""
    table = TABLES[0]
    with tables.transaction(force_rollback=True):
        tables.execute(seen)
        tables.execute(f"CREATE TRIGGER see BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION pg_temp.see()")
        tables.execute(f"SET LOCAL work_mem = '{before}'")
        ingest(tables, make_log(["r1"]), findings=table)
        show = "SELECT current_setting('test.seen'), current_setting('work_mem')"
        assert tables.execute(show).fetchone() == (during, before)
        with pytest.raises(psycopg.errors.InvalidTextRepresentation), tables.transaction():
            ingest(tables, "{", findings=table)
        assert tables.execute("SHOW work_mem").fetchone() == (before,)


def test_migrated_rows_are_known_to_the_next_scan(tables: psycopg.Connection, counted: list[int]) -> None:
    for log in own_logs():
        root = "/src/" + log.name.split("/")[-1].split("-", 1)[1].split(".sarif")[0]
        tables.execute("TRUNCATE app_findings")
        old = ingest(tables, log.raw, findings="app_findings", mode="compat")
        where = ["app_findings", ORGANIZATION, REPOSITORY, root]
        examined, migrated, skipped = tables.execute(
            "SELECT * FROM migrate_fingerprints(%s, %s, %s, %s)", where
        ).fetchone()
        assert (examined, migrated) == (old["inserted"], old["inserted"] - skipped), log.name
        # The log finds those that cannot be read without it, and nothing to mend among the others.
        assert tables.execute(
            "SELECT * FROM migrate_fingerprints_by_log(%s::bytea, %s, %s, %s, %s)", [log.raw, *where]
        ).fetchone() == (skipped, skipped), log.name
        new = ingest(tables, log.raw, findings="app_findings", source_root=root)
        # Findings that the old fingerprint could not tell apart are new ones of their own.
        assert new["updated"] == old["inserted"], log.name
        assert new["inserted"] <= old["duplicates"], log.name
        assert new["fixed"] == 0, log.name
        counted.append(old["inserted"])


def test_the_counts_are_sent_as_a_notification(dsn: str, connection: psycopg.Connection) -> None:
    connection.execute("DROP TABLE IF EXISTS findings")
    connection.execute("SELECT create_findings_table('findings')")
    with psycopg.connect(dsn, autocommit=True) as listener:
        listener.execute("LISTEN scans")
        result = ingest(connection, make_log(["a", "b"]), notify="scans")
        note = next(listener.notifies(timeout=10))
    sent = json.loads(note.payload)
    assert sent["inserted"] == result["inserted"] == 2
    assert sent["repository_id"] == str(REPOSITORY)
    connection.execute("DROP TABLE findings")
