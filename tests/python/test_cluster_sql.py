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
            "SELECT id, cluster FROM cluster_query(%s, 'dbscan', %s, %s, metric => %s)",
            [query, eps, min_samples, metric],
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
    assert [everything[i] for i in present] == expected(
        points[present], DBSCAN(eps=0.2, min_samples=2, metric="cosine")
    )
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
    """Somebody who looks sees a backend that computes, in which phase, and how far it has come."""
    seen = set()
    shares: dict[str, list[float]] = {}
    with psycopg.connect(dsn, autocommit=True) as watcher:
        done = threading.Event()

        def work() -> None:
            vector = "ARRAY(SELECT random() - 0.5 FROM generate_series(1, 64) WHERE i > 0)::real[]"
            query = f"SELECT i, {vector} FROM generate_series(1, 30000) i"
            connection.execute(
                "SELECT count(*) FROM cluster_query(%s, eps => 0.3, min_samples => 3)", [query]
            ).fetchone()
            done.set()

        thread = threading.Thread(target=work)
        thread.start()
        while not done.wait(0.001):
            event = "SELECT wait_event_type, wait_event FROM pg_stat_activity WHERE pid = %s"
            seen.add(watcher.execute(event, [connection.info.backend_pid]).fetchone())
            progress = "SELECT phase, percent FROM reviewpro_progress WHERE pid = %s"
            for phase, percent in watcher.execute(progress, [connection.info.backend_pid]):
                shares.setdefault(phase, []).append(percent)
        thread.join()
        after = watcher.execute("SELECT count(*) FROM reviewpro_progress").fetchone()
    assert ("Extension", "ReviewproCompute") in seen
    assert {"reading vectors", "comparing vectors"} <= shares.keys()
    percents = shares["comparing vectors"]
    assert percents == sorted(percents)
    assert 0 <= percents[0] < percents[-1] <= 100
    assert after == (0,)


def test_kmeans_is_the_same_in_every_form(connection: psycopg.Connection, points: np.ndarray) -> None:
    """Equal seeds, equal labels; groups that are far apart are found."""
    centres = np.eye(6, 32) * 10
    vectors = (np.repeat(centres, 20, axis=0) + np.random.default_rng(1).normal(size=(120, 32)) * 0.1).astype(
        np.float32
    )
    connection.execute("CREATE TABLE apart (id int, embedding real[])")
    with connection.cursor().copy("COPY apart FROM STDIN") as copy:
        for i, vector in enumerate(vectors):
            copy.write_row((i, vector.tolist()))
    for metric in ("cosine", "euclidean"):
        wanted = [i // 20 for i in range(120)]
        window = "SELECT cluster_kmeans(embedding, 6, %s) OVER (ORDER BY id) FROM apart ORDER BY id"
        assert column(connection, window, [metric]) == wanted
        query = "SELECT cluster FROM cluster_query('SELECT id, embedding FROM apart ORDER BY id', 'kmeans', n_clusters => 6, metric => %s)"
        assert column(connection, query, [metric]) == wanted
        array = "SELECT cluster_embeddings(array_agg(embedding ORDER BY id), 'kmeans', n_clusters => 6, metric => %s) FROM apart"
        assert connection.execute(array, [metric]).fetchone()[0] == wanted
    connection.execute("DROP TABLE apart")


def test_summaries_members_and_assignment(connection: psycopg.Connection) -> None:
    """What the application's statistics are, by their definitions."""
    vectors = groups_of_vectors(23, 250, 20)
    exact = vectors.astype(np.float64)
    labels = DBSCAN(eps=0.25, min_samples=2, metric="cosine").fit_predict(exact)
    assert labels.max() > 1
    arguments = [vectors.tolist(), labels.tolist()]
    rows = connection.execute("SELECT * FROM cluster_summaries(%s::real[], %s)", arguments).fetchall()
    members = connection.execute("SELECT * FROM cluster_members(%s::real[], %s)", arguments).fetchall()
    assert [row[0] for row in rows] == list(range(labels.max() + 1))
    assert [member[0] - 1 for member in members] == np.flatnonzero(labels >= 0).tolist()
    for label, size, representative, *figures in rows:
        inside = np.flatnonzero(labels == label)
        cluster = exact[inside]
        distances = np.linalg.norm(cluster - cluster.mean(axis=0), axis=1)
        directed = cluster[np.linalg.norm(cluster, axis=1) > 0]
        directed = directed / np.linalg.norm(directed, axis=1, keepdims=True)
        pairs = (directed @ directed.T)[np.triu_indices(len(directed), 1)]
        assert (size, representative - 1) == (len(inside), inside[distances.argmin()])
        wanted = [pairs.mean(), pairs.min(), pairs.max(), distances.mean(), distances.std(), 1 - distances.mean()]
        assert np.allclose(figures, wanted, rtol=0, atol=1e-9)
        found = [(member[2], member[4]) for member in members if member[1] == label]
        assert np.allclose([distance for distance, _ in found], distances, rtol=0, atol=1e-9)
        assert [stands for _, stands in found] == [i == representative - 1 for i in inside]
    # A vector of a cluster is assigned to that cluster, a far one to none.
    new = [*vectors[labels >= 0][:20].tolist(), (-exact[labels >= 0].mean(axis=0)).tolist()]
    assigned = connection.execute(
        "SELECT * FROM assign_clusters(%s::real[], %s::real[], %s, 0.25)", [new, *arguments]
    ).fetchall()
    assert [row[1] for row in assigned[:20]] == labels[labels >= 0][:20].tolist()
    assert assigned[20][1] is None
    assert [row[0] for row in assigned] == list(range(1, 22))


def test_suggestions_are_what_dbscan_finds(connection: psycopg.Connection) -> None:
    vectors = groups_of_vectors(29, 300, 20)
    vectors = vectors[np.linalg.norm(vectors, axis=1) > 0]
    rows = connection.execute("SELECT * FROM suggest_eps(%s::real[], 3)", [vectors.tolist()]).fetchall()
    assert sum(row[5] for row in rows) == 1
    for _, eps, n_clusters, noise, largest_share, _, _ in rows:
        labels = connection.execute(
            "SELECT cluster_embeddings(%s::real[], 'dbscan', %s, 3)", [vectors.tolist(), eps]
        ).fetchone()[0]
        sizes = np.bincount([label for label in labels if label >= 0], minlength=1)
        assert (n_clusters, noise) == (max(labels) + 1, labels.count(-1))
        assert abs(largest_share - sizes.max() / len(labels)) < 1e-12
