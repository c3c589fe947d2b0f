"""`make mutants`: a defect is put into the core, and a test must fail; some two thousand times. .cargo/mutants.toml says where.

cargo-mutants finds the places; run_mutants.py compiles all defects into one program, which takes an hour instead of a day.
"""

from __future__ import annotations

from . import house
from .setup import install_cargo_program, install_python_packages, setup
from .shell import run, step

CARGO_MUTANTS = "27.1.0"
PARSER = ["tree-sitter==0.26.1", "tree-sitter-rust==0.24.2"]


def mutants(options: list[str]) -> None:
    """`--file core/src/sarif/level.rs` is for one file, `--again` for what the last run missed; other options are those of
    `cargo mutants --list`, such as `--shard 0/8` for an eighth.
    """
    setup()
    install_cargo_program("cargo-mutants", CARGO_MUTANTS)
    home = house.local() / "mutants"
    install_python_packages(home / "venv", PARSER, "a parser of Rust")
    env = house.cargo_env()
    # Kept between runs: what the core needs is compiled once.
    env.setdefault("CARGO_TARGET_DIR", str(house.ROOT / "target"))
    with step("Mutants"):
        python, program = home / "venv" / "bin" / "python", house.ROOT / "scripts" / "devtools" / "run_mutants.py"
        run(
            [python, "-u", program, house.ROOT, home, *options],
            env=env,
            failure="the tests notice too few defects",
        )
