"""A cursor for large values."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.psycopg_any import is_psycopg3


def binding_cursor(connection: BaseDatabaseWrapper) -> Any:
    """A cursor that sends values beside the statement, where the driver can, whatever the connection's settings.

    Django's default writes them into the statement: 20 MB of bytes then took 1.0 s to be read instead of 0.4 s, and the
    client 262 MB instead of 148 MB. psycopg2 knows no other way. In all else it is Django's own cursor: instrumented,
    and with its errors.
    """
    if not is_psycopg3:
        return connection.cursor()
    from django.db.backends.postgresql.base import ServerBindingCursor

    with connection.wrap_database_errors:
        connection.ensure_connection()
        return connection._prepare_cursor(ServerBindingCursor(connection.connection))  # type: ignore[attr-defined, call-arg]
