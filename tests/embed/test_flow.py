"""From findings to clusters: with a real model, with pgvector, by the queue, and as the README shows it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import Connect
from endpoint import Endpoint, running
from minilm import MiniLM

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"

FINDINGS = [
    ("B608", "src/db.py", "Possible SQL injection: the query is built from a string.", "cursor.execute('SELECT ' + name)", 0),
    ("S608", "src/user.py", "SQL injection, a query string is made of user input.", "db.execute(f'SELECT {user}')", 0),
    ("sqli", "app/models.rb", "User input is part of an SQL query, which allows SQL injection.", "where(\"name = #{name}\")", 0),
    ("F401", "src/app.py", "The module os is imported but unused.", "import os", 1),
    ("W0611", "src/main.py", "Unused import sys.", "import sys", 1),
    ("no-unused-imports", "web/index.ts", "The import fs is never used.", "import fs from 'fs'", 1),
    ("G101", "cmd/key.go", "A password is written in the source code.", "password := \"hunter2\"", 2),
    ("B105", "src/settings.py", "Possible hardcoded password.", "PASSWORD = 'hunter2'", 2),
]  # fmt: skip


@pytest.fixture(scope="session")
def minilm() -> Iterator[Endpoint]:
    """A real model behind the protocol."""
    model = MiniLM(Path(os.environ["REVIEWPRO_MINILM"]))
    with running(model.embed) as endpoint:
        yield endpoint


@pytest.fixture
def findings(connect: Connect, minilm: Endpoint) -> Iterator[psycopg.Connection]:
    db = connect(endpoint=minilm.url, model="all-minilm-l6-v2")
    db.execute("TRUNCATE embed_cache, embed_usage, embed_queue; DROP SCHEMA IF EXISTS flow CASCADE; CREATE SCHEMA flow")
    db.execute("SET search_path = flow, public; SELECT create_findings_table('findings')")
    for rule, path, message, snippet, _ in FINDINGS:
        db.execute(
            """INSERT INTO findings (organization_id, repository_id, first_seen_scan_id, last_seen_scan_id, fingerprint, rule_id,
                                     message, severity, file_path, start_line, tool_name, snippet)
               VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), %(rule)s, %(rule)s,
                       %(message)s, 'high', %(path)s, 1, 'tool', %(snippet)s)""",
            {"rule": rule, "path": path, "message": message, "snippet": snippet},
        )
    yield db
    db.execute("DROP SCHEMA flow CASCADE; RESET search_path")


def readme_statement(begin: str) -> str:
    """The one block of the README for this extension that begins so; the other blocks of SQL know nothing of it."""
    found = [
        block
        for block in re.findall(r"^```pgsql\n(.*?)^```$", README.read_text(), re.M | re.S)
        if block.startswith(begin)
    ]
    assert len(found) == 1, begin
    return found[0]


def test_the_administrator_s_statements(db: psycopg.Connection, dsn: str) -> None:
    """The README's, in a session that has not loaded the library; new sessions see what was set."""
    endpoint = "https://api.openai.com/v1/embeddings"
    db.execute("DROP ROLE IF EXISTS app; CREATE ROLE app")
    try:
        with psycopg.connect(dsn, autocommit=True) as administrator:
            for statement in readme_statement("CREATE EXTENSION reviewpro_embed").split(";\n"):
                if statement and not statement.startswith("CREATE EXTENSION"):
                    administrator.execute(statement)
        with psycopg.connect(dsn, autocommit=True) as session:
            session.execute("SELECT * FROM embed_defaults()")
            assert session.execute("SHOW reviewpro_embed.endpoint").fetchone() == (endpoint,)
            assert session.execute(
                "SELECT has_function_privilege('app', 'embed_claim(int, interval)', 'EXECUTE')"
            ).fetchone() == (True,)
    finally:
        db.execute("ALTER SYSTEM RESET reviewpro_embed.endpoint")
        db.execute("ALTER SYSTEM RESET reviewpro_embed.key_file")
        db.execute("SELECT pg_reload_conf()")
        db.execute("DROP OWNED BY app")
        db.execute("DROP ROLE app")


def groups(rows: list[tuple[str, int | None]]) -> set[frozenset[str]]:
    clusters: dict[object, set[str]] = {}
    for i, (rule, label) in enumerate(rows):
        clusters.setdefault(label if label is not None and label >= 0 else ("noise", i), set()).add(rule)
    return {frozenset(cluster) for cluster in clusters.values()}


EXPECTED = {frozenset(row[0] for row in FINDINGS if row[4] == topic) for topic in {row[4] for row in FINDINGS}}


def test_the_model_is_the_model(minilm: Endpoint) -> None:
    """Vectors of length 1, near for what means the same."""
    import numpy as np

    cat, kitten, car = np.array(minilm.embed(["a cat", "a kitten", "the stock market"], 384))
    assert cat.shape == (384,)
    assert abs(np.linalg.norm(cat) - 1) < 1e-5
    assert cat @ kitten > 0.7
    assert cat @ car < 0.2


@pytest.mark.parametrize("column", ["real[]", "vector(384)"])
def test_text_to_clusters_in_one_statement(findings: psycopg.Connection, minilm: Endpoint, column: str) -> None:
    """The README's statement, for both types of column; a finding that has a vector is not embedded again."""
    findings.execute(f"ALTER TABLE findings ADD embedding {column}")
    statement = readme_statement("WITH missing AS")
    minilm.reset()
    rows = findings.execute(statement).fetchall()
    assert groups(rows) == EXPECTED, rows
    assert len(minilm.texts) == len(FINDINGS)
    assert findings.execute("SELECT count(*) FROM findings WHERE embedding IS NULL").fetchone() == (0,)
    lengths = findings.execute("SELECT DISTINCT cardinality(embedding::real[]) FROM findings").fetchall()
    assert lengths == [(384,)]
    assert groups(findings.execute(statement).fetchall()) == EXPECTED
    assert len(minilm.texts) == len(FINDINGS)


def test_by_the_queue(findings: psycopg.Connection, minilm: Endpoint, worker: Path, dsn: str) -> None:
    """The README's way for large sets."""
    import subprocess

    findings.execute("ALTER TABLE findings ADD embedding vector(384)")
    findings.execute(readme_statement("SELECT embed_enqueue("))
    command = [
        str(worker),
        "--database",
        dsn,
        "--endpoint",
        minilm.url,
        "--allowed-networks",
        "127.0.0.1",
        "--drain",
        "on",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    findings.execute(readme_statement("UPDATE findings f SET embedding"))
    assert findings.execute("SELECT count(*) FROM findings WHERE embedding IS NULL").fetchone() == (0,)
    labels = "SELECT rule_id, cluster_dbscan(embedding::real[], eps => 0.45) OVER () FROM findings"
    assert groups(findings.execute(labels).fetchall()) == EXPECTED


def test_comments_have_examples_that_run(findings: psycopg.Connection) -> None:
    """As those of the other extension: every object has a comment, every function an example, and each runs."""
    query = """
        SELECT pg_describe_object(d.classid, d.objid, 0), c.description
        FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_embed'
        LEFT JOIN pg_description c ON c.objoid = d.objid AND c.classoid = d.classid AND c.objsubid = 0
        WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.classid IN ('pg_proc'::regclass, 'pg_class'::regclass)
          AND (d.classid = 'pg_proc'::regclass OR (SELECT relkind IN ('r', 'v') FROM pg_class WHERE oid = d.objid))
        ORDER BY 1
    """
    objects = findings.execute(query).fetchall()
    ran = 0
    for name, text in objects:
        assert text, f"{name} has no comment"
        words, mark, example = text.partition("Example: ")
        assert words[0].isupper(), name
        assert len(words) <= 500, name
        assert "\n" not in text, name
        if name.startswith("function"):
            assert mark, name
            assert not example.endswith(";"), name
            findings.execute(example)
            ran += 1
    assert ran > 10


SURFACE = """
    SELECT p.proname, p.provolatile, p.proisstrict, p.proparallel FROM pg_proc p
    JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_embed' ORDER BY 1
"""


def test_surface(db: psycopg.Connection) -> None:
    """Everything that there is, and that only finding_text may be folded or run in parallel."""
    names = [
        "embed_claim", "embed_collect", "embed_complete", "embed_defaults", "embed_enqueue", "embed_fail", "embed_grant",
        "embed_release", "embed_request", "embed_texts", "embed_wait", "finding_text", "text_embeddings",
    ]  # fmt: skip
    expected = [(name, "i", False, "s") if name == "finding_text" else (name, "v", False, "u") for name in names]
    assert db.execute(SURFACE).fetchall() == expected


def test_any_schema(connect: Connect, endpoint: Endpoint) -> None:
    db = connect()
    with db.transaction(force_rollback=True):
        db.execute('DROP EXTENSION reviewpro_embed; CREATE SCHEMA "my schema"')
        db.execute('CREATE EXTENSION reviewpro_embed SCHEMA "my schema"')
        db.execute("SET LOCAL search_path = pg_catalog")
        assert db.execute("""SELECT cardinality("my schema".embed_texts(ARRAY['a', 'b']))""").fetchone() == (16,)
        assert db.execute("""SELECT "my schema".embed_enqueue(ARRAY['k'], ARRAY['t'])""").fetchone() == (1,)
        assert db.execute("""SELECT count(*) FROM "my schema".embed_claim()""").fetchone() == (1,)
        db.execute("""SELECT "my schema".embed_grant('postgres')""")


def test_without_the_other_extension(connect: Connect, endpoint: Endpoint) -> None:
    """Neither needs the other."""
    query = "SELECT requires FROM pg_available_extension_versions WHERE name = 'reviewpro_embed'"
    assert connect().execute(query).fetchone() == (None,)
