"""The stage `fuzz`: every fuzz target for some seconds, from its seeds. A finding stays in fuzz/artifacts."""

from __future__ import annotations

import os
import sys

from . import house
from .setup import install_cargo_program
from .shell import Failure, output, run, step

FUZZ = house.ROOT / "fuzz"
CARGO_FUZZ = "0.13.2"


def seconds() -> int:
    """How long each target runs: REVIEWPRO_FUZZ_SECONDS."""
    return int(os.environ.get("REVIEWPRO_FUZZ_SECONDS", "20"))


def stage_fuzz() -> None:
    install_cargo_program("cargo-fuzz", CARGO_FUZZ)
    targets = sorted(path.stem for path in (FUZZ / "fuzz_targets").glob("*.rs"))
    if not targets:
        raise Failure("no fuzz target was found")
    print(output([sys.executable, FUZZ / "seeds.py"]).strip(), flush=True)
    limits = [
        f"-max_total_time={seconds()}",
        "-rss_limit_mb=1024",
        "-timeout=10",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    for target in targets:
        with step(f"Tests: fuzz, {target}"):
            # The stable toolchain has no sanitizers; panics, time and memory are what is looked for.
            run(["cargo", "fuzz", "run", "-s", "none", target, "--", *limits], env=house.cargo_env(), cwd=house.ROOT)
