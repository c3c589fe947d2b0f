//! Rows about a clustering: `cluster_summaries`, `cluster_members`, `assign_clusters`, `suggest_eps`.
//!
//! Rows of the arrays are counted from 1, as SQL's `WITH ORDINALITY` counts them.

use pgrx::pg_extern;
use reviewpro_core::cluster::{self, AssignTo, Metric};
use reviewpro_core::table::{Column, Type, Value};
use reviewpro_core::{Error, ErrorKind};

use crate::bridge::{Call, CountedCall, OrRaise, Work, stream_rows};

/// `cluster_summaries(embeddings, labels, metric)`: one row per cluster.
#[pg_extern(sql = false)]
fn cluster_summaries(call: CountedCall) {
    const COLUMNS: &[Column] = &[
        Column::new("cluster", Type::Int),
        Column::new("size", Type::Int),
        Column::new("representative", Type::Int),
        Column::new("avg_similarity", Type::Float),
        Column::new("min_similarity", Type::Float),
        Column::new("max_similarity", Type::Float),
        Column::new("avg_distance_to_centroid", Type::Float),
        Column::new("std_distance_to_centroid", Type::Float),
        Column::new("cohesion_score", Type::Float),
    ];
    let (matrix, labels) = (call.matrix(0, "embeddings"), call.ints(1, "labels"));
    let metric = metric(&call, 2);
    stream_rows(&call, COLUMNS, Work::default(), |task, emit| {
        let (Some(matrix), Some(labels)) = (&matrix, &labels) else {
            return Ok(());
        };
        let summaries = cluster::summaries(&matrix.embeddings(task)?, labels, metric, task)?;
        summaries.iter().try_for_each(|summary| {
            emit(&[
                Value::Int(summary.label),
                Value::Int(summary.size as i32),
                Value::Int(ordinality(summary.representative)),
                Value::Float(summary.avg_similarity),
                Value::Float(summary.min_similarity),
                Value::Float(summary.max_similarity),
                Value::Float(summary.avg_distance),
                Value::Float(summary.std_distance),
                Value::Float(summary.cohesion),
            ])
        })
    });
}

/// `cluster_members(embeddings, labels, metric)`: one row per vector that is in a cluster.
#[pg_extern(sql = false)]
fn cluster_members(call: CountedCall) {
    const COLUMNS: &[Column] = &[
        Column::new("ordinality", Type::Int),
        Column::new("cluster", Type::Int),
        Column::new("distance_to_centroid", Type::Float),
        Column::new("similarity_to_centroid", Type::Float),
        Column::new("is_representative", Type::Bool),
    ];
    let (matrix, labels) = (call.matrix(0, "embeddings"), call.ints(1, "labels"));
    let metric = metric(&call, 2);
    stream_rows(&call, COLUMNS, Work::default(), |task, emit| {
        let (Some(matrix), Some(labels)) = (&matrix, &labels) else {
            return Ok(());
        };
        let members = cluster::members(&matrix.embeddings(task)?, labels, metric, task)?;
        let members = members.iter().enumerate();
        members
            .filter_map(|(row, member)| member.as_ref().map(|member| (row, member)))
            .try_for_each(|(row, member)| {
                emit(&[
                    Value::Int(ordinality(row)),
                    Value::Int(member.label),
                    Value::Float(member.distance),
                    Value::Float(member.similarity),
                    Value::Bool(member.is_representative),
                ])
            })
    });
}

/// `assign_clusters(new_embeddings, embeddings, labels, max_distance, assign_to, min_samples, metric)`: one row per
/// new vector.
#[pg_extern(sql = false)]
fn assign_clusters(call: CountedCall) {
    const COLUMNS: &[Column] = &[
        Column::new("ordinality", Type::Int),
        Column::new("cluster", Type::Int),
        Column::new("distance", Type::Float),
    ];
    let new = call.matrix(0, "new_embeddings");
    let (matrix, labels) = (call.matrix(1, "embeddings"), call.ints(2, "labels"));
    let max_distance = call.required("max_distance", call.f64(3));
    let min_samples = min_samples(&call, 5);
    let to = match &*call.required("assign_to", call.text(4)) {
        "core" => Ok(AssignTo::Core { min_samples }),
        "centroid" => Ok(AssignTo::Centroid),
        other => Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("unknown assign_to \"{other}\""),
        )
        .hint("Allowed values are \"core\" and \"centroid\".")),
    }
    .or_raise();
    let metric = metric(&call, 6);
    stream_rows(&call, COLUMNS, Work::default(), |task, emit| {
        let (Some(new), Some(matrix), Some(labels)) = (&new, &matrix, &labels) else {
            return Ok(());
        };
        let (new, existing) = (new.embeddings(task)?, matrix.embeddings(task)?);
        let assignments = cluster::assign_clusters(&new, &existing, labels, to, metric, max_distance, task)?;
        assignments.iter().enumerate().try_for_each(|(row, assignment)| {
            let cluster = match assignment.label {
                cluster::NOISE => Value::Null,
                label => Value::Int(label),
            };
            let distance = assignment.distance.map_or(Value::Null, Value::Float);
            emit(&[Value::Int(ordinality(row)), cluster, distance])
        })
    });
}

/// `suggest_eps(embeddings, min_samples, metric)`: one row per candidate.
#[pg_extern(sql = false)]
fn suggest_eps(call: CountedCall) {
    const COLUMNS: &[Column] = &[
        Column::new("quantile", Type::Float),
        Column::new("eps", Type::Float),
        Column::new("n_clusters", Type::Int),
        Column::new("noise_count", Type::Int),
        Column::new("largest_share", Type::Float),
        Column::new("suggested", Type::Bool),
        Column::new("chaining", Type::Bool),
    ];
    let matrix = call.matrix(0, "embeddings");
    let (min_samples, metric) = (min_samples(&call, 1), metric(&call, 2));
    stream_rows(&call, COLUMNS, Work::default(), |task, emit| {
        let Some(matrix) = &matrix else { return Ok(()) };
        let candidates = cluster::suggest_eps(&matrix.embeddings(task)?, min_samples, metric, task)?;
        candidates.iter().try_for_each(|candidate| {
            emit(&[
                Value::Float(candidate.quantile),
                Value::Float(candidate.eps),
                Value::Int(candidate.n_clusters as i32),
                Value::Int(candidate.noise as i32),
                Value::Float(candidate.largest_share),
                Value::Bool(candidate.suggested),
                Value::Bool(candidate.chaining),
            ])
        })
    });
}

fn metric(call: &Call, index: usize) -> Metric {
    call.required("metric", call.text(index)).parse().or_raise()
}

fn min_samples(call: &Call, index: usize) -> usize {
    let min_samples = call.required("min_samples", call.i32(index));
    cluster::options::count("min_samples", min_samples).or_raise()
}

/// A row counted from 1. An array has fewer rows than an integer can count.
fn ordinality(row: usize) -> i32 {
    row as i32 + 1
}
