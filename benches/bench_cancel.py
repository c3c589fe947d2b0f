#!/usr/bin/env python3
"""How long a cancel takes: pg_cancel_backend at random points of statements that are seconds of work.

usage: bench_cancel.py [CANCELS]       (default 60 for each statement; REVIEWPRO_DSN names the database)

The first row is a statement without this extension: what PostgreSQL and the machine take by themselves. The last
column is the private memory that the backend holds afterwards: a statement that was cut off leaves nothing behind.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import bench
import psycopg
from record import record

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "python"))
from long_work import STATEMENTS, cancel_after, create_tables

YARDSTICK = "SELECT count(*) FROM generate_series(1, 20000000)"


def measure(victim: psycopg.Connection, killer: psycopg.Connection, query: str, count: int) -> list[float]:
    """Milliseconds of `count` cancels, sorted. A statement that ends before its cancel is run again."""
    started = time.perf_counter()
    victim.execute(query).fetchall()
    whole = time.perf_counter() - started
    found: list[float] = []
    while len(found) < count:
        latency = cancel_after(victim, killer, query, random.uniform(0.02, 0.9) * whole)
        if latency is not None:
            found.append(latency * 1000)
    return sorted(found)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    random.seed(7)
    rows = []
    yardstick = 0.0
    with bench.connect() as setup:
        setup.execute("DROP TABLE IF EXISTS big_log, big_rows, big_set")
        create_tables(setup)
    for name, query in {"generate_series": YARDSTICK, **STATEMENTS}.items():
        with bench.connect() as victim, bench.connect() as killer:
            found = measure(victim, killer, query, count)
            kept = bench.private_memory(victim)

        middle = found[len(found) // 2]
        if query == YARDSTICK:
            yardstick = middle
        else:
            # Where the machine happens to put the threads decides: only another order of magnitude is news.
            record(f"cancel {name}: generate_series", yardstick, middle, tolerance=0.8)

        def at(share: float, found: list[float] = found) -> str:
            return f"{found[min(len(found) - 1, int(share * len(found)))]:.1f} ms"

        rows.append([name, str(count), at(0.5), at(0.95), at(0.99), at(1), f"{bench.size(kept)}"])
    bench.print_table(
        "A cancel, from pg_cancel_backend to the error",
        ["statement", "cancels", "median", "95 %", "99 %", "slowest", "kept by the backend"],
        rows,
    )


if __name__ == "__main__":
    main()
