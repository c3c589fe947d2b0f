"""Ingest by many at once and among faults, at two sizes: a small one for every run, and that of `make fire`.

REVIEWPRO_FIRE_TRANSACTIONS (1,000), REVIEWPRO_FIRE_FAULTS (5): how many transactions, how many kills or cancels.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from typing import Any

import fire
import psycopg
import pytest
from servers import connect, durable_server, house, kill_server, promote, standby_of

from benches import FOLDER, Run, pgbench

LOAD = FOLDER / "load"
TRANSACTIONS = int(os.environ.get("REVIEWPRO_FIRE_TRANSACTIONS", "1000"))
FAULTS = int(os.environ.get("REVIEWPRO_FIRE_FAULTS", "5"))
CLIENTS = (8, 100)


def overlap(dsn: str, clients: int, scripts: list[str], **options: Any) -> Run:
    """A run of pgbench over overlapping scans of three repositories; as many transactions as wanted, to the next client."""
    variables = {"mode": f"'{options.pop('mode', 'spec')}'"}
    variables |= {name: options.pop(name, value) for name, value in {"close": True, "locked": False}.items()}
    return pgbench(
        house.bindir() / "pgbench",
        dsn,
        [LOAD / script for script in scripts],
        clients=clients,
        transactions=max(1, round(TRANSACTIONS * options.pop("share", 1.0) / clients)),
        variables={"logs": fire.LOGS, "repositories": 3, **variables},
        **options,
    )


def report(name: str, run: Run, found: fire.Sums) -> None:
    print(
        f"{name}: {run.clients} clients, {run.processed} transactions, {run.failed} failed, {run.retried} tries more,"
        f" {run.rate:.0f}/s, median {run.median * 1000:.0f} ms, 99 % {run.quantile(0.99) * 1000:.0f} ms; {found}"
    )


@pytest.mark.parametrize("clients", CLIENTS)
@pytest.mark.parametrize("table", ["app_findings", "own_findings"])
def test_overlapping_scans_do_not_deadlock(
    dsn: str, connection: psycopg.Connection, counted: list[int], table: str, clients: int
) -> None:
    """All of it: insert, update, reopen, close. The application's fingerprints are shared by its repositories."""
    fire.prepare(connection, table)
    run = overlap(dsn, clients, ["overlap.sql"], mode="compat" if table == "app_findings" else "spec")
    found = fire.sums(connection)
    report(table, run, found)
    assert run.failed == 0
    assert found.calls == run.processed
    assert found.answered == found.stored
    counted.append(found.calls)


@pytest.mark.parametrize("clients", CLIENTS)
def test_serializable_transactions_are_tried_again(
    dsn: str, connection: psycopg.Connection, counted: list[int], clients: int
) -> None:
    """40001, and nothing but that, and nothing is lost or counted twice in the end."""
    fire.prepare(connection, "own_findings")
    run = overlap(
        dsn, clients, ["overlap.sql"], share=0.2, tries=10_000, settings="-c default_transaction_isolation=serializable"
    )
    found = fire.sums(connection)
    report("serializable", run, found)
    assert run.failed == 0
    assert run.retried > 0, "nothing collided: the test has shown nothing"
    assert found.calls == run.processed
    assert found.answered == found.stored
    counted.append(found.calls)


@pytest.mark.parametrize("way", ["closes nothing", "one lock"])
def test_beside_writers_of_their_own(dsn: str, connection: psycopg.Connection, counted: list[int], way: str) -> None:
    """Half of the clients use a sorted INSERT ... SELECT. An ingest that closes goes over rows twice: such writers have to
    take its lock."""
    fire.prepare(connection, "own_findings")
    locked = way == "one lock"
    run = overlap(dsn, 16, ["overlap.sql", "overlap_plain.sql"], share=0.5, close=locked, locked=locked)
    found = fire.sums(connection)
    report(f"beside plain SQL, {way}", run, found)
    assert run.failed == 0
    assert found.calls == run.processed
    assert found.answered == found.stored
    counted.append(found.calls)


class Clients:
    """Threads that ingest scans until they are told to stop, whatever happens to their connections.

    Every second scan is of a repository of its own, the others of three that all clients share."""

    size = 60

    def __init__(self, dsn: str, number: int, timeout_ms: int = 0) -> None:
        self.dsn = dsn
        self.timeout_ms = timeout_ms
        self.tried: set[uuid.UUID] = set()
        self.acknowledged: set[uuid.UUID] = set()
        self.own: set[uuid.UUID] = set()
        self.errors: Counter[str] = Counter()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(seed,)) for seed in range(number)]

    def __enter__(self) -> Clients:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self.threads), "a client hangs"

    def run(self, seed: int) -> None:
        source = random.Random(seed)
        connection = None
        while not self.stop.is_set():
            scan = uuid.UUID(int=source.getrandbits(128))
            shared = len(self.tried) % 2
            if not shared:
                self.own.add(scan)
            self.tried.add(scan)
            try:
                if connection is None:
                    connection = psycopg.connect(self.dsn, autocommit=True, connect_timeout=5)
                if self.timeout_ms:
                    # Every third has all the time it needs, however busy the machine is.
                    limit = source.randint(1, self.timeout_ms) if source.randrange(3) else 0
                    connection.execute(f"SET statement_timeout = {limit}")
                repository = uuid.UUID(int=source.randrange(3)) if shared else scan
                fire.ledgered_ingest(connection, source.sample(fire.RULES, self.size), repository, scan)
                self.acknowledged.add(scan)
            except psycopg.Error as error:
                # The server's own words do not come through from one that was killed.
                self.errors[error.sqlstate or "lost"] += 1
                if error.sqlstate != CANCELLED:
                    if connection is not None:
                        connection.close()
                    connection = None
                    time.sleep(0.05)

    def check(self, connection: psycopg.Connection) -> str:
        """Acknowledged scans are whole, others whole or absent, and all counts are those of what is stored."""
        ledger = {row[0] for row in connection.execute("SELECT scan_id FROM fire_ledger")}
        found = fire.sums(connection, self.size)
        told = (
            f"{len(self.tried)} tried, {len(self.acknowledged)} acknowledged, {len(ledger)} stored,"
            f" errors {dict(self.errors)}; {found}"
        )
        assert self.acknowledged, told
        assert self.acknowledged <= ledger <= self.tried, told
        assert found.answered == found.stored, told
        rows = dict(connection.execute("SELECT repository_id, count(*) FROM fire_findings GROUP BY 1").fetchall())
        own = {scan: count for scan, count in rows.items() if scan in self.own}
        assert own.keys() == self.own & ledger, told
        assert set(own.values()) == {self.size}, told
        return told


CANCELLED = "57014"
VICTIM = """SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'active'
            AND pid <> pg_backend_pid() AND query LIKE '%ingest_sarif%' ORDER BY random() LIMIT 1"""


def strike(dsn: str, way: str) -> bool:
    """Hits one backend that is ingesting; whether there was one."""
    try:
        with psycopg.connect(dsn, autocommit=True) as own:
            found = own.execute(VICTIM).fetchone()
            if found and way != "kill":
                return own.execute(f"SELECT pg_{way}_backend(%s)", found).fetchone() == (True,)
        if found:
            os.kill(found[0], signal.SIGKILL)
        return found is not None
    except (psycopg.Error, ProcessLookupError):
        return False


@pytest.mark.parametrize("way", ["kill", "terminate", "cancel", "timeout"])
def test_faults_leave_nothing_by_halves(counted: list[int], way: str) -> None:
    """Backends killed by SIGKILL, terminated, cancelled, or out of time, at random points of an ingest."""
    with durable_server() as server:
        dsn = server.dsn("faults")
        with connect(dsn) as connection:
            fire.prepare(connection, "own_findings")
        struck = 0
        with Clients(dsn, 6, timeout_ms=60 if way == "timeout" else 0) as clients:
            deadline = time.monotonic() + 60 + 6 * FAULTS
            while (struck < FAULTS or not clients.acknowledged) and time.monotonic() < deadline:
                # After a SIGKILL all sessions are gone: time for the next to be in the middle of something.
                time.sleep(random.uniform(0.3, 1) if way == "kill" else random.uniform(0.01, 0.1))
                struck += way != "timeout" and strike(dsn, way)
                if way in ("cancel", "timeout"):
                    # A cancel may come too late for the statement it was meant for.
                    struck = clients.errors[CANCELLED]
        with connect(dsn) as connection:
            print(f"{way}: {struck} times; {clients.check(connection)}")
            # The table is as good as before.
            fire.ledgered_ingest(connection, fire.RULES[: clients.size], uuid.uuid4(), uuid.uuid4())
    assert struck >= FAULTS
    expected = {"kill": "lost", "terminate": "57P01", "cancel": CANCELLED, "timeout": CANCELLED}[way]
    assert clients.errors[expected] > 0 or way == "kill", "no client has noticed"
    counted.append(len(clients.acknowledged))


def test_a_promoted_standby_has_every_acknowledged_scan(counted: list[int]) -> None:
    """The primary is killed for good; its synchronous standby takes over, with all that was acknowledged."""
    for _ in range(max(1, FAULTS // 20)):
        with durable_server() as primary:
            dsn = primary.dsn("faults")
            with connect(dsn) as connection:
                fire.prepare(connection, "own_findings")
                with standby_of(dsn) as standby:
                    connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
                    connection.execute("SELECT pg_reload_conf()")
                    for _ in range(100):
                        if connection.execute("SELECT sync_state FROM pg_stat_replication").fetchone() == ("sync",):
                            break
                        time.sleep(0.1)
                    else:
                        raise AssertionError("there is no synchronous standby: the test would show nothing")
                    with Clients(dsn, 6) as clients:
                        time.sleep(3)
                        kill_server(primary)
                        clients.stop.set()
                    killed = time.monotonic()
                    promote(standby)
                    with connect(standby.dsn("faults")) as promoted:
                        told = clients.check(promoted)
                        fire.ledgered_ingest(promoted, fire.RULES[: clients.size], uuid.uuid4(), uuid.uuid4())
                    print(f"promoted: first write after {time.monotonic() - killed:.1f} s; {told}")
            counted.append(len(clients.acknowledged))
