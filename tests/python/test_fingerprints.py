"""The published fingerprints: golden vectors, hashlib, plain SQL, and life in generated columns and indexes."""

from __future__ import annotations

import random
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
import reference
from corpus import edge_logs, own_logs
from findings import rows, survived, to_text
from golden import read_fingerprints, read_line_hashes

CONTENT_VECTORS = [
    (
        "Bandit",
        "B101",
        "src/app.py",
        "snippet:assert x == 1",
        1,
        "b7fc05c7b3f44584a8e874d1e2f0e717747c19fd06232a63b5394dbb0b228680",
    ),
    (
        "ruff",
        "E501",
        None,
        "message:Line too long (99 > 88) at #:#, py3.12, v12, 12.5, #.",
        2,
        "f7f0076d4e12d8e3a66502cf3942c43186f410d0b82d1352658d97e42376668c",
    ),
    (
        None,
        None,
        None,
        "message:No description available",
        1,
        "da74dc4998018a030f3dc99af71f00af23d0254a8607c0af9f865d937bb5841f",
    ),
    (
        "CodeQL",
        "js/xss",
        "src/É.js",
        "line:39fa2ee980eb94b0",
        1,
        "1721b0e4e28e23684840948bdd09df8349f591972251c0a25fc51bafe19578e0",
    ),
]
# The same bytes with what PostgreSQL has built in.
PLAIN_SQL = """
SELECT encode(sha256(string_agg(
           coalesce(int4send(octet_length(v)) || v, '\\xffffffff'::bytea), ''::bytea ORDER BY i)), 'hex')
FROM unnest(ARRAY[
         'reviewpro/content/v1',
         translate(%s, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'),
         %s, %s, %s, %s
     ]) WITH ORDINALITY AS parts (part, i), convert_to(part, 'UTF8') AS v
"""
ALPHABET = "aZ09 |:'\"\\\n\t_-.é中\U0001f600\u0301"


def random_text(source: random.Random, longest: int = 80) -> str:
    """Text with what is awkward in it."""
    return "".join(source.choices(ALPHABET, k=source.randrange(longest)))


def test_application_vectors(connection: psycopg.Connection, shared: Path, counted: list[int]) -> None:
    for *arguments, expected in read_fingerprints(shared):
        for kind in ("text", "uuid"):
            query = f"SELECT fingerprint(%s::{kind}, %s, %s, %s, %s, %s)"
            if "\0" in "".join(str(a) for a in arguments):
                continue
            assert connection.execute(query, arguments).fetchone() == (expected,), arguments
        counted.append(1)


def test_application_formula_is_hashlibs(connection: psycopg.Connection) -> None:
    source = random.Random(18)
    for _ in range(300):
        organization = str(uuid.UUID(int=source.getrandbits(128)))
        rule, path, message = (random_text(source) for _ in range(3))
        line, column = source.choice([0, 1, -1, 2**31 - 1, source.randrange(10**6)]), source.randrange(200)
        found = connection.execute(
            "SELECT fingerprint(%s::uuid, %s, %s, %s, %s, %s)", [organization, rule, path, line, column, message]
        ).fetchone()
        assert found == (reference.application(organization, rule, path, line, column, message),)


def test_nulls_of_the_application_formula(connection: psycopg.Connection) -> None:
    none = connection.execute("SELECT fingerprint('o'::text, NULL, NULL, NULL, NULL, 'm')").fetchone()
    assert none == (reference.application("o", None, None, None, None, "m"),)  # type: ignore[arg-type]
    assert connection.execute("SELECT fingerprint(NULL::text, 'r', 'p', 1, 1, 'm')").fetchone() == (None,)
    assert connection.execute("SELECT fingerprint('o'::text, 'r', 'p', 1, 1, NULL)").fetchone() == (None,)


@pytest.mark.parametrize("vector", CONTENT_VECTORS, ids=[str(v[0]) for v in CONTENT_VECTORS])
def test_content_vectors(connection: psycopg.Connection, vector: tuple[Any, ...]) -> None:
    *arguments, expected = vector
    assert connection.execute("SELECT content_fingerprint(%s, %s, %s, %s, %s)", arguments).fetchone() == (expected,)
    assert reference.content(*arguments) == expected


def test_content_formula_in_plain_sql(connection: psycopg.Connection) -> None:
    source = random.Random(6)
    for _ in range(200):
        tool, rule, path = (source.choice([None, random_text(source)]) for _ in range(3))
        key, occurrence = random_text(source, 300), source.randrange(1, 10**6)
        arguments = [tool, rule, path, key, occurrence]
        ours = connection.execute("SELECT content_fingerprint(%s, %s, %s, %s, %s)", arguments).fetchone()
        plain = connection.execute(PLAIN_SQL, [tool, rule, path, key, str(occurrence)]).fetchone()
        assert ours == plain == (reference.content(tool, rule, path, key, occurrence),)


def test_location_formula(connection: psycopg.Connection) -> None:
    for path, line, rule in [("a.c", 7, "R"), (None, None, None), ("C:\\x", 0, "r|s"), ("é.c", 2**31, "")]:
        found = connection.execute("SELECT location_fingerprint(%s, %s, %s)", [path, line, rule]).fetchone()
        assert found == (reference.location(path, line, rule),)


def test_rows_carry_the_content_fingerprint(connection: psycopg.Connection, counted: list[int]) -> None:
    for log in own_logs():
        document = log.document
        for row in rows(connection, log.raw, "bytea", {"kinds": None}):
            result = document["runs"][row["run_index"]]["results"][row["result_index"]]
            expected = reference.content(
                row["tool_name"],
                row["rule_id"],
                row["file_path"],
                reference.content_key(row, result),
                row["occurrence"],
            )
            assert row["fingerprint"] == expected, (log.name, row["result_index"])
            assert row["fingerprint_kind"] == "content-v1"
            counted.append(1)


def test_options_do_not_change_fingerprints(connection: psycopg.Connection, counted: list[int]) -> None:
    for log in own_logs() + edge_logs():
        try:
            whole = {
                (r["run_index"], r["result_index"]): r["fingerprint"]
                for r in rows(connection, log.raw, "bytea", {"kinds": None, "include_absent": True})
            }
        except psycopg.Error as error:
            survived(error)
            continue
        for options in ({}, {"suppressed": "exclude"}, {"per_location": True}):
            for row in rows(connection, log.raw, "bytea", options):
                if row["location_index"] == 0:
                    assert row["fingerprint"] == whole[row["run_index"], row["result_index"]], (log.name, options)
                    counted.append(1)


def test_stored_generated_column(connection: psycopg.Connection) -> None:
    connection.execute(
        """CREATE TEMPORARY TABLE kept (
               path text, line int, rule text, message text,
               by_place text GENERATED ALWAYS AS (location_fingerprint(path, line, rule)) STORED,
               whole text UNIQUE GENERATED ALWAYS AS (
                   fingerprint('acme'::text, rule, path, line, 1, message)) STORED)"""
    )
    insert = "INSERT INTO kept VALUES ('a.py', 3, 'R', 'm') ON CONFLICT (whole) DO NOTHING RETURNING by_place, whole"
    expected = (reference.location("a.py", 3, "R"), reference.application("acme", "R", "a.py", 3, 1, "m"))
    assert connection.execute(insert).fetchall() == [expected]
    assert connection.execute(insert).fetchall() == []


def test_expression_index(connection: psycopg.Connection) -> None:
    connection.execute(
        """CREATE TEMPORARY TABLE looked_up AS
           SELECT 'f' || i || '.py' AS path, i AS line FROM generate_series(1, 5000) i"""
    )
    connection.execute("CREATE UNIQUE INDEX ON looked_up (location_fingerprint(path, line, 'R'))")
    connection.execute("ANALYZE looked_up")
    query = "FROM looked_up WHERE location_fingerprint(path, line, 'R') = location_fingerprint('f7.py', 7, 'R')"
    plan = "\n".join(r[0] for r in connection.execute(f"EXPLAIN (COSTS OFF) SELECT * {query}"))
    assert "Index Scan" in plan or "Index Cond" in plan, plan
    assert connection.execute(f"SELECT path {query}").fetchall() == [("f7.py",)]


def test_line_hash_vectors(connection: psycopg.Connection, shared: Path, counted: list[int]) -> None:
    for vector in read_line_hashes(shared):
        if "\0" in vector["text"] or any("\ud800" <= c <= "\udfff" for c in vector["text"]):
            continue
        found = connection.execute("SELECT line, hash FROM sarif_line_hashes(%s)", [vector["text"]]).fetchall()
        assert {str(line): value for line, value in found} == vector["lines"], vector["name"]
        counted.append(len(found))


def test_duplicate_members_count_like_jsonb(connection: psycopg.Connection) -> None:
    """Equal results share an ordinal whatever the order of their members and the way their numbers are written."""
    one = '{"ruleId":"R","message":{"text":"m"},"rank":10}'
    same = '{"rank":1e1,"message":{"text":"m"},"ruleId":"R"}'
    other = to_text({"ruleId": "R", "message": {"text": "m"}, "rank": 11})
    head = '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":['
    document = f"{head}{one},{same},{other}]}}]}}"
    for overload in ("text", "jsonb"):
        assert [r["occurrence"] for r in rows(connection, document, overload)] == [1, 1, 2]
