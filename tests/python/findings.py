"""Calls of sarif_findings for tests: one place that knows the overloads and how to name options."""

from __future__ import annotations

import json
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

OVERLOADS = ("text", "json", "jsonb", "bytea")


def call(
    document: str | bytes, overload: LiteralString, options: dict[str, Any] | None = None
) -> tuple[sql.Composed, list[Any]]:
    """A FROM item that calls one overload, with its parameters."""
    named = options or {}
    arguments = [sql.SQL("%s::{}").format(sql.SQL(overload))]
    arguments += [sql.SQL("{} => %s").format(sql.Identifier(name)) for name in named]
    values = [Jsonb(v) if isinstance(v, dict) else v for v in named.values()]
    return sql.SQL("sarif_findings({})").format(sql.SQL(", ").join(arguments)), [document, *values]


def rows(
    connection: psycopg.Connection,
    document: str | bytes,
    overload: LiteralString,
    options: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The rows as dictionaries."""
    source, values = call(document, overload, options)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql.SQL("SELECT * FROM {}").format(source), values).fetchall()


def digest(
    connection: psycopg.Connection,
    document: str | bytes,
    overload: LiteralString,
    options: dict[str, Any] | None = None,
) -> tuple[int, str | None] | str:
    """Number of rows and a digest over all columns in order, or the SQLSTATE of the error."""
    source, values = call(document, overload, options)
    query = sql.SQL(
        "SELECT count(*), md5(string_agg(f::text, E'\\n' ORDER BY run_index, result_index, location_index)) FROM {} f"
    ).format(source)
    try:
        return connection.execute(query, values).fetchone()
    except psycopg.Error as error:
        survived(error)
        return error.sqlstate or ""


def survived(error: psycopg.Error) -> None:
    """Raises an error that no test may pass over: a lost connection, or a defect by its SQLSTATE."""
    if error.sqlstate is None or error.sqlstate.startswith(("XX", "58")):
        raise error


def as_jsonb(connection: psycopg.Connection, text: str) -> bool:
    """Whether jsonb can hold a document at all (it refuses U+0000, lone surrogates and what is not JSON)."""
    try:
        connection.execute("SELECT %s::jsonb", [text])
    except psycopg.Error as error:
        survived(error)
        return False
    return True


def to_text(document: Any) -> str:
    """A Python value as compact JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
