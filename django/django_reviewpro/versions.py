"""Which versions are at work: the server's, the extension's SQL and library, the companion's."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from . import __version__
from .conf import EXTENSION, quoted


@dataclass(frozen=True)
class Extension:
    """The extension as the database has it: schema, version of its SQL, and the version the server has files for."""

    schema: str
    version: str
    available: str | None


@dataclass(frozen=True)
class Versions:
    """All versions that must fit each other. `library` is None where the library does not load."""

    server: int
    extension: Extension | None
    library: str | None
    companion: str = __version__


def installed_extension(connection: BaseDatabaseWrapper) -> Extension | None:
    """What pg_extension says; None where the extension was not created."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT n.nspname, e.extversion, a.default_version
            FROM pg_catalog.pg_extension e
            JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
            LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = e.extname
            WHERE e.extname = %s
            """,
            [EXTENSION],
        )
        row = cursor.fetchone()
    return Extension(*row) if row else None


def versions(using: str = DEFAULT_DB_ALIAS) -> Versions:
    """The versions on one database."""
    connection = connections[using]
    extension = installed_extension(connection)
    library = None
    if extension:
        try:
            # In a savepoint where a transaction is open: the library may be one that does not load.
            with transaction.atomic(using=using), connection.cursor() as cursor:
                cursor.execute(f"SELECT {quoted(extension.schema)}.reviewpro_version()")
                library = cursor.fetchone()[0]
        except Error:
            pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::integer")
        server = cursor.fetchone()[0]
    return Versions(server, extension, library)


def release_line(version: str) -> tuple[str, ...]:
    """Major and minor number: within these, library, SQL and companion work together."""
    return tuple(version.split(".")[:2])
