"""manage.py ingest_sarif: SARIF logs into the findings table."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, Error, transaction

from ...ingest import IngestResult, ingest_sarif
from ...progress import Bar
from ..arguments import table, uuid_text

STANDARD_INPUT = "-"


class Command(BaseCommand):
    help = "Stores the findings of SARIF logs (plain or gzip, - is standard input). All of them, or none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("logs", nargs="+", metavar="LOG")
        for name in ("organization", "repository"):
            parser.add_argument(f"--{name}", required=True, type=uuid_text, metavar="UUID", help=f"id of the {name}")
        parser.add_argument("--scan", type=uuid_text, metavar="UUID", help="id of the scan; by default a new one")
        parser.add_argument("--findings", metavar="TABLE", help="app.Model or table; by default the table findings")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, metavar="ALIAS")
        parser.add_argument("--mode", choices=["spec", "compat"], default="spec")
        parser.add_argument("--source-root", metavar="PATH", help="what absolute paths are made relative to")
        parser.add_argument("--keep-open", action="store_true", help="mark nothing as fixed")
        parser.add_argument("--strict", action="store_true", help="a result that cannot be stored is an error")

    def handle(self, *args: Any, **given: Any) -> None:
        logs: list[str] = given["logs"]
        findings = table(given["findings"])
        scan = given["scan"] or uuid.uuid4()
        sizes = [Path(log).stat().st_size if log != STANDARD_INPUT and Path(log).exists() else 1 for log in logs]
        bar = Bar(self.stderr, sum(sizes))
        optional = {"source_root": given["source_root"]} if given["source_root"] else {}
        try:
            with transaction.atomic(using=given["database"]):
                for number, log in enumerate(logs):
                    bar.show(sum(sizes[:number]), log)
                    result = ingest_sarif(
                        read(log),
                        organization_id=given["organization"],
                        repository_id=given["repository"],
                        scan_id=scan,
                        findings=findings,
                        using=given["database"],
                        mode=given["mode"],
                        close=not given["keep_open"],
                        strict=given["strict"],
                        **optional,
                    )
                    bar.clear()
                    self.stdout.write(f"{log}: {told(result)}")
                    for error in result.errors:
                        self.stderr.write(f"{log}: result {error.run_index}/{error.result_index}: {error.reason}")
        except (Error, OSError) as error:
            bar.clear()
            raise CommandError(f"{log}: {error}") from error


def read(log: str) -> bytes:
    return sys.stdin.buffer.read() if log == STANDARD_INPUT else Path(log).read_bytes()


def told(result: IngestResult) -> str:
    """The counts, those that are not zero."""
    names = ("inserted", "updated", "unchanged", "reopened", "fixed", "duplicates", "skipped")
    counts = [f"{getattr(result, name)} {name}" for name in names if getattr(result, name)]
    counts += [f"{len(result.errors)} not stored"] if result.errors else []
    return f"{result.total} results: {', '.join(counts) or 'nothing to do'} ({result.duration_ms:.0f} ms)"
