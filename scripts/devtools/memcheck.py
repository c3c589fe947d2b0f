"""`make asan` and `make valgrind`: a real server whose memory is watched while the tests run against it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import house, tests
from .build import build_variant
from .server import ENVIRONMENT, test_server
from .setup import install_debian_packages
from .shell import Failure, output, say, step

# Of the tests in Python, those that call every function with awkward values, cancel, fail and count on many threads. A test of
# memory would measure the watcher.
WATCHED = [
    "test_garden.py",
    "test_bad_input.py",
    "test_cancel.py",
    "test_cluster_sql.py",
    "test_ingest.py",
    "test_labels.py",
]
TARGET = "x86_64-unknown-linux-gnu"
# Memory that another allocator hands out is one block to a watcher.
ALLOCATOR = ("--features", "system_allocator")


@contextmanager
def reports() -> Iterator[Path]:
    """A folder for the watcher's reports; one that is not empty in the end fails the run."""
    folder = Path(tempfile.mkdtemp(prefix="reviewpro-"))
    if house.SERVER_USER:
        shutil.chown(folder, house.SERVER_USER)
    try:
        yield folder
        written = [path for path in sorted(folder.iterdir()) if path.stat().st_size > 0]
        for path in written[:3]:
            print(path.read_text(errors="replace")[:6000], flush=True)
        if written:
            raise Failure(f"{len(written)} processes were reported")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def asan() -> None:
    """The library built with AddressSanitizer, in an ordinary server: heap, stack and globals of our own code and of the
    crates. PostgreSQL's own memory contexts are one block each to it: they are valgrind's."""
    env = house.cargo_env() | {
        # The sanitizers of the stable compiler are an unstable option.
        "RUSTC_BOOTSTRAP": "1",
        "RUSTFLAGS": "-Zsanitizer=address -Cforce-frame-pointers=yes",
    }
    extension = build_variant("asan", env, "--profile", "optimized", "--target", TARGET, *ALLOCATOR)
    with step("AddressSanitizer: regression scripts and tests in Python"), reports() as told:
        environment = {
            "LD_PRELOAD": output(["gcc", "-print-file-name=libasan.so"]),
            # PostgreSQL leaves its memory to the end of the process.
            "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:verify_asan_link_order=0:handle_abort=0:"
            f"log_path={told}/asan",
        }
        with test_server(extension=extension, environment=environment) as server:
            tests.stage_regress(server)
            # What the tests start themselves is watched too, and everything takes several times as long.
            told_tests = {ENVIRONMENT: json.dumps(environment), "REVIEWPRO_SLOWNESS": "10"}
            tests.run_python_tests(server, WATCHED, sizes=told_tests)
    say("AddressSanitizer: no report")


def valgrind() -> None:
    """The regression scripts on a server under memcheck. Its simulated processor has AVX2, not AVX-512."""
    install_debian_packages(["valgrind"])
    extension = build_variant("valgrind", house.cargo_env(), "--profile", "optimized", *ALLOCATOR)
    with step("valgrind: regression scripts"), reports() as told:
        wrapper = told.parent / f"{told.name}.sh"
        suppressions = house.ROOT / "tests" / "valgrind.supp"
        wrapper.write_text(
            "#!/bin/sh\n"
            f"exec valgrind --quiet --leak-check=no --error-exitcode=0 --gen-suppressions=all --trace-children=yes "
            f'--suppressions={suppressions} --log-file={told}/%p {house.bindir()}/postgres "$@"\n'
        )
        wrapper.chmod(0o755)
        try:
            with test_server(extension=extension, postgres=wrapper) as server:
                tests.stage_regress(server)
        finally:
            wrapper.unlink()
    say("valgrind: no report")
