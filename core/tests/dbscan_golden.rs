//! DBSCAN's labels against scikit-learn's (golden/make_dbscan.py), with every kernel and several thread counts.

use ndarray::Array2;
use reviewpro_core::Task;
use reviewpro_core::cluster::dbscan::dbscan_with;
use reviewpro_core::cluster::simd::Kernel;
use reviewpro_core::cluster::{DbscanParams, Embeddings};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    #[serde(rename = "scikit-learn")]
    versions: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize, Debug)]
struct Case {
    kind: String,
    n: usize,
    d: usize,
    seed: u64,
    metric: String,
    eps: f64,
    min_samples: usize,
    labels: Vec<i32>,
}

/// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    fn noise(&mut self) -> f64 {
        self.below(2048) as f64 - 1024.0
    }
}

/// The rows that make_dbscan.py makes.
fn rows(case: &Case) -> Array2<f64> {
    let (n, d) = (case.n, case.d);
    let mut random = Random(case.seed);
    let mut out: Vec<Vec<f64>> = Vec::with_capacity(n);
    if case.kind == "grid" {
        out.extend((0..n).map(|_| (0..d).map(|_| random.below(4) as f64).collect()));
    } else {
        let count = (n / 12).max(2);
        let centres: Vec<Vec<f64>> = (0..count)
            .map(|_| (0..d).map(|_| random.noise()).collect())
            .collect();
        let spread = match case.kind.as_str() {
            "clusters" | "zeros" | "offset" => 8.0,
            "duplicates" => 16.0,
            "tight" => 128.0,
            other => panic!("unknown kind {other}"),
        };
        for _ in 0..n {
            let roll = random.below(100);
            if case.kind == "duplicates" && !out.is_empty() && roll < 50 {
                let copy = out[random.below(out.len() as u64) as usize].clone();
                out.push(copy);
                continue;
            }
            if case.kind == "zeros" && roll < 20 {
                out.push(vec![0.0; d]);
                continue;
            }
            let centre = &centres[random.below(centres.len() as u64) as usize];
            let far = if roll < 85 { 1.0 } else { 6.0 };
            let shift = if case.kind == "offset" { 100_000.0 } else { 0.0 };
            out.push(
                centre
                    .iter()
                    .map(|c| shift + (c + random.noise() / spread * far))
                    .collect(),
            );
        }
    }
    Array2::from_shape_vec((n, d), out.concat()).unwrap()
}

#[test]
fn labels_are_those_of_scikit_learn() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/dbscan.json")).unwrap();
    let golden: Golden = serde_json::from_str(&text).unwrap();
    assert!(golden.versions.iter().any(|version| version == "1.4.0") && golden.versions.len() >= 2);
    assert!(golden.cases.len() > 400, "{} cases", golden.cases.len());
    let mut wrong = Vec::new();
    for case in &golden.cases {
        let expected: Vec<i32> = case
            .labels
            .chunks(2)
            .flat_map(|run| vec![run[0]; run[1] as usize])
            .collect();
        let rows = rows(case);
        let params = DbscanParams::new(case.eps, case.min_samples, case.metric.parse().unwrap()).unwrap();
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.available()) {
            for threads in [1, 3] {
                let task = Task::new(threads, usize::MAX, &|| false);
                let embeddings = Embeddings::from_f64(rows.view(), &task).unwrap();
                let labels = dbscan_with(kernel, &embeddings, &params, &task).unwrap();
                if labels != expected {
                    let at = (0..case.n).find(|&i| labels[i] != expected[i]);
                    wrong.push(format!(
                        "{kernel:?} {threads} {} {} x {} seed {} {} eps {:e} min_samples {}: row {at:?}",
                        case.kind, case.n, case.d, case.seed, case.metric, case.eps, case.min_samples
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
