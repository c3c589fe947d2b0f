"""Runs pgbench and reads what it says: how many transactions, how many failed, how long each took."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """What a run of pgbench did; times in seconds."""

    clients: int
    processed: int
    failed: int
    retried: int
    seconds: float
    latencies: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Transactions a second."""
        return self.processed / self.seconds

    def quantile(self, share: float) -> float:
        """The time within which that share of the transactions was answered."""
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(share * len(self.latencies)))]

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)


class PgbenchError(Exception):
    """pgbench gave up: a statement failed with an error that is not one to try again."""


def pgbench(
    program: Path,
    dsn: str,
    scripts: Sequence[Path],
    *,
    clients: int,
    transactions: int = 0,
    seconds: int = 0,
    variables: dict[str, object] | None = None,
    settings: str = "",
    tries: int = 1,
    seed: int = 1,
) -> Run:
    """Runs the scripts, chosen at random, from so many clients: so many transactions each, or for so many seconds.

    A statement that fails for another reason than a deadlock or a serialisation failure raises PgbenchError.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    with tempfile.TemporaryDirectory(prefix="reviewpro-") as folder:
        command: list[str | Path] = [program, "-n", "-c", str(clients), "-j", "2", f"--random-seed={seed}"]
        command += ["-t", str(transactions)] if transactions else ["-T", str(seconds)]
        command += [f"--max-tries={tries}", "--failures-detailed", "--log", f"--log-prefix={folder}/log"]
        for name, value in (variables or {}).items():
            command += ["-D", f"{name}={value}"]
        for script in scripts:
            command += ["-f", script]
        # A connection string stands where the database's name does.
        command.append(dsn)
        outcome = subprocess.run(
            [str(part) for part in command],
            env={**env, "LC_ALL": "C.UTF-8", "PGOPTIONS": settings},
            capture_output=True,
            text=True,
            check=False,
        )
        if outcome.returncode != 0:
            raise PgbenchError("\n".join(outcome.stderr.splitlines()[-5:]))
        lines = [line.split() for log in Path(folder).glob("log.*") for line in log.read_text().splitlines()]
    # client, number, microseconds (or why it failed), script, ...
    latencies = tuple(int(line[2]) / 1e6 for line in lines if line[2].isdigit())
    said = outcome.stdout
    run = Run(
        clients=clients,
        processed=_number(r"number of transactions actually processed: (\d+)", said),
        failed=_number(r"number of failed transactions: (\d+)", said),
        retried=_number(r"total number of retries: (\d+)", said) if tries > 1 else 0,
        seconds=0.0,
        latencies=latencies,
    )
    rate = re.search(r"tps = ([\d.]+)", said)
    if rate is None or len(latencies) != run.processed:
        raise PgbenchError(f"pgbench said something else than expected:\n{said}")
    return Run(**{**run.__dict__, "seconds": run.processed / float(rate[1])})


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    if found is None:
        raise PgbenchError(f"pgbench does not say {pattern!r}:\n{text}")
    return int(found[1])
