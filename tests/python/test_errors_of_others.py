"""Errors of functions that a query or an argument calls: they pass through the extension whole, and a query writes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

QUERY = "SELECT count(*) FROM cluster_query('SELECT i, {} FROM generate_series(1, 9) i')"
WINDOW = "SELECT count(c) FROM (SELECT cluster_dbscan({}, 0.1) OVER () AS c FROM generate_series(1, 9) i) s"
PLAIN = "SELECT count(*) FROM (SELECT {} FROM generate_series(1, 9) i OFFSET 0) s"
FIELDS = (
    "sqlstate",
    "message_primary",
    "message_detail",
    "message_hint",
    "schema_name",
    "table_name",
    "column_name",
    "datatype_name",
    "constraint_name",
)


@pytest.fixture(autouse=True)
def functions(connection: psycopg.Connection) -> Iterator[None]:
    """Functions of a vector that fail in several ways."""
    connection.execute("""
        CREATE SCHEMA others;
        SET search_path = others, public;
        CREATE DOMAIN small AS real CONSTRAINT less_than_five CHECK (value < 5);
        CREATE TABLE written (i int);
        CREATE SEQUENCE numbers;
        CREATE FUNCTION own_code(i int) RETURNS real[] LANGUAGE plpgsql AS $$
        BEGIN
            IF i = 5 THEN
                RAISE EXCEPTION 'no vector %', i USING ERRCODE = 'MY001', DETAIL = 'a detail', HINT = 'a hint',
                    CONSTRAINT = 'a constraint', TABLE = 'a table', SCHEMA = 'a schema', COLUMN = 'a column', DATATYPE = 'a type';
            END IF;
            RETURN ARRAY[1, i];
        END $$;
        CREATE FUNCTION broken_domain(i int) RETURNS real[] LANGUAGE plpgsql AS $$ BEGIN RETURN ARRAY[1, i::small]; END $$;
        CREATE FUNCTION syntax(i int) RETURNS real[] LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELEKT 1'; RETURN NULL; END $$;
        CREATE FUNCTION caught(i int) RETURNS real[] LANGUAGE plpgsql AS $$
        BEGIN
            RAISE NOTICE 'row %', i;
            RAISE EXCEPTION 'inner' USING ERRCODE = 'MY002';
        EXCEPTION WHEN SQLSTATE 'MY002' THEN
            IF i = 7 THEN
                RAISE EXCEPTION 'outer' USING ERRCODE = 'MY003';
            END IF;
            RETURN ARRAY[1, i];
        END $$;
        CREATE FUNCTION swallowed(i int) RETURNS real[] LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'inner' USING ERRCODE = 'MY002';
        EXCEPTION WHEN SQLSTATE 'MY002' THEN
            RETURN CASE WHEN i < 9 THEN ARRAY[1, i] ELSE ARRAY[1, 2, 3] END;
        END $$;
        CREATE FUNCTION raised_again(i int) RETURNS real[] LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 / 0;
        EXCEPTION WHEN division_by_zero THEN
            BEGIN
                RAISE EXCEPTION 'inner' USING ERRCODE = 'MY002', TABLE = 'inner table';
            EXCEPTION WHEN OTHERS THEN NULL;
            END;
            RAISE;
        END $$;
        CREATE FUNCTION writing(i int) RETURNS real[] LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO written VALUES (i);
            RETURN ARRAY[1, i];
        END $$;
    """)
    yield
    connection.execute("DROP SCHEMA others CASCADE; RESET search_path")


def failure(connection: psycopg.Connection, statement: str) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as raised:
        connection.execute(statement)
    return raised.value


@pytest.mark.parametrize("call", ["own_code(i)", "broken_domain(i)", "syntax(i)", "caught(i)"])
@pytest.mark.parametrize("form", [QUERY, WINDOW], ids=["query", "window"])
def test_an_error_keeps_all_that_it_says(connection: psycopg.Connection, form: str, call: str) -> None:
    wanted, found = (failure(connection, statement.format(call)) for statement in (PLAIN, form))
    assert found.sqlstate != "XX000"
    for name in FIELDS:
        assert getattr(found.diag, name) == getattr(wanted.diag, name), name
    for name in ("internal_query", "internal_position"):
        assert getattr(found.diag, name) == getattr(wanted.diag, name), name
    # Once, before what the calling statement adds.
    function = call.partition("(")[0]
    assert found.diag.context.count(f"function {function}(integer)") == 1
    assert found.diag.context.startswith(wanted.diag.context.splitlines()[0])


def test_a_block_catches_it_by_its_code(connection: psycopg.Connection) -> None:
    connection.execute("""
        CREATE FUNCTION others.tried() RETURNS text LANGUAGE plpgsql AS $$
        DECLARE told text;
        BEGIN
            FOR n IN 1..50 LOOP
                BEGIN
                    PERFORM * FROM cluster_query('SELECT i, own_code(i) FROM generate_series(1, 9) i');
                EXCEPTION WHEN SQLSTATE 'MY001' THEN
                    GET STACKED DIAGNOSTICS told = CONSTRAINT_NAME;
                END;
                -- An error of another kind, afterwards, is not mistaken for it.
                BEGIN
                    PERFORM 1 / 0;
                EXCEPTION WHEN division_by_zero THEN NULL;
                END;
            END LOOP;
            RETURN told;
        END $$
    """)
    assert connection.execute("SELECT others.tried()").fetchone() == ("a constraint",)


@pytest.mark.parametrize("form", [QUERY, WINDOW], ids=["query", "window"])
def test_our_own_error_is_not_mistaken_for_one_that_was_caught(connection: psycopg.Connection, form: str) -> None:
    error = failure(connection, form.format("swallowed(i)"))
    assert error.sqlstate != "MY002"
    assert "dimension" in error.diag.message_primary or "dimension" in (error.diag.message_detail or "")


@pytest.mark.parametrize("form", [QUERY, WINDOW], ids=["query", "window"])
def test_an_error_that_is_raised_again_gets_nothing_of_another(connection: psycopg.Connection, form: str) -> None:
    error = failure(connection, form.format("raised_again(i)"))
    assert (error.sqlstate, error.diag.message_primary, error.diag.table_name) == ("22012", "division by zero", None)


def test_a_query_writes_nothing_by_its_functions_either(connection: psycopg.Connection) -> None:
    assert failure(connection, QUERY.format("writing(i)")).sqlstate == "25006"
    assert failure(connection, QUERY.format("ARRAY[nextval(''others.numbers''), 1]::real[]")).sqlstate == "25006"
    # Before and after, the transaction writes.
    with connection.transaction():
        connection.execute("INSERT INTO others.written VALUES (0)")
        with pytest.raises(psycopg.Error), connection.transaction():
            connection.execute(QUERY.format("writing(i)"))
        connection.execute(QUERY.format("ARRAY[1, i]::real[]"))
        connection.execute("INSERT INTO others.written VALUES (10)")
    assert connection.execute("SELECT array_agg(i ORDER BY i) FROM others.written").fetchone() == ([0, 10],)
