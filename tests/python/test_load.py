"""The three scenarios of benches/bench_load.py: no error, every request answered, threads and memory within bounds.

REVIEWPRO_LOAD_SHARE (0.3) says how many of the 100 scans, 1,000 clusterings and 10,000 fingerprints."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from servers import connect, house

from benches import bench_load

SHARE = float(os.environ.get("REVIEWPRO_LOAD_SHARE", "0.3"))
THREADS = 2
# Beside the threads that compute: the backend's own, and the one that hands out the work.
OTHERS = 2


@pytest.fixture(scope="module", autouse=True)
def tables(dsn: str) -> None:
    with connect(dsn) as connection:
        bench_load.prepare(connection)


@pytest.mark.parametrize(("name", "requests"), [(name, requests) for name, _, requests in bench_load.SCENARIOS])
def test_a_hundred_sessions(dsn: str, connection: psycopg.Connection, name: str, requests: int) -> None:
    before = bench_load.usage_of(connection)
    done, usage = bench_load.run(dsn, connection, house.bindir() / "pgbench", name, SHARE, THREADS)
    print(
        f"{name}: {done.processed} requests, {done.failed} failed, {done.rate:.0f}/s, median {done.median * 1000:.1f} ms,"
        f" 99 % {done.quantile(0.99) * 1000:.1f} ms; {usage.memory >> 20} MB, {usage.processes} processes, {usage.threads} threads"
    )
    assert done.failed == 0
    assert done.processed >= requests * SHARE
    assert done.processed % bench_load.SESSIONS == 0
    # Processes of one thread each, and what computes in those sessions that compute.
    assert usage.processes > bench_load.SESSIONS / 2, "the sessions were not seen"
    assert usage.of_one <= THREADS + OTHERS
    assert usage.threads <= usage.processes + bench_load.SESSIONS * (THREADS + OTHERS - 1)
    if name == "clusterings":
        assert usage.of_one > 1, "nobody was seen computing"
    # Sessions that are done have left nothing behind.
    after = bench_load.usage_of(connection)
    assert after.memory - before.memory < 64 << 20
    stored = connection.execute(
        "SELECT sum(occurrence_count), count(DISTINCT repository_id) FROM load_findings"
    ).fetchone()
    if name == "scans":
        assert stored[0] > 0
        assert stored[1] == bench_load.SESSIONS


def test_a_session_keeps_no_thread(connection: psycopg.Connection) -> None:
    """Threads end with the call that started them."""
    connection.execute(f"SET reviewpro.max_threads = {THREADS}")
    for statement in (
        "SELECT cluster_report(embeddings) FROM load_embeddings",
        "SELECT count(*) FROM load_logs, sarif_findings(body)",
    ):
        assert connection.execute(statement).fetchall()
    assert len(list(Path(f"/proc/{connection.info.backend_pid}/task").iterdir())) == 1
