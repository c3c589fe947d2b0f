"""The same code scanned before and after five lines of comment went into the top of every file."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from corpus import OWN, Log, read_folder
from findings import rows


def pairs() -> list[tuple[Log, Log]]:
    """The logs of moved/ with those of the same name in logs/."""
    before = {log.name: log for log in read_folder(OWN / "logs")}
    found = [(before[log.name], log) for log in read_folder(OWN / "moved")]
    assert found, "no pair of logs"
    return found


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: pair[0].name.split(".")[0])
def test_content_fingerprints_survive_and_stay_distinct(connection: psycopg.Connection, pair: tuple[Log, Log]) -> None:
    before, after = (rows(connection, log.raw, "bytea") for log in pair)
    assert before
    assert [r["fingerprint"] for r in before] == [r["fingerprint"] for r in after]
    assert len({r["fingerprint"] for r in before}) == len(before)
    assert all(b["start_line"] == a["start_line"] - 5 for b, a in zip(before, after, strict=True))


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: pair[0].name.split(".")[0])
def test_the_applications_fingerprint_does_not(connection: psycopg.Connection, pair: tuple[Log, Log]) -> None:
    options = {"mode": "compat", "organization_id": str(uuid.UUID(int=1))}
    before, after = ([r["fingerprint"] for r in rows(connection, log.raw, "bytea", options)] for log in pair)
    assert not any(b == a for b, a in zip(before, after, strict=True))
