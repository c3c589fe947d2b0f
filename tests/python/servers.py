"""Servers that a test may hurt, their standbys, and how to kill one: all in temporary folders, on unix sockets only."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from corpus import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

from devtools import house
from devtools.server import Server
from devtools.shell import Failure, output


@contextmanager
def _folder() -> Iterator[Server]:
    """A server's place, not filled yet; stopped and removed in the end."""
    home = Path(tempfile.mkdtemp(prefix="reviewpro-"))
    home.chmod(0o755)
    server = Server(home / "data", home / "socket")
    try:
        yield server
    finally:
        if (server.data / "postmaster.pid").exists():
            try:
                server.stop()
            except Failure:
                # One that was told to stop while it recovers from a crash may wait for ever.
                with suppress(ProcessLookupError):
                    os.kill(postmaster(server), signal.SIGQUIT)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def durable_server(extra: str = "", database: str = "faults") -> Iterator[Server]:
    """A server with PostgreSQL's own durable settings, and a database with the extension.

    `extra` is text for postgresql.conf, where the last word counts."""
    with _folder() as server:
        server.initialise(extra)
        server.start()
        server.create_database(database)
        yield server


@contextmanager
def standby_of(source: str, extra: str = "", name: str = "standby") -> Iterator[Server]:
    """A hot standby of the server behind a connection string, streaming under that application name."""
    with psycopg.connect(source) as connection:
        place = connection.info
        conninfo = f"host={place.host} port={place.port} user={place.user} application_name={name}"
    with _folder() as copy:
        for folder in (copy.data.parent, copy.socket):
            folder.mkdir(exist_ok=True)
            if house.SERVER_USER:
                shutil.chown(folder, house.SERVER_USER)
        copy.socket.chmod(0o755)
        output(
            [house.bindir() / "pg_basebackup", "-D", copy.data, "-R", "-c", "fast", "-X", "stream", "-d", conninfo],
            env=house.plain_env(),
            user=house.SERVER_USER,
        )
        with (copy.data / "postgresql.conf").open("a") as conf:
            conf.write(f"unix_socket_directories = '{copy.socket}'\n{extra}")
        copy.start()
        yield copy


def postmaster(server: Server) -> int:
    """The process id of a running server."""
    return int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])


def children(pid: int) -> list[int]:
    """The process ids of a process's children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # Between the listing and the reading a process may have ended.
        with suppress(OSError):
            # The name, in parentheses, may hold anything.
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def kill_server(server: Server) -> None:
    """SIGKILL for the postmaster and all its children at once: what a lost machine looks like to a standby."""
    first = postmaster(server)
    for pid in (first, *children(first)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    # There is nothing left to stop, though the dead may be listed until somebody asks for them.
    (server.data / "postmaster.pid").unlink()


def promote(server: Server) -> None:
    """Makes a standby the primary, and waits until it is."""
    output(
        [house.bindir() / "pg_ctl", "-D", server.data, "-w", "-s", "promote"],
        env=house.plain_env(),
        user=house.SERVER_USER,
    )


def connect(dsn: str) -> psycopg.Connection:
    """A connection in autocommit mode, once the server is back."""
    for _ in range(300):
        try:
            return psycopg.connect(dsn, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError("the server did not come back")
