"""PostgreSQL servers: on a unix socket only, in a folder of their own, never as root."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import house
from .shell import Failure, output, run

SETTINGS = """
listen_addresses = ''
port = 5432
extension_control_path = '{extension}/share:{embed}/share:$system'
dynamic_library_path = '{extension}/lib:{embed}/lib:$libdir'
max_connections = 120
shared_buffers = '256MB'
log_line_prefix = '%m [%p] %e '
"""
# A variable by which servers that a test starts get the environment that the test's own server has: an object of JSON.
ENVIRONMENT = "REVIEWPRO_SERVER_ENVIRONMENT"


@dataclass(frozen=True)
class Server:
    data: Path
    socket: Path
    extension: Path = field(default_factory=house.extension_dir)
    # What the server's processes find in their environment beside the usual: what the tests were told, if nothing else.
    environment: dict[str, str] = field(default_factory=lambda: json.loads(os.environ.get(ENVIRONMENT, "{}")))
    # What is started as the server: another program than its own.
    postgres: Path | None = None

    @property
    def patience(self) -> int:
        """Seconds within which it starts or stops; a program that is put before the server makes it slow."""
        return 600 if self.postgres or self.environment else 60

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    def env(self, database: str) -> dict[str, str]:
        """How a client finds it."""
        return house.plain_env(PGHOST=str(self.socket), PGPORT="5432", PGUSER="postgres", PGDATABASE=database)

    def dsn(self, database: str) -> str:
        return f"host={self.socket} port=5432 user=postgres dbname={database}"

    def _pg_ctl(self, *arguments: str) -> None:
        output(
            [house.bindir() / "pg_ctl", "-D", self.data, "-w", "-s", *arguments],
            env=house.plain_env(**self.environment),
            user=house.SERVER_USER,
        )

    def is_running(self) -> bool:
        try:
            self._pg_ctl("status")
        except Failure:
            return False
        return True

    def initialise(self, extra: str = "") -> None:
        for folder in (self.data, self.socket):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            if house.SERVER_USER:
                shutil.chown(folder, house.SERVER_USER)
        # Clients connect as another user than the server's.
        self.socket.chmod(0o755)
        initdb = [house.bindir() / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        output(
            [*initdb, "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync"],
            env=house.plain_env(),
            user=house.SERVER_USER,
        )
        settings = SETTINGS.format(extension=self.extension, embed=house.extension_dir(house.EMBED_EXTENSION))
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(f"{settings}unix_socket_directories = '{self.socket}'\n{extra}")

    def start(self) -> None:
        try:
            program = ["-p", str(self.postgres)] if self.postgres else []
            self._pg_ctl("-l", str(self.log), "-t", str(self.patience), *program, "start")
        except Failure as failure:
            tail = self.log.read_text().splitlines()[-3:] if self.log.exists() else [str(failure)]
            raise Failure(f"PostgreSQL did not start: {' | '.join(tail)}") from failure

    def stop(self) -> None:
        if self.is_running():
            self._pg_ctl("-m", "fast", "-t", str(self.patience), "stop")

    def create_database(self, name: str) -> None:
        """A new database of that name with the extension."""
        env = self.env("postgres")
        psql = [house.bindir() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        run([*psql, "-c", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', "-c", f'CREATE DATABASE "{name}"'], env=env)
        run([*psql, "-c", "CREATE EXTENSION reviewpro_pg"], env=self.env(name))


def demo_server() -> Server:
    """The server that `make demo` leaves running."""
    home = house.local() / "demo"
    # The path of a unix socket may have 107 bytes, which a checkout's path may exceed.
    marker = home / "socket"
    if not marker.exists():
        home.mkdir(exist_ok=True)
        marker.write_text(tempfile.mkdtemp(prefix="reviewpro-"))
    return Server(home / "data", Path(marker.read_text()))


def start_demo() -> Server:
    server = demo_server()
    if not (server.data / "PG_VERSION").exists() or not server.socket.exists():
        server.stop()
        shutil.rmtree(server.data, ignore_errors=True)
        server.initialise()
    if not server.is_running():
        server.start()
    return server


@contextmanager
def test_server(extra: str = "", **how: Any) -> Iterator[Server]:  # noqa: PT028 (no test)
    """A new server in a temporary folder, gone afterwards; a crash of a backend fails the run.

    `extra` is text for postgresql.conf, where the last word counts; `how` names other fields of the server."""
    home = Path(tempfile.mkdtemp(prefix="reviewpro-"))
    home.chmod(0o755)
    server = Server(home / "data", home / "socket", **how)
    try:
        server.initialise(f"fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n{extra}")
        server.start()
        yield server
        check_log(server.log)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def check_log(log: Path) -> None:
    """No backend ended by a signal, no internal error: whatever the tests themselves have noticed."""
    for line in log.read_text(errors="replace").splitlines():
        if "was terminated by signal" in line or " XX000 " in line or "PANIC" in line:
            raise Failure(f"the server's log has: {line}")
