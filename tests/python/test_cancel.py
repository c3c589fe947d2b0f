"""pg_cancel_backend and statement_timeout in the middle of long work: 57014 in time, and the backend goes on."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from long_work import KMEANS, PARSE, QUERY, STATEMENTS, cancel_after, create_tables
from psycopg import sql

# What the extension may add to the time that PostgreSQL itself needs to cancel on a machine as busy as this one. A library that is
# watched is slower by this factor.
BOUND_SECONDS = 0.1 * float(os.environ.get("REVIEWPRO_SLOWNESS", "1"))
POINTS = (0.1, 0.25, 0.4, 0.55, 0.7)

# Longer than any test waits.
LONG = KMEANS.replace("1500", "12000").replace("30", "400")
YARDSTICK = "SELECT count(*) FROM generate_series(1, 20000000)"


@pytest.fixture(scope="module", autouse=True)
def big_tables(dsn: str) -> None:
    """What the statements read."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        create_tables(connection)


def latencies(victim: psycopg.Connection, killer: psycopg.Connection, query: str) -> list[float]:
    """How long a cancel takes at several points of a statement."""
    started = time.perf_counter()
    victim.execute(query).fetchall()
    whole = time.perf_counter() - started
    found = []
    for point in POINTS:
        delay = whole * point
        # On a machine that has become less busy the statement may be over sooner than the first time.
        while (latency := cancel_after(victim, killer, query, delay)) is None:
            delay /= 2
            assert delay > 0.001, f"the statement is over in {delay * 2} s"
        found.append(latency)
    print(f"{whole:.2f} s in full, cancelled in {', '.join(f'{s * 1000:.0f} ms' for s in found)}: {query}")
    return sorted(found)


@pytest.mark.parametrize("name", STATEMENTS)
def test_cancel(dsn: str, connection: psycopg.Connection, name: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as killer:
        yardstick = latencies(connection, killer, YARDSTICK)
        found = latencies(connection, killer, STATEMENTS[name])
    middle = len(found) // 2
    assert found[middle] < BOUND_SECONDS + yardstick[middle], (found, yardstick)
    assert found[-1] < 5 * (BOUND_SECONDS + yardstick[-1]), (found, yardstick)


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_timeout(connection: psycopg.Connection, name: str) -> None:
    connection.execute("SET statement_timeout = '50ms'")
    started = time.perf_counter()
    with pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute(STATEMENTS[name]).fetchall()
    assert time.perf_counter() - started < 0.05 + 10 * BOUND_SECONDS
    connection.execute("SET statement_timeout = 0")
    assert connection.execute("SELECT count(*) FROM sarif_findings('{\"runs\":[]}'::text)").fetchone() == (0,)


@pytest.fixture
def busy(dsn: str) -> Iterator[Callable[..., psycopg.Connection]]:
    """Starts a session that works for many seconds in one call, with these settings."""
    opened: list[tuple[psycopg.Connection, threading.Thread]] = []

    def start(statement: str = LONG, **settings: str) -> psycopg.Connection:
        session = psycopg.connect(dsn, autocommit=True)
        for name, value in settings.items():
            session.execute(sql.SQL("SET {} = {}").format(sql.Identifier(*name.split(".")), value))

        def work() -> None:
            with contextlib.suppress(psycopg.Error):
                session.execute(statement).fetchall()

        thread = threading.Thread(target=work)
        thread.start()
        opened.append((session, thread))
        with psycopg.connect(dsn, autocommit=True) as watching:
            wait_until(watching, "SELECT count(*) = 1 FROM reviewpro_progress WHERE pid = %s", session.info.backend_pid)
        return session

    yield start
    with psycopg.connect(dsn, autocommit=True) as killer:
        for session, thread in opened:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s", [session.info.backend_pid]
            )
            thread.join()
            session.close()


def wait_until(connection: psycopg.Connection, query: str, *values: object, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while connection.execute(query, values).fetchone() != (True,):
        assert time.monotonic() < end, query
        time.sleep(0.01)


def test_transaction_timeout(dsn: str) -> None:
    """A FATAL error: the process ends while threads are at work, by no signal, and nothing is left of it."""
    with psycopg.connect(dsn, autocommit=True) as session, psycopg.connect(dsn, autocommit=True) as watching:
        pid = session.info.backend_pid
        session.execute("SET transaction_timeout = '300ms'")
        started = time.perf_counter()
        with pytest.raises(psycopg.errors.TransactionTimeout):
            session.execute(LONG)
        assert time.perf_counter() - started < 0.3 + 10 * BOUND_SECONDS
        wait_until(watching, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s", pid)
        assert watching.execute("SELECT count(*) FROM reviewpro_progress() WHERE pid = %s", [pid]).fetchone() == (0,)


def test_a_client_that_is_gone_is_noticed(dsn: str, busy: Callable[..., psycopg.Connection]) -> None:
    session = busy(client_connection_check_interval="100ms")
    pid = session.info.backend_pid
    with socket.socket(fileno=os.dup(session.fileno())) as connected:
        connected.shutdown(socket.SHUT_RDWR)
    with psycopg.connect(dsn, autocommit=True) as watching:
        wait_until(
            watching, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s", pid, seconds=3 + 10 * BOUND_SECONDS
        )


@pytest.mark.parametrize("statement", [LONG, QUERY], ids=["a computation", "a query"])
def test_other_backends_are_served(dsn: str, busy: Callable[..., psycopg.Connection], statement: str) -> None:
    """DROP DATABASE waits until every backend has closed its files, and a log of memory is written by the backend itself."""
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute("DROP DATABASE IF EXISTS reviewpro_dropped")
        other.execute("CREATE DATABASE reviewpro_dropped")
        pid = busy(statement).info.backend_pid
        other.execute("SET statement_timeout = '5s'")
        other.execute("DROP DATABASE reviewpro_dropped")
        assert other.execute("SELECT pg_log_backend_memory_contexts(%s)", [pid]).fetchone() == (True,)
        if statement == LONG:
            assert other.execute("SELECT count(*) FROM reviewpro_progress WHERE pid = %s", [pid]).fetchone() == (1,)


def test_terminated_in_the_middle(dsn: str, busy: Callable[..., psycopg.Connection]) -> None:
    for statement in (LONG, PARSE, QUERY):
        pid = busy(statement).info.backend_pid
        with psycopg.connect(dsn, autocommit=True) as killer:
            killer.execute("SELECT pg_terminate_backend(%s)", [pid])
            wait_until(
                killer, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s", pid, seconds=3 + 10 * BOUND_SECONDS
            )
            assert killer.execute("SELECT count(*) FROM reviewpro_progress() WHERE pid = %s", [pid]).fetchone() == (0,)
