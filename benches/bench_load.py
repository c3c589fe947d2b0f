#!/usr/bin/env python3
"""Many at once: 100 scans, 1,000 requests to cluster, 10,000 fingerprints, each from 100 sessions; errors, throughput, latencies,
the memory of the whole server and the number of its threads.

usage: bench_load.py [SHARE]        (1 by default: a tenth of it with 0.1)

Needs pgbench on the PATH (it comes with PostgreSQL), and runs on the server's machine as a user that may read its /proc.
More requests than sessions wait in line on the client's side, as behind a pooler; a latency is that of a request that has a session.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from bench import connect, duration, print_table, size
from load.pgbench import Run, pgbench
from make_log import make_log

HERE = Path(__file__).parent / "load"
SESSIONS = 100
LOGS, LOG_BYTES = 20, 100_000
SETS, ROWS, DIMENSIONS = 4, 1_000, 1536
# Name, script, requests in all.
SCENARIOS = (
    ("scans", "scan.sql", 100),
    ("clusterings", "cluster.sql", 1_000),
    ("fingerprints", "fingerprint.sql", 10_000),
)


@dataclass
class Usage:
    """The largest that was seen of a server's processes together: memory in bytes (shared pages counted once), threads,
    processes; and of the threads of one backend."""

    memory: int = 0
    threads: int = 0
    processes: int = 0
    of_one: int = 0


def prepare(connection: psycopg.Connection) -> None:
    """The tables of the three scenarios."""
    connection.execute("DROP TABLE IF EXISTS load_findings, load_logs, load_embeddings")
    connection.execute("SELECT create_findings_table('load_findings')")
    connection.execute("CREATE TABLE load_logs (id int PRIMARY KEY, body text NOT NULL)")
    for number in range(1, LOGS + 1):
        body = make_log(LOG_BYTES + 2_000 * number).decode()
        connection.execute("INSERT INTO load_logs VALUES (%s, %s)", [number, body])
    connection.execute("SELECT setseed(0.5)")
    connection.execute(
        """CREATE TABLE load_embeddings AS
           SELECT id, array_agg(vector) AS embeddings FROM (
               SELECT id, row, array_agg((center + (random() - 0.5) / 4)::real) AS vector FROM (
                   SELECT id, row, sin((row %% 25) * 1000 + d) AS center
                   FROM generate_series(1, %s) id, generate_series(1, %s) row, generate_series(1, %s) d) points
               GROUP BY id, row) vectors
           GROUP BY id""",
        [SETS, ROWS, DIMENSIONS],
    )
    connection.execute("VACUUM ANALYZE load_logs, load_embeddings")


def processes(postmaster: int) -> list[int]:
    """The server's processes."""
    found = [postmaster]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == postmaster:
                found.append(int(stat.parent.name))
    return found


def proportional_size(pid: int) -> int:
    """The memory of a process, pages that it shares counted in part."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def usage_of(connection: psycopg.Connection, memory: bool = True) -> Usage:
    """What the processes of the connection's server use now; 0 bytes where the memory is not asked for, which takes longer."""
    stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text()
    pids = processes(int(stat.rpartition(")")[2].split()[1]))
    threads, sizes = [], []
    for pid in pids:
        # It may have ended since.
        with suppress(OSError):
            threads.append(len(list(Path(f"/proc/{pid}/task").iterdir())))
            if memory:
                sizes.append(proportional_size(pid))
    return Usage(sum(sizes), sum(threads), len(threads), max(threads))


@contextmanager
def watched(connection: psycopg.Connection, pause: float = 0.1) -> Iterator[Usage]:
    """Looks at the server's processes until the end: at threads every time, at memory every third time."""
    seen = Usage()
    stop = threading.Event()

    def look() -> None:
        turn = 0
        while not stop.is_set():
            now = usage_of(connection, memory=turn % 3 == 0)
            for name, value in vars(now).items():
                setattr(seen, name, max(getattr(seen, name), value))
            turn += 1
            stop.wait(pause)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()


def run(
    dsn: str, connection: psycopg.Connection, program: Path, name: str, share: float = 1, threads: int = 0
) -> tuple[Run, Usage]:
    """One scenario, or a share of it, each call with that many threads (0: the server's choice)."""
    script, requests = next((script, requests) for known, script, requests in SCENARIOS if known == name)
    with watched(connection) as usage:
        done = pgbench(
            program,
            dsn,
            [HERE / script],
            clients=SESSIONS,
            transactions=max(1, round(requests * share / SESSIONS)),
            variables={"logs": LOGS, "sets": SETS},
            settings=f"-c reviewpro.max_threads={threads}",
        )
    return done, usage


def main() -> None:
    program = shutil.which("pgbench")
    if program is None:
        sys.exit("pgbench is not on the PATH: it is among PostgreSQL's programs")
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    connection = connect()
    prepare(connection)
    rows = []
    for name, _, _ in SCENARIOS:
        done, usage = run(connection.info.dsn, connection, Path(program), name, share)
        rows.append(
            (
                f"{done.processed:,} {name}",
                done.failed,
                f"{done.rate:,.0f}/s",
                duration(done.median),
                duration(done.quantile(0.99)),
                size(usage.memory),
                usage.processes,
                usage.threads,
            )
        )
        time.sleep(1)
    print_table(
        f"Load of {SESSIONS} sessions",
        ("requests", "errors", "throughput", "median", "99 %", "server's memory", "processes", "threads"),
        rows,
    )


if __name__ == "__main__":
    main()
