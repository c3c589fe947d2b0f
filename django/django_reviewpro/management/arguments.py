"""Arguments that several commands take: types of argparse."""

from __future__ import annotations

import uuid
from argparse import ArgumentTypeError
from typing import Any

from django.apps import apps
from django.core.management.base import CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections, models


def add_database(parser: CommandParser) -> None:
    """--database: an alias of the settings, of a PostgreSQL database."""
    parser.add_argument("--database", default=DEFAULT_DB_ALIAS, type=_database, metavar="ALIAS")


def _database(alias: str) -> str:
    if alias not in connections:
        raise ArgumentTypeError(f"there is no database {alias!r} in the settings: there are {', '.join(connections)}")
    if connections[alias].vendor != "postgresql":
        raise ArgumentTypeError(f"the database {alias!r} is not PostgreSQL")
    return alias


def uuid_text(text: str) -> uuid.UUID:
    """An id."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"not a UUID: {text!r}") from None


def model(name: str) -> type[models.Model]:
    """The model that app.Model names."""
    try:
        return apps.get_model(name)
    except (LookupError, ValueError):
        raise ArgumentTypeError(f"there is no model {name!r}: it is named as app.Model") from None


def table(name: str | None) -> type[models.Model] | str | None:
    """What app.Model stands for, where there is such an application; else the name as it is. For values, not a type."""
    if name and "." in name and name.split(".")[0] in apps.app_configs:
        try:
            return apps.get_model(name)
        except LookupError as error:
            raise CommandError(str(error)) from None
    return name


def lookup(of: type[models.Model], name: str, text: str) -> Any:
    """The value of a filter as its field has it: yes and no are words on a command line."""
    is_flag = name.endswith("__isnull")
    if not is_flag:
        field = next((field for field in of._meta.get_fields() if field.name == name), None)
        is_flag = isinstance(field, models.BooleanField)
    words = {"true": True, "false": False}
    if is_flag and text.lower() not in words:
        raise CommandError(f"--filter {name}={text}: there are true and false")
    return words[text.lower()] if is_flag else text
