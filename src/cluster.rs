//! `cluster_embeddings`: vectors in, labels out; the algorithms are in `reviewpro_core::cluster`.

use pgrx::pg_extern;
use reviewpro_core::cluster;

use crate::bridge::{Call, Value, compute};

/// `cluster_embeddings(embeddings, algorithm, eps, min_samples, n_clusters, distance_threshold, linkage, metric)`,
/// for `real[]` and `double precision[]` alike.
#[pg_extern(sql = false)]
fn cluster_embeddings(call: Call) -> Option<Value> {
    let matrix = call.matrix(0, "embeddings")?;
    let options = cluster::Options {
        algorithm: call.required("algorithm", call.text(1)).to_string(),
        eps: call.f64(2),
        min_samples: call.i32(3),
        n_clusters: call.i32(4),
        distance_threshold: call.f64(5),
        linkage: call.required("linkage", call.text(6)).to_string(),
        metric: call.required("metric", call.text(7)).to_string(),
    };
    let labels = compute(|task| cluster::cluster(&matrix.embeddings(task)?, &options, task));
    Some(Value::array(&labels))
}
