"""What is wrapped against what the extension has, both ways: a function, an option or a column that only one side knows
is a failure."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import pytest
from django.db import connection, models
from django_reviewpro import functions, ingest, options, report, tables
from django_reviewpro.conf import FUNCTIONS
from django_reviewpro.functions.base import Routine
from django_reviewpro.tables import detached, rows

pytestmark = pytest.mark.django_db

# Called by other functions of the extension, or by the companion's own SQL.
STEPS = "a step of ingest_sarif and ingest_findings, for looking at what they would do"
PSQL = "a chart of characters, for people in psql"
PAGE = "a step of findings_report"
NOT_WRAPPED = {
    "changes_between": "a step of sarif_changes",
    "ingest_results": STEPS,
    "ingest_objects": STEPS,
    "ingest_plan": STEPS,
    "ingest_columns": STEPS,
    "ingest_store": STEPS,
    "ingest_began": STEPS,
    "ingest_ended": STEPS,
    "migration_plan": "a step of migrate_fingerprints",
    "run_migration": "a step of migrate_fingerprints",
    "run_log_migration": "a step of migrate_fingerprints_by_log",
    "result_needs_run": "a step of migrate_fingerprints",
    "migrate_fingerprints_by_log": "done once, in psql, by who moves an application over",
    "migrate_fingerprints": "done once, in psql, by who moves an application over",
    "migrate_all_fingerprints": "commits as it goes, which Django's transactions do not allow; done once, in psql",
    "sarif_findings_support": "the planner's",
    "reviewpro_stats": "read through the view of that name, by django_reviewpro.monitoring",
    "reviewpro_stats_reset": "django_reviewpro.monitoring.reset_stats",
    "reviewpro_health": "read through the view of that name, by django_reviewpro.monitoring",
    "bar": PSQL,
    "sparkline": PSQL,
    "histogram": PSQL,
    "cluster_map": "a drawing's places, for findings_report",
    "findings_report_query": PAGE,
    "findings_report_data": PAGE,
    "render_findings_report": PAGE,
    "reviewpro_progress": "read through the view of that name, by django_reviewpro.progress",
}
# Positional arguments have their own words in Python; these are the options, by function.
OPTIONS: dict[str, type] = {
    "sarif_findings": options.SarifOptions,
    "fingerprint_findings": options.FingerprintFindingsOptions,
    "scan_changes": options.ScanChangesOptions,
    "sarif_changes": options.SarifChangesOptions,
    "cluster_query": options.ClusterOptions,
    "cluster_summaries": options.SummaryOptions,
    "cluster_members": options.SummaryOptions,
    "assign_clusters": options.AssignOptions,
    "suggest_eps": options.SuggestOptions,
    "ingest_sarif": options.IngestSarifOptions,
    "ingest_findings": options.IngestFindingsOptions,
    "findings_report": options.ReportOptions,
}
# Arguments that are no option: what the function is about, or arguments with a name of their own in Python.
SUBJECTS = {
    "sarif_findings": {"sarif"},
    "fingerprint_findings": {"findings"},
    "scan_changes": {"scan_id", "findings"},
    "sarif_changes": {"before", "after"},
    "cluster_query": {"query"},
    "cluster_summaries": {"embeddings", "labels"},
    "cluster_members": {"embeddings", "labels"},
    "assign_clusters": {"new_embeddings", "embeddings", "labels"},
    "suggest_eps": {"embeddings"},
    "ingest_sarif": {"sarif", "organization_id", "repository_id", "scan_id", "findings"},
    "ingest_findings": {"findings", "organization_id", "repository_id", "scan_id", "findings_table"},
    "findings_report": {"findings", "format"},
}
TYPES = {
    "text": detached.TextField,
    "integer": detached.IntegerField,
    "double precision": detached.FloatField,
    "boolean": detached.BooleanField,
    "numeric": detached.DecimalField,
    "jsonb": detached.JSONField,
    "timestamp with time zone": detached.DateTimeField,
    "text[]": detached.ArrayField,
}


@dataclass(frozen=True)
class SqlFunction:
    name: str
    inputs: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    volatile: str
    window: bool


@pytest.fixture
def surface(db: None) -> list[SqlFunction]:
    """Every function and procedure of the installed extension."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT p.proname, p.provolatile, p.prokind = 'w',
                   coalesce((SELECT array_agg(a.name ORDER BY a.n)
                             FROM unnest(p.proargnames, p.proargmodes) WITH ORDINALITY a (name, mode, n)
                             WHERE coalesce(a.mode, 'i') IN ('i', 'b')), '{}'),
                   coalesce((SELECT array_agg(ARRAY[a.name, format_type(a.type, NULL)] ORDER BY a.n)
                             FROM unnest(p.proargnames, p.proargmodes, p.proallargtypes)
                                  WITH ORDINALITY a (name, mode, type, n)
                             WHERE a.mode IN ('o', 't')), '{}') AS outputs,
                   coalesce((SELECT array_agg(ARRAY[a.attname, format_type(a.atttypid, NULL)] ORDER BY a.attnum)
                             FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0
                             WHERE t.oid = p.prorettype AND t.typtype = 'c'), '{}') AS attributes
            FROM pg_depend d
            JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'reviewpro_pg'
            JOIN pg_proc p ON p.oid = d.objid
            WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
        """)
        found = [
            SqlFunction(name, tuple(inputs), tuple(map(tuple, outputs or attributes)), volatile, window)
            for name, volatile, window, inputs, outputs, attributes in cursor.fetchall()
        ]
    assert len(found) > 50, "the extension was not found"
    return found


def test_the_functions_that_an_error_can_miss(surface: list[SqlFunction]) -> None:
    names = {function.name for function in surface}
    assert names - set(NOT_WRAPPED) <= FUNCTIONS <= names


def routines() -> Iterator[type[Routine]]:
    for name in functions.__all__:
        yield getattr(functions, name)


def row_models() -> Iterator[type[models.Model]]:
    for _, model in inspect.getmembers(rows, inspect.isclass):
        if issubclass(model, models.Model) and model.__module__ == rows.__name__ and not model._meta.abstract:
            yield model


def wrapped() -> set[str]:
    names = {str(routine.function) for routine in routines()}
    names |= {model._meta.db_table for model in row_models()}
    return names | {name for name in (*ingest.__all__, *report.__all__) if not name.startswith("a") and name.islower()}


def test_every_function_is_wrapped_or_has_a_reason_not_to_be(surface: list[SqlFunction]) -> None:
    there = {function.name for function in surface}
    assert there - wrapped() - set(NOT_WRAPPED) == set(), "neither wrapped nor listed"
    assert wrapped() - there == set(), "wrapped, but not in the extension"
    assert set(NOT_WRAPPED) - there == set(), "listed, but not in the extension"
    assert set(NOT_WRAPPED) & wrapped() == set(), "listed, but wrapped"


def test_options_of_expressions(surface: list[SqlFunction]) -> None:
    checked = 0
    for routine in routines():
        overloads = [function for function in surface if function.name == routine.function]
        positional = [
            name
            for name, parameter in inspect.signature(routine.__init__).parameters.items()
            if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
        ]
        optional = set(routine.allowed.__annotations__) if routine.allowed else set()
        for overload in overloads:
            assert set(overload.inputs) == {*positional, *optional}, routine
            assert routine.window_compatible == overload.window, routine
            checked += 1
    assert checked >= 20


def test_options_of_table_functions_and_ingest(surface: list[SqlFunction]) -> None:
    for name, allowed in OPTIONS.items():
        overloads = [function for function in surface if function.name == name]
        assert overloads, name
        for overload in overloads:
            assert set(overload.inputs) == set(allowed.__annotations__) | SUBJECTS[name], name
    # No table function has options that this list does not know.
    for model in row_models():
        for function in surface:
            if function.name == model._meta.db_table and function.name not in OPTIONS:
                assert len(function.inputs) == 1, function


def test_columns_of_rows(surface: list[SqlFunction]) -> None:
    checked = 0
    for model in row_models():
        for function in surface:
            if function.name != model._meta.db_table:
                continue
            mine = [(field.column, type(field)) for field in model._meta.concrete_fields if field.name != "ordinality"]
            assert mine == [(name, TYPES[kind]) for name, kind in function.columns], function.name
            checked += 1
    assert checked >= 25


def test_columns_of_results(surface: list[SqlFunction]) -> None:
    mine = {field.name for field in fields(ingest.IngestResult)}
    theirs = [{name for name, _ in f.columns} for f in surface if f.name in ("ingest_sarif", "ingest_findings")]
    assert len(theirs) == 5
    assert all(columns == mine for columns in theirs)


def test_what_indexes_use_is_immutable(surface: list[SqlFunction]) -> None:
    names = {"fingerprint", "content_fingerprint", "location_fingerprint", "repository_fingerprint", "sarif_summary"}
    found = [function for function in surface if function.name in names]
    assert {function.name for function in found} == names
    assert {function.volatile for function in found} == {"i"}


def test_every_table_function_of_the_package_is_one(surface: list[SqlFunction]) -> None:
    named: dict[str, Any] = {name: getattr(tables, name) for name in tables.__all__}
    callables = {name for name, thing in named.items() if inspect.isfunction(thing)}
    assert {name.lower() for name in callables} == {model._meta.db_table.replace("_", "") for model in row_models()}
