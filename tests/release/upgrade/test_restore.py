"""What people store survives pg_dump, pg_restore and pg_upgrade: rows, generated columns, keys, expression indexes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import NEXT, set_default
from devtools import house
from devtools.server import Server, check_log
from upgrade.catalog import catalog, differences

DATA = Path(__file__).with_name("data.sql")
AMCHECK = "CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA public"

# Each gives one value; the same before and after.
CONTENTS = [
    "SELECT count(*), md5(string_agg(f::text, '|' ORDER BY id)) FROM app.findings f",
    "SELECT count(*), md5(string_agg(s::text, '|' ORDER BY id)) FROM app.stored s",
    "SELECT count(*), md5(string_agg(r::text, '|' ORDER BY scan)) FROM app.runs r",
    "SELECT count(*), md5(string_agg(p::text, '|' ORDER BY id, fingerprint)) FROM app.parsed p",
    "SELECT count(*), md5(string_agg(c::text, '|' ORDER BY id)) FROM app.clustered c",
    "SELECT count(*), string_agg(app.worst(log), '|' ORDER BY id) FROM app.logs",
    "SELECT count(*), string_agg(pg_get_indexdef(indexrelid), '|' ORDER BY indexrelid::regclass::text)"
    " FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE relnamespace = 'app'::regnamespace",
    "SELECT count(*), string_agg(pg_get_constraintdef(oid), '|' ORDER BY conrelid::regclass::text, conname)"
    " FROM pg_constraint WHERE connamespace = 'app'::regnamespace",
]
# Stored values that the library would compute otherwise today.
STALE = """
    SELECT count(*) FROM app.findings
    WHERE identity IS DISTINCT FROM
              tools.fingerprint(organization_id, rule_id, file_path, start_line, start_column, message)
       OR content IS DISTINCT FROM tools.content_fingerprint('Bandit', rule_id, file_path, 'message:' || message)
       OR place IS DISTINCT FROM tools.location_fingerprint(file_path, start_line, rule_id)"""


def contents(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    found = [connection.execute(query).fetchone() for query in CONTENTS]
    assert all(count > 0 for count, _ in found), found
    return found


def check_indexes(connection: psycopg.Connection) -> None:
    """Every B-tree of the application holds each row under the key that is computed now, and unique ones once."""
    connection.execute(AMCHECK)
    indexes = connection.execute(
        "SELECT indexrelid::regclass::text, bt_index_check(indexrelid, true, true) FROM pg_index"
        " JOIN pg_class c ON c.oid = indexrelid JOIN pg_am a ON a.oid = relam"
        " WHERE relnamespace = 'app'::regnamespace AND amname = 'btree' AND indisvalid"
    ).fetchall()
    total = connection.execute(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'i'"
    ).fetchone()
    assert total == (len(indexes),)
    assert len(indexes) >= 10
    assert connection.execute(STALE).fetchone() == (0,)


def connect(server: Server, database: str) -> psycopg.Connection:
    return psycopg.connect(server.dsn(database), autocommit=True)


def fill(server: Server, database: str) -> list[tuple[object, ...]]:
    with connect(server, "postgres") as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {database}")
    with connect(server, database) as connection:
        connection.execute(DATA.read_text())
        check_indexes(connection)
        return contents(connection)


def program(server: Server, *command: str | Path) -> None:
    """One of PostgreSQL's; it must have nothing to complain of."""
    done = subprocess.run(
        [house.bindir() / command[0], *command[1:]],
        env=server.env("postgres"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder that the server's user may write into."""
    folder = Path(tempfile.mkdtemp(prefix="reviewpro-"))
    if house.SERVER_USER:
        shutil.chown(folder, house.SERVER_USER)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("jobs", [1, 2])
def test_dump_and_restore(server: Server, scratch: Path, jobs: int) -> None:
    """Into an empty database, table by table and in parallel; triggers, keys and indexes are built as they come."""
    before = fill(server, "dumped")
    program(server, "pg_dump", "-Fd", f"-j{jobs}", "-f", scratch / "dump", "-d", "dumped")
    with connect(server, "postgres") as admin:
        admin.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")
        admin.execute("CREATE DATABASE restored")
    program(server, "pg_restore", f"-j{jobs}", "-d", "restored", scratch / "dump")
    with connect(server, "restored") as connection:
        assert contents(connection) == before
        check_indexes(connection)
        # The next scan finds the rows again.
        again = connection.execute(
            "SELECT (tools.ingest_sarif(log, md5('o')::uuid, md5('r')::uuid, id, findings => 'app.stored')).*"
            " FROM app.logs WHERE id = md5('1')::uuid"
        ).fetchone()
        assert again is not None
        assert again[1] == 0, "a restored finding was not recognised"


def test_drift_is_noticed(server: Server) -> None:
    """check_indexes fails when a formula changes under its name."""
    fill(server, "drifted")
    with connect(server, "drifted") as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION tools.repository_fingerprint(repository_id uuid, fingerprint text) RETURNS text"
            " IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql RETURN md5(fingerprint)"
        )
        with pytest.raises(psycopg.Error, match="lacks matching index tuple"):
            check_indexes(connection)


def test_pg_upgrade(server: Server, versions: Path, scratch: Path) -> None:
    """A cluster moves to another one with a newer version of the extension: the old SQL goes on, then is updated."""
    newer = scratch / "share" / "extension"
    shutil.copytree(versions, newer)
    set_default(newer, NEXT)
    for folder in (newer.parent, newer):
        folder.chmod(0o755)
    sockets = scratch / "s"
    old, new = Server(scratch / "old", sockets), Server(scratch / "new", sockets)
    old.initialise(f"extension_control_path = '{versions.parent}:$system'\nfsync = off\n")
    new.initialise(f"extension_control_path = '{newer.parent}:$system'\nfsync = off\n")
    old.start()
    try:
        before = fill(old, "moved")
    finally:
        old.stop()

    command = [
        house.bindir() / "pg_upgrade", "-b", house.bindir(), "-B", house.bindir(), "-d", old.data, "-D", new.data,
        "-s", sockets, "-U", "postgres", "--no-sync",
    ]  # fmt: skip
    for options in (["--check"], ["--copy"]):
        done = subprocess.run(
            [str(part) for part in [*command, *options]],
            cwd=scratch, env=house.plain_env(), user=house.SERVER_USER, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    script = scratch / "update_extensions.sql"
    assert script.exists(), done.stdout

    new.start()
    try:
        with connect(new, "moved") as connection:
            version = "SELECT extversion FROM pg_extension WHERE extname = 'reviewpro_pg'"
            assert connection.execute(version).fetchone() == (house.version(),)
            assert contents(connection) == before
            check_indexes(connection)
        program(new, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script)
        with connect(new, "moved") as connection:
            assert connection.execute(version).fetchone() == (NEXT,)
            assert contents(connection) == before
            check_indexes(connection)
            upgraded = catalog(connection, house.EXTENSION)
        with connect(new, "postgres") as connection:
            connection.execute(f"CREATE SCHEMA tools; CREATE EXTENSION {house.EXTENSION} SCHEMA tools")
            assert differences(upgraded, catalog(connection, house.EXTENSION)) == []
    finally:
        new.stop()
    check_log(new.log)
