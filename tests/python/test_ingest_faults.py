"""Ingest under fire: overlapping writers, cancels, killed backends, two tenants, dump and restore."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import threading
import uuid
from pathlib import Path

import psycopg
import pytest
from corpus import ROOT
from ingest import APP_TABLE, ORGANIZATION, ingest, make_log
from psycopg.conninfo import conninfo_to_dict

RULES = [f"rule-{number:03}" for number in range(300)]
CLIENTS = 8


def create(connection: psycopg.Connection, table: str) -> None:
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    if table == "app_findings":
        connection.execute(APP_TABLE)
    else:
        connection.execute("SELECT create_findings_table(%s)", [table])


def run_clients(work: list[threading.Thread]) -> None:
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()


@pytest.mark.parametrize("table", ["app_findings", "own_findings"])
@pytest.mark.parametrize("isolation", ["read committed", "serializable"])
def test_overlapping_scans_lose_nothing(dsn: str, connection: psycopg.Connection, table: str, isolation: str) -> None:
    """8 clients, 2 repositories, shuffled and overlapping logs: no deadlock, and the sums are what is stored."""
    create(connection, table)
    errors: list[str] = []
    results: list[dict[str, int]] = []

    def client(number: int) -> None:
        source = random.Random(number)
        with psycopg.connect(dsn, autocommit=True) as own:
            own.execute(f"SET default_transaction_isolation = '{isolation}'")
            for _ in range(15):
                log = make_log(source.sample(RULES, 60))
                scan, repository = uuid.uuid4(), uuid.UUID(int=source.randrange(2))
                while True:
                    try:
                        # The application's fingerprints have no repository: rows of both are the same.
                        mode = "compat" if table == "app_findings" else "spec"
                        results.append(
                            ingest(own, log, repository=repository, scan=scan, findings=table, mode=mode, close=False)
                        )
                        break
                    except psycopg.Error as error:
                        errors.append(error.sqlstate or "lost")
                        if error.sqlstate != "40001":
                            return

    run_clients([threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)])
    assert set(errors) <= ({"40001"} if isolation == "serializable" else set()), errors
    assert len(results) == CLIENTS * 15
    rows, seen = connection.execute(f"SELECT count(*), sum(occurrence_count) FROM {table}").fetchone()
    assert sum(result["inserted"] for result in results) == rows
    assert sum(result["inserted"] + result["updated"] for result in results) == seen == CLIENTS * 15 * 60
    connection.execute(f"DROP TABLE {table}")


def test_overlapping_scans_that_close_do_not_deadlock(dsn: str, connection: psycopg.Connection) -> None:
    create(connection, "own_findings")
    errors: list[str] = []
    balance: list[int] = []

    def client(number: int) -> None:
        source = random.Random(number)
        with psycopg.connect(dsn, autocommit=True) as own:
            for _ in range(20):
                try:
                    result = ingest(own, make_log(source.sample(RULES, 100)), findings="own_findings")
                    balance.append(result["inserted"] + result["reopened"] - result["fixed"])
                except psycopg.Error as error:
                    errors.append(error.sqlstate or "lost")

    run_clients([threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)])
    assert not errors
    open_rows = connection.execute("SELECT count(*) FROM own_findings WHERE status = 'open'").fetchone()[0]
    assert sum(balance) == open_rows == 100
    connection.execute("DROP TABLE own_findings")


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("touch", [True, False])
def test_what_somebody_else_inserts_meanwhile_is_there(
    dsn: str, connection: psycopg.Connection, one_by_one: bool, touch: bool
) -> None:
    """Rows that a plain INSERT stores between our look and our insert are unchanged: no trigger has left them out."""
    connection.execute("DROP TABLE IF EXISTS own_findings, others")
    create(connection, "own_findings")
    scan = uuid.uuid4()
    # The first row waits, after the look, for whoever holds the lock; another one is refused, so that all go in one by one.
    connection.execute(
        """CREATE OR REPLACE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.rule_id = 'bad' THEN RAISE EXCEPTION 'not this one'; END IF;
            IF NEW.rule_id = 'drop' THEN RETURN NULL; END IF;
            IF current_setting('application_name') = 'ingest' THEN
                PERFORM pg_advisory_xact_lock(4711);
            END IF;
            RETURN NEW;
        END $$"""
    )
    rules = [f"r{number}" for number in range(8)] + ["drop"] + ["bad"] * one_by_one
    ingest(connection, make_log(rules[:8]), findings="own_findings", scan=scan)
    connection.execute("CREATE TABLE others AS TABLE own_findings; TRUNCATE own_findings")
    connection.execute("CREATE TRIGGER wait BEFORE INSERT ON own_findings FOR EACH ROW EXECUTE FUNCTION wait()")
    results = []

    def client() -> None:
        with psycopg.connect(dsn, autocommit=True, application_name="ingest") as own:
            results.append(ingest(own, make_log(rules), findings="own_findings", scan=scan, touch=touch))

    with psycopg.connect(dsn) as other:
        other.execute("SELECT pg_advisory_xact_lock(4711)")
        thread = threading.Thread(target=client)
        thread.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"
        while connection.execute(waiting).fetchone()[0] == 0:
            assert thread.is_alive()
        # All but the one that waits, which has not looked for a conflict yet.
        other.execute("INSERT INTO own_findings SELECT * FROM others")
        other.commit()
    thread.join()
    (result,) = results
    assert [error["sqlstate"] for error in result["errors"]] == ["P0001"] * one_by_one + ["02000"]
    assert (result["inserted"], result["updated"], result["unchanged"]) == (0, 0, 8)
    assert connection.execute("SELECT count(*) FROM own_findings").fetchone()[0] == 8
    connection.execute("DROP TABLE own_findings, others")
    connection.execute("DROP FUNCTION wait")


def test_a_cancelled_ingest_leaves_nothing(connection: psycopg.Connection) -> None:
    create(connection, "app_findings")
    log = make_log([f"r{number}" for number in range(3000)])
    cancelled = 0
    for timeout in (1, 2, 5, 10, 20, 40, 80, 120, 160, 200):
        connection.execute(f"SET statement_timeout = {timeout}")
        try:
            ingest(connection, log, findings="app_findings")
        except psycopg.Error as error:
            assert error.sqlstate == "57014"
            cancelled += 1
            connection.execute("RESET statement_timeout")
            assert connection.execute("SELECT count(*) FROM app_findings").fetchone() == (0,)
            held = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
            assert held == (0,)
        else:
            break
    connection.execute("RESET statement_timeout")
    assert cancelled > 0, "no call was cancelled"
    connection.execute("TRUNCATE app_findings")
    assert ingest(connection, log, findings="app_findings")["inserted"] == 3000
    connection.execute("DROP TABLE app_findings")


def test_two_tenants_do_not_meet(dsn: str, connection: psycopg.Connection) -> None:
    """Row-level security, the ingest of a role that is neither owner nor superuser: nothing of the other is seen or changed."""
    for table in ("app_findings", "own_findings"):
        create(connection, table)
        connection.execute(f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
            CREATE POLICY tenant ON {table} USING (organization_id = current_setting('app.current_org_id')::uuid)""")
        connection.execute("DROP ROLE IF EXISTS reviewpro_tenant")
        connection.execute("CREATE ROLE reviewpro_tenant")
        connection.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO reviewpro_tenant")
        mine, other = ORGANIZATION, uuid.UUID(int=99)
        with psycopg.connect(dsn, autocommit=True) as own:
            own.execute("SET ROLE reviewpro_tenant")
            texts = []
            for organization, canary in ((other, "canary-of-the-other"), (mine, "canary-of-mine")):
                own.execute(f"SET app.current_org_id = '{organization}'")
                for rules in (["a", "b", canary], ["a", canary], ["a"]):
                    result = ingest(own, make_log(rules), organization=organization, findings=table)
                    texts.append((canary, str(result)))
                assert own.execute(f"SELECT count(*) FROM {table}").fetchone() == (3,)
                assert result["fixed"] == 1
            assert not any("canary" in text for _, text in texts)
            # Writing for the other is refused as a whole, without a word of what is there.
            with pytest.raises(psycopg.errors.InsufficientPrivilege) as refusal:
                ingest(own, make_log(["new"]), organization=other, findings=table)
            assert "canary" not in str(refusal.value)
            assert own.execute(f"SELECT count(*) FROM {table}").fetchone() == (3,)
        rows = connection.execute(f"SELECT organization_id, count(*) FROM {table} GROUP BY 1").fetchall()
        assert dict(rows) == {mine: 3, other: 3}
        connection.execute(f"DROP TABLE {table}; DROP ROLE reviewpro_tenant")


def test_dump_and_restore(connection: psycopg.Connection, dsn: str) -> None:
    """A table whose generated column and indexes call our functions comes back whole in an empty database."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from devtools.house import bindir

    create(connection, "own_findings")
    connection.execute("""
        ALTER TABLE own_findings ADD application_fingerprint text GENERATED ALWAYS AS
            (fingerprint(organization_id, rule_id, file_path, start_line, start_column, message)) STORED;
        CREATE INDEX ON own_findings (location_fingerprint(file_path, start_line, rule_id))""")
    assert ingest(connection, make_log(RULES), findings="own_findings")["inserted"] == len(RULES)
    query = "SELECT md5(string_agg(f::text, ',' ORDER BY id)) FROM own_findings f"
    expected = connection.execute(query).fetchone()
    connection.execute("DROP DATABASE IF EXISTS reviewpro_restored")
    connection.execute("CREATE DATABASE reviewpro_restored")
    parts = conninfo_to_dict(dsn)
    env = {**os.environ, "PGHOST": str(parts["host"]), "PGPORT": str(parts["port"]), "PGUSER": str(parts["user"])}
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "dump"
        subprocess.run([bindir() / "pg_dump", "-Fc", "-f", dump, "-d", str(parts["dbname"])], env=env, check=True)
        restored = subprocess.run(
            [bindir() / "pg_restore", "-d", "reviewpro_restored", dump],
            env=env,
            check=False,
            capture_output=True,
            text=True,
        )
    assert (restored.returncode, restored.stderr) == (0, "")
    parts["dbname"] = "reviewpro_restored"
    with psycopg.connect(**parts, autocommit=True) as other:
        assert other.execute(query).fetchone() == expected
        result = ingest(other, make_log(RULES[1:]), findings="own_findings")
        assert (result["updated"], result["fixed"]) == (len(RULES) - 1, 1)
    connection.execute("DROP DATABASE reviewpro_restored WITH (FORCE)")
    connection.execute("DROP TABLE own_findings")
