//! What a clustering is worth: `silhouette_score`, `silhouette_samples`.

use pgrx::pg_extern;
use reviewpro_core::cluster::silhouette::{self, silhouette_samples as samples, silhouette_score as score};
use reviewpro_core::cluster::{Embeddings, NoiseRows, SilhouetteMetric};
use reviewpro_core::{Result, Task};

use crate::bridge::{Call, CountedCall, OrRaise, Value, Work, compute};

/// `silhouette_score(embeddings, labels, metric, include_noise)`
#[pg_extern(sql = false)]
fn silhouette_score(call: CountedCall) -> Option<Value> {
    silhouettes(&call, score).map(Value::f64)
}

/// `silhouette_samples(embeddings, labels, metric, include_noise)`
#[pg_extern(sql = false)]
fn silhouette_samples(call: CountedCall) -> Option<Value> {
    silhouettes(&call, samples).map(|samples| Value::nullable_array(&samples))
}

/// What `measure` says of the first two arguments; NULL where no silhouette is defined.
fn silhouettes<T: Send>(
    call: &Call,
    measure: impl Fn(&Embeddings<'_>, &[i32], SilhouetteMetric, NoiseRows, &Task<'_>) -> Result<T> + Sync,
) -> Option<T> {
    let matrix = call.matrix(0, "embeddings")?;
    let labels = call.ints(1, "labels")?;
    let metric = call.required("metric", call.text(2)).parse().or_raise();
    let noise = match call.required("include_noise", call.bool(3)) {
        true => NoiseRows::Cluster,
        false => NoiseRows::LeftOut,
    };
    compute(Work::default(), |task| {
        let embeddings = matrix.embeddings(task)?;
        if embeddings.rows() == labels.len() && !silhouette::is_defined(&labels, noise)? {
            return Ok(None);
        }
        measure(&embeddings, &labels, metric, noise, task).map(Some)
    })
}
