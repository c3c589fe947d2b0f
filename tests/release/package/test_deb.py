"""The Debian packages: names, fields, files, and a server that finds the extension where they put it."""

from __future__ import annotations

import gzip
import hashlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from devtools import debian, house
from devtools.server import test_server as running_server

SCRIPTS = {path.name for path in (house.ROOT / "sql").glob(f"{house.EXTENSION}--*--*.sql")}
DOCUMENTS = {"copyright", "changelog.gz", "changelog.Debian.gz"}


def run(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def debs() -> Iterator[list[Path]]:
    """Both packages, in a folder that the server's user can reach."""
    with tempfile.TemporaryDirectory(prefix="reviewpro-") as folder:
        Path(folder).chmod(0o755)
        yield debian.build(Path(folder))


def fields(deb: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w-]+): (.*)$", run("dpkg-deb", "--field", deb), re.MULTILINE))


def listing(deb: Path) -> list[tuple[str, str, str]]:
    """Mode, owner and path of everything in it."""
    lines = run("dpkg-deb", "--contents", deb).splitlines()
    return [(parts[0], parts[1], parts[5].removeprefix("./")) for parts in (line.split(maxsplit=5) for line in lines)]


def files(deb: Path) -> set[str]:
    return {path for mode, _, path in listing(deb) if mode.startswith("-")}


def test_files(debs: list[Path]) -> None:
    main, debug = debs
    name = house.EXTENSION
    extension = {f"{name}.control", f"{name}--{house.version()}.sql", *SCRIPTS}
    assert files(main) == {
        f"usr/lib/postgresql/18/lib/{name}.so",
        *(f"usr/share/postgresql/18/extension/{file}" for file in extension),
        *(f"usr/share/doc/postgresql-18-reviewpro-pg/{file}" for file in DOCUMENTS),
    }
    symbols = {file for file in files(debug) if not file.startswith("usr/share/doc/")}
    assert len(symbols) == 1
    assert re.fullmatch(r"usr/lib/debug/\.build-id/[0-9a-f]{2}/[0-9a-f]+\.debug", symbols.pop())


def test_fields(debs: list[Path]) -> None:
    for deb in debs:
        found = fields(deb)
        assert deb.name == f"{found['Package']}_{found['Version']}_{found['Architecture']}.deb"
        assert found["Version"] == f"{house.version()}-1"
        assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", found["Package"])
        assert re.fullmatch(r"[^<>]+ <\S+@\S+>", found["Maintainer"])
        assert len(found["Description"]) <= 80
        assert not found["Description"].endswith(".")
        unpacked = sum(int(line.split()[2]) for line in run("dpkg-deb", "--contents", deb).splitlines()) / 1024
        assert abs(int(found["Installed-Size"]) - unpacked) < 10
    main, debug = map(fields, debs)
    assert re.fullmatch(r"postgresql-18, libc6 \(>= 2\.\d+\), libgcc-s1", main["Depends"])
    assert debug["Depends"] == f"{main['Package']} (= {main['Version']})"


def test_modes_and_owners(debs: list[Path]) -> None:
    for deb in debs:
        entries = listing(deb)
        assert len(entries) > 5
        assert {owner for _, owner, _ in entries} == {"root/root"}
        assert {mode for mode, _, _ in entries} == {"drwxr-xr-x", "-rw-r--r--"}


def test_sums_and_documents(debs: list[Path], tmp_path: Path) -> None:
    for deb in debs:
        tree = tmp_path / deb.stem
        run("dpkg-deb", "--raw-extract", deb, tree)
        sums = dict(line.split("  ")[::-1] for line in (tree / "DEBIAN" / "md5sums").read_text().splitlines())
        assert sums == {file: hashlib.md5((tree / file).read_bytes()).hexdigest() for file in files(deb)}
        documents = next((tree / "usr/share/doc").iterdir())
        licence = (documents / "copyright").read_text()
        assert licence.startswith("Format: ")
        assert "WITHOUT WARRANTY OF ANY KIND" in licence
        entry = gzip.decompress((documents / "changelog.Debian.gz").read_bytes()).decode()
        assert re.match(
            rf"\S+ \({re.escape(debian.revision())}\) \w+; urgency=\w+\n\n  \* .+\n\n -- .+ <.+>  \w", entry
        )
        lines = run("dpkg-deb", "--field", deb).splitlines()
        assert all(len(line) <= 80 for line in lines if line.startswith(" "))


def test_equal_input_gives_equal_packages(debs: list[Path], tmp_path: Path) -> None:
    again = debian.build(tmp_path)
    assert [deb.read_bytes() for deb in again] == [deb.read_bytes() for deb in debs]


def test_debug_symbols_belong_to_the_library(debs: list[Path], tmp_path: Path) -> None:
    """Same build id; the library is small without them, and they know files and lines."""
    for deb in debs:
        run("dpkg-deb", "-x", deb, tmp_path)
    library = tmp_path / debian.LIBRARY / f"{house.EXTENSION}.so"
    symbols = next(tmp_path.rglob("*.debug"))
    ids = [re.search(r"Build ID: (\w+)", run("readelf", "-n", path)) for path in (library, symbols)]
    assert all(ids)
    assert ids[0][1] == ids[1][1] == symbols.parent.name + symbols.stem
    assert ".debug_info" not in run("readelf", "-SW", library)
    address = next(
        line.split()[0] for line in run("nm", symbols).splitlines() if line.endswith(" fingerprint_text_wrapper")
    )
    assert re.search(r"/fingerprint\.rs:\d+", run("addr2line", "-e", symbols, f"0x{address}"))


def test_dpkg_installs_and_purges(debs: list[Path], tmp_path: Path) -> None:
    """Into an empty system: nothing is left when it goes."""
    state = tmp_path / "var/lib/dpkg"
    for folder in ("info", "updates", "triggers"):
        (state / folder).mkdir(parents=True)
    for file in ("status", "available"):
        (state / file).touch()
    dpkg = ["dpkg", f"--root={tmp_path}", "--force-not-root", "--force-depends", f"--log={tmp_path}/dpkg.log"]
    run(*dpkg, "--install", *debs)
    names = [fields(deb)["Package"] for deb in debs]
    assert (
        run("dpkg-query", f"--root={tmp_path}", "-W", "-f", "${db:Status-Status}\n", *names).split()
        == ["installed"] * 2
    )
    assert (tmp_path / debian.EXTENSION / f"{house.EXTENSION}.control").is_file()
    run(*dpkg, "--purge", *names[::-1])
    assert [path for path in (tmp_path / "usr").rglob("*") if path.is_file()] == []


def test_server_finds_what_was_unpacked(debs: list[Path]) -> None:
    """Without touching the server's folders: extension_control_path and dynamic_library_path point to the tree."""
    tree = debs[0].parent / "unpacked"
    run("dpkg-deb", "-x", debs[0], tree)
    settings = (
        f"extension_control_path = '{tree / debian.EXTENSION.parent}:$system'\n"
        f"dynamic_library_path = '{tree / debian.LIBRARY}:$libdir'\n"
    )
    with running_server(settings) as server, psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION reviewpro_pg")
        version, file = connection.execute(
            "SELECT reviewpro_version(), file_name FROM pg_get_loaded_modules() WHERE module_name = 'reviewpro_pg'"
        ).fetchone()
        assert (version, Path(file).name) == (house.version(), "reviewpro_pg.so")
        found = connection.execute(
            "SELECT rule_id FROM sarif_findings("
            """'{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"ruleId":"R","message":{"text":"m"}}]}]}'"""
            "::jsonb)"
        ).fetchall()
        assert found == [("R",)]
