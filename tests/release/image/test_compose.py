"""compose.yaml: valid, and with what PostgreSQL 18's images need."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from devtools import house

COMPOSE = house.ROOT / "compose.yaml"
READER = Path(__file__).with_name("read_compose.py")


def interpolated(text: str, variables: dict[str, str]) -> str:
    """As Compose replaces ${NAME}, ${NAME:-default} and ${NAME:?error}; $$ is a dollar."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if found[0] == "$$":
            return "$"
        if name in variables:
            return variables[name]
        if kind == "-":
            return rest
        raise KeyError(f"{name}: {rest}")

    return re.sub(r"\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}", value, text)


def read(text: str) -> subprocess.CompletedProcess[str]:
    python = house.local() / "image-tools" / "bin" / "python"
    return subprocess.run([python, READER], input=text, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def services() -> dict[str, dict]:
    done = read(interpolated(COMPOSE.read_text(), {"POSTGRES_PASSWORD": "secret"}))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["services"]


def test_password_is_asked_for() -> None:
    with pytest.raises(KeyError, match="POSTGRES_PASSWORD"):
        interpolated(COMPOSE.read_text(), {})


@pytest.mark.parametrize("wrong", ["shm_sized: 1", "healthcheck: 5", "restart: perhaps"])
def test_invalid_file_is_noticed(wrong: str) -> None:
    assert read(f"services:\n  postgres:\n    image: x\n    {wrong}\n").returncode != 0


def test_data_volume_is_where_postgresql_18_wants_it(services: dict[str, dict]) -> None:
    assert services["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


def test_builds_the_target_that_there_is(services: dict[str, dict]) -> None:
    build = services["postgres"]["build"]
    dockerfile = (house.ROOT / build["dockerfile"]).read_text()
    assert re.search(rf"^FROM \S+ AS {build['target']}$", dockerfile, re.MULTILINE)


def test_health_is_asked_over_tcp_as_user_of_the_database(services: dict[str, dict]) -> None:
    check = services["postgres"]["healthcheck"]["test"]
    assert "-h 127.0.0.1" in check
    assert '-U "$POSTGRES_USER" -d "$POSTGRES_DB"' in check
    assert {"POSTGRES_USER", "POSTGRES_DB"} <= services["postgres"]["environment"].keys()


def test_published_on_this_machine_only(services: dict[str, dict]) -> None:
    assert all(port.startswith("127.0.0.1:") and port.endswith(":5432") for port in services["postgres"]["ports"])


def test_application_finds_the_database(services: dict[str, dict]) -> None:
    """By the service's name and its own port, once it is healthy."""
    database = services["postgres"]["environment"]
    web = services["web"]
    expected = f"postgres://{database['POSTGRES_USER']}:secret@postgres:5432/{database['POSTGRES_DB']}"
    assert web["environment"]["DATABASE_URL"] == expected
    assert web["depends_on"] == {"postgres": {"condition": "service_healthy"}}
