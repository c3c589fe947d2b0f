"""Upgraded equals fresh; the library serves every released SQL; what was released stays as it was."""

from __future__ import annotations

import re
import subprocess

import psycopg
import pytest
from conftest import FORGOTTEN, FROZEN, NEXT
from devtools import formulas, house, release
from upgrade.catalog import Catalog, catalog, differences

OLD = [version for version in release.versions() if version != house.version()]
# How many objects the comparison of catalogues sees at least.
OBJECTS = {house.EXTENSION: 200, house.EMBED_EXTENSION: 80}
both = pytest.mark.parametrize("extension", house.EXTENSIONS)


def create(
    connection: psycopg.Connection, version: str, update_to: str | None = None, extension: str = house.EXTENSION
) -> Catalog:
    """The catalogue after CREATE EXTENSION, and after an update where one is asked for; leaves nothing behind."""
    connection.execute(f"CREATE EXTENSION {extension} VERSION '{version}'")
    if update_to:
        connection.execute(f"ALTER EXTENSION {extension} UPDATE TO '{update_to}'")
    found = catalog(connection, extension)
    connection.rollback()
    assert len(found) > OBJECTS[extension], "the catalogue has fewer objects than the extension"
    return found


@both
def test_snapshot_is_what_is_built(connection: psycopg.Connection, extension: str) -> None:
    """After a release this fails when the SQL changes under the released version."""
    version = house.version()
    path = release.snapshot(version, extension)
    assert path.exists(), f"no snapshot of {version}: 'python3 scripts/dev.py freeze' writes it"
    way_out = (
        "it is released: 'python3 scripts/dev.py bump VERSION' begins the next"
        if release.is_released(version)
        else "'python3 scripts/dev.py freeze' writes it again"
    )
    found = differences(
        create(connection, FROZEN, extension=extension), create(connection, version, extension=extension)
    )
    assert not found, f"the snapshot of {version} differs; {way_out}"


def test_sums_of_what_was_released() -> None:
    assert release.SUMS.read_text() == release.sums(), "a file in sql/released was changed by hand"


@both
def test_every_step_has_its_script(extension: str) -> None:
    missing = release.missing_scripts(release.versions(extension), house.version(), extension)
    assert not missing, f"missing, even if nothing changes: {missing}"


def test_missing_step_is_noticed() -> None:
    names = [path.name for path in release.missing_scripts(["0.0.1", "0.0.2"], "0.0.3")]
    assert names == [f"{house.EXTENSION}--0.0.1--0.0.2.sql", f"{house.EXTENSION}--0.0.2--0.0.3.sql"]
    assert release.missing_scripts([house.version()], house.version()) == []


@pytest.mark.parametrize(("old", "new"), [*((old, house.version()) for old in OLD), (house.version(), NEXT)])
@both
def test_upgraded_equals_fresh(connection: psycopg.Connection, extension: str, old: str, new: str) -> None:
    """From every released version to this one, and from this one to the made-up successor."""
    upgraded = create(connection, old, update_to=new, extension=extension)
    assert differences(upgraded, create(connection, new, extension=extension)) == []


def test_forgotten_upgrade_is_noticed(connection: psycopg.Connection) -> None:
    """The script left empty: every change of the successor is named."""
    found = differences(create(connection, house.version(), update_to=FORGOTTEN), create(connection, NEXT))
    assert "function next_function(text): only right" in found
    assert "column reviewpro_progress.running: only right" in found
    assert "function location_fingerprint(text,bigint,text): procost is 50, but 77" in found
    assert any(line.startswith("relation reviewpro_progress: definition is") for line in found)


def test_forgotten_upgrade_of_tables_is_noticed(connection: psycopg.Connection) -> None:
    embed = house.EMBED_EXTENSION
    left = create(connection, house.version(), update_to=FORGOTTEN, extension=embed)
    found = differences(left, create(connection, NEXT, extension=embed))
    for line in (
        "column embed_prices.currency: only right",
        "constraint embed_prices_currency_check of embed_prices: only right",
        "index embed_usage_used_at: only right",
        "column embed_costs.next: only right",
    ):
        assert line in found, found


F = "location_fingerprint(text, bigint, text)"
MUTATIONS = {
    f"ALTER FUNCTION {F} STABLE": "provolatile",
    f"ALTER FUNCTION {F} STRICT": "proisstrict",
    f"ALTER FUNCTION {F} PARALLEL UNSAFE": "proparallel",
    f"ALTER FUNCTION {F} LEAKPROOF": "proleakproof",
    f"ALTER FUNCTION {F} SET work_mem = '4MB'": "proconfig",
    f"ALTER FUNCTION {F} OWNER TO pg_monitor": "owner",
    f"REVOKE EXECUTE ON FUNCTION {F} FROM public": "proacl",
    f"COMMENT ON FUNCTION {F} IS 'x'": "comment",
    "ALTER FUNCTION sarif_findings(jsonb,text,text,jsonb,text[],text,boolean,boolean,text,text[],uuid,boolean,boolean)"
    " SUPPORT generate_series_int4_support": "support",
    "ALTER FUNCTION sarif_line_hashes(text) ROWS 7": "prorows",
    "CREATE OR REPLACE FUNCTION content_fingerprint(tool_name text, rule_id text, file_path text, content_key text,"
    " occurrence integer DEFAULT 2) RETURNS text IMMUTABLE PARALLEL SAFE COST 50 LANGUAGE c"
    " AS 'reviewpro_pg', 'content_fingerprint_wrapper'": "arguments",
    "CREATE OR REPLACE FUNCTION repository_fingerprint(repository_id uuid, fingerprint text) RETURNS text"
    " IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql RETURN $2": "body",
    "ALTER TYPE sarif_run ADD ATTRIBUTE extra text": "only right",
    "ALTER TYPE sarif_run OWNER TO pg_monitor": "owner",
    "COMMENT ON COLUMN sarif_run.tool_name IS 'x'": "comment",
    "REVOKE USAGE ON TYPE sarif_run FROM public": "typacl",
    "ALTER VIEW reviewpro_progress SET (security_barrier)": "reloptions",
    "ALTER VIEW reviewpro_progress ALTER percent SET DEFAULT 1": "default",
    "REVOKE SELECT ON reviewpro_progress FROM public": "relacl",
    "ALTER EXTENSION reviewpro_pg DROP VIEW reviewpro_progress": "only left",
}


@pytest.mark.parametrize(("statement", "told"), MUTATIONS.items(), ids=range(len(MUTATIONS)))
def test_comparison_sees(connection: psycopg.Connection, statement: str, told: str) -> None:
    """Each kind of change that an upgrade script can forget."""
    connection.execute(f"CREATE EXTENSION {house.EXTENSION}")
    before = catalog(connection, house.EXTENSION)
    connection.execute(statement)
    found = differences(before, catalog(connection, house.EXTENSION))
    assert any(told in line for line in found), found


def test_unknown_kind_of_object_is_noticed(connection: psycopg.Connection) -> None:
    connection.execute(f"CREATE EXTENSION {house.EXTENSION}")
    connection.execute("CREATE CAST (sarif_run AS text) WITH INOUT")
    connection.execute(f"ALTER EXTENSION {house.EXTENSION} ADD CAST (sarif_run AS text)")
    with pytest.raises(AssertionError, match="does not know how to read cast"):
        catalog(connection, house.EXTENSION)


@pytest.mark.parametrize("version", [FROZEN, *OLD])
def test_library_serves_released_sql(connection: psycopg.Connection, version: str) -> None:
    """A database that nobody upgrades: the new library answers each documented example under the old SQL."""
    connection.execute(f"CREATE EXTENSION {house.EXTENSION} VERSION '{version}'")
    comments = connection.execute(
        "SELECT p.oid::regprocedure::text, obj_description(p.oid, 'pg_proc') FROM pg_depend d JOIN pg_proc p"
        " ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass WHERE d.deptype = 'e' AND d.refobjid ="
        " (SELECT oid FROM pg_extension WHERE extname = %s)",
        [house.EXTENSION],
    ).fetchall()
    examples = [(name, comment.partition("Example: ")[2]) for name, comment in comments]
    # A procedure that commits cannot run inside a transaction.
    runnable = [(name, example) for name, example in examples if example and not example.startswith("CALL ")]
    assert len(runnable) > 40
    # The table that the examples speak of.
    connection.execute("SELECT create_findings_table('findings')")
    failed = {}
    for name, example in runnable:
        connection.execute("SAVEPOINT example")
        try:
            connection.execute(example)
        except psycopg.Error as error:
            failed[name] = str(error)
        connection.execute("ROLLBACK TO example")
    assert not failed


def test_released_formulas(connection: psycopg.Connection) -> None:
    """Stored fingerprints were made by these formulas."""
    connection.execute(f"CREATE EXTENSION {house.EXTENSION}")
    lines = formulas.read(release.FORMULAS)
    assert len(lines) >= 20
    changed = [
        statement for statement, (_, value) in lines.items() if connection.execute(statement).fetchone() != (value,)
    ]
    assert not changed, f"other values than when they were released: {changed}"


def test_every_formula_has_values(connection: psycopg.Connection) -> None:
    connection.execute(f"CREATE EXTENSION {house.EXTENSION}")
    names = connection.execute(
        "SELECT DISTINCT proname FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass"
        " WHERE d.deptype = 'e' AND provolatile = 'i' AND proname ~ 'fingerprint|hash'"
    ).fetchall()
    text = release.FORMULAS.read_text()
    assert len(names) >= 5
    assert [name for (name,) in names if not re.search(rf"\b{name}\(", text)] == []


@both
def test_symbols_of_released_sql_are_exported(extension: str) -> None:
    """CREATE EXTENSION would tell too, but only for the versions that a server at hand installs."""
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", house.extension_dir(extension) / "lib" / f"{extension}.so"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    exported = {line.split()[-1] for line in listing.splitlines()}
    at_least = {house.EXTENSION: 30, house.EMBED_EXTENSION: 3}[extension]
    for version in release.versions(extension):
        wanted = set(re.findall(r"'MODULE_PATHNAME', '(\w+)'", release.snapshot(version, extension).read_text()))
        assert len(wanted) >= at_least
        assert wanted - exported == set(), f"{version} needs functions that the library has no more"
