"""manage.py reviewpro_status: what is installed, whether it fits, how components run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, ProgrammingError, router, transaction
from django.db.models import Count, Q

from ...checks import judge
from ...conf import EXTENSION, configured
from ...rollout.settings import EVERY, component_settings
from ...versions import Versions, versions
from ..arguments import add_database


class Command(BaseCommand):
    help = (
        "Shows the versions of server, extension and companion, and how components run. Exit status 1: they do not fit."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_database(parser)

    def handle(self, *args: Any, **given: Any) -> None:
        try:
            found = versions(given["database"])
            for line in (*told(found), *components()):
                self.stdout.write(line)
        except (Error, ImproperlyConfigured) as error:
            raise CommandError(str(error).strip()) from error
        problems = judge(found)
        for problem in problems:
            self.stderr.write(f"{problem.msg} {problem.hint or ''}".rstrip())
        if problems:
            sys.exit(1)


def told(found: Versions) -> Iterator[str]:
    yield f"server:    PostgreSQL {found.server // 10_000}.{found.server % 10_000}"
    if found.extension:
        yield f"extension: {EXTENSION} {found.extension.version} in schema {found.extension.schema}"
        yield f"library:   {found.library or 'does not load'}"
    else:
        yield "extension: not installed"
    yield f"companion: {found.companion}"


def components() -> Iterator[str]:
    """How each component of the settings runs, and what shadow mode found of it."""
    compared: dict[str, Any] = {}
    if apps.is_installed("django_reviewpro.rollout"):
        from ...rollout.models import ShadowComparison

        rows = ShadowComparison.objects.values("component").annotate(
            all=Count("pk"), different=Count("pk", filter=Q(equal=False))
        )
        try:
            with transaction.atomic(using=router.db_for_read(ShadowComparison)):
                compared = {row["component"]: row for row in rows}
        except ProgrammingError:
            yield "comparisons: no table, run migrate"
    for name in sorted({*configured().get("ROLLOUT", {}), *compared} - {EVERY}):
        settings = component_settings(name)
        line = f"component {name}: {settings.mode}, {settings.percent:g} % of keys"
        if name in compared:
            line += f"; {compared[name]['all']} compared, {compared[name]['different']} different"
        yield line
