//! Agglomerative clustering and silhouettes against scikit-learn's answers (golden/make_linkage.py).

mod common {
    pub mod sets;
}

use std::io::{BufRead, BufReader};

use common::sets::Set;
use flate2::read::MultiGzDecoder;
use reviewpro_core::Task;
use reviewpro_core::cluster::{
    AgglomerativeParams, NoiseRows, SilhouetteMetric, agglomerative, silhouette_samples, silhouette_score,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    kind: String,
    seed: u64,
    n: usize,
    d: usize,
    single: bool,
    cases: Vec<Case>,
    silhouette: Option<Silhouette>,
}

#[derive(Deserialize)]
struct Silhouette {
    /// The position of the case whose labels were used.
    case: usize,
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    metric: String,
    score: String,
    samples: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Case {
    linkage: String,
    metric: String,
    n_clusters: Option<String>,
    distance_threshold: Option<String>,
    labels: Option<Vec<i32>>,
    hash: Option<String>,
}

fn lines() -> Vec<Line> {
    let packed: &[u8] = include_bytes!("golden/linkage.jsonl.gz");
    let lines: Vec<Line> = BufReader::new(MultiGzDecoder::new(packed))
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    assert!(lines.len() > 150, "the golden file lost its sets");
    lines
}

fn hashed(labels: &[i32]) -> String {
    let step = |state: u64, &label: &i32| (state ^ label as u64).wrapping_mul(0x100_0000_01B3);
    format!("{:016x}", labels.iter().fold(0xCBF2_9CE4_8422_2325, step))
}

fn params(case: &Case) -> AgglomerativeParams {
    AgglomerativeParams::new(
        case.n_clusters.as_ref().map(|k| k.parse().unwrap()),
        case.distance_threshold.as_ref().map(|t| t.parse().unwrap()),
        case.linkage.parse().unwrap(),
        case.metric.parse().unwrap(),
    )
    .unwrap()
}

/// Every label vector, numbering included, whatever the ties and the number of threads.
#[test]
fn labels_are_scikit_learn_s() {
    let mut checked = 0;
    for line in lines() {
        let set = Set::new(&line.kind, line.seed, line.n, line.d, line.single);
        for case in &line.cases {
            let params = params(case);
            let task = Task::new(1 + checked % 3, 1 << 30, &|| false);
            let labels = agglomerative(&set.embeddings(&task).unwrap(), &params, &task).unwrap();
            let context = format!("{} {} {}x{} {params:?}", line.kind, line.seed, line.n, line.d);
            match (&case.labels, &case.hash) {
                (Some(expected), None) => assert_eq!(&labels, expected, "{context}"),
                (None, Some(expected)) => assert_eq!(&hashed(&labels), expected, "{context}"),
                _ => panic!("{context}: one answer is expected"),
            }
            checked += 1;
        }
    }
    println!("{checked} label vectors compared");
    assert!(checked > 2000);
}

#[test]
fn silhouettes_are_scikit_learn_s() {
    let (mut scores, mut samples) = (0, 0);
    for line in lines() {
        let Some(silhouette) = &line.silhouette else {
            continue;
        };
        let set = Set::new(&line.kind, line.seed, line.n, line.d, line.single);
        let task = Task::new(2, 1 << 30, &|| false);
        let embeddings = set.embeddings(&task).unwrap();
        let labels = agglomerative(&embeddings, &params(&line.cases[silhouette.case]), &task).unwrap();
        for answer in &silhouette.answers {
            let metric: SilhouetteMetric = answer.metric.parse().unwrap();
            let tolerance = match metric {
                SilhouetteMetric::Euclidean => 1e-6,
                SilhouetteMetric::Cosine | SilhouetteMetric::SquaredEuclidean => 1e-12,
            };
            let context = format!("{} {} {}x{} {metric}", line.kind, line.seed, line.n, line.d);
            let close = |ours: f64, theirs: &str| {
                let theirs: f64 = theirs.parse().unwrap();
                assert!(
                    (ours - theirs).abs() <= tolerance,
                    "{context}: {ours} for {theirs}"
                );
            };
            close(
                silhouette_score(&embeddings, &labels, metric, NoiseRows::Cluster, &task).unwrap(),
                &answer.score,
            );
            scores += 1;
            let Some(expected) = &answer.samples else {
                continue;
            };
            let ours = silhouette_samples(&embeddings, &labels, metric, NoiseRows::Cluster, &task).unwrap();
            assert_eq!(ours.len(), expected.len());
            for (ours, theirs) in ours.into_iter().zip(expected) {
                close(ours.unwrap(), theirs);
                samples += 1;
            }
        }
    }
    println!("{scores} scores and {samples} samples compared");
    assert!(scores > 100 && samples > 100);
}
