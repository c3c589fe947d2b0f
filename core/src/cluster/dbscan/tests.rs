use super::*;
use crate::cluster::neighbours::PairTest;
use crate::cluster::neighbours::tests::{matrix, metrics, nudges, radius, shapes};
use ndarray::Array2;
use proptest::prelude::*;

fn task() -> Task<'static> {
    Task::new(2, usize::MAX, &|| false)
}

/// The definition, word for word, on the full n x n relation.
fn dbscan_by_definition(near: &[Vec<bool>], min_samples: usize) -> Vec<i32> {
    let n = near.len();
    let core: Vec<bool> = near
        .iter()
        .map(|row| row.iter().filter(|near| **near).count() >= min_samples)
        .collect();
    let mut labels = vec![NOISE; n];
    let mut clusters = 0;
    for seed in 0..n {
        if !core[seed] || labels[seed] != NOISE {
            continue;
        }
        let mut reached = vec![seed];
        while let Some(i) = reached.pop() {
            if labels[i] != NOISE {
                continue;
            }
            labels[i] = clusters;
            if core[i] {
                reached.extend((0..n).filter(|&j| near[i][j]));
            }
        }
        clusters += 1;
    }
    labels
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn any_order_of_edges_gives_the_labels_of_the_definition(
        n in 1_usize..30, share in 0.0..0.4, min_samples in 1_usize..8, seed in any::<u64>(),
    ) {
        let mut state = seed;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let mut near = vec![vec![false; n]; n];
        let mut edges = Vec::new();
        for (i, j) in (0..n).flat_map(|i| (i..n).map(move |j| (i, j))) {
            let drawn = random() < if i == j { 0.95 } else { share };
            near[i][j] = drawn;
            near[j][i] = drawn;
            if drawn && i < j {
                edges.push((random(), i as u32, j as u32));
            }
        }
        let mut density = Density::new(n, min_samples).unwrap();
        (0..n).filter(|&i| near[i][i]).for_each(|i| density.count_itself(i));
        edges.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, i, j) in edges {
            let settled = density.component(i).is_some() && density.component(i) == density.component(j);
            if !settled {
                density.edge(i, j);
            }
        }
        prop_assert_eq!(density.into_labels().unwrap(), dbscan_by_definition(&near, min_samples));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn every_kernel_on_any_number_of_threads_gives_the_labels_of_the_definition(
        shape in shapes(), n in 1_usize..130, d in 1_usize..40, seed in any::<u64>(), single in any::<bool>(),
        metric in metrics(), share in 0.0..0.3, nudge in nudges(), min_samples in 1_usize..9,
    ) {
        let rows = matrix(shape, n, d, seed);
        let narrow = rows.mapv(|value| value as f32);
        let embeddings = if single && narrow.iter().all(|value| value.is_finite()) {
            Embeddings::from_f32(narrow.view(), &task()).unwrap()
        } else {
            Embeddings::from_f64(rows.view(), &task()).unwrap()
        };
        let eps = radius(&embeddings, metric, share, nudge);
        let exact = ExactPairs::new(&embeddings, metric, eps, &task()).unwrap();
        let near: Vec<Vec<bool>> = (0..n)
            .map(|i| (0..n).map(|j| if i == j { exact.near_itself(i) } else { exact.near(i, j) }).collect())
            .collect();
        let expected = dbscan_by_definition(&near, min_samples);
        let params = DbscanParams::new(eps, min_samples, metric).unwrap();
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.available()) {
            for threads in [1, 2, 4] {
                let task = Task::new(threads, usize::MAX, &|| false);
                let labels = dbscan_with(kernel, &embeddings, &params, &task).unwrap();
                prop_assert_eq!(&labels, &expected, "{:?} {}", kernel, threads);
            }
        }
    }
}

#[test]
fn permuting_rows_permutes_clusters_without_borders() {
    let rows = matrix(crate::cluster::neighbours::tests::Shape::Grouped, 200, 30, 5);
    let before = labels(rows.clone(), 0.2, 2, Metric::Cosine);
    let order: Vec<usize> = (0..200).map(|i| i * 77 % 200).collect();
    let after = labels(rows.select(ndarray::Axis(0), &order), 0.2, 2, Metric::Cosine);
    assert!(before.iter().any(|&label| label > 3));
    for (i, j) in (0..200).flat_map(|i| (0..i).map(move |j| (i, j))) {
        let (x, y) = (before[order[i]], before[order[j]]);
        assert_eq!(after[i] == NOISE, x == NOISE);
        assert_eq!(after[i] == after[j], x == y);
    }
}

#[test]
fn sixteen_thousand_dimensions() {
    let rows = Array2::from_shape_fn((60, 16_000), |(i, k)| {
        let group = (i % 3 * 31 + k * 7) % 13;
        group as f64 - 6.0 + ((i + k) % 5) as f64 * 0.1
    });
    let expected: Vec<i32> = (0..60).map(|i| i % 3).collect();
    assert_eq!(labels(rows.clone(), 0.05, 3, Metric::Cosine), expected);
    assert_eq!(labels(rows, 60.0, 3, Metric::Euclidean), expected);
}

fn labels(rows: Array2<f64>, eps: f64, min_samples: usize, metric: Metric) -> Vec<i32> {
    let embeddings = Embeddings::from_f64(rows.view(), &task()).unwrap();
    dbscan(
        &embeddings,
        &DbscanParams::new(eps, min_samples, metric).unwrap(),
        &task(),
    )
    .unwrap()
}

#[test]
fn a_border_point_takes_the_smaller_label() {
    let line = vec![2.6, 4.0, 4.5, 5.0, 5.2, 0.0, 0.5, 1.0, 1.2];
    let line = Array2::from_shape_vec((9, 1), line).unwrap();
    assert_eq!(
        labels(line.clone(), 1.5, 4, Metric::Euclidean),
        [0, 0, 0, 0, 0, 1, 1, 1, 1]
    );
    assert_eq!(labels(line, 1.5, 6, Metric::Euclidean), [NOISE; 9]);
}

#[test]
fn rows_without_direction_are_noise_unless_eps_reaches_them() {
    let rows = Array2::from_shape_vec((3, 2), vec![0.0, 0.0, 1.0, 1.0, 2.0, 2.0]).unwrap();
    assert_eq!(labels(rows.clone(), 0.15, 2, Metric::Cosine), [NOISE, 0, 0]);
    assert_eq!(labels(rows.clone(), 0.15, 1, Metric::Cosine), [NOISE, 0, 0]);
    assert_eq!(labels(rows, 1.0, 2, Metric::Cosine), [0, 0, 0]);
}

#[test]
fn few_or_no_rows() {
    assert_eq!(labels(Array2::zeros((0, 0)), 0.1, 2, Metric::Cosine), [0; 0]);
    assert_eq!(labels(Array2::ones((1, 3)), 0.1, 2, Metric::Cosine), [NOISE]);
    assert_eq!(labels(Array2::ones((1, 3)), 0.1, 1, Metric::Cosine), [0]);
    assert_eq!(
        labels(Array2::ones((2, 3)), 0.1, usize::MAX, Metric::Euclidean),
        [NOISE; 2]
    );
}

#[test]
fn parameters_are_checked() {
    for eps in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = DbscanParams::new(eps, 2, Metric::Cosine).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidParameter);
    }
    assert!(DbscanParams::new(0.1, 0, Metric::Cosine).is_err());
}

#[test]
fn memory_is_asked_for_and_stopping_is_obeyed() {
    let rows = Array2::<f32>::ones((4, 2));
    let embeddings = Embeddings::from_f32(rows.view(), &task()).unwrap();
    let params = DbscanParams::new(0.1, 2, Metric::Cosine).unwrap();
    let small = Task::new(1, 10, &|| false);
    assert_eq!(
        dbscan(&embeddings, &params, &small).unwrap_err().kind,
        ErrorKind::OutOfMemory
    );
    let stopped = Task::new(1, usize::MAX, &|| true);
    assert_eq!(
        dbscan(&embeddings, &params, &stopped).unwrap_err().kind,
        ErrorKind::Cancelled
    );
}

#[test]
fn rows_too_short_for_a_direction_are_noise() {
    let label = |rows: &[[f64; 2]]| {
        let x = Array2::from_shape_fn((rows.len(), 2), |(i, k)| rows[i][k]);
        let embeddings = Embeddings::from_f64(x.view(), &task()).unwrap();
        let params = DbscanParams::new(0.1, 2, Metric::Cosine).unwrap();
        dbscan(&embeddings, &params, &task()).unwrap()
    };
    assert_eq!(label(&[[1e-15, 0.0], [1e-15, 0.0]]), [-1, -1]);
    assert_eq!(label(&[[3e-15, 0.0], [3e-15, 0.0]]), [0, 0]);
    let mixed = [[1e-20, 1e-20], [1e-20, 1.1e-20], [1.0, 1.0], [1.0, 1.0]];
    assert_eq!(label(&mixed), [-1, -1, 0, 0]);
}

#[test]
fn few_rows_ask_for_no_memory_of_threads() {
    let x = Array2::<f64>::ones((4, 2));
    let embeddings = Embeddings::from_f64(x.view(), &task()).unwrap();
    let ask = |threads| bytes(&embeddings, 2, &Task::new(threads, 0, &|| false)).unwrap();
    assert_eq!(ask(64), ask(1));
    assert!(ask(1) < 1 << 20);
}
