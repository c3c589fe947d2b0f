"""manage.py ingest_sarif: SARIF logs into the findings table.

The logs of one call are one scan. Where a tool wrote several of them, what one log does not have may be in another: what none
of them has is marked as fixed when all are stored, provided that all are whole.
"""

from __future__ import annotations

import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, transaction

from ...ingest import IngestResult, ingest_sarif
from ...progress import Bar
from ...tables import SarifRuns
from ..arguments import add_database, table, uuid_text

STANDARD_INPUT = "-"


class Command(BaseCommand):
    help = "Stores the findings of SARIF logs (plain or gzip, - is standard input). All of them, or none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("logs", nargs="+", metavar="LOG")
        for name in ("organization", "repository"):
            parser.add_argument(f"--{name}", required=True, type=uuid_text, metavar="UUID", help=f"id of the {name}")
        parser.add_argument("--scan", type=uuid_text, metavar="UUID", help="id of the scan; by default a new one")
        parser.add_argument("--findings", metavar="TABLE", help="app.Model or table; by default the table findings")
        add_database(parser)
        parser.add_argument("--mode", choices=["spec", "compat"], default="spec")
        parser.add_argument("--source-root", metavar="PATH", help="what absolute paths are made relative to")
        parser.add_argument("--keep-open", action="store_true", help="mark nothing as fixed")
        parser.add_argument("--strict", action="store_true", help="a result that cannot be stored is an error")

    def handle(self, *args: Any, **given: Any) -> None:
        logs: list[str] = given["logs"]
        sizes = [Path(log).stat().st_size if log != STANDARD_INPUT and Path(log).exists() else 1 for log in logs]
        options = {
            "organization_id": given["organization"],
            "repository_id": given["repository"],
            "scan_id": given["scan"] or uuid.uuid4(),
            "findings": table(given["findings"]),
            "using": given["database"],
            "mode": given["mode"],
            "strict": given["strict"],
            **({"source_root": given["source_root"]} if given["source_root"] else {}),
        }
        closing = not given["keep_open"]
        bar = Bar(self.stderr, sum(sizes))
        log, read = "", Reader()
        try:
            with transaction.atomic(using=given["database"]):
                several = []
                for log in logs if closing and len(logs) > 1 else []:
                    several.append(Parts.of(read(log), given["database"]))
                split = {tool for parts in several for tool in parts.tools if sum(tool in p.tools for p in several) > 1}
                doubtful: set[Tool] = set()
                for number, log in enumerate(logs):
                    bar.show(sum(sizes[:number]), log)
                    is_split = bool(several) and not split.isdisjoint(several[number].tools)
                    result = ingest_sarif(read(log), close=closing and not is_split, **options)
                    bar.clear()
                    self.stdout.write(f"{log}: {told(result)}")
                    for error in result.errors:
                        self.stderr.write(f"{log}: result {error.run_index}/{error.result_index}: {error.reason}")
                    if is_split and (result.errors or not several[number].complete):
                        doubtful |= several[number].tools
                for log, parts in zip(logs, several, strict=False):
                    if not split.isdisjoint(parts.tools) and doubtful.isdisjoint(parts.tools):
                        # Nothing but what no log has is left to do.
                        result = ingest_sarif(read(log), close=True, **options)
                        if result.fixed:
                            self.stdout.write(f"{log}: {result.fixed} fixed, in none of the logs of its tools")
        except (Error, OSError) as error:
            bar.clear()
            raise CommandError(f"{log}: {error}" if log else str(error)) from error


@dataclass(frozen=True)
class Parts:
    """What a log has of a scan: whose results (by tool and category), and whether all of them."""

    tools: frozenset[Tool]
    complete: bool

    @classmethod
    def of(cls, document: bytes, using: str) -> Parts:
        runs = list(SarifRuns(document, using=using).values_list("tool_name", "automation_category", "complete"))
        return cls(frozenset((tool, category) for tool, category, _ in runs), all(complete for *_, complete in runs))


Tool = tuple[str | None, str | None]


class Reader:
    """Reads logs, as often as wanted."""

    def __init__(self) -> None:
        self._standard_input: bytes | None = None

    def __call__(self, log: str) -> bytes:
        if log != STANDARD_INPUT:
            return Path(log).read_bytes()
        if self._standard_input is None:
            self._standard_input = sys.stdin.buffer.read()
        return self._standard_input


def told(result: IngestResult) -> str:
    """The counts, those that are not zero."""
    names = ("inserted", "updated", "unchanged", "reopened", "fixed", "duplicates", "skipped")
    counts = [f"{getattr(result, name)} {name}" for name in names if getattr(result, name)]
    counts += [f"{len(result.errors)} not stored"] if result.errors else []
    return f"{result.total} results: {', '.join(counts) or 'nothing to do'} ({result.duration_ms:.0f} ms)"
