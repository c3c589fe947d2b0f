"""Calls of ingest_sarif for tests."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

APP_TABLE = (Path(__file__).parent / "app_findings.sql").read_text()
ORGANIZATION = uuid.UUID(int=1)
REPOSITORY = uuid.UUID(int=2)
COUNTED = ("inserted", "updated", "unchanged", "duplicates", "skipped")


def ingest(
    connection: psycopg.Connection,
    log: str | bytes,
    *,
    organization: uuid.UUID = ORGANIZATION,
    repository: uuid.UUID = REPOSITORY,
    scan: uuid.UUID | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Ingests a log; the counts must add up."""
    named = [sql.SQL("{} => %s").format(sql.Identifier(name)) for name in options]
    kind = sql.SQL("bytea" if isinstance(log, bytes) else "text")
    call = sql.SQL("SELECT * FROM ingest_sarif({})").format(
        sql.SQL(", ").join([sql.SQL("%s::") + kind, *[sql.SQL("%s::uuid")] * 3, *named])
    )
    values = [Jsonb(v) if isinstance(v, dict) else v for v in options.values()]
    with connection.cursor(row_factory=dict_row) as cursor:
        result = cursor.execute(call, [log, organization, repository, scan or uuid.uuid4(), *values]).fetchone()
    assert result is not None
    assert sum(result[name] for name in COUNTED) + len(result["errors"]) == result["total"], result
    assert result["reopened"] <= result["updated"], result
    return result


def make_log(rules: list[str], tool: str = "t") -> str:
    """A log with one result per rule."""
    results = [
        {
            "ruleId": rule,
            "message": {"text": f"message of {rule}"},
            "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": f"src/{rule}.py"}, "region": {"startLine": 1}}}
            ],
        }
        for rule in rules
    ]
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": tool}}, "results": results}]})
