"""manage.py findings_report: a page about the findings of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from ...report import findings_report
from ..arguments import add_database, table, uuid_text


class Command(BaseCommand):
    help = "Writes a page about findings: severities, changes, the worst findings, rules, files, a map of embeddings."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--findings", metavar="TABLE", help="app.Model or table; by default the table findings")
        parser.add_argument("--format", choices=["html", "markdown"], default="html")
        parser.add_argument("--output", metavar="FILE", help="where to write it; by default standard output")
        parser.add_argument("--title")
        for name in ("organization", "repository", "scan"):
            parser.add_argument(f"--{name}", type=uuid_text, metavar="UUID", help=f"only of this {name}")
        parser.add_argument("--worst", type=int, metavar="N", help="how many findings with message and code")
        add_database(parser)

    def handle(self, *args: Any, **given: Any) -> None:
        names = {"title": "title", "worst": "worst"}
        names |= {f"{name}_id": name for name in ("organization", "repository", "scan")}
        chosen: Any = {option: given[name] for option, name in names.items() if given[name] is not None}
        try:
            page = findings_report(table(given["findings"]), format=given["format"], using=given["database"], **chosen)
            if given["output"]:
                Path(given["output"]).write_text(page, encoding="utf-8")
            else:
                self.stdout.write(page)
        except (Error, OSError) as error:
            raise CommandError(str(error)) from error
