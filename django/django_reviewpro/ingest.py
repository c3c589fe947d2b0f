"""Findings into tables: one call, one statement, in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models, router

from . import arguments, options
from .asynchronous import asynchronous
from .conf import qualified
from .cursors import binding_cursor
from .errors import mapped_errors

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "IngestError",
    "IngestResult",
    "aingest_findings",
    "aingest_sarif",
    "create_findings_table",
    "ingest_findings",
    "ingest_sarif",
]


@dataclass(frozen=True)
class IngestError:
    """A result that was not stored: where it is in the log, and why."""

    run_index: int | None
    result_index: int | None
    sqlstate: str
    reason: str


@dataclass(frozen=True)
class IngestResult:
    """What an ingest did: inserted + updated + unchanged + duplicates + skipped + len(errors) = total."""

    total: int
    inserted: int
    updated: int
    unchanged: int
    reopened: int
    fixed: int
    duplicates: int
    skipped: int
    errors: tuple[IngestError, ...]
    duration_ms: float


Id = UUID | str
Table = type[models.Model] | str


def ingest_sarif(
    sarif: arguments.Document,
    *,
    organization_id: Id,
    repository_id: Id,
    scan_id: Id,
    findings: Table | None = None,
    using: str | None = None,
    **given: Unpack[options.IngestSarifOptions],
) -> IngestResult:
    """Stores the findings of one SARIF log: new ones, known ones, reopened and fixed ones, idempotent per `scan_id`.

    `findings` is the model or the name of the table, by default the table findings on the search_path; `using` the
    database, by default where the model is written to. Options are those of ingest_sarif. Raises the classes of
    django_reviewpro.errors; nothing is stored then.
    """
    arguments.check_options("ingest_sarif", given, options.IngestSarifOptions)
    document, sql_type = arguments.document_value(sarif)
    ids = {"organization_id": organization_id, "repository_id": repository_id, "scan_id": scan_id}
    return _ingest("ingest_sarif", f"%s::{sql_type}", document, ids, ("findings", findings), using, given)


def ingest_findings(
    findings: Sequence[Mapping[str, Any]],
    *,
    organization_id: Id,
    repository_id: Id,
    scan_id: Id,
    findings_table: Table | None = None,
    using: str | None = None,
    **given: Unpack[options.IngestFindingsOptions],
) -> IngestResult:
    """Stores an array of finding objects by the same rules; elements that are none are reported, the others stored."""
    arguments.check_options("ingest_findings", given, options.IngestFindingsOptions)
    ids = {"organization_id": organization_id, "repository_id": repository_id, "scan_id": scan_id}
    document = arguments.objects_value(findings)
    return _ingest("ingest_findings", "%s::jsonb", document, ids, ("findings_table", findings_table), using, given)


aingest_sarif = asynchronous(ingest_sarif)
aingest_findings = asynchronous(ingest_findings)


def create_findings_table(name: str = "findings", *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Creates the recommended table, for those who have no model of findings."""
    with mapped_errors(), connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {qualified('create_findings_table')}(%s)", [name])


def _ingest(
    function: str,
    placeholder: str,
    document: str | bytes,
    ids: Mapping[str, Id],
    table: tuple[str, Table | None],
    using: str | None,
    given: Mapping[str, Any],
) -> IngestResult:
    table_argument, model = table
    parts = [placeholder]
    params: list[Any] = [document]
    for name, value in ids.items():
        parts.append(f"{name} => %s::uuid")
        params.append(str(value))
    if model is not None:
        parts.append(f"{table_argument} => %s::regclass")
        params.append(arguments.table_name(model))
    named, values = arguments.named_parameters(given)
    if using is None:
        using = DEFAULT_DB_ALIAS if model is None or isinstance(model, str) else router.db_for_write(model)
    columns = ", ".join(IngestResult.__dataclass_fields__)
    statement = f"SELECT {columns} FROM {qualified(function)}({', '.join(parts + named)})"
    with mapped_errors(), binding_cursor(connections[using]) as cursor:
        cursor.execute(statement, params + values)
        return _result(cursor.fetchone())


def _result(row: Sequence[Any]) -> IngestResult:
    values = dict(zip(IngestResult.__dataclass_fields__, row, strict=True))
    # Django leaves jsonb to its fields: a cursor gives text.
    errors = json.loads(values["errors"]) if isinstance(values["errors"], str) else values["errors"]
    values["errors"] = tuple(
        IngestError(error.get("run_index"), error.get("result_index"), error["sqlstate"], error["reason"])
        for error in errors or ()
    )
    return IngestResult(**values)
