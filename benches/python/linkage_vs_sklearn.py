"""Agglomerative clustering and silhouettes against scikit-learn: same data, same run, same number of threads.

    cargo build --release -p reviewpro-core --example linkage
    python benches/python/linkage_vs_sklearn.py [--threads 2] [--n 5000] [--d 1536] [--large]

Prints one line per piece of work: our seconds, scikit-learn's, their ratio, and whether the answers are equal.
scikit-learn gets double precision, as the application passes it. `--large` adds 100,000 rows, which scikit-learn
cannot do (it would need 80 GB).
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--n", type=int, default=5000)
parser.add_argument("--d", type=int, default=1536)
parser.add_argument("--large", action="store_true")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import numpy as np
import sklearn
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import silhouette_score

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches"))
from record import record

BINARY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/linkage"


def typical(n, d, seed=1):
    """The geometry of text embeddings: one common direction, topics, members; unit length.

    Groups have 1, 2, 3, ... members (about n/6 groups); cosine similarity is about .92 inside and .3 outside.
    """
    rng = np.random.default_rng(seed)
    groups = np.minimum(rng.geometric(1 / 6, n).cumsum(), n)
    starts = np.zeros(n, int)
    starts[groups[groups < n]] = 1
    group = starts.cumsum()
    rng.shuffle(group)
    scale = 1 / np.arange(1, d + 1) ** 0.3
    scale /= np.linalg.norm(scale)
    common = rng.standard_normal(d) * scale
    topic = rng.standard_normal((group.max() + 1, d)) * scale
    x = 0.55 * common + 0.79 * topic[group]
    for start in range(0, n, 10_000):
        part = x[start : start + 10_000]
        part += 0.27 * rng.standard_normal(part.shape) * scale
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return x.astype(np.float32)


class Ours:
    """The example binary on one set."""

    def __init__(self, x, folder):
        self.n, self.d = x.shape
        self.data, self.out = folder / "vectors", folder / "labels"
        x.tofile(self.data)
        self.folder = folder

    def run(self, *work):
        command = [BINARY, self.data, self.n, self.d, options.threads, *work]
        done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
        return done.stdout.split()

    def agglomerative(self, linkage, metric, how, value):
        (seconds,) = self.run("agglomerative", linkage, metric, how, repr(value), self.out)
        return float(seconds), np.fromfile(self.out, "<i4")

    def silhouette(self, metric, labels):
        labels.astype("<i4").tofile(self.out)
        seconds, score = self.run("silhouette", metric, self.out)
        return float(seconds), float(score)


def report(work, ours, theirs, equal):
    if theirs:
        record(f"linkage {work}: scikit-learn", theirs, ours)
    ratio = f"{theirs / ours:7.1f}x" if theirs else " " * 8
    print(f"{work:<62} {ours:9.3f} s {theirs or float('nan'):9.3f} s {ratio}  {equal}", flush=True)


def compare_linkage(ours, x, linkage, metric, **how):
    ((name, value),) = how.items()
    seconds, labels = ours.agglomerative(linkage, metric, {"n_clusters": "clusters"}.get(name, "threshold"), value)
    start = time.perf_counter()
    model = AgglomerativeClustering(linkage=linkage, metric=metric, **{"n_clusters": None, **how}).fit(x)
    theirs = time.perf_counter() - start
    work = f"{len(x)} x {x.shape[1]} {linkage} {metric} {name} {value:.4g} ({labels.max() + 1} clusters)"
    report(work, seconds, theirs, "equal" if np.array_equal(labels, model.labels_) else "DIFFERENT")


def compare_silhouette(ours, x, labels, metric):
    seconds, score = ours.silhouette(metric, labels)
    start = time.perf_counter()
    theirs_score = silhouette_score(x, labels, metric=metric)
    theirs = time.perf_counter() - start
    work = f"{len(x)} x {x.shape[1]} silhouette {metric} ({len(np.unique(labels))} clusters)"
    report(work, seconds, theirs, f"difference {abs(score - theirs_score):.1e}")


def main():
    print(f"scikit-learn {sklearn.__version__}, {options.threads} threads")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        x = typical(options.n, options.d)
        ours, wide = Ours(x, folder), x.astype(np.float64)
        compare_linkage(ours, wide, "average", "cosine", distance_threshold=1 - 0.85)
        compare_linkage(ours, wide, "average", "cosine", n_clusters=options.n // 10)
        compare_linkage(ours, wide, "ward", "euclidean", distance_threshold=0.6)
        compare_linkage(ours, wide, "ward", "euclidean", n_clusters=options.n // 10)
        compare_linkage(ours, wide, "complete", "cosine", distance_threshold=1 - 0.85)
        compare_linkage(ours, wide, "single", "euclidean", n_clusters=options.n // 10)
        x = typical(2 * options.n, options.d)
        ours, wide = Ours(x, folder), x.astype(np.float64)
        _, labels = ours.agglomerative("average", "cosine", "threshold", 1 - 0.85)
        coarse = np.unique(labels % 100, return_inverse=True)[1]
        for some in (labels, coarse):
            for metric in ("cosine", "euclidean"):
                compare_silhouette(ours, wide, some, metric)
        if options.large:
            x = typical(100_000, options.d)
            ours = Ours(x, folder)
            seconds, labels = ours.agglomerative("average", "cosine", "threshold", 1 - 0.85)
            report(f"{len(x)} x {options.d} average cosine threshold ({labels.max() + 1} clusters)", seconds, None, "")


main()
