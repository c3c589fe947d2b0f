"""The queue as SQL: leases, attempts, several workers."""

from __future__ import annotations

import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from conftest import Connect
from endpoint import DIMENSIONS, Endpoint, hashed
from psycopg.conninfo import make_conninfo

NOBODY = uuid.UUID(int=0)


def enqueue(db: psycopg.Connection, count: int, prefix: str = "text") -> int:
    keys = [f"k{i}" for i in range(count)]
    return db.execute("SELECT embed_enqueue(%s, %s)", [keys, [f"{prefix} {i}" for i in range(count)]]).fetchone()[0]


def claim(db: psycopg.Connection, n: int = 100, lease: str = "1 minute") -> tuple[uuid.UUID, list[int]]:
    rows = db.execute("SELECT lease_id, id FROM embed_claim(%s, %s)", [n, lease]).fetchall()
    assert len({row[0] for row in rows}) <= 1
    return (rows[0][0] if rows else NOBODY), [row[1] for row in rows]


def complete(db: psycopg.Connection, lease: uuid.UUID, ids: list[int], size: int = 2) -> int:
    vectors = [[float(i), float(i) / 2] for i in ids] if size == 2 else []
    return db.execute("SELECT embed_complete(%s, %s, %s, 10, 1)", [lease, ids, vectors]).fetchone()[0]


def states(db: psycopg.Connection) -> dict[str, int]:
    return dict(db.execute("SELECT state, texts::int FROM embed_queue_status").fetchall())


def make_due(db: psycopg.Connection) -> None:
    db.execute("UPDATE embed_queue SET due_at = now() - interval '1 second'")


def test_from_enqueue_to_collect(db: psycopg.Connection) -> None:
    assert enqueue(db, 5) == 5
    lease, ids = claim(db, 3)
    assert len(ids) == 3
    assert db.execute("SELECT texts, leased FROM embed_queue_status").fetchall() == [(5, 3)]
    assert complete(db, lease, ids) == 3
    assert states(db) == {"waiting": 2, "done": 3}
    rows = db.execute("SELECT key, embedding, error FROM embed_collect()").fetchall()
    assert rows == [(f"k{i}", [float(row), row / 2], None) for i, row in enumerate(ids)]
    assert db.execute("SELECT count(*) FROM embed_collect()").fetchone() == (0,)
    assert db.execute("SELECT texts, failed, requests, tokens FROM embed_usage").fetchall() == [(3, 0, 1, 10)]


def test_vectors_one_after_the_other_or_as_rows(db: psycopg.Connection) -> None:
    enqueue(db, 4)
    lease, ids = claim(db)
    assert db.execute("SELECT embed_complete(%s, %s, '{1,2,3,4}')", [lease, ids[:2]]).fetchone() == (2,)
    assert db.execute("SELECT embed_complete(%s, %s, '{{5,6},{7,8}}')", [lease, ids[2:]]).fetchone() == (2,)
    assert [row[0] for row in db.execute("SELECT embedding FROM embed_collect()")] == [[1, 2], [3, 4], [5, 6], [7, 8]]


def test_a_collect_that_is_rolled_back(db: psycopg.Connection) -> None:
    enqueue(db, 1)
    complete(db, *claim(db))
    with db.transaction(force_rollback=True):
        assert db.execute("SELECT count(*) FROM embed_collect()").fetchone() == (1,)
    assert db.execute("SELECT count(*) FROM embed_collect()").fetchone() == (1,)


def test_claims_do_not_overlap(connect: Connect, db: psycopg.Connection) -> None:
    enqueue(db, 300)
    sessions = [connect() for _ in range(6)]

    def drain(session: psycopg.Connection) -> list[int]:
        found: list[int] = []
        while ids := claim(session, 7)[1]:
            found += ids
        return found

    with ThreadPoolExecutor(6) as pool:
        claimed = list(pool.map(drain, sessions))
    everything = [row for part in claimed for row in part]
    assert len(everything) == len(set(everything)) == 300
    assert sum(map(bool, claimed)) > 1


def test_nobody_waits_for_an_open_claim(connect: Connect, db: psycopg.Connection) -> None:
    enqueue(db, 4)
    other = connect()
    other.execute("SET lock_timeout = '1s'")
    with db.transaction():
        first = claim(db, 2)[1]
        second = claim(other, 10)[1]
    assert len(second) == 2
    assert not set(first) & set(second)


def test_a_lease_that_has_ended(db: psycopg.Connection) -> None:
    enqueue(db, 2)
    old, ids = claim(db, lease="0 seconds")
    new, again = claim(db)
    assert again == ids
    assert new != old
    assert complete(db, old, ids) == 0, "the first claim has lost them"
    assert db.execute("SELECT embed_fail(%s, %s, 'late')", [old, ids]).fetchone() == (0,)
    assert db.execute("SELECT embed_release(%s)", [old]).fetchone() == (0,)
    assert complete(db, new, ids) == 2
    assert complete(db, new, ids) == 0, "completed once"
    assert db.execute("SELECT sum(texts) FROM embed_usage").fetchone() == (2,)


def test_failures_are_tried_again_until_there_were_enough(db: psycopg.Connection) -> None:
    enqueue(db, 1)
    waits = []
    for attempt in range(1, 6):
        make_due(db)
        lease, ids = claim(db)
        assert ids, attempt
        assert db.execute("SELECT embed_fail(%s, %s, 'HTTP 503')", [lease, ids]).fetchone() == (1,)
        assert claim(db)[1] == [], "not before its time"
        waits.append(db.execute("SELECT extract(epoch FROM due_at - now())::float8 FROM embed_queue").fetchone()[0])
    assert [round(wait, -1) for wait in waits[:4]] == [10, 20, 40, 80]
    assert states(db) == {"failed": 1}
    assert db.execute("SELECT key, embedding, error FROM embed_collect()").fetchall() == [("k0", None, "HTTP 503")]


def test_failures_for_good_and_until_a_time(db: psycopg.Connection) -> None:
    enqueue(db, 2)
    lease, ids = claim(db)
    db.execute("SELECT embed_fail(%s, %s, 'HTTP 400', permanent => true)", [lease, ids[:1]])
    db.execute("SELECT embed_fail(%s, %s, 'HTTP 429', retry_after => '1 hour')", [lease, ids[1:]])
    assert states(db) == {"failed": 1, "waiting": 1}
    assert db.execute(
        "SELECT due_at > now() + interval '59 minutes' FROM embed_queue WHERE state = 'waiting'"
    ).fetchone() == (True,)


def test_a_text_that_kills_its_workers(db: psycopg.Connection) -> None:
    enqueue(db, 1)
    for _ in range(5):
        assert claim(db, lease="0 seconds")[1]
    assert claim(db)[1] == []
    assert db.execute("SELECT state, error FROM embed_queue").fetchall() == [
        ("failed", "no worker has answered for it")
    ]


def test_a_release_is_no_attempt(db: psycopg.Connection) -> None:
    enqueue(db, 3)
    lease, ids = claim(db)
    complete(db, lease, ids[:1])
    assert db.execute("SELECT embed_release(%s)", [lease]).fetchone() == (2,)
    assert db.execute("SELECT DISTINCT attempts FROM embed_queue WHERE state = 'waiting'").fetchall() == [(0,)]
    assert claim(db)[1] == ids[1:]


def test_the_same_again_is_nothing(db: psycopg.Connection) -> None:
    assert enqueue(db, 3) == 3
    lease, ids = claim(db)
    assert enqueue(db, 3) == 0, "they are on their way"
    assert complete(db, lease, ids) == 3
    assert enqueue(db, 3) == 0
    # Another text under a known key.
    assert enqueue(db, 3, "changed") == 3
    assert complete(db, lease, ids) == 0


def test_a_text_that_changes_while_it_is_embedded(db: psycopg.Connection) -> None:
    enqueue(db, 1)
    lease, ids = claim(db)
    assert enqueue(db, 1, "changed") == 1
    assert complete(db, lease, ids) == 0, "the vector is of the old text"
    assert claim(db)[1] == ids


def test_what_the_cache_knows_is_done(db: psycopg.Connection, endpoint: Endpoint) -> None:
    db.execute("SELECT embed_texts(ARRAY['text 1'])")
    enqueue(db, 3)
    assert states(db) == {"waiting": 2, "done": 1}
    assert db.execute("SELECT key, embedding FROM embed_collect()").fetchall() == [
        ("k1", hashed(["text 1"], DIMENSIONS)[0])
    ]
    # Known since it was enqueued.
    db.execute("SELECT embed_texts(ARRAY['text 2'])")
    rows = db.execute("SELECT input, embedding FROM embed_claim()").fetchall()
    assert rows == [("text 0", None), ("text 2", hashed(["text 2"], DIMENSIONS)[0])]


def test_completed_texts_are_known_to_calls(db: psycopg.Connection, endpoint: Endpoint) -> None:
    enqueue(db, 1)
    lease, ids = claim(db)
    complete(db, lease, ids)
    assert db.execute("SELECT embed_texts(ARRAY['text 0'])").fetchone() == ([[ids[0], ids[0] / 2]],)
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("embed_enqueue(ARRAY['a'], ARRAY['b', 'c'])", "2202E"),
        ("embed_enqueue(ARRAY['a'], NULL)", "2202E"),
        ("embed_enqueue(ARRAY['a'], ARRAY[NULL])", "22004"),
        ("embed_enqueue(ARRAY[NULL], ARRAY['a'])", "22004"),
        ("embed_enqueue(ARRAY['a'], ARRAY['a'], dimensions => 0)", "22023"),
        ("embed_complete(gen_random_uuid(), ARRAY[1, 2], '{1,2,3}')", "2202E"),
        ("embed_complete(gen_random_uuid(), ARRAY[1], '{}')", "2202E"),
        ("embed_complete(gen_random_uuid(), ARRAY[1], NULL)", "2202E"),
        ("embed_complete(gen_random_uuid(), ARRAY[1], '{NaN}')", "22000"),
        ("embed_complete(gen_random_uuid(), ARRAY[1], '{1,Infinity}')", "22000"),
        ("embed_complete(gen_random_uuid(), ARRAY[1], '{1,NULL}')", "22000"),
        ("embed_complete(gen_random_uuid(), ARRAY[1], '{1e300}')", "22000"),
    ],
)
def test_mistakes(db: psycopg.Connection, call: str, code: str) -> None:
    with pytest.raises(psycopg.Error) as raised:
        db.execute(f"SELECT {call}")
    assert raised.value.sqlstate == code


def test_enqueue_from_a_query(db: psycopg.Connection) -> None:
    query = """
        SELECT embed_enqueue(array_agg(id::text), array_agg(finding_text(rule_id, file_path, message, NULL)))
        FROM (VALUES (1, 'R', 'a.py', 'm'), (2, 'S', 'b.py', 'n')) f (id, rule_id, file_path, message)
    """
    assert db.execute(query).fetchone() == (2,)
    assert db.execute(
        "SELECT embed_enqueue(array_agg(x), array_agg(x)) FROM (SELECT 'a' x WHERE false) n"
    ).fetchone() == (0,)


TABLES = ("embed_usage", "embed_prices", "embed_queue")


def test_dump_and_restore(db: psycopg.Connection, dsn: str) -> None:
    """Queue, usage and prices come back, and the numbers go on; the cache stays behind."""
    enqueue(db, 3)
    lease, ids = claim(db, 2)
    complete(db, lease, ids)
    db.execute("INSERT INTO embed_prices VALUES ('m', 0.5)")
    restored = make_conninfo(dsn, dbname="reviewpro_embed_restored")
    db.execute("DROP DATABASE IF EXISTS reviewpro_embed_restored WITH (FORCE)")
    db.execute("CREATE DATABASE reviewpro_embed_restored")
    try:
        dump = subprocess.run(["pg_dump", dsn], check=True, capture_output=True).stdout
        quiet = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", restored]
        subprocess.run(quiet, check=True, input=dump, capture_output=True)
        with psycopg.connect(restored, autocommit=True) as other:
            for table in TABLES:
                rows = f"SELECT t::text FROM {table} t ORDER BY 1"
                assert other.execute(rows).fetchall() == db.execute(rows).fetchall() != [], table
            assert other.execute("SELECT count(*) FROM embed_cache").fetchone() == (0,)
            assert enqueue(other, 1, "new") == 1
            other.execute("SELECT embed_enqueue(ARRAY['other'], ARRAY['text'])")
            assert other.execute("SELECT max(id) > 3 FROM embed_queue").fetchone() == (True,)
    finally:
        db.execute("DROP DATABASE reviewpro_embed_restored WITH (FORCE)")
