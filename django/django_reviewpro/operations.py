"""Migration operations: the extension is created, and later brought up to date."""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError, router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

from .conf import EXTENSION
from .conf import schema as default_schema
from .versions import installed_extension


class _ExtensionOperation(Operation):
    """What both have in common: no state of models, and the router decides on which databases they run."""

    reversible = True
    # Server and files are one for all: nothing here is ever squashed away with models.
    elidable = False

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models do not change."""

    def _applies(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor) -> bool:
        connection = schema_editor.connection
        return connection.vendor == "postgresql" and router.allow_migrate(
            connection.alias, app_label, extension=EXTENSION
        )

    def _update(self, schema_editor: BaseDatabaseSchemaEditor, version: str | None) -> None:
        installed = installed_extension(schema_editor.connection)
        # Only the owner may update, who need not be the one that migrates: a superuser has created it for many databases.
        if installed and installed.version == (version or installed.available):
            return
        to = f" TO {schema_editor.quote_name(version)}" if version else ""
        schema_editor.execute(f"ALTER EXTENSION {EXTENSION} UPDATE{to}")


class ReviewproExtension(_ExtensionOperation):
    """Creates the extension, or updates it where it is there already.

    `schema` is created when it is missing; without it, `REVIEWPRO["SCHEMA"]`, else the first schema of the
    search_path. `version` is that of the SQL, by default the newest that the server has files for. Backwards the
    extension is dropped; PostgreSQL refuses while generated columns or indexes use it. An extension that is in another
    schema than the named one is an error: moving it could break what other applications use.
    """

    category = OperationCategory.ADDITION

    def __init__(self, schema: str | None = None, version: str | None = None) -> None:
        self.schema = schema
        self.version = version

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if not self._applies(app_label, schema_editor):
            return
        schema = self.schema or default_schema()
        installed = installed_extension(schema_editor.connection)
        if installed is None:
            self._create(schema_editor, schema)
        elif schema and installed.schema != schema:
            raise NotSupportedError(
                f'extension "{EXTENSION}" is in schema "{installed.schema}", not in "{schema}": '
                f"ALTER EXTENSION {EXTENSION} SET SCHEMA moves it"
            )
        else:
            self._update(schema_editor, self.version)

    def _create(self, schema_editor: BaseDatabaseSchemaEditor, schema: str | None) -> None:
        options = ""
        if schema:
            # Not IF NOT EXISTS alone: that asks for the right to create schemas even where there is one.
            with schema_editor.connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", [schema])
                exists = cursor.fetchone()
            if not exists:
                schema_editor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema_editor.quote_name(schema)}")
            options += f" SCHEMA {schema_editor.quote_name(schema)}"
        if self.version:
            options += f" VERSION {schema_editor.quote_name(self.version)}"
        schema_editor.execute(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}{options}")

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if self._applies(app_label, schema_editor):
            schema_editor.execute(f"DROP EXTENSION IF EXISTS {EXTENSION}")

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], _given(schema=self.schema, version=self.version)

    def describe(self) -> str:
        return f"Creates or updates extension {EXTENSION}"

    @property
    def migration_name_fragment(self) -> str:
        return f"create_extension_{EXTENSION}"


class UpdateReviewproExtension(_ExtensionOperation):
    """Brings the extension to `version`, by default the newest that the server has files for.

    For the migration that comes with a new release. Backwards nothing happens: PostgreSQL has no way back to an older
    version, and the older companion works with the newer SQL.
    """

    category = OperationCategory.ALTERATION

    def __init__(self, version: str | None = None) -> None:
        self.version = version

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if self._applies(app_label, schema_editor):
            self._update(schema_editor, self.version)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """There is no way back, and no need of one."""

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], _given(version=self.version)

    def describe(self) -> str:
        return f"Updates extension {EXTENSION}"

    @property
    def migration_name_fragment(self) -> str:
        return f"update_extension_{EXTENSION}"


def _given(**arguments: str | None) -> dict[str, str]:
    """The arguments that were given."""
    return {name: value for name, value in arguments.items() if value is not None}
