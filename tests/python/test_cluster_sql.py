"""The SQL forms of clustering agree with each other and with scikit-learn, whatever the form's way to the vectors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import sql
from sklearn.cluster import DBSCAN, AgglomerativeClustering
from sklearn.metrics import silhouette_samples, silhouette_score

ROWS = 700
PARTITIONS = 5


def groups_of_vectors(seed: int, count: int, dimension: int) -> np.ndarray:
    """Unit vectors around a few directions, some alone, some twice, some zero."""
    source = np.random.default_rng(seed)
    centres = source.normal(size=(max(count // 40, 1), dimension))
    points = centres[source.integers(0, len(centres), size=count)]
    points = points + source.normal(size=points.shape) * source.uniform(0.05, 0.8, size=(count, 1))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points[: count // 20] = points[count // 20 : 2 * (count // 20)]
    points[count // 2 :: 97] = 0
    return points.astype(np.float32)


@pytest.fixture(scope="module")
def points(dsn: str) -> Iterator[np.ndarray]:
    """A table `points`: id, part, embedding; some embeddings are NULL."""
    vectors = groups_of_vectors(3, ROWS, 48)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE points (id int PRIMARY KEY, part int, embedding real[])")
        with connection.cursor().copy("COPY points FROM STDIN") as copy:
            for i, vector in enumerate(vectors):
                copy.write_row((i, i % PARTITIONS, None if i % 31 == 7 else vector.tolist()))
        yield vectors
        connection.execute("DROP TABLE points")


def expected(vectors: np.ndarray, model: Any) -> list[int | None]:
    """scikit-learn's labels as SQL rows show them."""
    return [None if label < 0 else int(label) for label in model.fit_predict(vectors.astype(np.float64))]


def column(connection: psycopg.Connection, query: str, values: Any = None) -> list[Any]:
    return [row[0] for row in connection.execute(query, values)]


@pytest.mark.parametrize("type_name", ["real[]", "double precision[]"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("min_samples", [1, 2, 5])
def test_every_form_gives_the_labels_of_dbscan(
    connection: psycopg.Connection, points: np.ndarray, type_name: str, metric: str, min_samples: int
) -> None:
    eps = 0.2 if metric == "cosine" else 0.6
    kind = sql.SQL(type_name)
    for part in range(PARTITIONS):
        ids = [i for i in range(part, ROWS, PARTITIONS) if i % 31 != 7]
        # With one job and min_samples 1 scikit-learn takes a vector of zeros for its own neighbour, otherwise not.
        model = DBSCAN(eps=eps, min_samples=min_samples, metric=metric, n_jobs=2)
        wanted = expected(points[ids], model)
        assert len({label for label in wanted if label is not None}) > 1
        window = sql.SQL(
            "SELECT c FROM (SELECT id, part, embedding, cluster_dbscan(embedding::{kind}, %s, %s, %s) "
            "OVER (PARTITION BY part ORDER BY id) AS c FROM points) w "
            "WHERE part = %s AND embedding IS NOT NULL ORDER BY id"
        ).format(kind=kind)
        assert column(connection, window, [eps, min_samples, metric, part]) == wanted
        query = (
            f"SELECT id, embedding::{type_name} FROM points WHERE part = {part} AND embedding IS NOT NULL ORDER BY id"
        )
        rows = connection.execute(
            "SELECT id, cluster FROM cluster_query(%s, 'dbscan', %s, %s, metric => %s)", [query, eps, min_samples, metric]
        ).fetchall()
        assert rows == list(zip(map(str, ids), wanted, strict=True))
        array = sql.SQL(
            "SELECT cluster_embeddings(array_agg(embedding::{kind} ORDER BY id), 'dbscan', %s, %s, metric => %s) "
            "FROM points WHERE part = %s AND embedding IS NOT NULL"
        ).format(kind=kind)
        labels = connection.execute(array, [eps, min_samples, metric, part]).fetchone()[0]
        assert labels == [-1 if label is None else label for label in wanted]


@pytest.mark.parametrize("linkage", ["average", "complete", "single", "ward"])
@pytest.mark.parametrize("cut", [{"n_clusters": 7}, {"distance_threshold": 0.9, "n_clusters": None}])
def test_every_form_gives_the_labels_of_linkage(
    connection: psycopg.Connection, points: np.ndarray, linkage: str, cut: dict[str, Any]
) -> None:
    ids = [i for i in range(0, ROWS, PARTITIONS) if i % 31 != 7]
    wanted = expected(points[ids], AgglomerativeClustering(metric="euclidean", linkage=linkage, **cut))
    options = [cut.get("distance_threshold"), linkage, cut["n_clusters"]]
    rows = (
        "FROM (SELECT id, embedding FROM points WHERE part = 0 AND embedding IS NOT NULL) p WINDOW w AS (ORDER BY id)"
    )
    window = f"SELECT cluster_agglomerative(embedding, %s, %s, 'euclidean', %s) OVER w {rows} ORDER BY id"
    assert column(connection, window, options) == wanted
    query = "SELECT id, embedding FROM points WHERE part = 0 AND embedding IS NOT NULL ORDER BY id"
    form = (
        "SELECT cluster FROM cluster_query(%s, 'agglomerative', distance_threshold => %s, linkage => %s, "
        "n_clusters => %s, metric => 'euclidean')"
    )
    assert column(connection, form, [query, *options]) == wanted


def test_null_vectors_take_no_part(connection: psycopg.Connection, points: np.ndarray) -> None:
    everything = column(connection, "SELECT cluster_dbscan(embedding, 0.2) OVER (ORDER BY id) FROM points ORDER BY id")
    query = "SELECT id, embedding FROM points ORDER BY id"
    assert column(connection, "SELECT cluster FROM cluster_query(%s, eps => 0.2)", [query]) == everything
    present = [i for i in range(ROWS) if i % 31 != 7]
    assert [everything[i] for i in present] == expected(points[present], DBSCAN(eps=0.2, min_samples=2, metric="cosine"))
    assert all(everything[i] is None for i in range(ROWS) if i % 31 == 7)


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "sqeuclidean"])
def test_silhouettes(connection: psycopg.Connection, metric: str) -> None:
    vectors = groups_of_vectors(11, 300, 24)
    vectors = vectors[np.linalg.norm(vectors, axis=1) > 0]
    labels = DBSCAN(eps=0.25, min_samples=2, metric="cosine").fit_predict(vectors)
    exact = vectors.astype(np.float64)
    arguments = [vectors.tolist(), labels.tolist(), metric]
    score, samples = connection.execute(
        "SELECT silhouette_score(v, l, m), silhouette_samples(v, l, m) FROM (SELECT %s::real[], %s::int[], %s) t (v, l, m)",
        arguments,
    ).fetchone()
    tolerance = 1e-6 if metric == "euclidean" else 1e-10
    assert abs(score - silhouette_score(exact, labels, metric=metric)) < tolerance
    assert np.allclose(samples, silhouette_samples(exact, labels, metric=metric), rtol=0, atol=tolerance)
    kept = labels >= 0
    without = connection.execute("SELECT silhouette_score(%s::real[], %s, %s, false)", arguments).fetchone()[0]
    assert abs(without - silhouette_score(exact[kept], labels[kept], metric=metric)) < tolerance


def test_report(connection: psycopg.Connection) -> None:
    vectors = groups_of_vectors(5, 400, 32)
    report = connection.execute("SELECT cluster_report(%s::real[], eps => 0.2)", [vectors.tolist()]).fetchone()[0]
    labels = DBSCAN(eps=0.2, min_samples=2, metric="cosine").fit_predict(vectors.astype(np.float64))
    assert report["labels"] == labels.tolist()
    assert report["n_clusters"] == labels.max() + 1
    assert report["cluster_sizes"] == np.bincount(labels[labels >= 0]).tolist()
    assert report["noise_count"] == int((labels < 0).sum())
    assert 0 < report["duration_ms"] < 60_000
    directed = np.linalg.norm(vectors, axis=1) > 0
    vectors = vectors[directed]
    report = connection.execute("SELECT cluster_report(%s::real[], eps => 0.2)", [vectors.tolist()]).fetchone()[0]
    score = silhouette_score(vectors.astype(np.float64), report["labels"], metric="cosine")
    assert abs(report["silhouette_score"] - score) < 1e-10


def test_toasted_vectors(connection: psycopg.Connection) -> None:
    """1536 dimensions lie out of line, in each of the ways in which a column can be stored."""
    vectors = groups_of_vectors(17, 60, 1536)
    wanted = expected(vectors, DBSCAN(eps=0.3, min_samples=2, metric="cosine"))
    for storage in ("EXTENDED", "EXTERNAL", "MAIN"):
        connection.execute("DROP TABLE IF EXISTS wide")
        connection.execute(f"CREATE TABLE wide (id int, embedding real[] STORAGE {storage})")
        with connection.cursor().copy("COPY wide FROM STDIN") as copy:
            for i, vector in enumerate(vectors):
                copy.write_row((i, vector.tolist()))
        found = column(connection, "SELECT cluster_dbscan(embedding, 0.3) OVER (ORDER BY id) FROM wide ORDER BY id")
        assert found == wanted
        rows = "SELECT id, embedding FROM wide ORDER BY id"
        assert column(connection, "SELECT cluster FROM cluster_query(%s, eps => 0.3)", [rows]) == wanted
    connection.execute("DROP TABLE wide")


def test_the_wait_is_visible(dsn: str, connection: psycopg.Connection) -> None:
    """Somebody who looks sees a backend that computes, and in which phase."""
    seen = set()
    with psycopg.connect(dsn, autocommit=True) as watcher:
        done = threading.Event()

        def work() -> None:
            query = "SELECT i, ARRAY(SELECT random() FROM generate_series(1, 64) WHERE i > 0)::real[] FROM generate_series(1, 12000) i"
            connection.execute("SELECT count(*) FROM cluster_query(%s, eps => 1e-6, min_samples => 3)", [query]).fetchone()
            done.set()

        thread = threading.Thread(target=work)
        thread.start()
        while not done.wait(0.001):
            event = "SELECT wait_event_type, wait_event FROM pg_stat_activity WHERE pid = %s"
            seen.add(watcher.execute(event, [connection.info.backend_pid]).fetchone())
        thread.join()
    assert ("Extension", "ReviewproCompute") in seen
