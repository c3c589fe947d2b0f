"""The application: checks, models of table functions, management commands."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class ReviewproConfig(AppConfig):
    name = "django_reviewpro"
    verbose_name = "reviewpro_pg"

    def ready(self) -> None:
        from .checks import check_databases, check_settings

        checks.register(check_settings)
        checks.register(check_databases, checks.Tags.database)
