"""The worker: drains the queue, survives what can happen to it, and is not missed when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import Connect
from endpoint import DIMENSIONS, Endpoint, hashed, refusing, status

Start = Callable[..., subprocess.Popen[str]]
PATIENCE_SECONDS = 60


@pytest.fixture
def start(dsn: str, worker: Path, endpoint: Endpoint) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        command = [str(worker), "--database", dsn, "--endpoint", endpoint.url, "--allowed-networks", "127.0.0.1"]
        process = subprocess.Popen(
            [*command, *options],
            env={**os.environ, **(env or {})},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def drained(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, output
    return output


def enqueue(db: psycopg.Connection, inputs: list[str]) -> None:
    db.execute("SELECT embed_enqueue(%s, %s)", [[f"{i:05d}" for i in range(len(inputs))], inputs])


def collected(db: psycopg.Connection) -> dict[str, list[float] | None]:
    return dict(db.execute("SELECT key, embedding FROM embed_collect(100000)").fetchall())


def expected(inputs: list[str]) -> dict[str, list[float]]:
    return {f"{i:05d}": vector for i, vector in enumerate(hashed(inputs, DIMENSIONS))}


def wait_for(condition: Callable[[], bool], told: Callable[[], object] = str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"it did not happen: {told()}"
        time.sleep(0.02)


def texts(count: int) -> list[str]:
    return [f"text {i}" for i in range(count)]


def test_drain(db: psycopg.Connection, endpoint: Endpoint, start: Start) -> None:
    inputs = [*texts(950), *texts(50), ""]
    enqueue(db, inputs)
    process = start("--drain", "on", "--claim", "300", env={"REVIEWPRO_EMBED_KEY": "sk-worker-0815"})
    assert "sk-worker" not in drained(process)
    assert endpoint.headers[0]["authorization"] == "Bearer sk-worker-0815"
    found = collected(db)
    assert found.pop("01000") is None
    assert found == expected(inputs[:-1])
    # Texts that come twice are embedded once.
    assert len(endpoint.texts) == 950
    usage = db.execute("SELECT sum(texts), sum(failed), sum(requests) FROM embed_usage").fetchone()
    assert usage[:2] == (1000, 0)
    assert usage[2] == len(endpoint.requests)


def test_no_transaction_is_open_during_requests(
    connect: Connect, db: psycopg.Connection, endpoint: Endpoint, start: Start
) -> None:
    endpoint.latency = 0.5
    enqueue(db, texts(300))
    process = start("--drain", "on", "--concurrency", "2")
    seen = []

    def look() -> bool:
        query = """SELECT state, backend_xid, backend_xmin FROM pg_stat_activity
                   WHERE application_name = 'reviewpro-embed-worker' AND pid <> pg_backend_pid()"""
        if endpoint.running:
            seen.extend(db.execute(query).fetchall())
        return process.poll() is not None

    wait_for(look)
    drained(process)
    assert len(seen) > 4
    idle = [row for row in seen if row == ("idle", None, None)]
    # Vectors of one request are stored while another one is on its way.
    assert len(idle) > 0.8 * len(seen), Counter(seen)


@pytest.mark.parametrize("kills", [3])
def test_kill(db: psycopg.Connection, endpoint: Endpoint, start: Start, kills: int) -> None:
    """Whenever a worker is killed: every text gets its vector, once."""
    endpoint.latency = 0.1
    inputs = texts(1000)
    enqueue(db, inputs)
    db.execute("CREATE TABLE IF NOT EXISTS completions (id bigint)")
    db.execute("TRUNCATE completions")
    db.execute("""CREATE OR REPLACE FUNCTION note_completion() RETURNS trigger LANGUAGE plpgsql AS
                  $$BEGIN INSERT INTO public.completions VALUES (new.id); RETURN new; END$$""")
    db.execute("""CREATE OR REPLACE TRIGGER note AFTER UPDATE ON embed_queue FOR EACH ROW
                  WHEN (old.state <> 'done' AND new.state = 'done') EXECUTE FUNCTION note_completion()""")
    try:
        options = ("--drain", "on", "--claim", "200", "--max-inputs", "20", "--concurrency", "2", "--lease", "1")
        done = "SELECT count(*) FROM embed_queue WHERE state = 'done'"
        for number in range(1, kills + 1):
            process = start(*options)
            wait_for(
                lambda number=number: db.execute(done).fetchone()[0] >= 150 * number,
                lambda: db.execute(
                    "SELECT state, attempts, error, count(*) FROM embed_queue GROUP BY 1, 2, 3"
                ).fetchall(),
            )
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert db.execute("SELECT count(*) FROM embed_queue WHERE state = 'waiting'").fetchone()[0] > 0
        drained(start(*options))
        assert collected(db) == expected(inputs)
        counts = db.execute("SELECT count(*), count(DISTINCT id) FROM completions").fetchone()
        assert counts == (1000, 1000)
        # What was on its way when a worker was killed was asked for again: no more than two requests each time.
        again = sum(count - 1 for count in Counter(endpoint.texts).values())
        assert again <= kills * 2 * 20
    finally:
        db.execute("DROP TRIGGER note ON embed_queue; DROP FUNCTION note_completion; DROP TABLE completions")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(db: psycopg.Connection, endpoint: Endpoint, start: Start, number: int) -> None:
    """Requests on their way are finished; the rest goes back at once, and no attempt is counted."""
    endpoint.latency = 0.4
    enqueue(db, texts(500))
    process = start("--max-inputs", "10", "--concurrency", "3")
    wait_for(lambda: len(endpoint.requests) >= 5)
    process.send_signal(number)
    output = drained(process)
    assert "went back to the queue" in output
    answered = len(endpoint.texts)
    assert db.execute("SELECT count(*) FROM embed_queue WHERE state = 'done'").fetchone() == (answered,)
    rest = db.execute(
        "SELECT count(*), max(attempts), count(lease_id) FROM embed_queue WHERE state = 'waiting'"
    ).fetchone()
    assert rest == (500 - answered, 0, 0)


def test_texts_at_fault(db: psycopg.Connection, endpoint: Endpoint, start: Start) -> None:
    endpoint.always = refusing("bad")
    inputs = texts(60)
    inputs[7] = inputs[33] = "bad"
    enqueue(db, inputs)
    drained(start("--drain", "on"))
    rows = dict(db.execute("SELECT key, error FROM embed_queue WHERE state = 'failed'").fetchall())
    assert set(rows) == {"00007", "00033"}
    assert rows["00007"] == "the server refused the request: HTTP 400 (invalid_input)"
    assert db.execute("SELECT count(*) FROM embed_queue WHERE state = 'done'").fetchone() == (58,)


def test_a_server_in_trouble(db: psycopg.Connection, endpoint: Endpoint, start: Start) -> None:
    endpoint.always = status(503, retry_after="0")
    enqueue(db, texts(2))
    process = start("--attempts", "2")
    wait_for(lambda: db.execute("SELECT count(*) FROM embed_queue WHERE state = 'failed'").fetchone()[0] == 2)
    process.terminate()
    drained(process)
    assert db.execute("SELECT DISTINCT attempts, error FROM embed_queue").fetchall() == [
        (5, "the server failed: HTTP 503")
    ]


def test_a_key_that_is_refused(db: psycopg.Connection, endpoint: Endpoint, start: Start) -> None:
    """Nothing is lost, and no attempt is counted: somebody has to see to it."""
    endpoint.always = status(401, "invalid_api_key")
    enqueue(db, texts(10))
    process = start("--drain", "on")
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "the server does not accept the key: HTTP 401 (invalid_api_key)" in output
    assert db.execute("SELECT count(*), max(attempts) FROM embed_queue WHERE state = 'waiting'").fetchone() == (10, 0)


def test_limits_are_those_of_the_sessions(dsn: str, db: psycopg.Connection, endpoint: Endpoint, start: Start) -> None:
    db.execute(f"ALTER DATABASE {db.info.dbname} SET reviewpro_embed.requests_per_minute = 120")
    try:
        enqueue(db, texts(14))
        started = time.monotonic()
        drained(start("--drain", "on", "--max-inputs", "1"))
        # 12 at once, then one every 0.56 s.
        assert time.monotonic() - started > 1
    finally:
        db.execute(f"ALTER DATABASE {db.info.dbname} RESET reviewpro_embed.requests_per_minute")
    assert len(collected(db)) == 14


def test_two_workers(db: psycopg.Connection, endpoint: Endpoint, start: Start) -> None:
    endpoint.latency = 0.05
    inputs = texts(600)
    enqueue(db, inputs)
    both = [start("--drain", "on", "--claim", "50") for _ in range(2)]
    for process in both:
        drained(process)
    assert collected(db) == expected(inputs)
    assert len(endpoint.texts) == 600


def test_mistakes_are_told(worker: Path, endpoint: Endpoint) -> None:
    def run(*options: str) -> tuple[int, str]:
        done = subprocess.run([str(worker), *options], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert run("--endpoint", endpoint.url)[0] == 2
    assert "--database is missing" in run("--endpoint", endpoint.url)[1]
    code, output = run("--database", "host=/nowhere dbname=x", "--endpoint", endpoint.url, "--drain", "on")
    assert code == 1
    assert output.startswith("the database: ")
    assert run("--version")[0] == 0
    assert "--allowed-networks" in run("--help")[1]
