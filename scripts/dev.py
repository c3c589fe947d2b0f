"""The commands behind the Makefile's targets: `python3 scripts/dev.py --help`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from devtools import bench, coverage, demo, fire, house, memcheck, mutants, package, release, server, sqlsmith, tests
from devtools.build import build
from devtools.setup import setup
from devtools.shell import Failure, say


def command_setup(_: argparse.Namespace) -> None:
    setup()


def command_build(_: argparse.Namespace) -> None:
    setup()
    build()


def command_demo(_: argparse.Namespace) -> None:
    setup()
    build()
    demo.run_demo(server.start_demo())


def command_psql(_: argparse.Namespace) -> None:
    running = server.demo_server()
    if not running.is_running():
        raise Failure("no demo is running: run 'make demo' first")
    psql = str(house.bindir() / "psql")
    os.execve(psql, [psql], running.env(demo.DATABASE))


def command_stop(_: argparse.Namespace) -> None:
    if (house.venv() / "installed").exists():
        server.demo_server().stop()


def command_clean(arguments: argparse.Namespace) -> None:
    command_stop(arguments)
    shutil.rmtree(house.local(), ignore_errors=True)
    shutil.rmtree(house.ROOT / "target", ignore_errors=True)


def command_test(arguments: argparse.Namespace) -> None:
    tests.run_stages(arguments.stages)


def command_fire(arguments: argparse.Namespace) -> None:
    setup()
    build()
    fire.run_fire(arguments.files)


def command_coverage(arguments: argparse.Namespace) -> None:
    coverage.coverage(arguments.parts)


def command_mutants(arguments: argparse.Namespace) -> None:
    mutants.mutants(arguments.further)


def command_asan(_: argparse.Namespace) -> None:
    setup()
    build()
    memcheck.asan()


def command_valgrind(_: argparse.Namespace) -> None:
    setup()
    build()
    memcheck.valgrind()


def command_sqlsmith(_: argparse.Namespace) -> None:
    setup()
    build()
    sqlsmith.sqlsmith()


def command_bench(arguments: argparse.Namespace) -> None:
    setup()
    build()
    bench.bench(arguments.size, arguments.options)


def command_package(_: argparse.Namespace) -> None:
    setup()
    build()
    package.package()


def command_install(_: argparse.Namespace) -> None:
    package.install()


def command_install_embed(_: argparse.Namespace) -> None:
    package.install_embed()


def command_freeze(_: argparse.Namespace) -> None:
    setup()
    build()
    release.freeze()


def command_bump(arguments: argparse.Namespace) -> None:
    release.bump(arguments.version)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, text in {
        "setup": "install what is missing",
        "build": "build the extension",
        "demo": "run the main job on an embedded PostgreSQL",
        "psql": "open a shell on the demo's database",
        "stop": "stop the demo's server",
        "clean": "stop it and remove everything that was built or installed",
        "test": "run every test, or the named stages",
        "fire": "run the tests under fire and of load at their full sizes, about an hour",
        "coverage": "say which lines the tests run: of the core, of the bridge in real backends",
        "mutants": "change the core in a thousand places, and see whether a test notices",
        "asan": "run the tests against a library that AddressSanitizer watches",
        "valgrind": "run the regression scripts on a server under valgrind",
        "sqlsmith": "send random queries over the extension's functions",
        "bench": "run the comparisons with rivals, and compare their ratios with those recorded",
        "package": "make the packages: for Debian, for PGXN",
        "install": "copy what was built into the folders of the server that PG_CONFIG names (under DESTDIR)",
        "install-embed": "the same for reviewpro_embed, and its worker beside the server's programs",
        "freeze": "write the snapshot of this version's SQL into sql/released",
        "bump": "begin the next version: all places that name it, its upgrade script, its section of the changelog",
    }.items():
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=globals()[f"command_{name.replace('-', '_')}"])
        if name == "test":
            command.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(tests.STAGES))
        elif name == "fire":
            command.add_argument("files", nargs="*", metavar="FILE", help="some of them, such as test_under_fire.py")
        elif name == "bench":
            command.add_argument("size", choices=["quick", "full"])
            command.add_argument("options", nargs=argparse.REMAINDER, help="passed on to benches/run.py")
        elif name == "coverage":
            command.add_argument("parts", nargs="*", choices=["core", "backend"], metavar="PART", help="core, backend")
        elif name == "mutants":
            command.usage = "%(prog)s [--again] [--file FILE ...] [OPTION OF cargo mutants --list ...]"
        elif name == "bump":
            command.add_argument("version", help="such as 0.2.0")
    # argparse takes a command's options for its own, even those of REMAINDER when they come first.
    arguments, arguments.further = parser.parse_known_args()
    if arguments.further and arguments.run is not command_mutants:
        parser.error(f"unrecognized arguments: {' '.join(arguments.further)}")
    try:
        arguments.run(arguments)
    except Failure as failure:
        say(f"error: {failure}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
