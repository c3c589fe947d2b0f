"""The main job on real input: logs in, stored, deduplicated, clustered findings out."""

from __future__ import annotations

from . import house
from .server import Server
from .shell import run

DATABASE = "demo"


def run_demo(server: Server) -> None:
    server.create_database(DATABASE)
    run(
        [house.bindir() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "demo/demo.sql"],
        env=server.env(DATABASE),
        cwd=house.ROOT,
    )
