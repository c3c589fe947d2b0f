"""The files for the Prometheus exporters, read by the exporters that Debian packages."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from corpus import ROOT
from psycopg.conninfo import conninfo_to_dict

OPERATIONS = ROOT / "docs" / "operations"


def exporter(package: str, folder: Path) -> Path:
    """The program of a Debian package: the installed one, or one that is fetched and unpacked, not installed."""
    if installed := shutil.which(package):
        return Path(installed)
    if not shutil.which("apt-get"):
        not_tested(f"{package} is not installed, and there is no apt-get to fetch it with: it was not tested")
    fetched = subprocess.run(["apt-get", "download", package], cwd=folder, capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.deb"))
    if not archives:
        not_tested(f"apt-get cannot fetch {package}, which was not tested: {fetched.stderr.strip()[-200:]}")
    subprocess.run(["dpkg-deb", "-x", archives[0], folder / "root"], check=True)
    return folder / "root" / "usr" / "bin" / package


def not_tested(reason: str) -> NoReturn:
    """Says what this machine cannot show; where CI runs that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_address() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"


@contextmanager
def scraped(command: list[str | Path], address: str, wanted: str, env: dict[str, str]) -> Iterator[str]:
    """The metrics of an exporter, once `wanted` is among them."""
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        text = ""
        for _ in range(200):
            try:
                text = urllib.request.urlopen(f"http://{address}/metrics", timeout=5).read().decode()
            except OSError:
                text = ""
            if wanted in text:
                break
            time.sleep(0.1)
        yield text
    finally:
        process.terminate()
        process.wait(10)


def has(text: str, name: str, *labels: str) -> bool:
    return any(line.startswith(name) and all(label in line for label in labels) for line in text.splitlines())


def call(connection: psycopg.Connection) -> None:
    connection.execute('SELECT count(*) FROM sarif_findings(\'{"version":"2.1.0","runs":[]}\'::text)')


def test_postgres_exporter(dsn: str, connection: psycopg.Connection, tmp_path: Path) -> None:
    call(connection)
    program, address = exporter("prometheus-postgres-exporter", tmp_path), free_address()
    command = [
        program, "--disable-default-metrics", "--disable-settings-metrics", f"--web.listen-address={address}",
        f"--extend.query-path={OPERATIONS / 'postgres_exporter.yaml'}",
    ]  # fmt: skip
    env = {"DATA_SOURCE_NAME": f"{dsn} sslmode=disable"}
    with scraped(command, address, "reviewpro_health_status_code{", env) as text:
        assert has(text, "# TYPE reviewpro_calls_total counter")
        assert has(text, "reviewpro_calls_total{", 'function="sarif_findings"')
        assert has(text, "reviewpro_health_status_code{", 'cpu_path="', "} 0")
        assert has(text, "# HELP reviewpro_health_stats_since_seconds Unix time at which counting began")


def test_sql_exporter(dsn: str, connection: psycopg.Connection, tmp_path: Path) -> None:
    call(connection)
    program, address = exporter("prometheus-sql-exporter", tmp_path), free_address()
    place = conninfo_to_dict(dsn)
    config = (OPERATIONS / "sql_exporter.yaml").read_text()
    url = f"postgres://{place['user']}@/{place['dbname']}?host={place['host']}&port={place['port']}&sslmode=disable"
    shown = "postgres://monitor@/app?host=/var/run/postgresql&sslmode=disable"
    assert shown in config
    (tmp_path / "config.yaml").write_text(config.replace(shown, url).replace("interval: 30s", "interval: 1s"))
    command = [program, "-config.file", tmp_path / "config.yaml", "-web.listen-address", address]
    with scraped(command, address, "sql_reviewpro_health{", {}) as text:
        assert has(text, "sql_reviewpro{", 'col="calls_total"', 'function="sarif_findings"')
        assert has(text, "sql_reviewpro_health{", 'col="status_code"', "} 0")
        assert has(text, "sql_exporter_last_scrape_failed{", 'query="reviewpro_health"', "} 0")
