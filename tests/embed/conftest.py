"""Fixtures: one scratch database on the server that REVIEWPRO_DSN names, an endpoint on this machine, a session that uses it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from endpoint import Endpoint, running
from psycopg import sql
from psycopg.conninfo import make_conninfo

DATABASE = "reviewpro_embed_tests"
# What the stage of the tests has put into the server's environment under the name KEY_VARIABLE.
KEY_VARIABLE = "REVIEWPRO_TEST_KEY"
KEY = os.environ.get(KEY_VARIABLE, "")

Connect = Callable[..., psycopg.Connection]


def environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.exit(f"{name} is not set: `make test STAGES=embed` sets it", returncode=pytest.ExitCode.USAGE_ERROR)
    return value


@pytest.fixture(scope="session")
def dsn() -> Iterator[str]:
    server = environment("REVIEWPRO_DSN")
    name = sql.Identifier(DATABASE)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
        scratch = make_conninfo(server, dbname=DATABASE)
        with psycopg.connect(scratch, autocommit=True) as connection:
            for extension in ("reviewpro_pg", "reviewpro_embed", "vector"):
                connection.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
        yield scratch
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


@pytest.fixture(scope="session")
def shared_endpoint() -> Iterator[Endpoint]:
    with running() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(shared_endpoint: Endpoint) -> Endpoint:
    shared_endpoint.reset()
    return shared_endpoint


@pytest.fixture
def connect(dsn: str, endpoint: Endpoint) -> Iterator[Connect]:
    """Opens sessions whose settings lead to the endpoint; others may be given by name."""
    opened: list[psycopg.Connection] = []

    def connect(**settings: object) -> psycopg.Connection:
        connection = psycopg.connect(dsn, autocommit=True)
        opened.append(connection)
        settings = {"endpoint": endpoint.url, "allowed_networks": "127.0.0.0/8", **settings}
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", [f"reviewpro_embed.{name}", str(value)])
        return connection

    yield connect
    for connection in opened:
        if not connection.closed:
            assert connection.execute("SELECT 1").fetchone() == (1,), "the session did not survive the test"
            connection.close()


@pytest.fixture
def db(connect: Connect) -> psycopg.Connection:
    """A session that finds the tables empty."""
    connection = connect()
    connection.execute("TRUNCATE embed_cache, embed_usage, embed_prices, embed_queue")
    return connection


@pytest.fixture(scope="session")
def server_log() -> Path:
    return Path(environment("REVIEWPRO_SERVER_LOG"))


@pytest.fixture(scope="session")
def worker() -> Path:
    return Path(environment("REVIEWPRO_EMBED_WORKER"))
