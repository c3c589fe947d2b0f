//! Clustering as window functions, one set per partition: `cluster_dbscan(embedding, eps) OVER (PARTITION BY ...)`.

use pgrx::pg_extern;
use reviewpro_core::cluster::Algorithm;

use crate::bridge::{Call, OrRaise, Work, compute, label_partition};

/// `cluster_dbscan(embedding, eps, min_samples, metric) OVER (...)`
#[pg_extern(sql = false)]
fn cluster_dbscan(call: Call) -> Option<i32> {
    label(&call, || {
        let metric = call.required("metric", call.text(3));
        Algorithm::dbscan(call.f64(1), call.i32(2), &metric).or_raise()
    })
}

/// `cluster_agglomerative(embedding, distance_threshold, linkage, metric, n_clusters) OVER (...)`
#[pg_extern(sql = false)]
fn cluster_agglomerative(call: Call) -> Option<i32> {
    label(&call, || {
        let linkage = call.required("linkage", call.text(2));
        let metric = call.required("metric", call.text(3));
        Algorithm::agglomerative(call.i32(4), call.f64(1), &linkage, &metric).or_raise()
    })
}

/// `cluster_kmeans(embedding, n_clusters, metric, seed) OVER (...)`
#[pg_extern(sql = false)]
fn cluster_kmeans(call: Call) -> Option<i32> {
    label(&call, || {
        let metric = call.required("metric", call.text(2));
        let seed = call.required("seed", call.i32(3));
        Algorithm::kmeans(call.i32(1), &metric, seed).or_raise()
    })
}

/// The label of the current row; the algorithm is that of the partition's first row.
fn label(call: &Call, algorithm: impl FnOnce() -> Algorithm) -> Option<i32> {
    label_partition(call, |vectors| {
        let algorithm = algorithm();
        compute(Work::holding(vectors.bytes()), |task| {
            algorithm.labels(&vectors.embeddings(task)?, task)
        })
    })
}
