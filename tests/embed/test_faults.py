"""What an endpoint can do wrong, and what becomes of it."""

from __future__ import annotations

import email.utils
import time
from itertools import pairwise

import psycopg
import pytest
from conftest import Connect
from endpoint import (
    DIMENSIONS,
    Endpoint,
    Fault,
    body,
    changed,
    cut,
    dripping,
    hanging,
    hashed,
    oversized,
    refusing,
    status,
)

INPUTS = ["a", "b", "c"]


def embed(
    db: psycopg.Connection, inputs: list[str] = INPUTS, on_error: str = "raise"
) -> list[list[float | None]] | None:
    return db.execute("SELECT embed_texts(%s, on_error => %s)", [inputs, on_error]).fetchone()[0]


def refused(db: psycopg.Connection, inputs: list[str] = INPUTS) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as raised:
        embed(db, inputs)
    return raised.value


def set_embedding(value: object) -> Fault:
    return changed(lambda document: document["data"][1].update(embedding=value))


@pytest.mark.parametrize(
    "fault",
    [
        status(429),
        status(429, retry_after="0"),
        status(429, retry_after_ms="30"),
        status(429, retry_after=email.utils.formatdate(0, usegmt=True)),
        status(500),
        status(503, retry_after="0"),
        status(408),
        cut,
        body(b'{"data": ['),
        body(b"<html>Bad gateway</html>"),
        body(b""),
        hanging(0),
        changed(lambda document: document.pop("data")),
    ],
    ids=lambda fault: fault.__qualname__,
)
def test_what_passes_is_repeated(db: psycopg.Connection, endpoint: Endpoint, fault: Fault) -> None:
    endpoint.faults.append(fault)
    assert embed(db) == hashed(INPUTS, DIMENSIONS)
    assert len(endpoint.requests) == 2
    assert db.execute("SELECT requests FROM embed_usage").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (changed(lambda document: document["data"].pop()), "38000"),
        (changed(lambda document: document["data"].append(document["data"][0])), "38000"),
        (changed(lambda document: document["data"][0].update(index=2)), "38000"),
        (changed(lambda document: document["data"][0].update(index=3)), "38000"),
        (set_embedding([0.5] * (DIMENSIONS - 1)), "38000"),
        (set_embedding([]), "38000"),
        (set_embedding("AADAfwAAwH8AAMB/AADAfwAAwH8AAMB/AADAfwAAwH8="), "38000"),
        (set_embedding([1e39] * DIMENSIONS), "38000"),
        (oversized(70 << 20), "38000"),
        (status(204), "38000"),
        (status(401, "invalid_api_key"), "28000"),
        (status(403), "28000"),
        (status(404, "model_not_found"), "22023"),
        (status(429, "insufficient_quota"), "53400"),
        (status(429, retry_after="3600"), "53400"),
        (status(302, location="http://127.0.0.1:1/"), "22023"),
        (status(307, location="http://169.254.169.254/latest/meta-data"), "22023"),
    ],
)
def test_what_lasts_is_not_repeated(db: psycopg.Connection, endpoint: Endpoint, fault: Fault, code: str) -> None:
    endpoint.always = fault
    error = refused(db)
    assert error.sqlstate == code, error
    assert len(endpoint.requests) == 1
    assert "Text 1 was not embedded" in (error.diag.message_detail or "")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (status(429), "53400"),
        (status(500), "08006"),
        (body(b"{"), "38000"),
        (hanging(0), "08006"),
        (hanging(5), "08006"),
    ],
)
def test_attempts_come_to_an_end(connect: Connect, endpoint: Endpoint, fault: Fault, code: str) -> None:
    endpoint.always = fault
    error = refused(connect(attempts=2, timeout="300ms", cache="off"))
    assert error.sqlstate == code, error
    assert len(endpoint.requests) == 2


def test_nan_written_as_a_word(connect: Connect, endpoint: Endpoint) -> None:
    endpoint.always = set_embedding([float("nan")] * DIMENSIONS)
    assert refused(connect(attempts=1, cache="off")).sqlstate == "38000"


def test_a_slow_body_is_waited_for_within_the_timeout(connect: Connect, endpoint: Endpoint) -> None:
    endpoint.always = dripping(0.5)
    assert embed(connect(cache="off")) == hashed(INPUTS, DIMENSIONS)
    started = time.monotonic()
    endpoint.always = dripping(20)
    assert refused(connect(cache="off", timeout="400ms", attempts=1)).sqlstate == "08006"
    assert time.monotonic() - started < 3


def test_the_server_says_when_to_come_back(db: psycopg.Connection, endpoint: Endpoint) -> None:
    endpoint.faults.append(status(429, retry_after="1"))
    started = time.monotonic()
    assert embed(db) == hashed(INPUTS, DIMENSIONS)
    assert 1 <= time.monotonic() - started < 3


def test_backoff_grows(connect: Connect, endpoint: Endpoint) -> None:
    """The waits have jitter, but their bounds double: with three failures at least 0.05, 0.1 and 0.2 s."""
    endpoint.faults.extend([status(500)] * 3)
    started = time.monotonic()
    assert embed(connect(cache="off")) == hashed(INPUTS, DIMENSIONS)
    assert 0.35 <= time.monotonic() - started < 6
    assert len(endpoint.requests) == 4


def test_used_up_limits_are_waited_for(connect: Connect, endpoint: Endpoint) -> None:
    def last_one(handler: object, request: dict[str, object]) -> bool:
        handler.answer(endpoint.reply(request), x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="900ms")
        return True

    endpoint.faults.append(last_one)
    started = time.monotonic()
    db = connect(cache="off", max_inputs=1, concurrency=1, model="used-up")
    assert embed(db) == hashed(INPUTS, DIMENSIONS)
    assert 0.9 <= time.monotonic() - started < 3


def test_a_text_at_fault_is_found(db: psycopg.Connection, endpoint: Endpoint) -> None:
    endpoint.always = refusing("bad")
    inputs = [f"text {i}" for i in range(100)]
    inputs[41] = "bad one"
    error = refused(db, inputs)
    assert error.sqlstate == "22023"
    assert "Text 42 was not embedded" in error.diag.message_detail
    assert "invalid_input" in error.diag.message_detail
    inputs[97] = "bad two"
    notices: list[str] = []
    db.add_notice_handler(lambda diagnostic: notices.append(diagnostic.message_primary))
    found = embed(db, inputs, "null")
    expected: list[list[float | None]] = list(hashed(inputs, DIMENSIONS))
    expected[41] = expected[97] = [None] * DIMENSIONS
    assert found == expected
    assert len(notices) == 1
    assert notices[0].startswith("2 of 100 texts were not embedded: the first is text 42: ")
    assert db.execute("SELECT texts, failed FROM embed_usage").fetchall() == [(100, 2)]
    # What had a vector is kept.
    before = len(endpoint.requests)
    rows = db.execute(
        "SELECT index, error FROM text_embeddings(%s, on_error => 'null') WHERE embedding IS NULL", [inputs]
    )
    assert [index for index, error in rows if "HTTP 400" in error] == [42, 98]
    assert {text for request in endpoint.requests[before:] for text in request["input"]} == {"bad one", "bad two"}


def test_a_request_that_is_too_large_is_halved(connect: Connect, endpoint: Endpoint) -> None:
    def at_most_ten(handler: object, request: dict[str, object]) -> bool:
        return len(request["input"]) > 10 and status(413)(handler, request)

    endpoint.always = at_most_ten
    inputs = [f"text {i}" for i in range(64)]
    assert embed(connect(cache="off"), inputs) == hashed(inputs, DIMENSIONS)


def test_empty_texts_fail_without_a_request(db: psycopg.Connection, endpoint: Endpoint) -> None:
    rows = db.execute("SELECT * FROM text_embeddings(ARRAY['a', '', 'b', ''], on_error => 'null')").fetchall()
    vectors = hashed(["a", "b"], DIMENSIONS)
    assert rows == [
        (1, vectors[0], None),
        (2, None, "the text is empty"),
        (3, vectors[1], None),
        (4, None, "the text is empty"),
    ]
    assert endpoint.texts == ["a", "b"]
    assert embed(db, [""], "null") is None


def test_nothing_listens(connect: Connect, endpoint: Endpoint) -> None:
    error = refused(connect(endpoint="http://127.0.0.1:9/v1/embeddings", attempts=1))
    assert (error.sqlstate, str(error.diag.message_primary)) == ("08006", "the connection failed: connection refused")
    error = refused(connect(endpoint="https://name.invalid/v1/embeddings", attempts=1))
    assert error.sqlstate == "08006"


def test_a_failed_call_keeps_nothing(db: psycopg.Connection, endpoint: Endpoint) -> None:
    endpoint.always = refusing("bad")
    refused(db, ["a", "bad"])
    assert db.execute("SELECT count(*) FROM embed_cache").fetchone() == (0,)
    assert db.execute("SELECT count(*) FROM embed_usage").fetchone() == (0,)


def test_lengths_that_differ(db: psycopg.Connection, endpoint: Endpoint) -> None:
    """A model that has changed under its name does not make a ragged array."""
    embed(db, ["a"])
    endpoint.embed = lambda texts, _: hashed(texts, 3)
    try:
        assert refused(db, ["a", "b"]).sqlstate == "2202E"
    finally:
        endpoint.embed = hashed


def test_connections_are_kept(connect: Connect, endpoint: Endpoint) -> None:
    """Four threads need no more than four connections, however many requests there are."""
    ports: set[int] = set()

    def note(handler: object, _: dict[str, object]) -> bool:
        ports.add(handler.client_address[1])
        return False

    endpoint.always = note
    inputs = [f"text {i}" for i in range(40)]
    assert embed(connect(cache="off", max_inputs=1, concurrency=4), inputs) == hashed(inputs, DIMENSIONS)
    assert 1 <= len(ports) <= 4
    assert not any(a == b for a, b in pairwise(sorted(ports)))
