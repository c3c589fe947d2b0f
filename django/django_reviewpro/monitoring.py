"""The extension's views for operators as models, to be read: `FunctionStats.objects.filter(errors__gt=0)`.

Their columns are documented in the extension's docs/operations/monitoring.md. No content type and no migration comes of the models. The
schema is that of the settings when this module is imported.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections, models

from .conf import qualified, quoted, schema
from .tables import detached
from .tables.engine import ReadOnlyQuerySet


def _view(name: str) -> str:
    """A view's name as Django takes it: one in double quotes stays as it is."""
    where = schema()
    return f"{quoted(where)}.{quoted(name)}" if where else name


class _View(detached.DetachedModel):
    """A row that nobody writes."""

    objects: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(ReadOnlyQuerySet)()

    class Meta(detached.DetachedModel.Meta):
        abstract = True

    def save(self, *args: Any, **given: Any) -> None:
        raise NotSupportedError(f"{type(self).__name__} is a view: it cannot be saved")

    def delete(self, *args: Any, **given: Any) -> tuple[int, dict[str, int]]:
        raise NotSupportedError(f"{type(self).__name__} is a view: it cannot be deleted")


class FunctionStats(_View):
    """The view `reviewpro_stats`: what each function has done on this server since counting began, in all databases."""

    function = detached.TextField(primary_key=True)
    calls = detached.BigIntegerField()
    errors = detached.BigIntegerField()
    rows = detached.BigIntegerField()
    bytes = detached.BigIntegerField()
    seconds = detached.FloatField()
    stats_since = detached.DateTimeField()

    class Meta(_View.Meta):
        abstract = False
        db_table = _view("reviewpro_stats")


class Health(_View):
    """The one row of the view `reviewpro_health`: `Health.objects.get().problems` is empty when all is well."""

    status = detached.TextField(primary_key=True)
    status_code = detached.IntegerField()
    problems = detached.ArrayField(models.TextField())
    library_version = detached.TextField()
    sql_version = detached.TextField()
    versions_match = detached.BooleanField()
    cpu_path = detached.TextField()
    threads_limit = detached.IntegerField()
    memory_limit = detached.BigIntegerField()
    running_calls = detached.IntegerField()
    stats_since = detached.DateTimeField()

    class Meta(_View.Meta):
        abstract = False
        db_table = _view("reviewpro_health")


def reset_stats(using: str = DEFAULT_DB_ALIAS) -> None:
    """Sets all counters of the server to zero, for all databases. For superusers, and whom they grant it to: others get a
    `ProgrammingError` (42501)."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {qualified('reviewpro_stats_reset')}()")
