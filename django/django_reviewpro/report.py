"""A page about findings: one file of HTML that may be shown or sent as it is, or Markdown for a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, models, router

from . import arguments, options
from .asynchronous import asynchronous
from .conf import qualified
from .errors import mapped_errors

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["afindings_report", "findings_report"]


def findings_report(
    findings: type[models.Model] | str | None = None,
    *,
    format: Literal["html", "markdown"] = "html",
    using: str | None = None,
    **given: Unpack[options.ReportOptions],
) -> str:
    """The page: severities, what the last scan changed, the worst findings with their code, rules, files, the map.

    `findings` is the model or the name of the table, by default the table findings on the search_path; `using` the
    database, by default where the model is read from. Messages and code of the findings are escaped: HTML may go to a
    browser as it is, without script. Raises the classes of django_reviewpro.errors.
    """
    arguments.check_options("findings_report", given, options.ReportOptions)
    if using is None:
        using = DEFAULT_DB_ALIAS if findings is None or isinstance(findings, str) else router.db_for_read(findings)
    parts = ["format => %s"]
    params: list[Any] = [format]
    if findings is not None:
        parts.append("findings => %s::regclass")
        params.append(arguments.table_name(findings))
    named, values = arguments.named_parameters(
        {name: UUID(str(value)) if name.endswith("_id") and value else value for name, value in given.items()}
    )
    statement = f"SELECT {qualified('findings_report')}({', '.join(parts + named)})"
    with mapped_errors(), connections[using].cursor() as cursor:
        cursor.execute(statement, params + values)
        return cast("str", cursor.fetchone()[0])


afindings_report = asynchronous(findings_report)
