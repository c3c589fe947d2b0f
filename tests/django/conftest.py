"""Fixtures of the companion's tests. The server is the one that REVIEWPRO_DSN names."""

from __future__ import annotations

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    if not os.environ.get("REVIEWPRO_DSN"):
        pytest.exit("REVIEWPRO_DSN is not set: `make test STAGES=django` starts a server and sets it", returncode=4)
