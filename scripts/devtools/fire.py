"""`make fire`: the tests of ingest under fire, of load and of memory at their full sizes; about an hour."""

from __future__ import annotations

from .server import test_server
from .tests import run_python_tests

# Four runs of 25,000 are the 100,000 transactions; so many kills, cancels and timeouts each.
FULL = {
    "REVIEWPRO_FIRE_TRANSACTIONS": "25000",
    "REVIEWPRO_FIRE_FAULTS": "100",
    "REVIEWPRO_LOAD_SHARE": "1",
    "REVIEWPRO_REPEATS": "10000",
}
FILES = ["test_under_fire.py", "test_load.py", "test_memory.py"]


def run_fire(files: list[str]) -> None:
    with test_server() as server:
        run_python_tests(server, files or FILES, ["-s"], FULL)
