use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array2;
use proptest::prelude::*;

use super::bounds::Verdict;
use super::codes::Codes;
use super::frame::Frame;
use super::head::Head;
use super::*;
use crate::ErrorKind;
use crate::cluster::simd::{COLUMNS, ROWS, Tile};

fn task(threads: usize) -> Task<'static> {
    Task::new(threads, usize::MAX, &|| false)
}

fn kernels() -> impl Iterator<Item = Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| kernel.available())
}

/// Data that quantisation finds easy and hard.
#[derive(Clone, Copy, Debug)]
pub(in crate::cluster) enum Shape {
    Plain,
    Grouped,
    OneLargeDimension,
    Constant,
    OneHot,
    Lengths,
    Denormal,
    Zeros,
    Grid,
    Far,
}

pub(in crate::cluster) fn shapes() -> impl Strategy<Value = Shape> {
    use Shape::*;
    prop::sample::select(vec![
        Plain,
        Grouped,
        OneLargeDimension,
        Constant,
        OneHot,
        Lengths,
        Denormal,
        Zeros,
        Grid,
        Far,
    ])
}

pub(in crate::cluster) fn matrix(shape: Shape, n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut state = seed;
    let mut uniform = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as f64 / (1_u64 << 31) as f64 - 1.0
    };
    let mut rows = Array2::from_shape_fn((n, d), |_| uniform());
    for i in 0..n {
        let length = 10.0_f64.powf(uniform() * 30.0);
        for k in 0..d {
            let earlier = rows[(i / 4 * 4, k)];
            let value = &mut rows[(i, k)];
            match shape {
                Shape::Plain => {}
                Shape::Grouped => {
                    if i % 4 != 0 {
                        *value = earlier + *value * 0.1;
                    }
                }
                Shape::OneLargeDimension => *value *= if k == 0 { 100.0 } else { 1.0 },
                Shape::Constant => *value = 3.0,
                Shape::OneHot => *value = f64::from(u8::from(k == i % d)),
                Shape::Lengths => *value *= length,
                Shape::Denormal => *value *= 1e-310,
                Shape::Zeros => *value = if i % 3 == 0 { 0.0 } else { *value },
                Shape::Grid => *value = (*value * 2.0).round(),
                Shape::Far => *value = *value * 0.01 + 1000.0,
            }
        }
    }
    rows
}

/// A radius at (a share of all distances), just above or just below the distance of a pair.
pub(in crate::cluster) fn radius(embeddings: &Embeddings<'_>, metric: Metric, share: f64, nudge: f64) -> f64 {
    let n = embeddings.rows();
    let mut distances: Vec<f64> = (0..n)
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| {
            let pairs = || embeddings.row(i).values().zip(embeddings.row(j).values());
            match metric {
                Metric::Euclidean => pairs().map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt(),
                Metric::Cosine => {
                    let product: f64 = pairs().map(|(x, y)| x * y).sum();
                    let (x, y): (f64, f64) =
                        pairs().fold((0.0, 0.0), |(a, b), (x, y)| (a + x * x, b + y * y));
                    if x * y > 0.0 {
                        1.0 - product / (x.sqrt() * y.sqrt())
                    } else {
                        1.0
                    }
                }
            }
        })
        .filter(|distance| distance.is_finite())
        .collect();
    distances.sort_by(f64::total_cmp);
    let at = (distances.len() as f64 * share) as usize;
    let distance = distances.get(at).copied().unwrap_or(0.5) * (1.0 + nudge);
    if distance > 0.0 { distance } else { 0.1 }
}

pub(in crate::cluster) fn nudges() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![
        0.0, 1e-12, -1e-12, 1e-9, -1e-9, 1e-6, -1e-6, 1e-3, -1e-3, 0.1,
    ])
}

pub(in crate::cluster) fn metrics() -> impl Strategy<Value = Metric> {
    prop::sample::select(Metric::ALL.to_vec())
}

/// Every edge by trying every pair.
fn edges_by_trying(graph: &NeighbourGraph<'_>) -> Vec<(u32, u32)> {
    let n = graph.embeddings.rows();
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    pairs
        .filter(|&(i, j)| graph.exact.near(i, j))
        .map(|(i, j)| (i as u32, j as u32))
        .collect()
}

/// Keeps every edge.
#[derive(Default)]
struct AllEdges(Vec<(u32, u32)>);

impl EdgeSink for AllEdges {
    fn edge(&mut self, i: u32, j: u32) {
        self.0.push((i, j));
    }

    fn component(&mut self, _: u32) -> Option<u32> {
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn integers_never_contradict_the_exact_test(
        shape in shapes(), n in 1_usize..60, d in 1_usize..70, seed in any::<u64>(),
        metric in metrics(), share in 0.0..1.0, nudge in nudges(), head_share in 0_usize..8,
    ) {
        let rows = matrix(shape, n, d, seed);
        let embeddings = Embeddings::from_f64(rows.view(), &task(1)).unwrap();
        let radius = radius(&embeddings, metric, share, nudge);
        let exact = ExactPairs::new(&embeddings, metric, radius, &task(1)).unwrap();
        let frame = Frame::new(&embeddings, metric, radius, crate::cluster::SHORTEST_NORM, &task(1)).unwrap();
        let (order, coordinates) = frame.order(&embeddings).unwrap();
        for kernel in kernels() {
            let codes = Codes::new(&embeddings, &frame, &order, kernel, &task(1)).unwrap();
            let mut left = Vec::new();
            (0..codes.panels()).for_each(|p| codes.append_left(p, &mut left));
            let head = Head::new(&codes, codes.quads() * head_share / 8, &task(2)).unwrap();
            let (mut tile, mut head_tile) = (Tile::new(), Tile::new());
            for p in 0..codes.panels() {
                let (right, columns) = codes.right(p);
                for (part, left) in left.chunks_exact(codes.row_bytes() * ROWS).enumerate() {
                    kernel.tile(left, right, &codes.row_terms(part * ROWS, &[]), columns, &mut tile);
                    let (head_right, head_columns) = head.right(&codes, p);
                    let head_rows = codes.row_terms(part * ROWS, head.tails(part * ROWS));
                    kernel.tile(head.left(left), head_right, &head_rows, head_columns, &mut head_tile);
                    for i in part * ROWS..n.min((part + 1) * ROWS) {
                        for j in p * COLUMNS..n.min((p + 1) * COLUMNS) {
                            let near = exact.near(order[i] as usize, order[j] as usize);
                            let passed = tile.passed[i % ROWS] >> (j % COLUMNS) & 1 == 1;
                            prop_assert!(passed || !near, "{kernel:?}: {i} and {j} are lost, {shape:?} {metric}");
                            let passed_head = head_tile.passed[i % ROWS] >> (j % COLUMNS) & 1 == 1;
                            prop_assert!(passed_head || !near, "{kernel:?}: {i} and {j} are lost by the head");
                            if passed && i != j {
                                match codes.judge(i, j, tile.sums[i % ROWS * COLUMNS + j % COLUMNS]) {
                                    Verdict::Near => prop_assert!(near),
                                    Verdict::Far => prop_assert!(!near),
                                    Verdict::Open(_) => {}
                                }
                            }
                            if let (Some(x), Some(y)) = (coordinates.get(i), coordinates.get(j)) {
                                prop_assert!(!(frame.too_far(y - x) && near));
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn all_edges_are_found_by_every_kernel_on_any_number_of_threads(
        shape in shapes(), n in 0_usize..150, d in 1_usize..20, seed in any::<u64>(),
        metric in metrics(), share in 0.0..0.3, nudge in nudges(),
    ) {
        let rows = matrix(shape, n, d, seed);
        let embeddings = Embeddings::from_f64(rows.view(), &task(1)).unwrap();
        let radius = radius(&embeddings, metric, share, nudge);
        let exact = ExactPairs::new(&embeddings, metric, radius, &task(1)).unwrap();
        let graph = NeighbourGraph { embeddings: &embeddings, metric, radius, exact: &exact };
        let expected = edges_by_trying(&graph);
        for kernel in kernels() {
            for threads in [1, 2, 5] {
                let mut found = AllEdges::default();
                graph.for_each_edge_with(kernel, &mut found, &task(threads)).unwrap();
                found.0.sort_unstable();
                prop_assert_eq!(&found.0, &expected, "{:?} {}", kernel, threads);
            }
        }
        let mut sets = UnionFind::new(n).unwrap();
        for (i, j) in expected {
            sets.union(i, j);
        }
        prop_assert_eq!(graph.components(&task(2)).unwrap(), sets.into_roots());
    }
}

#[test]
fn a_first_look_loses_no_edge() {
    let rows = matrix(Shape::Grouped, 1700, 160, 3);
    let embeddings = Embeddings::from_f64(rows.view(), &task(1)).unwrap();
    for (metric, radius) in [(Metric::Cosine, 0.01), (Metric::Euclidean, 0.8)] {
        let exact = ExactPairs::new(&embeddings, metric, radius, &task(1)).unwrap();
        let graph = NeighbourGraph {
            embeddings: &embeddings,
            metric,
            radius,
            exact: &exact,
        };
        let expected = edges_by_trying(&graph);
        assert!(expected.len() > 300, "{} edges", expected.len());
        for kernel in kernels() {
            let frame = Frame::new(
                &embeddings,
                metric,
                radius,
                crate::cluster::SHORTEST_NORM,
                &task(1),
            )
            .unwrap();
            let (order, _) = frame.order(&embeddings).unwrap();
            let codes = Codes::new(&embeddings, &frame, &order, kernel, &task(1)).unwrap();
            assert!(Head::choose(&codes, &task(1)).unwrap().is_some());
            let mut found = AllEdges::default();
            graph.for_each_edge_with(kernel, &mut found, &task(2)).unwrap();
            found.0.sort_unstable();
            assert_eq!(found.0, expected, "{kernel:?} {metric}");
        }
    }
}

/// Rows of +1 and -1: norms, products and distances are exact, so are decisions at the distance itself.
#[test]
fn a_radius_at_a_distance_is_decided_to_the_last_bit() {
    let d = 1024;
    let n = 100;
    let rows = Array2::from_shape_fn((n, d), |(i, k)| if k < 2 * i { -1.0_f32 } else { 1.0 });
    let embeddings = Embeddings::from_f32(rows.view(), &task(1)).unwrap();
    let mut decided = 0;
    // Rows i and j differ in 2|i - j| places.
    for apart in [1, 7, 50, 99] {
        for (metric, distance) in [
            (Metric::Cosine, 4.0 * apart as f64 / 1024.0),
            (Metric::Euclidean, (8.0 * apart as f64).sqrt()),
        ] {
            for nudge in [-1e-3, -1e-6, -1e-9, -1e-12, 0.0, 1e-12, 1e-9, 1e-6, 1e-3] {
                let root_is_exact = distance * distance == 8.0 * apart as f64;
                if metric == Metric::Euclidean && nudge == 0.0 && !root_is_exact {
                    continue;
                }
                let radius = distance * (1.0 + nudge);
                let exact = ExactPairs::new(&embeddings, metric, radius, &task(1)).unwrap();
                let graph = NeighbourGraph {
                    embeddings: &embeddings,
                    metric,
                    radius,
                    exact: &exact,
                };
                let within = if nudge < 0.0 { apart - 1 } else { apart };
                for kernel in kernels() {
                    let mut found = AllEdges::default();
                    graph.for_each_edge_with(kernel, &mut found, &task(2)).unwrap();
                    assert!(found.0.iter().all(|(i, j)| (j - i) as usize <= within));
                    assert_eq!(found.0.len(), (1..=within).map(|apart| n - apart).sum::<usize>());
                    decided += 1;
                }
            }
        }
    }
    assert!(decided >= 4 * 17);
}

#[test]
fn the_exact_test_decides_between_less_and_less_or_equal() {
    let rows = Array2::from_shape_vec((3, 2), vec![1.0, 0.0, 0.0, 1.0, -1.0, 0.0]).unwrap();
    let embeddings = Embeddings::from_f64(rows.view(), &task(1)).unwrap();
    let distance = |i: usize, j: usize| 1.0 - rows.row(i).dot(&rows.row(j));
    let components = |exact: &dyn PairTest| {
        let graph = NeighbourGraph {
            embeddings: &embeddings,
            metric: Metric::Cosine,
            radius: 1.0,
            exact,
        };
        graph.components(&task(1)).unwrap()
    };
    assert_eq!(components(&|i, j| distance(i, j) <= 1.0), [0, 0, 0]);
    assert_eq!(components(&|i, j| distance(i, j) < 1.0), [0, 1, 2]);
}

#[test]
fn what_is_settled_is_not_decided_again() {
    let rows = Array2::from_shape_fn((2000, 8), |(i, k)| ((i * 7 + k * 3) % 11) as f64 * 1e-3 + 1.0);
    let embeddings = Embeddings::from_f64(rows.view(), &task(1)).unwrap();
    let decided = AtomicUsize::new(0);
    let exact = |_: usize, _: usize| {
        decided.fetch_add(1, Ordering::Relaxed);
        true
    };
    let graph = NeighbourGraph {
        embeddings: &embeddings,
        metric: Metric::Cosine,
        radius: 1e-3,
        exact: &exact,
    };
    assert_eq!(graph.components(&task(2)).unwrap(), vec![0; 2000]);
    let decided = decided.into_inner();
    assert!(
        (1..100_000).contains(&decided),
        "{decided} of 1,999,000 pairs were decided"
    );
}

#[test]
fn a_pass_stops_when_asked_at_any_point() {
    let rows = Array2::from_shape_fn((600, 40), |(i, k)| ((i * 31 + k * 17) % 101) as f32 - 50.0);
    let embeddings = Embeddings::from_f32(rows.view(), &task(1)).unwrap();
    let exact = ExactPairs::new(&embeddings, Metric::Euclidean, 30.0, &task(1)).unwrap();
    let graph = NeighbourGraph {
        embeddings: &embeddings,
        metric: Metric::Euclidean,
        radius: 30.0,
        exact: &exact,
    };
    let looks = AtomicUsize::new(0);
    let count = || {
        looks.fetch_add(1, Ordering::Relaxed);
        false
    };
    graph.components(&Task::new(2, usize::MAX, &count)).unwrap();
    let total = looks.into_inner();
    assert!(total > 1000);
    for after in (0..total - 1).step_by(total / 23) {
        let looks = AtomicUsize::new(0);
        let stop = || looks.fetch_add(1, Ordering::Relaxed) >= after;
        let error = graph.components(&Task::new(2, usize::MAX, &stop)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Cancelled);
        // One more look of each thread, and those on the way out.
        assert!(looks.into_inner() < after + 12, "went on after {after}");
    }
}

#[test]
fn memory_is_asked_for() {
    let rows = Array2::<f32>::ones((100, 10));
    let embeddings = Embeddings::from_f32(rows.view(), &task(1)).unwrap();
    let exact = |_: usize, _: usize| true;
    let graph = NeighbourGraph {
        embeddings: &embeddings,
        metric: Metric::Cosine,
        radius: 0.1,
        exact: &exact,
    };
    let needed = bytes(&embeddings, &task(1)).unwrap() + 400;
    assert!(graph.components(&Task::new(1, needed, &|| false)).is_ok());
    let error = graph
        .components(&Task::new(1, needed - 1, &|| false))
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::OutOfMemory);
}
