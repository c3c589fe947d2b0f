//! DBSCAN's labels against linfa-clustering's, another implementation of the same definition (euclidean, `<`).

use linfa::traits::Transformer;
use linfa_clustering::Dbscan;
use ndarray::Array2;
use proptest::prelude::*;
use reviewpro_core::Task;
use reviewpro_core::cluster::{DbscanParams, Embeddings, Metric, NOISE, dbscan};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn labels_are_those_of_linfa(
        // Drawn from a continuum: no distance equals eps, where linfa's `<` differs.
        (d, values) in (1_usize..20).prop_flat_map(|d| (Just(d), prop::collection::vec(-1.0_f64..1.0, d..d * 120))),
        eps in 0.01_f64..1.5, min_samples in 2_usize..8,
    ) {
        let n = values.len() / d;
        let rows = Array2::from_shape_vec((n, d), values[..n * d].to_vec()).unwrap();
        let task = Task::new(2, usize::MAX, &|| false);
        let embeddings = Embeddings::from_f64(rows.view(), &task).unwrap();
        let params = DbscanParams::new(eps, min_samples, Metric::Euclidean).unwrap();
        let labels = dbscan(&embeddings, &params, &task).unwrap();
        let linfa = Dbscan::params(min_samples).tolerance(eps).transform(&rows).unwrap();
        let expected: Vec<i32> = linfa.iter().map(|label| label.map_or(NOISE, |label| label as i32)).collect();
        prop_assert_eq!(labels, expected);
    }
}
