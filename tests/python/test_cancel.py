"""pg_cancel_backend and statement_timeout in the middle of long work: 57014 in time, and the backend goes on."""

from __future__ import annotations

import time

import psycopg
import pytest
from long_work import STATEMENTS, cancel_after, create_tables

# What the extension may add to the time that PostgreSQL itself needs to cancel on a machine as busy as this one.
BOUND_SECONDS = 0.1
POINTS = (0.1, 0.25, 0.4, 0.55, 0.7)

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
