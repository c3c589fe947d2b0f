"""Every object's comment ends with an example, and every example runs."""

from __future__ import annotations

import psycopg
from psycopg import sql

# What belongs to the extension and has a comment, but for columns.
COMMENTS = """
    SELECT pg_describe_object(d.classid, d.objid, 0) AS object, c.description
    FROM pg_depend d
    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_pg'
    JOIN pg_description c ON c.objoid = d.objid AND c.classoid = d.classid AND c.objsubid = 0
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    ORDER BY 1
"""
FUNCTIONS = """
    SELECT pg_describe_object(d.classid, d.objid, 0)
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_pg'
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass
"""
# Longer comments are no help in \\df+.
LONGEST = 500
MARK = "Example: "


def examples(connection: psycopg.Connection) -> dict[str, str]:
    """The example of each object that has one."""
    comments = dict(connection.execute(COMMENTS).fetchall())
    return {name: text.split(MARK, 1)[1] for name, text in comments.items() if MARK in text}


def test_every_function_has_an_example(connection: psycopg.Connection) -> None:
    functions = {name for (name,) in connection.execute(FUNCTIONS)}
    assert len(functions) > 40
    assert functions - set(examples(connection)) == set()


def test_every_example_runs(connection: psycopg.Connection, counted: list[int]) -> None:
    """Each by itself, where there is the table `findings`, but for the example that creates it."""
    failures = []
    for name, example in examples(connection).items():
        connection.execute("DROP SCHEMA IF EXISTS example CASCADE")
        connection.execute("CREATE SCHEMA example")
        try:
            connection.execute("SET search_path = example, public")
            if not example.startswith("SELECT create_findings_table("):
                connection.execute("SELECT create_findings_table('findings')")
            result = connection.execute(sql.SQL(example))
            if not example.startswith("CALL "):
                assert result.description, f"the example of {name} returns nothing"
                assert result.fetchall() is not None
        except psycopg.Error as error:
            failures.append(f"the example of {name} fails: {error}\n{example}")
        finally:
            connection.execute("RESET search_path")
            connection.execute("DROP SCHEMA example CASCADE")
        counted.append(1)
    assert not failures, "\n\n".join(failures)


def test_comments_read_well(connection: psycopg.Connection) -> None:
    """A sentence or two that begin with a capital letter, then the example: one statement without semicolon."""
    comments = dict(connection.execute(COMMENTS).fetchall())
    assert len(comments) > 40
    for name, text in comments.items():
        words, _, example = text.partition(MARK)
        assert words[0].isupper(), name
        assert "\n" not in text, name
        assert len(words) <= LONGEST, f"{name}: {len(words)} characters"
        assert not example or words.endswith(". "), name
        assert not example.rstrip().endswith(";"), name
