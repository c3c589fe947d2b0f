"""A browser, and pages of hostile findings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FOLDER_VARIABLE = "REVIEWPRO_BROWSER"
DSN_VARIABLE = "REVIEWPRO_DSN"


def setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.exit(f"{name} is not set: `make test STAGES=browser` sets it", returncode=pytest.ExitCode.USAGE_ERROR)
    return value


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium of its own, with the libraries and the fonts that came with it."""
    folder = Path(setting(FOLDER_VARIABLE))
    env = {
        **os.environ,
        "LD_LIBRARY_PATH": str(folder / "lib"),
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
    }
    # The sandbox needs rights that a container does not give; the pages are ours.
    options = ["--no-sandbox", "--disable-gpu"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(folder / "chromium"), env=env, args=options)
        yield opened
        opened.close()


@pytest.fixture
def connection() -> Iterator[psycopg.Connection]:
    """A transaction that is rolled back."""
    with psycopg.connect(setting(DSN_VARIABLE)) as opened:
        yield opened
        opened.rollback()
