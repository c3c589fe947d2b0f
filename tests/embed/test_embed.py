"""embed_texts and text_embeddings: order, batches, cache, record."""

from __future__ import annotations

import random
from decimal import Decimal

import psycopg
import pytest
from conftest import Connect
from endpoint import DIMENSIONS, Endpoint, changed, hashed


def texts(count: int, prefix: str = "text") -> list[str]:
    return [f"{prefix} {i}" for i in range(count)]


def embed(db: psycopg.Connection, inputs: list[str], **options: object) -> list[list[float]]:
    names = "".join(f", {name} => %({name})s" for name in options)
    row = db.execute(f"SELECT embed_texts(%(inputs)s{names})", {"inputs": inputs, **options}).fetchone()
    assert row is not None
    return row[0]


def test_vectors_in_the_order_of_the_texts(db: psycopg.Connection, endpoint: Endpoint) -> None:
    endpoint.always = changed(lambda document: random.Random(1).shuffle(document["data"]))
    inputs = texts(250)
    assert embed(db, inputs) == hashed(inputs, DIMENSIONS)
    assert [len(request["input"]) for request in sorted(endpoint.requests, key=lambda r: -len(r["input"]))] == [
        84,
        84,
        82,
    ]
    rows = db.execute("SELECT index, embedding, error FROM text_embeddings(%s)", [inputs]).fetchall()
    assert rows == [(i + 1, vector, None) for i, vector in enumerate(hashed(inputs, DIMENSIONS))]


def test_floats_are_the_same_as_base64(connect: Connect, db: psycopg.Connection, endpoint: Endpoint) -> None:
    inputs = texts(3)
    embed(db, inputs)
    plain = connect(base64="off", cache="off")
    assert embed(plain, inputs) == embed(db, inputs) == hashed(inputs, DIMENSIONS)
    assert {request["encoding_format"] for request in endpoint.requests} == {"base64", "float"}
    # As float4 has it, not as the text of the reply.
    endpoint.always = changed(lambda document: document["data"][0].update(embedding=[0.1, 1e-50, 16777217]))
    sql = "SELECT embed_texts(ARRAY['x']) = '{{0.1, 0, 16777216}}'::real[]"
    assert plain.execute(sql).fetchone() == (True,)


def test_model_and_dimensions(db: psycopg.Connection, endpoint: Endpoint) -> None:
    assert embed(db, ["a"], model="large", dimensions=3) == hashed(["a"], 3)
    assert endpoint.requests[-1]["model"], endpoint.requests[-1]["dimensions"] == ("large", 3)
    embed(db, ["b"])
    assert endpoint.requests[-1]["model"] == "text-embedding-3-small"
    assert "dimensions" not in endpoint.requests[-1]
    db.execute("SET reviewpro_embed.model = 'other'")
    embed(db, ["b"])
    assert endpoint.requests[-1]["model"] == "other"


def test_nothing_is_nothing(db: psycopg.Connection, endpoint: Endpoint) -> None:
    assert embed(db, []) == []
    assert db.execute("SELECT embed_texts(NULL)").fetchone() == ([],)
    assert db.execute("SELECT count(*) FROM text_embeddings(NULL)").fetchone() == (0,)
    assert endpoint.requests == []
    assert db.execute("SELECT count(*) FROM embed_usage").fetchone() == (0,)


def test_requests_run_side_by_side(connect: Connect, endpoint: Endpoint) -> None:
    endpoint.latency = 0.2
    db = connect(max_inputs=10, concurrency=4, cache="off")
    inputs = texts(100)
    assert embed(db, inputs) == hashed(inputs, DIMENSIONS)
    assert (len(endpoint.requests), endpoint.most_running) == (10, 4)


def test_tokens_bound_requests(connect: Connect, endpoint: Endpoint) -> None:
    # 25 tokens each, as estimated.
    inputs = [f"{i:100d}" for i in range(10)]
    assert embed(connect(max_tokens=75, cache="off"), inputs) == hashed(inputs, DIMENSIONS)
    assert max(len(request["input"]) for request in endpoint.requests) <= 3


def test_a_text_is_embedded_once(db: psycopg.Connection, endpoint: Endpoint) -> None:
    inputs = ["a", "b", "a", "c", "b"]
    assert embed(db, inputs) == hashed(inputs, DIMENSIONS)
    assert sorted(endpoint.texts) == ["a", "b", "c"]
    assert embed(db, ["c", "d"]) == hashed(["c", "d"], DIMENSIONS)
    assert sorted(endpoint.texts) == ["a", "b", "c", "d"]
    # Another model, another size: other vectors.
    embed(db, ["a"], model="large")
    embed(db, ["a"], dimensions=4)
    assert endpoint.texts[4:] == ["a", "a"]


def test_the_cache_can_be_left_out(connect: Connect, db: psycopg.Connection, endpoint: Endpoint) -> None:
    without = connect(cache="off")
    embed(without, ["a"])
    embed(without, ["a"])
    assert endpoint.texts == ["a", "a"]
    assert db.execute("SELECT count(*) FROM embed_cache").fetchone() == (0,)


def test_record_and_cost(db: psycopg.Connection, endpoint: Endpoint) -> None:
    embed(db, ["aaaa", "bb", "aaaa"])
    embed(db, ["aaaa"])
    rows = db.execute(
        "SELECT model, texts, cached, failed, requests, tokens, role FROM embed_usage ORDER BY id"
    ).fetchall()
    model = "text-embedding-3-small"
    assert rows == [(model, 3, 1, 0, 1, 6, "postgres"), (model, 1, 1, 0, 0, 0, "postgres")]
    costs = "SELECT model, texts, cached, failed, requests, tokens, cost FROM embed_costs"
    assert db.execute(costs).fetchall() == [(model, 4, 2, 0, 1, 6, None)]
    db.execute("INSERT INTO embed_prices VALUES (%s, 0.02)", [model])
    assert db.execute(costs).fetchall() == [(model, 4, 2, 0, 1, 6, Decimal("0.00000012"))]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("embed_texts(ARRAY['a', NULL])", "22004"),
        ("embed_texts(ARRAY['a'], on_error => 'ignore')", "22023"),
        ("embed_texts('{}', on_error => 'ignore')", "22023"),
        ("embed_texts(ARRAY['a'], on_error => NULL)", "22004"),
        ("embed_texts(ARRAY['a'], dimensions => 0)", "22023"),
        ("embed_texts(ARRAY['a'], dimensions => -1)", "22023"),
        ("embed_texts(ARRAY['a', ''])", "22023"),
        ("embed_request(ARRAY['a'], 'm', NULL, 'raise', ARRAY[1, 2])", "2202E"),
        ("embed_request(NULL, 'm', NULL, 'raise', ARRAY[1])", "22004"),
    ],
)
def test_mistakes(db: psycopg.Connection, endpoint: Endpoint, call: str, code: str) -> None:
    with pytest.raises(psycopg.Error) as raised:
        db.execute(f"SELECT {call}")
    assert raised.value.sqlstate == code, raised.value
    assert endpoint.requests == []


def test_two_sessions_that_store_the_same(connect: Connect, db: psycopg.Connection, endpoint: Endpoint) -> None:
    """Neither waits for the other for ever, whatever the order of their texts."""
    inputs = texts(40)
    first, second = connect(), connect()
    with first.transaction():
        embed(first, inputs)
        second.execute("SET lock_timeout = '5s'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            embed(second, inputs[::-1])
    assert embed(second, inputs[::-1]) == hashed(inputs[::-1], DIMENSIONS)


def test_limits_are_everybodys(connect: Connect, endpoint: Endpoint) -> None:
    """60 requests a minute: 6 at once, then one every 1.1 s, in whatever session."""
    settings = {"requests_per_minute": 60, "max_inputs": 1, "cache": "off", "model": "limited"}
    embed(connect(**settings), texts(6))
    other = connect(**settings)
    other.execute("SET statement_timeout = '700ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        embed(other, texts(3))
    assert len(endpoint.requests) <= 7
    wait = other.execute("SELECT embed_wait(%s, 'limited', 1)", [endpoint.url]).fetchone()
    assert 0 < wait[0] <= 1.2
    assert other.execute("SELECT embed_wait(%s, 'another', 1)", [endpoint.url]).fetchone() == (0,)
