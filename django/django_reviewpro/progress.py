"""Telling a person how far a command has come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.management.base import OutputWrapper
from django.db import Error, connections

from .conf import qualified

WIDTH = 30
INTERVAL_SECONDS = 0.25


@dataclass(frozen=True)
class Progress:
    """What a running call does: the phase, and its percentage where that is known."""

    phase: str
    percent: float | None


class Bar:
    """A line that is rewritten on a terminal; nothing elsewhere."""

    def __init__(self, stream: OutputWrapper, total: float) -> None:
        self._stream = stream
        self._total = total
        self._drawn = False
        self.visible = stream.isatty()

    def show(self, done: float, label: str) -> None:
        if not self.visible:
            return
        part = min(1.0, done / self._total) if self._total else 1.0
        full = round(part * WIDTH)
        self._stream.write(f"\r\033[K[{'#' * full}{'.' * (WIDTH - full)}] {part:4.0%} {label[:80]}", ending="")
        self._stream.flush()
        self._drawn = True

    def clear(self) -> None:
        if self._drawn:
            self._stream.write("\r\033[K", ending="")
            self._drawn = False


def running(using: str, pid: int) -> Progress | None:
    """What the view reviewpro_progress says of a backend; None when it computes nothing now."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT phase, percent FROM {qualified('reviewpro_progress')} WHERE pid = %s", [pid])
        row = cursor.fetchone()
    return Progress(*row) if row else None


@contextmanager
def watched(using: str, bar: Bar) -> Iterator[None]:
    """Shows on the bar what this connection's calls do, asked through a second connection from a thread."""
    if not bar.visible:
        yield
        return
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    ended = threading.Event()
    started = time.monotonic()

    def watch() -> None:
        # Connections belong to threads: this one is new, and closed at the end.
        try:
            while not ended.wait(INTERVAL_SECONDS):
                now = running(using, pid)
                if now:
                    bar.show(now.percent or 0, f"{now.phase}, {time.monotonic() - started:.0f} s")
        except Error:
            # It is an ornament: the work goes on without it.
            pass
        finally:
            connections[using].close()

    watcher = threading.Thread(target=watch, name="reviewpro-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        bar.clear()
