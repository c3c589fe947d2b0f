"""The garden: every function of the extension with every awkward value of each of its arguments.

A statement may succeed or fail, but with an SQLSTATE that tells of its input: never by a signal, a lost connection, an
internal error or without end. A new function is covered as soon as it is installed. REVIEWPRO_GARDEN sets how many
calls with all arguments awkward follow for each function (default 20).
"""

from __future__ import annotations

import collections
import os
import random
import time
from collections.abc import Iterator

import psycopg
import pytest
from garden import FUNCTIONS, Function, function, statements, unplanted

ALL_AWKWARD = int(os.environ.get("REVIEWPRO_GARDEN", "20"))
TIMEOUT_SECONDS = 20
# Internal errors, system errors, damaged settings, and a timeout: a call that ends by it has no bound.
FORBIDDEN = ("XX", "58", "F0", "0L", "57")


@pytest.fixture(scope="module")
def garden(dsn: str) -> Iterator[str]:
    """A database with a table of findings in it, and with casts that let damaged bytes in."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS reviewpro_garden WITH (FORCE)")
        connection.execute("CREATE DATABASE reviewpro_garden")
        place = psycopg.conninfo.make_conninfo(dsn, dbname="reviewpro_garden")
        with psycopg.connect(place, autocommit=True) as made:
            made.execute("CREATE EXTENSION reviewpro_pg")
            made.execute("SELECT create_findings_table('garden')")
            made.execute("CREATE CAST (bytea AS text) WITHOUT FUNCTION")
            made.execute("CREATE CAST (bytea AS jsonb) WITHOUT FUNCTION")
        yield place
        connection.execute("DROP DATABASE reviewpro_garden WITH (FORCE)")


def open_session(dsn: str) -> psycopg.Connection:
    connection = psycopg.connect(dsn, autocommit=True)
    connection.execute(f"SET statement_timeout = '{TIMEOUT_SECONDS}s'")
    # Less memory than a call with counts of 2147483647 would like to have.
    connection.execute("SET reviewpro.max_memory = '256MB'")
    return connection


def functions(connection: psycopg.Connection) -> list[Function]:
    found = [function(row) for row in connection.execute(FUNCTIONS).fetchall()]
    assert len(found) > 60, "the extension has more functions than that"
    assert not unplanted(found), "give these types a tame value and awkward ones"
    return found


def state_of(connection: psycopg.Connection, statement: str, *, in_transaction: bool) -> str:
    """The SQLSTATE that a statement ends with; what it did is undone where that can be."""
    try:
        if not in_transaction:
            connection.execute(statement).fetchall()
            return "00000"
        with connection.transaction(force_rollback=True):
            connection.execute(statement).fetchall()
    except psycopg.Error as error:
        return error.sqlstate or "lost connection"
    return "00000"


def test_garden(garden: str, counted: list[int]) -> None:
    states: collections.Counter[str] = collections.Counter()
    examples: dict[str, str] = {}
    wrong, worked, slowest = [], set(), (0.0, "")
    chooser = random.Random(20)
    connection = open_session(garden)
    every = functions(connection)
    for each in every:
        for statement in statements(each, ALL_AWKWARD, chooser):
            started = time.monotonic()
            state = state_of(connection, statement, in_transaction=each.kind != "p")
            slowest = max(slowest, (time.monotonic() - started, statement[:200]))
            states[state] += 1
            examples.setdefault(state, statement[:200])
            counted.append(1)
            if state == "00000":
                worked.add(each)
            if state == "lost connection" or state.startswith(FORBIDDEN):
                wrong.append(f"{state}: {statement[:400]}")
            if connection.closed:
                connection = open_session(garden)
    connection.close()
    print(f"{len(every)} functions, {sum(states.values())} calls, {states}\nslowest {slowest[0]:.1f} s: {slowest[1]}")
    print("\n".join(f"{state}: {statement}" for state, statement in sorted(examples.items())))
    assert not wrong, f"{len(wrong)} calls\n" + "\n".join(wrong[:20])
    # A garden in which nothing grows shows nothing.
    callable_from_sql = {each.name for each in every if "internal" not in each.types}
    assert callable_from_sql == {each.name for each in worked}


FORGED = (
    "",
    "00",
    "00000020",
    "ffffffff",
    "01000020",
    "010000200000007f",
    "0100002000000080",
    "ffffff2f00000000",
    "ffffff4f00000000",
    "0200004001000080010000800000008061",
    "010000400400008004000090ffffffff",
    "01000040040000800400001072756e73ffffff7f",
    "0100002004000050ffffffff",
)


def test_forged_jsonb(garden: str, counted: list[int]) -> None:
    """Bytes that are no jsonb, under the name of one: rows or an SQLSTATE, of which XX001 is the right one."""
    chooser = random.Random(21)
    connection = open_session(garden)
    wrong, states = [], set()
    for each in functions(connection):
        if each.language != "c" or "jsonb" not in each.types:
            continue
        at = each.types.index("jsonb")
        forged = [f"'\\x{value}'" for value in FORGED]
        forged += [f"decode(repeat('{chooser.randbytes(8).hex()}', {n}), 'hex')" for n in range(1, 9)]
        for value in forged:
            statement = each.statement({at: f"({value}::bytea)::jsonb"})
            state = state_of(connection, statement, in_transaction=True)
            counted.append(1)
            states.add(state)
            if state == "lost connection" or (state.startswith(FORBIDDEN) and state != "XX001"):
                wrong.append(f"{state}: {statement[:300]}")
            if connection.closed:
                connection = open_session(garden)
    connection.close()
    assert not wrong, "\n".join(wrong[:20])
    assert "XX001" in states, "nobody noticed that the bytes are no jsonb"
