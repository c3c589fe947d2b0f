"""Arguments that several commands take."""

from __future__ import annotations

import uuid
from argparse import ArgumentTypeError

from django.apps import apps
from django.db import models


def uuid_text(text: str) -> uuid.UUID:
    """An id; a type of argparse."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"not a UUID: {text!r}") from None


def table(name: str | None) -> type[models.Model] | str | None:
    """What app.Model stands for, where there is such an application; else the name as it is."""
    if name and "." in name and name.split(".")[0] in apps.app_configs:
        return apps.get_model(name)
    return name
