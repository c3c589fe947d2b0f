"""A server whose processes get no more than 1.5 GB of address space, as `ulimit -v` gives it: the largest inputs are refused
with 53200 or 54000, or done; no backend dies of them, and the session that was refused goes on."""

from __future__ import annotations

import gzip
import re
import resource
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from ingest import ORGANIZATION, REPOSITORY
from servers import Server, connect, durable_server, postmaster

ADDRESS_SPACE = 1_500_000_000
BUDGET = "256MB"
REFUSED = {"53200", "54000", "54001"}

RESULT = '{"ruleId":"r","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"}}}]}'
LOG = '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[%s]}]}'
HEAD, TAIL = LOG.split("%s")


def repeated(part: str, times: int, head: str = HEAD, tail: str = TAIL) -> str:
    """SQL of a document that the server makes: it is too large to send."""
    return f"'{head}' || repeat('{part},', {times - 1}) || '{part}{tail}'"


# Documents lie in a table, made before the limit holds, so that what a statement takes is its own.
DOCUMENTS = {
    "empty": repeated("{}", 20_000_000),
    "results": repeated(RESULT, 2_000_000),
    "objects": repeated("{}", 3_000_000, "[", "]"),
    "message": f"replace('{LOG % RESULT}', 'm\"}}', repeat('m', 200000000) || '\"}}')",
    "source": "repeat(E'x\\n', 100000000)",
    "nested": "repeat('[', 200000000)",
    "properties": "'" + HEAD + '{"properties":' + "' || repeat('{\"a\":', 40000000)",
}
IDS = f"'{ORGANIZATION}', '{REPOSITORY}', '{REPOSITORY}'"
VECTORS = "(SELECT array_agg(v) FROM vectors)"
WIDE = "array_fill(i::real, ARRAY[4096])"
# A document, a statement, and whether the limit must be what ends it.
CALLS = {
    "empty results": ("empty", "SELECT count(*) FROM documents, sarif_findings(body)", False),
    "problems": ("empty", "SELECT count(*) FROM documents, sarif_validate(body)", False),
    "results": ("results", "SELECT count(*) FROM documents, sarif_findings(body)", False),
    "results, jsonb": ("results", "SELECT count(*) FROM documents, sarif_findings(body::jsonb)", False),
    "results, compat": (
        "results",
        f"SELECT count(*) FROM documents, sarif_findings(body, 'compat', organization_id => '{ORGANIZATION}')",
        False,
    ),
    "summary": ("results", "SELECT sarif_summary(body) FROM documents", False),
    "changes": ("results", "SELECT count(*) FROM documents, sarif_changes(body, body)", False),
    "ingest": ("results", f"SELECT total FROM documents, ingest_sarif(body, {IDS}, findings => 'kept')", False),
    "objects": ("objects", "SELECT count(*) FROM documents, fingerprint_findings(body::jsonb)", False),
    "one message": ("message", "SELECT count(*) FROM documents, sarif_findings(body)", False),
    "line hashes": ("source", "SELECT count(*) FROM documents, sarif_line_hashes(body)", False),
    "nested arrays": ("nested", "SELECT count(*) FROM documents, sarif_findings(body)", False),
    "nested properties": ("properties", "SELECT count(*) FROM documents, sarif_findings(body)", False),
    "full tree": (None, f"SELECT cluster_embeddings({VECTORS}, 'agglomerative', n_clusters => 5)", True),
    "ward": (
        None,
        f"SELECT cluster_embeddings({VECTORS}, 'agglomerative', n_clusters => 5, linkage => 'ward', metric => 'euclidean')",
        False,
    ),
    "density": (None, f"SELECT cluster_embeddings({VECTORS}, eps => 1.9)", False),
    "suggestions": (None, f"SELECT count(*) FROM suggest_eps({VECTORS})", False),
    "query": (
        None,
        f"SELECT count(*) FROM cluster_query('SELECT i, {WIDE} FROM generate_series(1, 200000) i')",
        True,
    ),
    "window": (
        None,
        f"SELECT count(c) FROM (SELECT cluster_dbscan({WIDE}, 0.1) OVER () c FROM generate_series(1, 200000) i) q",
        True,
    ),
}
# A document that is no log, or no JSON, may be refused for that.
OTHERWISE = {"22P02", "22023"}


@contextmanager
def limited_server(documents: Iterable[str]) -> Iterator[Server]:
    """A server under the limit, with those documents; in the end postmaster and log must tell that nothing has crashed."""
    with durable_server("shared_buffers = 64MB\nfsync = off\n", "limited") as server:
        with connect(server.dsn("limited")) as connection:
            connection.execute(
                """SELECT create_findings_table('kept');
                   CREATE UNLOGGED TABLE all_documents (name text, body text STORAGE EXTERNAL);
                   CREATE TABLE vectors AS SELECT ARRAY[sin(i), cos(i), sin(i * 7), 1]::real[] AS v FROM generate_series(1, 14000) i"""
            )
            for name in documents:
                connection.execute(f"INSERT INTO all_documents SELECT '{name}', {DOCUMENTS[name]}")
        server.stop()
        # What is started while it holds inherits it.
        before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, before[1]))
        try:
            server.start()
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
        pid = postmaster(server)
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(rf"^Max address space +{ADDRESS_SPACE} ", limits, re.MULTILINE), (
            "the server runs without the limit"
        )
        yield server
        assert postmaster(server) == pid
        log = server.log.read_text(errors="replace")
        assert "terminated by signal" not in log
        assert "all server processes terminated" not in log


@pytest.fixture(scope="module")
def limited() -> Iterator[Server]:
    with limited_server(DOCUMENTS) as server:
        yield server


@pytest.fixture
def session(limited: Server) -> Iterator[psycopg.Connection]:
    """A session whose budget fits beside the largest document and its copies; afterwards it still answers."""
    with connect(limited.dsn("limited")) as opened:
        opened.execute(f"SET reviewpro.max_memory = '{BUDGET}'; SET statement_timeout = '60s'")
        yield opened
        assert opened.execute("SELECT count(*) FROM sarif_findings(%s)", [LOG % RESULT]).fetchone() == (1,)


def outcome(session: psycopg.Connection, statement: str, values: list[object] | None = None) -> str | None:
    """The SQLSTATE, None when it was done."""
    try:
        session.execute(statement, values).fetchall()
    except psycopg.Error as error:
        assert error.sqlstate is not None, f"the session is gone: {error}"
        print(error.sqlstate, str(error).splitlines()[0])
        return error.sqlstate
    return None


@pytest.mark.parametrize("kind", CALLS)
def test_largest_inputs(session: psycopg.Connection, kind: str) -> None:
    document, statement, beyond = CALLS[kind]
    session.execute(f"CREATE TEMPORARY VIEW documents AS SELECT body FROM all_documents WHERE name = '{document}'")
    state = outcome(session, statement)
    assert state in REFUSED or (not beyond and (state is None or state in OTHERWISE)), state


BLANKS = gzip.compress(b" " * (64 << 20))
RESULTS = gzip.compress(f"{RESULT},".encode() * 500_000)
BOMBS = {
    "1 GB of blanks": BLANKS * 16,
    "4 GB of blanks": BLANKS * 64,
    "1 GB of results": gzip.compress(HEAD.encode()) + RESULTS * 20,
}


@pytest.mark.parametrize("budget", ["1TB", BUDGET])
@pytest.mark.parametrize("kind", BOMBS)
def test_gzip_bombs(session: psycopg.Connection, kind: str, budget: str) -> None:
    """Refused by the budget; and where there is none, by what the system gives."""
    session.execute(f"SET reviewpro.max_memory = '{budget}'")
    for function in ("sarif_findings", "sarif_runs"):
        state = outcome(session, f"SELECT count(*) FROM {function}(%s::bytea)", [BOMBS[kind]])
        assert state in REFUSED


@pytest.mark.parametrize("function", ["sarif_findings", "sarif_validate"])
def test_a_budget_that_does_not_fit(function: str) -> None:
    """512MB for a document of 60 MB is well within the limit; only where all that is held is counted, it stays there."""
    with limited_server(["empty"]) as server, connect(server.dsn("limited")) as own:
        own.execute("SET reviewpro.max_memory = '512MB'")
        assert outcome(own, f"SELECT count(*) FROM all_documents, {function}(body)") in REFUSED | {None}
