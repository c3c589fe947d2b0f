"""`make bench`: every comparison of benches/ against a fresh server that keeps what it is told."""

from __future__ import annotations

import os

from . import house
from .server import test_server
from .setup import install_python_packages
from .shell import run, step

DATABASE = "bench"
BENCHES = house.ROOT / "benches"
# As an application's server writes, whatever is quicker for tests.
DURABLE = "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\nmax_wal_size = '4GB'\n"


def bench(size: str, options: list[str]) -> None:
    """Of the given size, `quick` or `full`; fails when a ratio is worse than the one recorded."""
    venv = house.local() / "benches"
    install_python_packages(venv, [], "the benches' rivals", BENCHES / "requirements.txt")
    with step("Building the benches' programs"):
        command = ["cargo", "build", "--release", "--locked", "-p", "reviewpro-core", "--examples"]
        run(command, env=house.cargo_env(), cwd=house.ROOT)
    with step(f"Benches, {size}"), test_server(DURABLE) as server:
        server.create_database(DATABASE)
        # pgbench is among the server's programs.
        path = f"{house.bindir()}{os.pathsep}{os.environ['PATH']}"
        env = house.plain_env(REVIEWPRO_DSN=server.dsn(DATABASE), PYTHONDONTWRITEBYTECODE="1", PATH=path)
        run([venv / "bin" / "python", BENCHES / "run.py", size, *options], env=env, cwd=house.ROOT)
