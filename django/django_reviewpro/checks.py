"""System checks: the settings, and on each checked database that server, extension and companion fit together.

A database is looked at where Django is told to (`check --database default`, `migrate`). What a migration mends is a
warning, since an error would keep `migrate` from mending it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections, router

from .conf import EXTENSION, KEYS, configured
from .versions import Versions, release_line, versions

NEEDED_SERVER = 18


def check_settings(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """E002, E003: settings that mean nothing."""
    from .rollout.settings import problems

    unknown = sorted(set(configured()) - KEYS)
    found: list[CheckMessage] = [
        Error(
            f"REVIEWPRO has the unknown key {key!r}.",
            hint=f"There are {', '.join(sorted(KEYS))}.",
            id="reviewpro.E002",
        )
        for key in unknown
    ]
    schema = configured().get("SCHEMA")
    if schema is not None and (not isinstance(schema, str) or not schema or "%" in schema):
        # Drivers take the sign for a placeholder.
        told = f"REVIEWPRO['SCHEMA'] is {schema!r}, not the name of a schema without percent signs."
        found.append(Error(told, id="reviewpro.E002"))
    found += [Error(problem, id="reviewpro.E003") for problem in problems()]
    return found


def check_databases(
    app_configs: Sequence[AppConfig] | None = None, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """E001, W001 to W003, for each database that may hold the extension."""
    found: list[CheckMessage] = []
    for alias in databases or []:
        if connections[alias].vendor == "postgresql" and router.allow_migrate(
            alias, "django_reviewpro", extension=EXTENSION
        ):
            found += [_located(message, alias) for message in judge(versions(alias))]
    return found


def judge(found: Versions) -> list[CheckMessage]:
    """What is wrong with these versions."""
    if found.server < NEEDED_SERVER * 10_000:
        return [
            Error(
                f"{EXTENSION} needs PostgreSQL {NEEDED_SERVER}, the server is {found.server // 10_000}.",
                id="reviewpro.E001",
            )
        ]
    if found.extension is None:
        return [
            Warning(
                f"The extension {EXTENSION} is not installed.",
                hint="Add django_reviewpro.operations.ReviewproExtension() to a migration, and migrate.",
                id="reviewpro.W001",
            )
        ]
    sql = found.extension.version
    messages: list[CheckMessage] = []
    if found.library != sql:
        stated = found.library or "a library that does not load"
        messages.append(
            Warning(
                f"The extension's SQL is {sql}, its library {stated}.",
                hint=(
                    "Install the library of the same version, or add "
                    "django_reviewpro.operations.UpdateReviewproExtension() to a migration, and migrate."
                ),
                id="reviewpro.W002",
            )
        )
    if release_line(sql) != release_line(found.companion):
        messages.append(
            Warning(
                f"The extension is {sql}, django-reviewpro {found.companion}.",
                hint="Install the django-reviewpro of the extension's release, or update the extension.",
                id="reviewpro.W003",
            )
        )
    return messages


def _located(message: CheckMessage, alias: str) -> CheckMessage:
    message.obj = f"database {alias!r}"
    return message
