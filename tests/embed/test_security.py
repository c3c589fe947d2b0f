"""Who may call what, where requests may go, and what nobody gets to see."""

from __future__ import annotations

import datetime
import socket
import ssl
from pathlib import Path

import psycopg
import pytest
import trustme
from conftest import KEY, KEY_VARIABLE, Connect
from endpoint import DIMENSIONS, Endpoint, hashed, running, status
from psycopg import sql

TEXT = "a text that nobody else may see"


def call(db: psycopg.Connection, text: str = TEXT) -> list[list[float]]:
    return db.execute("SELECT embed_texts(ARRAY[%s])", [text]).fetchone()[0]


def refusal(db: psycopg.Connection) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as raised:
        call(db)
    return raised.value


def everything(error: psycopg.Error) -> str:
    diagnostic = error.diag
    return f"{error} {diagnostic.message_detail} {diagnostic.message_hint} {diagnostic.context}"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Readable for the server's user, who is another one."""
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents[:2]:
        folder.chmod(0o755)
    file = tmp_path / "key"
    file.write_text("sk-from-a-file-4711\n")
    file.chmod(0o644)
    return file


def test_the_key_is_sent(connect: Connect, endpoint: Endpoint, key_file: Path) -> None:
    call(connect(cache="off", key_variable=KEY_VARIABLE))
    assert endpoint.headers[-1]["authorization"] == f"Bearer {KEY}"
    call(connect(cache="off", key_variable=KEY_VARIABLE, key_file=key_file))
    assert endpoint.headers[-1]["authorization"] == "Bearer sk-from-a-file-4711"
    call(connect(cache="off", key_file=key_file, key_header="api-key"))
    assert endpoint.headers[-1]["api-key"] == "sk-from-a-file-4711"
    assert "authorization" not in endpoint.headers[-1]
    call(connect(cache="off"))
    assert not {"authorization", "api-key"} & set(endpoint.headers[-1])


def test_the_key_is_shown_nowhere(connect: Connect, endpoint: Endpoint, key_file: Path, server_log: Path) -> None:
    key = key_file.read_text().strip()
    for fault in (
        status(401, "invalid_api_key", f"Incorrect API key provided: {key}."),
        status(400, key, key),
        status(500, key),
    ):
        for show in ("on", "off"):
            endpoint.reset()
            endpoint.always = fault
            db = connect(key_file=key_file, show_messages=show, attempts=1, log_min_messages="debug1", cache="off")
            db.execute("SET log_min_messages = debug1; SET client_min_messages = debug1")
            error = refusal(db)
            assert key not in everything(error)
            assert "[key]" in everything(error) or show == "off" or error.sqlstate == "08006"
    superuser = connect(key_file=key_file, key_variable=KEY_VARIABLE)
    for row in superuser.execute("SELECT name, setting FROM pg_settings").fetchall():
        assert key not in str(row)
        assert KEY not in str(row)
    assert key not in server_log.read_text(errors="replace")
    assert KEY not in server_log.read_text(errors="replace")


def test_texts_are_not_logged(connect: Connect, endpoint: Endpoint, server_log: Path) -> None:
    """Neither by us nor by way of what the server says; PostgreSQL logs statements as it is told to, here by parameters."""
    db = connect(attempts=1, cache="off")
    db.execute("SET log_min_error_statement = panic; SET log_parameter_max_length_on_error = 0")
    before = server_log.stat().st_size
    endpoint.always = status(400, "invalid_input", f"'{TEXT}' is too long")
    error = refusal(db)
    assert TEXT not in f"{error.diag.message_primary} {error.diag.message_detail}"
    assert "invalid_input" in error.diag.message_detail
    with server_log.open(errors="replace") as log:
        log.seek(before)
        logged = log.read()
    assert "HTTP 400" in logged
    assert TEXT not in logged
    db.execute("SET reviewpro_embed.show_messages = on")
    assert TEXT in refusal(db).diag.message_detail


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"endpoint": ""}, "55000", "the endpoint is not set"),
        ({"endpoint": "embeddings"}, "55000", "does not begin with"),
        ({"endpoint": "ftp://localhost/"}, "55000", "does not begin with"),
        ({"endpoint": "file:///etc/passwd"}, "55000", "is not a URL"),
        ({"endpoint": "https://user:word@localhost/"}, "55000", "a user or a password"),
        ({"key_file": "/nowhere/key"}, "55000", "the key's file cannot be read"),
        ({"key_file": "/etc"}, "55000", "the key's file cannot be read"),
        ({"key_variable": "NO_SUCH_VARIABLE"}, "55000", "is not set"),
        ({"allowed_networks": "everywhere"}, "55000", "is not a network"),
        ({"key_variable": KEY_VARIABLE, "key_header": "two words"}, "55000", "the header of the key"),
        (
            {"endpoint": "https://127.0.0.1/", "ca_file": "/nowhere/ca.pem"},
            "55000",
            "certificate authorities cannot be read",
        ),
        ({"endpoint": "https://127.0.0.1/", "ca_file": "/dev/null"}, "55000", "holds no certificate"),
    ],
)
def test_settings_that_cannot_be_used(
    connect: Connect, endpoint: Endpoint, settings: dict[str, str], code: str, words: str
) -> None:
    error = refusal(connect(**settings))
    assert error.sqlstate == code
    assert words in str(error)
    assert "word@" not in everything(error)
    assert endpoint.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/", "https://localhost:{port}/", "https://[::1]:{port}/", "https://[::ffff:127.0.0.1]:{port}/",
        "https://10.0.0.1/", "https://192.168.0.1/", "https://169.254.169.254/latest/meta-data", "https://[fe80::1]/",
        "https://0.0.0.0:{port}/", "https://2130706433:{port}/", "https://127.1:{port}/", "http://127.0.0.1:{port}/",
        "http://8.8.8.8/",
    ],
)  # fmt: skip
def test_private_addresses_are_refused(connect: Connect, endpoint: Endpoint, url: str) -> None:
    db = connect(endpoint=url.format(port=endpoint.port), allowed_networks="172.30.0.0/16", attempts=1, timeout="2s")
    error = refusal(db)
    # Some ways to write an address are no addresses for some systems.
    assert error.sqlstate == "42501" or (error.sqlstate == "08006" and "has no address" in str(error)), error
    assert endpoint.requests == []


def test_redirects_are_not_followed(connect: Connect, endpoint: Endpoint) -> None:
    with running() as other:
        for code in (301, 302, 303, 307, 308):
            endpoint.always = status(code, location=other.url)
            assert refusal(connect(cache="off", attempts=1)).sqlstate == "22023"
        assert other.requests == []


def test_proxies_of_the_environment_are_not_used() -> None:
    """The stage of the tests starts the server with HTTP_PROXY and HTTPS_PROXY set to nowhere: else every other test fails."""
    import os

    assert os.environ["HTTP_PROXY"].startswith("http://127.0.0.1:")


def contexts() -> tuple[trustme.CA, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return authority, context


def written(pem: trustme.Blob, folder: Path) -> Path:
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)
    file = folder / "ca.pem"
    file.write_bytes(pem.bytes())
    file.chmod(0o644)
    return file


def test_tls(connect: Connect, tmp_path: Path) -> None:
    authority, context = contexts()
    ca_file = written(authority.cert_pem, tmp_path)
    with running(tls=context) as endpoint:
        for host in ("127.0.0.1", "localhost"):
            url = f"https://{host}:{endpoint.port}/v1/embeddings"
            good = connect(endpoint=url, ca_file=ca_file, allowed_networks="127.0.0.0/8, ::1", cache="off")
            assert call(good) == hashed([TEXT], DIMENSIONS)


def test_certificates_are_checked(connect: Connect, tmp_path: Path) -> None:
    authority, _ = contexts()
    stranger, context = contexts()
    other_name = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("example.org").configure_cert(other_name)
    expired = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    authority.issue_cert("127.0.0.1", not_after=past).configure_cert(expired)
    ca_file = written(authority.cert_pem, tmp_path)
    assert stranger is not authority
    for tls in (context, other_name, expired):
        with running(tls=tls) as endpoint:
            url = f"https://127.0.0.1:{endpoint.port}/v1/embeddings"
            error = refusal(connect(endpoint=url, ca_file=ca_file, attempts=5, cache="off"))
            assert error.sqlstate == "08006", error
            assert "certificate" in str(error)
            assert endpoint.requests == []
    # The system's authorities do not vouch for it either, if it has any.
    with running(tls=context) as endpoint:
        error = refusal(connect(endpoint=f"https://127.0.0.1:{endpoint.port}/", cache="off"))
        assert error.sqlstate in ("08006", "55000"), error
        assert endpoint.requests == []


def test_plain_text_to_a_tls_port(connect: Connect, endpoint: Endpoint) -> None:
    error = refusal(connect(endpoint=f"https://127.0.0.1:{endpoint.port}/", ca_file="", attempts=1, cache="off"))
    assert error.sqlstate in ("08006", "55000")


FUNCTIONS = """
    SELECT p.oid::regprocedure::text FROM pg_proc p
    JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_embed'
"""


def test_public_may_build_texts_and_nothing_else(db: psycopg.Connection) -> None:
    db.execute("DROP ROLE IF EXISTS embed_nobody")
    db.execute("CREATE ROLE embed_nobody")
    functions = [name for (name,) in db.execute(FUNCTIONS)]
    assert len(functions) > 10
    allowed = [
        name
        for name in functions
        if db.execute("SELECT has_function_privilege('embed_nobody', %s, 'EXECUTE')", [name]).fetchone()[0]
    ]
    assert allowed == ["finding_text(text,text,text,text)"]
    for table in ("embed_cache", "embed_usage", "embed_queue", "embed_prices", "embed_costs", "embed_queue_status"):
        assert db.execute("SELECT has_table_privilege('embed_nobody', %s, 'SELECT')", [table]).fetchone() == (False,)
    db.execute("DROP ROLE embed_nobody")


def test_no_security_definer(db: psycopg.Connection) -> None:
    rows = db.execute(
        f"SELECT prosecdef, proleakproof FROM pg_proc WHERE oid::regprocedure::text IN ({FUNCTIONS})"
    ).fetchall()
    assert len(rows) > 10
    assert set(rows) == {(False, False)}


def test_a_role_that_was_granted(db: psycopg.Connection, endpoint: Endpoint) -> None:
    role = sql.Identifier('embed "user"')
    db.execute(sql.SQL("DROP ROLE IF EXISTS {0}; CREATE ROLE {0}").format(role))
    db.execute("SELECT embed_grant(%s::regrole)", [role.as_string(db)])
    with db.transaction(force_rollback=True):
        db.execute(sql.SQL("SET LOCAL ROLE {}").format(role))
        assert call(db) == hashed([TEXT], DIMENSIONS)
        db.execute("SELECT embed_enqueue(ARRAY['k'], ARRAY['text'])")
        assert db.execute("SELECT count(*) FROM embed_claim()").fetchone() == (1,)
        for name in ("endpoint", "key_file", "key_variable", "allowed_networks", "ca_file"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
                db.execute(f"SHOW reviewpro_embed.{name}")
        for name in (
            "endpoint",
            "key_file",
            "key_variable",
            "key_header",
            "allowed_networks",
            "ca_file",
            "concurrency",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
                db.execute(f"SET reviewpro_embed.{name} = '1'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute("SELECT embed_grant('postgres')")
        visible = db.execute("SELECT name FROM pg_settings WHERE name LIKE 'reviewpro_embed.key_file'").fetchall()
        assert visible == []
    db.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))


def test_misspelt_settings_are_errors(db: psycopg.Connection) -> None:
    call(db)
    with pytest.raises(psycopg.Error):
        db.execute("SET reviewpro_embed.concurency = 3")


def test_not_trusted(db: psycopg.Connection) -> None:
    query = "SELECT trusted, superuser FROM pg_available_extension_versions WHERE name = 'reviewpro_embed'"
    assert db.execute(query).fetchall() == [(False, True)]


def test_hostile_search_path(db: psycopg.Connection, endpoint: Endpoint) -> None:
    """Objects of the caller's schema do not come into the functions."""
    db.execute("DROP SCHEMA IF EXISTS trap CASCADE; CREATE SCHEMA trap")
    try:
        for name, arguments in (
            ("sha256", "bytea"),
            ("convert_to", "text, name"),
            ("left", "text, integer"),
            ("strpos", "text, text"),
        ):
            db.execute(
                f"CREATE FUNCTION trap.{name}({arguments}) RETURNS text LANGUAGE plpgsql AS "
                "$$BEGIN RAISE EXCEPTION 'trapped'; END$$"
            )
        db.execute(
            "CREATE TABLE trap.embed_cache (x int); CREATE TABLE trap.embed_queue (x int); CREATE TABLE trap.embed_usage (x int)"
        )
        db.execute(
            "CREATE FUNCTION trap.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trapped'; END$$;"
            "CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.eq);"
            "CREATE OPERATOR trap.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.eq)"
        )
        db.execute("SET search_path = trap, pg_catalog, public")
        call(db)
        assert db.execute("SELECT public.finding_text('r', 'a.py', 'm', 'c')").fetchone()[0].startswith("Rule: r\n")
        assert db.execute("SELECT public.embed_enqueue(ARRAY['k', 'l'], ARRAY['t', 'u'])").fetchone() == (2,)
        lease, row = db.execute("SELECT lease_id, id FROM public.embed_claim(1)").fetchone()
        assert db.execute("SELECT public.embed_complete(%s, ARRAY[%s], '{1,2}')", [lease, row]).fetchone() == (1,)
        lease, row = db.execute("SELECT lease_id, id FROM public.embed_claim(1)").fetchone()
        assert db.execute("SELECT public.embed_fail(%s, ARRAY[%s], 'e')", [lease, row]).fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM public.embed_collect()").fetchone() == (1,)
        assert len(db.execute("SELECT * FROM public.embed_costs, public.embed_queue_status").fetchall()) > 0
    finally:
        db.execute("SET search_path = public; DROP SCHEMA trap CASCADE")


def test_the_endpoint_is_on_this_machine(endpoint: Endpoint) -> None:
    """What these tests rely on."""
    with socket.create_connection(("127.0.0.1", endpoint.port)):
        pass
