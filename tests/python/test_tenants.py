"""Two tenants in one table under row-level security, everything called as one of them that neither owns the table nor is a
superuser: canaries of the other show up in no answer, notice, error or plan, and nothing of it changes."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from ingest import APP_TABLE, ORGANIZATION, REPOSITORY, ingest, make_log

OTHER, OTHER_REPOSITORY, OTHER_SCAN = (uuid.UUID(int=number) for number in (901, 902, 903))
CANARY = "canary-7f3a"
SHARED = ["a", "b", "c"]
CONTENT = (
    f"SELECT md5(string_agg(f::text, ',' ORDER BY id)), count(*) FROM {{table}} f WHERE organization_id = '{OTHER}'"
)


@pytest.fixture(params=["own", "app"])
def table(request: pytest.FixtureRequest, dsn: str, connection: psycopg.Connection) -> Iterator[str]:
    """A table with rows of the other tenant, of which some have the rules and paths that are ours too."""
    name = "tenant_findings"
    connection.execute(
        f"DROP TABLE IF EXISTS {name}; DROP ROLE IF EXISTS reviewpro_tenant; CREATE ROLE reviewpro_tenant"
    )
    if request.param == "own":
        connection.execute("SELECT create_findings_table(%s)", [name])
    else:
        connection.execute(APP_TABLE.replace("app_findings", name))
    log = make_log([*SHARED, *(f"{CANARY}-{number}" for number in range(5))])
    for scan, text in ((OTHER_SCAN, log), (uuid.uuid4(), make_log([*SHARED, f"{CANARY}-1"]))):
        ingest(connection, text, organization=OTHER, repository=OTHER_REPOSITORY, scan=scan, findings=name)
    connection.execute(
        f"""ALTER TABLE {name} ENABLE ROW LEVEL SECURITY; ALTER TABLE {name} FORCE ROW LEVEL SECURITY;
            CREATE POLICY tenant ON {name} USING (organization_id = current_setting('app.tenant')::uuid);
            GRANT SELECT, INSERT, UPDATE ON {name} TO reviewpro_tenant"""
    )
    yield name
    connection.execute(f"DROP TABLE {name}; DROP ROLE reviewpro_tenant")


@pytest.fixture
def tenant(dsn: str, table: str) -> Iterator[psycopg.Connection]:
    """A session of ours."""
    with psycopg.connect(dsn, autocommit=True) as own:
        own.execute("SET ROLE reviewpro_tenant")
        own.execute(f"SET app.tenant = '{ORGANIZATION}'")
        own.execute("SET client_min_messages = debug1")
        yield own


def heard(tenant: psycopg.Connection, statement: str) -> str:
    """All that the session is told by a statement, its plan with what was seen, or its error with all fields."""
    told: list[str] = []

    def tell(said: psycopg.errors.Diagnostic) -> None:
        told.extend(str(getattr(said, field)) for field in dir(said) if not field.startswith("_"))

    tenant.add_notice_handler(tell)
    for prefix in ("", "EXPLAIN (ANALYZE, VERBOSE) "):
        try:
            told.append(str(tenant.execute(prefix + statement).fetchall()))
        except psycopg.Error as error:
            tell(error.diag)
    tenant.remove_notice_handler(tell)
    return "\n".join(told)


STATEMENTS = (
    "SELECT * FROM {table}",
    "SELECT * FROM scan_changes('{scan}', findings => '{table}')",
    "SELECT * FROM scan_changes(gen_random_uuid(), '{scan}', findings => '{table}')",
    "SELECT findings_report('{table}', 'markdown', organization_id => '{other}')",
    "SELECT findings_report('{table}', 'html', scan_id => '{scan}')",
    "SELECT findings_report_data(findings_report_query('{table}', organization_id => '{other}'))",
    "SELECT ingest_plan('{table}', '{other}', '{repository}', '{scan}')",
    "SELECT * FROM migrate_fingerprints('{table}', '{other}', '{repository}')",
    "SELECT * FROM cluster_query('SELECT message, ARRAY[1, start_line]::real[] FROM {table}')",
    "SELECT * FROM ingest_sarif('{log}'::text, '{other}', '{repository}', '{scan}', findings => '{table}')",
    "SELECT * FROM ingest_findings('[{{\"message\": \"m\"}}]', '{other}', '{repository}', '{scan}', findings_table => '{table}')",
    "SELECT * FROM ingest_sarif('{log}'::text, '{mine}', '{repository}', gen_random_uuid(), findings => '{table}')",
    "SELECT * FROM ingest_sarif('{log}'::text, '{mine}', '{repository}', '{scan}', findings => '{table}', strict => true)",
    "SELECT * FROM {table} WHERE location_fingerprint(file_path, start_line, rule_id) > '' AND 1 / (start_line - 1) > 0",
)


def test_nothing_of_the_other_is_told_or_changed(
    connection: psycopg.Connection, tenant: psycopg.Connection, table: str
) -> None:
    before = connection.execute(CONTENT.format(table=table)).fetchone()
    assert before[1] == 8
    names = {"table": table, "other": OTHER, "mine": ORGANIZATION, "repository": OTHER_REPOSITORY, "scan": OTHER_SCAN}
    for statement in STATEMENTS:
        told = heard(tenant, statement.format(log=make_log(SHARED), **names))
        assert told
        assert CANARY not in told, statement
    assert connection.execute(CONTENT.format(table=table)).fetchone() == before


def test_the_canary_is_heard_by_its_own_tenant(tenant: psycopg.Connection, table: str) -> None:
    """The cage is not empty: what listens for canaries hears them where they may sing."""
    tenant.execute(f"SET app.tenant = '{OTHER}'")
    for statement in (STATEMENTS[0], STATEMENTS[3], STATEMENTS[8]):
        told = heard(tenant, statement.format(table=table, other=OTHER))
        assert CANARY in told, statement
    # In notices and in errors too.
    assert CANARY in heard(tenant, f"DO $$ BEGIN RAISE NOTICE '{CANARY}'; END $$")
    assert CANARY in heard(tenant, f"SELECT CAST('{CANARY}' AS integer)")


def test_counts_are_those_of_an_empty_table(
    connection: psycopg.Connection, tenant: psycopg.Connection, table: str
) -> None:
    """The same findings in the same paths, and with the other's scan id: new they are, whatever the other has."""
    first = ingest(tenant, make_log(SHARED), repository=OTHER_REPOSITORY, scan=OTHER_SCAN, findings=table)
    assert (first["inserted"], first["updated"], first["unchanged"], first["fixed"]) == (3, 0, 0, 0)
    second = ingest(tenant, make_log(SHARED[1:]), repository=OTHER_REPOSITORY, findings=table)
    assert (second["inserted"], second["updated"], second["fixed"]) == (0, 2, 1)
    assert connection.execute(CONTENT.format(table=table)).fetchone()[1] == 8


def test_tenants_at_the_same_time(dsn: str, connection: psycopg.Connection, table: str) -> None:
    """Both ingest in turn and beside each other; the sums of each are those of its own rows."""
    results: dict[uuid.UUID, list[dict[str, int]]] = {ORGANIZATION: [], uuid.UUID(int=904): []}

    def client(organization: uuid.UUID) -> None:
        with psycopg.connect(dsn, autocommit=True) as own:
            own.execute("SET ROLE reviewpro_tenant")
            own.execute(f"SET app.tenant = '{organization}'")
            for turn in range(20):
                rules = [f"r{number}" for number in range(turn % 5, 30)]
                results[organization].append(ingest(own, make_log(rules), organization=organization, findings=table))

    threads = [threading.Thread(target=client, args=(organization,)) for organization in results for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for organization, answers in results.items():
        assert len(answers) == 40
        rows, seen = connection.execute(
            f"SELECT count(*), sum(occurrence_count) FROM {table} WHERE organization_id = %s", [organization]
        ).fetchone()
        assert rows == sum(answer["inserted"] for answer in answers) == 30
        assert seen == sum(answer["inserted"] + answer["updated"] for answer in answers)


def test_repositories_are_told_apart(tenant: psycopg.Connection, table: str) -> None:
    """One tenant's repositories: what one scan does not find is fixed in its own repository only."""
    ingest(tenant, make_log(SHARED), repository=REPOSITORY, findings=table)
    ingest(tenant, make_log(SHARED), repository=OTHER_REPOSITORY, findings=table)
    assert ingest(tenant, make_log([]), repository=REPOSITORY, findings=table)["fixed"] == 3
    opened = f"SELECT repository_id, count(*) FROM {table} WHERE status = 'open' GROUP BY 1"
    assert tenant.execute(opened).fetchall() == [(OTHER_REPOSITORY, 3)]
