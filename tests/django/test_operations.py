"""Migration operations: create, update, reverse, schemas, routers; and what migrations write and squash."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DataError, NotSupportedError, ProgrammingError, connection, connections
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import OperationWriter
from django_reviewpro import __version__
from django_reviewpro.conf import qualified
from django_reviewpro.operations import ReviewproExtension, UpdateReviewproExtension
from django_reviewpro.versions import installed_extension, versions

pytestmark = pytest.mark.django_db(databases=["default", "bare"], transaction=True)
NEWER = "999.0.0"


@pytest.fixture
def bare() -> Iterator[Any]:
    """A connection to a database without the extension, and none afterwards."""
    opened = connections["bare"]
    yield opened
    with opened.cursor() as cursor:
        cursor.execute("RESET extension_control_path")
        cursor.execute("DROP EXTENSION IF EXISTS reviewpro_pg CASCADE")
        cursor.execute('DROP SCHEMA IF EXISTS "a place"')


def run(operation: Any, opened: Any, backwards: bool = False, app_label: str = "contenttypes") -> None:
    state = ProjectState()
    with opened.schema_editor(atomic=True) as editor:
        if backwards:
            operation.database_backwards(app_label, editor, state, state)
        else:
            operation.database_forwards(app_label, editor, state, state)


@pytest.fixture
def newer(bare: Any) -> Iterator[None]:
    """Files on the server for a newer version, which adds a function. Servers take the folder from the session."""
    with bare.cursor() as cursor:
        cursor.execute("SHOW extension_control_path")
        path = cursor.fetchone()[0]
    source = Path(path.split(":")[0]) / "extension"
    folder = Path(tempfile.mkdtemp(prefix="reviewpro-"))
    try:
        target = folder / "extension"
        shutil.copytree(source, target)
        control = target / "reviewpro_pg.control"
        control.write_text(control.read_text().replace(f"'{__version__}'", f"'{NEWER}'"))
        script = f"CREATE FUNCTION newer() RETURNS text LANGUAGE sql RETURN '{NEWER}';"
        (target / f"reviewpro_pg--{__version__}--{NEWER}.sql").write_text(script)
        for entry in (folder, target, *target.iterdir()):
            entry.chmod(0o755 if entry.is_dir() else 0o644)
        yield str(folder)
    finally:
        shutil.rmtree(folder)


def show_newer(bare: Any, folder: str) -> None:
    with bare.cursor() as cursor:
        cursor.execute("SELECT set_config('extension_control_path', %s, false)", [f"{folder}:$system"])


def test_who_does_not_own_an_extension_that_is_there_migrates(bare: Any) -> None:
    run(ReviewproExtension(), bare)
    with bare.cursor() as cursor:
        cursor.execute("CREATE ROLE reviewpro_migrator")
        try:
            cursor.execute("SET ROLE reviewpro_migrator")
            with pytest.raises(ProgrammingError, match="must be owner"):
                cursor.execute("ALTER EXTENSION reviewpro_pg UPDATE")
            run(ReviewproExtension(), bare)
            run(UpdateReviewproExtension(), bare)
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP ROLE reviewpro_migrator")


def test_create_and_drop(bare: Any) -> None:
    operation = ReviewproExtension()
    run(operation, bare)
    installed = installed_extension(bare)
    assert installed is not None
    assert (installed.version, installed.available) == (__version__, __version__)
    run(operation, bare)
    run(operation, bare, backwards=True)
    assert installed_extension(bare) is None
    run(operation, bare, backwards=True)


def test_a_schema_that_is_made(bare: Any) -> None:
    operation = ReviewproExtension(schema="a place")
    run(operation, bare)
    installed = installed_extension(bare)
    assert installed is not None
    assert installed.schema == "a place"
    assert versions("bare").library == __version__
    with pytest.raises(NotSupportedError, match='is in schema "a place", not in "public"'):
        run(ReviewproExtension(schema="public"), bare)


def test_the_schema_of_the_settings(bare: Any, settings: Any) -> None:
    settings.REVIEWPRO = {"SCHEMA": "a place"}
    run(ReviewproExtension(), bare)
    installed = installed_extension(bare)
    assert installed is not None
    assert installed.schema == "a place"


@pytest.mark.parametrize(
    "operation", [ReviewproExtension(), UpdateReviewproExtension(), UpdateReviewproExtension(NEWER)]
)
def test_update(bare: Any, newer: str, operation: Any) -> None:
    run(ReviewproExtension(), bare)
    show_newer(bare, newer)
    found = installed_extension(bare)
    assert found is not None
    assert (found.version, found.available) == (__version__, NEWER)
    run(operation, bare)
    updated = installed_extension(bare)
    assert updated is not None
    assert updated.version == NEWER
    with bare.cursor() as cursor:
        cursor.execute(f"SELECT {qualified('newer')}()")
        assert cursor.fetchone() == (NEWER,)
    # The way back of an update leaves the extension alone; that of the first operation drops it.
    run(operation, bare, backwards=True)
    assert (installed_extension(bare) is None) == isinstance(operation, ReviewproExtension)


def test_a_version_that_is_named(bare: Any, newer: str) -> None:
    show_newer(bare, newer)
    run(ReviewproExtension(version=__version__), bare)
    found = installed_extension(bare)
    assert found is not None
    assert found.version == __version__
    with pytest.raises(DataError, match="no update path"):
        run(UpdateReviewproExtension("0.0.1"), bare)


def test_an_extension_in_use_is_not_dropped() -> None:
    with pytest.raises(Exception, match="depend"):
        run(ReviewproExtension(), connection, backwards=True, app_label="product")
    assert installed_extension(connection) is not None


def test_the_router_decides(bare: Any) -> None:
    for operation in (ReviewproExtension(), UpdateReviewproExtension()):
        run(operation, bare, app_label="product")
    run(ReviewproExtension(), bare, backwards=True, app_label="product")
    assert installed_extension(bare) is None


def test_what_migrations_say(bare: Any) -> None:
    text, imports = OperationWriter(ReviewproExtension(schema="a"), indentation=0).serialize()
    assert text == "django_reviewpro.operations.ReviewproExtension(\n    schema='a',\n),"
    assert imports == {"import django_reviewpro.operations"}
    assert UpdateReviewproExtension("1.2.3").deconstruct() == ("UpdateReviewproExtension", [], {"version": "1.2.3"})
    assert ReviewproExtension().migration_name_fragment == "create_extension_reviewpro_pg"
    assert "Updates" in UpdateReviewproExtension().describe()
    assert "Creates" in ReviewproExtension().formatted_description()


def test_no_model_is_without_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_migrations_forwards_and_backwards() -> None:
    call_command("migrate", "examples", "zero", verbosity=0)
    call_command("migrate", "product", "0001", verbosity=0)
    assert installed_extension(connection) is None
    call_command("migrate", verbosity=0)
    assert installed_extension(connection) is not None


def test_the_schema_of_this_run() -> None:
    installed = installed_extension(connection)
    assert installed is not None
    assert installed.schema == (os.environ.get("REVIEWPRO_SCHEMA") or "public")
