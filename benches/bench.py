"""What the benches share: connections, alternating rounds, medians, memory of a backend, one table per bench."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

DSN_VARIABLE = "REVIEWPRO_DSN"


def connect() -> psycopg.Connection:
    """A connection in autocommit mode to the database that REVIEWPRO_DSN names, with the extension in it."""
    dsn = os.environ.get(DSN_VARIABLE)
    if not dsn:
        sys.exit(f"{DSN_VARIABLE} is not set: it names the database to measure in")
    connection = psycopg.connect(dsn, autocommit=True)
    connection.execute("SET client_min_messages = warning")
    connection.execute("CREATE EXTENSION IF NOT EXISTS reviewpro_pg")
    connection.execute("SET jit = off")
    return connection


@dataclass
class Contender:
    """One way of doing the work; `run` returns a value that all contenders of a comparison must agree on."""

    name: str
    run: Callable[[], object]
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def compare(contenders: Sequence[Contender], rounds: int, repeat: int = 1) -> None:
    """Times all contenders in turn, round by round, so that a slow minute of the machine hits all of them.

    A round runs each contender `repeat` times and counts the mean. One unmeasured run comes first.
    """
    answers = {contender.name: contender.run() for contender in contenders}
    if len(set(answers.values())) != 1:
        sys.exit(f"the contenders disagree: {answers}")
    for _ in range(rounds):
        for contender in contenders:
            started = time.perf_counter()
            for _ in range(repeat):
                contender.run()
            contender.seconds.append((time.perf_counter() - started) / repeat)


def peak_memory(connection: psycopg.Connection) -> int:
    """The largest private size of the backend so far, in bytes; 0 where /proc does not tell.

    Shared buffers are not the backend's own: reading a large value touches pages of them, which only ever grow.
    """
    sizes = _sizes(connection)
    return sizes.get("VmHWM", 0) - sizes.get("RssShmem", 0)


def private_memory(connection: psycopg.Connection) -> int:
    """What the backend holds now, shared memory apart, in bytes; 0 where /proc does not tell."""
    return _sizes(connection).get("RssAnon", 0)


def _sizes(connection: psycopg.Connection) -> dict[str, int]:
    """The sizes of the backend's process by their names in /proc, in bytes."""
    status = Path(f"/proc/{connection.info.backend_pid}/status")
    if not status.exists():
        return {}
    lines = (line.split() for line in status.read_text().splitlines() if line.endswith(" kB"))
    return {name.rstrip(":"): int(kilobytes) * 1024 for name, kilobytes, _ in lines}


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best."""
    for limit, factor, unit in ((1e-3, 1e6, "us"), (1, 1e3, "ms")):
        if seconds < limit:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def ratio(rival: float, ours: float) -> str:
    """How many times faster than the rival."""
    return f"{rival / ours:.1f}x"


def size(count: float) -> str:
    """Bytes in the unit that reads best."""
    for limit, factor, unit in ((1e6, 1e3, "kB"), (1e9, 1e6, "MB")):
        if count < limit:
            return f"{count / factor:.0f} {unit}"
    return f"{count / 1e9:.2f} GB"


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table in Markdown, columns aligned, with the machine in its title."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    print(f"\n{title} ({os.cpu_count()} processors, {platform.machine()})\n")
    for number, row in enumerate(cells):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
