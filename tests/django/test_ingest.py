"""ingest_sarif and ingest_findings: inputs, options, results, errors, async."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import uuid
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.test.utils import CaptureQueriesContext
from django_reviewpro.conf import qualified
from django_reviewpro.errors import (
    Cancelled,
    ExtensionMissing,
    InvalidInput,
    LimitExceeded,
    NotPermitted,
    RetryTransaction,
    ReviewproError,
    UnfitTable,
    mapped_errors,
    sqlstate_of,
)
from django_reviewpro.ingest import (
    IngestError,
    aingest_findings,
    aingest_sarif,
    create_findings_table,
    ingest_findings,
    ingest_sarif,
)
from django_reviewpro.tables import SarifFindings
from logs import make_log
from product.models import Branch, Finding

LOG = make_log(10)
TEXT = json.dumps(LOG)


@pytest.mark.parametrize(
    "document",
    [LOG, TEXT, TEXT.encode(), gzip.compress(TEXT.encode()), io.StringIO(TEXT), io.BytesIO(TEXT.encode())],
    ids=lambda document: type(document).__name__,
)
def test_a_scan_and_the_same_again(project: Any, document: Any) -> None:
    ids = project.ids()
    result = ingest_sarif(document, findings=Finding, **ids)
    assert (result.total, result.inserted, result.updated, result.errors) == (10, 10, 0, ())
    assert result.duration_ms > 0
    assert Finding.objects.filter(last_seen_scan=ids["scan_id"]).count() == 10
    again = ingest_sarif(LOG, findings="findings", **ids)
    assert (again.inserted, again.unchanged) == (0, 10)
    with pytest.raises(AttributeError):
        again.total = 1  # type: ignore[misc]


def test_the_life_of_a_finding(project: Any) -> None:
    ingest_sarif(make_log(3), findings=Finding, **project.ids())
    fixed = ingest_sarif(make_log(2), findings=Finding, **project.ids())
    assert (fixed.updated, fixed.fixed) == (2, 1)
    reopened = ingest_sarif(make_log(3), findings=Finding, **project.ids())
    assert (reopened.updated, reopened.reopened) == (3, 1)
    kept = ingest_sarif(make_log(0), findings=Finding, close=False, **project.ids())
    assert kept.fixed == 0


def test_options(project: Any) -> None:
    ids = project.ids()
    suppressed = make_log(2, suppressions=[{"kind": "inSource"}])
    result = ingest_sarif(suppressed, findings=Finding, suppressed="exclude", kinds=["fail"], **ids)
    assert (result.skipped, result.inserted) == (2, 0)
    ingest_sarif(suppressed, findings=Finding, suppressed_status="wont_fix", uri_bases={"A": "file:///a/"}, **ids)
    assert set(Finding.objects.values_list("status", flat=True)) == {"wont_fix"}
    with pytest.raises(TypeError, match="no option 'sources'"):
        ingest_sarif(LOG, sources=1, **ids)


@pytest.mark.skipif(not is_psycopg3, reason="psycopg2 writes all values into the statement")
def test_the_log_is_sent_beside_the_statement(project: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE TABLE statements AS SELECT current_query() AS text LIMIT 0;
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN INSERT INTO statements VALUES (current_query()); RETURN NEW; END $$;
            CREATE TRIGGER note BEFORE INSERT ON findings FOR EACH STATEMENT EXECUTE FUNCTION note();
        """)
        with CaptureQueriesContext(connection) as captured:
            ingest_sarif(json.dumps(make_log(100)).encode(), findings=Finding, **project.ids())
        cursor.execute("SELECT length(text) FROM statements")
        assert cursor.fetchone()[0] < 1000
    # Django sees it as any other.
    assert any("ingest_sarif" in query["sql"] for query in captured.captured_queries)


def test_ids_may_be_text_and_extra_may_hold_ids(project: Any, db: None) -> None:
    create_findings_table("own_findings")
    branch = Branch.objects.create(repository=project.repository, name="main", sha="")
    ids = {name: str(value) for name, value in project.ids().items()}
    ingest_sarif(LOG, findings="own_findings", extra={"branch_id": branch.pk}, **ids)
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT branch_id FROM own_findings")
        assert cursor.fetchall() == [(branch.pk,)]


def test_what_cannot_be_stored_is_named(project: Any) -> None:
    log = make_log(3)
    log["runs"][0]["results"][1]["ruleId"] = "x" * 300
    result = ingest_sarif(log, findings=Finding, **project.ids())
    assert (result.inserted, len(result.errors)) == (2, 1)
    error = result.errors[0]
    assert isinstance(error, IngestError)
    assert (error.run_index, error.result_index, error.sqlstate) == (0, 1, "22001")
    assert "rule_id" in error.reason or "255" in error.reason


def test_finding_objects(project: Any) -> None:
    objects = [{"rule_id": "B101", "file_path": "a.py", "line": 1, "message": "m", "tool_name": "t"}, 5]
    result = ingest_findings(objects, findings_table=Finding, **project.ids())  # type: ignore[list-item]
    assert (result.inserted, [error.result_index for error in result.errors]) == (1, [1])
    again = ingest_findings(objects[:1], findings_table=Finding, fingerprint="content", **project.ids())
    assert again.updated == 1


@pytest.mark.django_db(transaction=True)
def test_async(project: Any) -> None:
    async def store() -> tuple[int, int]:
        first = await aingest_sarif(LOG, findings=Finding, **ids)
        second = await aingest_findings([{"rule_id": "x", "message": "m"}], findings_table=Finding, **ids)
        return first.inserted, second.inserted

    ids = project.ids()
    assert async_to_sync(store)() == (10, 1)


def caught(kind: type[ReviewproError], like: type[DatabaseError], call: Any) -> ReviewproError:
    """The error, which is of our class and of Django's."""
    with pytest.raises(kind) as refusal, transaction.atomic():
        call()
    assert isinstance(refusal.value, like)
    return refusal.value


def test_errors_by_class(project: Any) -> None:
    ids = project.ids()

    def ingest(document: Any = LOG, **options: Any) -> Any:
        return lambda: ingest_sarif(document, findings=options.pop("findings", Finding), **ids, **options)

    def run(statement: str) -> Any:
        def call() -> None:
            with mapped_errors(), connection.cursor() as cursor:
                cursor.execute(statement)

        return call

    truncated = caught(InvalidInput, DataError, ingest(TEXT[:50]))
    assert truncated.sqlstate == "22P02"
    assert truncated.detail == "Line 1, column 50."
    option = caught(InvalidInput, DataError, ingest(mode="other"))
    assert (option.sqlstate, "compat" in str(option)) == ("22023", True)
    missing = caught(UnfitTable, ProgrammingError, ingest(findings="nowhere"))
    assert missing.sqlstate == "42P01"
    unfit = caught(UnfitTable, ProgrammingError, ingest(findings="scans"))
    assert unfit.sqlstate in ("42703", "42P10")
    assert unfit.__cause__ is not None
    with transaction.atomic():
        ingest_sarif(LOG, findings=Finding, **ids | {"scan_id": uuid.uuid4()})
        # Foreign keys of Django are checked at the end, or now.
        with pytest.raises(IntegrityError):
            connection.check_constraints()
        transaction.set_rollback(True)
    vectors = "SELECT array_agg(ARRAY[n, 1]::real[]) FROM generate_series(1, 1000) n"
    call = f"{qualified('cluster_embeddings')}(v, 'agglomerative', n_clusters => 2)"
    too_much = f"SET LOCAL reviewpro.max_memory = '1MB'; SELECT {call} FROM ({vectors}) t (v)"
    no_memory = caught(LimitExceeded, OperationalError, run(too_much))
    assert no_memory.detail
    assert no_memory.hint
    assert no_memory.hint in str(no_memory)
    caught(Cancelled, OperationalError, run("SET LOCAL statement_timeout = 10; SELECT pg_sleep(5)"))
    not_mine = "CREATE ROLE nobody_much; SET LOCAL ROLE nobody_much; SELECT 1 FROM findings"
    caught(NotPermitted, ProgrammingError, run(not_mine))
    caught(ExtensionMissing, ProgrammingError, run("SELECT sarif_summary(1::oid)"))
    caught(RetryTransaction, OperationalError, run("DO $$ BEGIN RAISE 'again' USING ERRCODE = '40001'; END $$"))
    # Others stay as they are.
    with pytest.raises(ProgrammingError) as other, transaction.atomic():
        run("SELEC")()
    assert not isinstance(other.value, ReviewproError)
    assert sqlstate_of(other.value) == "42601"
    assert sqlstate_of(ValueError()) is None


def test_errors_of_querysets(db: None) -> None:
    with pytest.raises(InvalidInput) as refusal, transaction.atomic(), mapped_errors():
        list(SarifFindings("{"))
    sent = pickle.loads(pickle.dumps(refusal.value))
    assert (type(sent), str(sent), sent.sqlstate) == (InvalidInput, str(refusal.value), "22P02")


@pytest.mark.django_db(databases=["default", "bare"])
def test_a_database_without_the_extension(project: Any) -> None:
    with pytest.raises(ExtensionMissing), transaction.atomic(using="bare"):
        ingest_sarif(LOG, using="bare", **project.ids())
    with pytest.raises(ExtensionMissing), transaction.atomic(using="bare"), mapped_errors():
        list(SarifFindings(LOG, using="bare"))
    with pytest.raises(ProgrammingError) as refusal, transaction.atomic(), mapped_errors():
        connection.cursor().execute("SELECT some_function_of_theirs(1)")
    assert not isinstance(refusal.value, ExtensionMissing)


def test_finding_objects_of_any_text(project: Any) -> None:
    odd = [
        {
            "rule_id": "R\0",
            "file_path": "a\ud800.py",
            "start_line": 1,
            "message": "m\0",
            "severity": "low",
            "x\0": ["\udfff"],
        },
        {
            "rule_id": "R2",
            "file_path": "b.py",
            "start_line": 1,
            "message": r"\u0000 as written, \ud800 too",
            "severity": "low",
        },
    ]
    result = ingest_findings(odd, findings_table=Finding, **project.ids())
    assert (result.inserted, result.errors) == (2, ())
    stored = list(Finding.objects.order_by("rule_id").values_list("rule_id", "file_path", "message"))
    assert sorted(stored) == [
        ("R2", "b.py", r"\u0000 as written, \ud800 too"),
        ("R\ufffd", "a\ufffd.py", "m\ufffd"),
    ]


@pytest.mark.parametrize("objects", ["[]", b"[]", {"message": "m"}])
def test_finding_objects_are_a_sequence(project: Any, objects: Any) -> None:
    with pytest.raises(TypeError, match="a sequence of objects, not"):
        ingest_findings(objects, findings_table=Finding, **project.ids())
