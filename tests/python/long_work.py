"""Statements that are seconds of work each, the tables they read, and how to cancel them midway."""

from __future__ import annotations

import threading
import time

import psycopg
from log_maker import make_log

CANCELLED = "57014"
LOG_BYTES = 100_000_000

PARSE = "SELECT count(*) FROM big_log, LATERAL sarif_findings(body)"
DBSCAN = "SELECT cluster_embeddings(embeddings, 'dbscan', 0.15, 2) FROM big_set"
LINKAGE = "SELECT cluster_embeddings(embeddings[1:5000], 'agglomerative', n_clusters => 10) FROM big_set"
KMEANS = "SELECT cluster_embeddings(embeddings[1:1500], 'kmeans', n_clusters => 30) FROM big_set"
QUERY = "SELECT count(*) FROM cluster_query('SELECT id, embedding FROM big_rows')"
WINDOW = "SELECT count(label) FROM (SELECT cluster_dbscan(embedding, 0.15) OVER () AS label FROM big_rows) AS labelled"
SILHOUETTE = """SELECT silhouette_score(embeddings[1:6000], labels, 'euclidean')
    FROM big_set, (SELECT array_agg(i % 9) AS labels FROM generate_series(1, 6000) AS i) AS nine"""
SUGGEST = "SELECT count(*) FROM big_set, suggest_eps(embeddings[1:4000])"
SUMMARIES = """SELECT count(*) FROM big_set, (SELECT array_agg(i % 2) AS labels FROM generate_series(1, 4000) AS i) AS two,
    cluster_summaries(embeddings[1:4000], labels)"""
STATEMENTS = {
    "parse": PARSE,
    "dbscan": DBSCAN,
    "agglomerative": LINKAGE,
    "kmeans": KMEANS,
    "query": QUERY,
    "window": WINDOW,
    "silhouette": SILHOUETTE,
    "suggest": SUGGEST,
    "summaries": SUMMARIES,
}


def create_tables(connection: psycopg.Connection) -> None:
    """One log of 100 MB and one set of vectors."""
    connection.execute("CREATE TABLE big_log (body text STORAGE EXTERNAL)")
    connection.execute("INSERT INTO big_log VALUES (%s)", [make_log(LOG_BYTES).decode()])
    connection.execute(
        """CREATE TABLE big_rows AS SELECT i / 512 AS id, array_agg((random() - 0.5)::real) AS embedding
           FROM generate_series(0, 12000 * 512 - 1) AS i GROUP BY i / 512"""
    )
    connection.execute("CREATE TABLE big_set (embeddings real[] STORAGE EXTERNAL)")
    connection.execute("INSERT INTO big_set SELECT array_agg(embedding) FROM big_rows")


def cancel_after(victim: psycopg.Connection, killer: psycopg.Connection, query: str, delay: float) -> float | None:
    """Cancels a statement some time after its start: the seconds from there to its end; None if it was over by then."""
    outcome: dict[str, str | None] = {"state": None}
    ended = 0.0

    def run() -> None:
        nonlocal ended
        try:
            victim.execute(query).fetchall()
        except psycopg.Error as error:
            outcome["state"] = error.sqlstate
        ended = time.perf_counter()

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(delay)
    sent = time.perf_counter()
    killer.execute("SELECT pg_cancel_backend(%s)", [victim.info.backend_pid])
    thread.join(60)
    assert not thread.is_alive(), "no answer 60 s after the cancel"
    assert outcome["state"] in (None, CANCELLED)
    return ended - sent if outcome["state"] == CANCELLED else None
