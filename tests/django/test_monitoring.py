"""The views for operators as models: columns as the extension has them, counts that move, nothing written."""

from __future__ import annotations

import pickle

import pytest
from django.db import NotSupportedError, connection, models
from django_reviewpro.monitoring import FunctionStats, Health, reset_stats
from django_reviewpro.tables import SarifFindings

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("model", "view"), [(FunctionStats, "reviewpro_stats"), (Health, "reviewpro_health")])
def test_columns_are_those_of_the_view(model: type[models.Model], view: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
               JOIN pg_extension e ON e.extnamespace = c.relnamespace AND e.extname = 'reviewpro_pg'
               WHERE c.relname = %s AND a.attnum > 0 ORDER BY a.attnum""",
            [view],
        )
        columns = [name for (name,) in cursor.fetchall()]
    assert columns == [field.column for field in model._meta.concrete_fields]
    assert model._default_manager.count() > 0


def test_a_call_is_counted() -> None:
    def calls() -> int:
        return FunctionStats.objects.get(function="sarif_findings").calls

    before = calls()
    assert SarifFindings({"version": "2.1.0", "runs": []}).count() == 0
    assert calls() == before + 1
    assert FunctionStats.objects.filter(calls__gt=0, seconds__gte=0).exists()


def test_the_server_is_well() -> None:
    health = Health.objects.get()
    assert (health.status, health.problems, health.versions_match) == ("ok", [], True)
    assert health.threads_limit > 0


def test_counters_begin_anew() -> None:
    SarifFindings({"version": "2.1.0", "runs": []}).count()
    reset_stats()
    assert FunctionStats.objects.get(function="sarif_findings").calls == 0


def test_views_are_read_only() -> None:
    health = Health.objects.get()
    with pytest.raises(NotSupportedError, match="Health is a view"):
        health.save()
    with pytest.raises(NotSupportedError, match="Health is a view"):
        health.delete()
    for refused in (Health.objects.all().delete, lambda: Health.objects.update(status=""), Health.objects.create):
        with pytest.raises(NotSupportedError, match="cannot be written"):
            refused()


def test_rows_can_be_sent_elsewhere() -> None:
    stats = list(FunctionStats.objects.filter(calls__gte=0).order_by("function"))
    assert len(stats) > 10
    assert pickle.loads(pickle.dumps(stats)) == stats
    assert len(pickle.loads(pickle.dumps(FunctionStats.objects.filter(calls__gte=0)))) == len(stats)
