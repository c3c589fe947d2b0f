//! Clustering of arrays and of queries: vectors in, labels out; the algorithms are in `reviewpro_core::cluster`.

use pgrx::pg_extern;
use reviewpro_core::cluster::{Algorithm, Options, Report, project};
use reviewpro_core::table::{Column, Type, Value as Cell};

use crate::bridge::{Call, CountedCall, OrRaise, Value, Work, compute, read_vectors, stream_rows};

/// `cluster_embeddings(embeddings, algorithm, ...)`, for `real[]` and `double precision[]` alike.
#[pg_extern(sql = false)]
fn cluster_embeddings(call: CountedCall) -> Option<Value> {
    let matrix = call.matrix(0, "embeddings")?;
    let algorithm = algorithm(&call);
    let labels = compute(Work::default(), |task| {
        algorithm.labels(&matrix.embeddings(task)?, task)
    });
    Some(Value::array(&labels))
}

/// `cluster_report(embeddings, algorithm, ...)`: a jsonb.
#[pg_extern(sql = false)]
fn cluster_report(call: CountedCall) -> Option<Value> {
    let matrix = call.matrix(0, "embeddings")?;
    let algorithm = algorithm(&call);
    let report = compute(Work::default(), |task| {
        Report::new(&matrix.embeddings(task)?, &algorithm, task)?.to_jsonb()
    });
    Some(Value::jsonb(report.as_bytes()))
}

/// `cluster_query(query, algorithm, ...)`: one row per row of the query.
#[pg_extern(sql = false)]
fn cluster_query(call: CountedCall) {
    const COLUMNS: &[Column] = &[Column::new("id", Type::Text), Column::new("cluster", Type::Int)];
    let query = call.required("query", call.text(0));
    let algorithm = algorithm(&call);
    let rows = read_vectors(&query);
    call.has_read(rows.bytes());
    stream_rows(&call, COLUMNS, Work::holding(rows.bytes()), |task, emit| {
        let labels = algorithm.labels(&rows.vectors.embeddings(task)?, task)?;
        rows.labelled(&labels)
            .try_for_each(|(id, label)| emit(&[Cell::Text(id), cluster(label)]))
    });
}

/// `cluster_map(query, algorithm, ...)`: as `cluster_query`, with a place on a map.
#[pg_extern(sql = false)]
fn cluster_map(call: CountedCall) {
    const COLUMNS: &[Column] = &[
        Column::new("id", Type::Text),
        Column::new("cluster", Type::Int),
        Column::new("x", Type::Float),
        Column::new("y", Type::Float),
    ];
    let query = call.required("query", call.text(0));
    let algorithm = algorithm(&call);
    let rows = read_vectors(&query);
    call.has_read(rows.bytes());
    stream_rows(&call, COLUMNS, Work::holding(rows.bytes()), |task, emit| {
        let embeddings = rows.vectors.embeddings(task)?;
        let labels = algorithm.labels(&embeddings, task)?;
        let points = project(&embeddings, algorithm.metric(), task)?;
        let mut points = points.iter();
        rows.labelled(&labels).try_for_each(|(id, label)| {
            // Only rows with a vector have a label, and a place.
            let [x, y] = match label.and_then(|_| points.next()) {
                Some(&[x, y]) => [Cell::Float(x), Cell::Float(y)],
                None => [Cell::Null, Cell::Null],
            };
            emit(&[Cell::Text(id), cluster(label), x, y])
        })
    });
}

/// The cluster of a row: NULL for noise and for a row without a vector.
fn cluster(label: Option<i32>) -> Cell<'static> {
    label.filter(|&label| label >= 0).map_or(Cell::Null, Cell::Int)
}

/// The options that follow the first argument: algorithm, eps, min_samples, n_clusters, distance_threshold, linkage,
/// metric.
fn algorithm(call: &Call) -> Algorithm {
    let word = |index, name| call.required(name, call.text(index));
    Algorithm::new(&Options {
        algorithm: &word(1, "algorithm"),
        eps: call.f64(2),
        min_samples: call.i32(3),
        n_clusters: call.i32(4),
        distance_threshold: call.f64(5),
        linkage: &word(6, "linkage"),
        metric: &word(7, "metric"),
    })
    .or_raise()
}
