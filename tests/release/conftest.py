"""A server that knows several versions of the extension side by side."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from devtools import house, release
from devtools.server import Server, test_server

# Today's SQL as its snapshot has it; a made-up successor of it; and a successor whose upgrade script was left empty.
FROZEN, NEXT, FORGOTTEN = "frozen", "next", "forgotten"

# What the made-up successors change, one statement of each kind that releases are made of.
CHANGES = {
    house.EXTENSION: """
CREATE FUNCTION next_function(text DEFAULT 'x') RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql RETURN $1;
COMMENT ON FUNCTION next_function(text) IS 'New. Example: SELECT next_function()';
ALTER FUNCTION location_fingerprint(text, bigint, text) COST 77;
CREATE OR REPLACE VIEW reviewpro_progress AS
    SELECT p.pid, p.phase, p.percent, true AS running FROM reviewpro_progress() p;
""",
    house.EMBED_EXTENSION: """
ALTER TABLE embed_prices ADD COLUMN currency text NOT NULL DEFAULT 'EUR' CHECK (currency OPERATOR(pg_catalog.<>) '');
CREATE INDEX embed_usage_used_at ON embed_usage (used_at);
CREATE OR REPLACE VIEW embed_costs AS
    SELECT day, model, texts, cached, failed, requests, tokens, cost, 1 AS next FROM
    (SELECT pg_catalog.date_trunc('day', u.used_at) AS day, u.model, pg_catalog.sum(u.texts) AS texts,
            pg_catalog.sum(u.cached) AS cached, pg_catalog.sum(u.failed) AS failed, pg_catalog.sum(u.requests) AS requests,
            pg_catalog.sum(u.tokens) AS tokens, NULL::numeric AS cost FROM embed_usage u GROUP BY 1, 2) days;
""",
}


def add_version(folder: Path, extension: str, version: str, sql: str) -> None:
    (folder / f"{extension}--{version}.sql").write_text(sql)


def set_default(folder: Path, version: str) -> None:
    """Changes which version CREATE EXTENSION gives."""
    control = folder / f"{house.EXTENSION}.control"
    lines = [line for line in control.read_text().splitlines() if not line.startswith("default_version")]
    control.write_text("\n".join([*lines, f"default_version = '{version}'", ""]))


@pytest.fixture(scope="session")
def versions() -> Iterator[Path]:
    """A folder `extension/` as extension_control_path wants it, readable by the server's user. Beside what was built
    it holds every released version of both extensions as its snapshot has it."""
    home = Path(tempfile.mkdtemp(prefix="reviewpro-"))
    home.chmod(0o755)
    folder = home / "extension"
    current = house.version()
    for extension in house.EXTENSIONS:
        shutil.copytree(house.extension_dir(extension) / "share" / "extension", folder, dirs_exist_ok=True)
        for version in release.versions(extension):
            sql = release.snapshot(version, extension).read_text()
            add_version(folder, extension, FROZEN if version == current else version, sql)
        add_version(folder, extension, NEXT, release.built_sql(extension).read_text() + CHANGES[extension])
        add_version(folder, extension, f"{current}--{NEXT}", CHANGES[extension])
        add_version(folder, extension, f"{current}--{FORGOTTEN}", "")
    yield folder
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def server(versions: Path) -> Iterator[Server]:
    with test_server(f"extension_control_path = '{versions.parent}:$system'\n") as started:
        yield started


@pytest.fixture
def connection(server: Server) -> Iterator[psycopg.Connection]:
    """A transaction that is rolled back: each test has the database as it was, without the extension."""
    with psycopg.connect(server.dsn("postgres")) as opened:
        yield opened
        opened.rollback()
