//! Agglomerative clustering and silhouettes against scikit-learn's answers (golden/make_linkage.py).

mod common {
    pub mod sets;
}

use std::io::{BufRead, BufReader};

use common::sets::Set;
use flate2::read::MultiGzDecoder;
use reviewpro_core::Task;
use reviewpro_core::cluster::{AgglomerativeParams, agglomerative};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    kind: String,
    seed: u64,
    n: usize,
    d: usize,
    single: bool,
    cases: Vec<Case>,
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

/// Every label vector, numbering included, whatever the ties and the number of threads.
#[test]
fn labels_are_scikit_learn_s() {
    let mut checked = 0;
    for line in lines() {
        let set = Set::new(&line.kind, line.seed, line.n, line.d, line.single);
        for case in &line.cases {
            let params = AgglomerativeParams::new(
                case.n_clusters.as_ref().map(|k| k.parse().unwrap()),
                case.distance_threshold.as_ref().map(|t| t.parse().unwrap()),
                case.linkage.parse().unwrap(),
                case.metric.parse().unwrap(),
            )
            .unwrap();
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
