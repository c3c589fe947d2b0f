//! Clusters at a distance threshold, or so many clusters, from the components of the graph of near rows.
//!
//! A reducible linkage satisfies d(A ∪ B, C) >= min(d(A, C), d(B, C)) when A and B are the pair that is joined.
//! So clusters in different connected components of {d < t} stay at least t apart for ever: no merge below t
//! crosses components, and the merges inside a component are those of the component alone.
//!
//! scikit-learn numbers clusters by the whole tree. Its top, above t, is built here from one sum of vectors per
//! cluster ([`super::sums`]), whose distances are those of the linkage up to rounding. Where no two of the
//! heights that matter are equal up to rounding, the tree is the only one possible and so is the numbering;
//! otherwise, the matrix of all rows decides.
//!
//! Where a number of clusters is wanted, any threshold that leaves at least so many gives the same tree: one is taken
//! from the distances of some rows to their nearest.

use std::cmp::Ordering;

use super::below::Below;
use super::linkage::AgglomerativeParams;
use super::sums::Sums;
use super::tree::{Merge, Tree};
use super::{DENSE_ROWS, Linkage, chain, cut, matrix_bytes, sums};
use crate::cluster::groups::by_first_member;
use crate::cluster::neighbours::NeighbourGraph;
use crate::cluster::union_find::UnionFind;
use crate::cluster::{Embeddings, Metric, parallel};
use crate::task::{try_filled, try_vec};
use crate::{Result, Task};

/// Fewer rows are done sooner by their matrix.
const FEWEST_ROWS: usize = 128;

/// Components up to so many rows are shared out among threads; larger ones are done one after the other, each by
/// all threads.
const SMALL_COMPONENT: usize = 512;

/// Whether [`labels`] can give scikit-learn's labels for `n` rows, or the nearest thing to them beyond
/// [`DENSE_ROWS`].
pub(super) fn suits(n: usize, params: &AgglomerativeParams) -> bool {
    n > DENSE_ROWS || (n >= FEWEST_ROWS && sums::suits(params))
}

/// The labels of all rows at a distance threshold, or `None` when ties, or nearly as many clusters as rows, call for
/// the matrix of all rows. Never `None` unless `by_matrix` says that there may be one.
///
/// # Errors
/// [`crate::ErrorKind::InvalidData`] when distances are not finite, [`crate::ErrorKind::OutOfMemory`],
/// [`crate::ErrorKind::Cancelled`].
pub(super) fn labels(
    embeddings: &Embeddings<'_>,
    params: &AgglomerativeParams,
    threshold: f64,
    by_matrix: bool,
    task: &Task<'_>,
) -> Result<Option<Vec<i32>>> {
    Near::new(embeddings, params, threshold, task)?.labels(None, by_matrix, task)
}

/// The labels of `count` clusters of all rows, or `None` as [`labels`], or when there is no threshold that splits the
/// rows into small components.
///
/// # Errors
/// As [`labels`].
pub(super) fn labels_of(
    embeddings: &Embeddings<'_>,
    params: &AgglomerativeParams,
    count: usize,
    task: &Task<'_>,
) -> Result<Option<Vec<i32>>> {
    let n = embeddings.rows();
    for threshold in thresholds(&some_nearest(embeddings, params.metric, task)?) {
        let near = Near::new(embeddings, params, threshold, task)?;
        let (components, largest) = (near.components.count(), near.components.largest());
        // With as many components there are at least as many clusters; with very many the matrix of all rows is no more work.
        if (count..=n / 2).contains(&components) && largest <= n / 2 {
            return near.labels(Some(count), true, task);
        }
    }
    Ok(None)
}

/// Thresholds to try, given some distances to nearest rows, ascending: where rows come in groups, one between the distances
/// inside and those of rows that are in none; then such that fewer and fewer rows have a neighbour.
fn thresholds(nearest: &[f64]) -> Vec<f64> {
    /// A gap between groups is at least so wide, as a ratio.
    const GAP: f64 = 1.1;
    let widest = nearest[nearest.len() / 2..]
        .windows(2)
        .max_by(|a, b| (a[1] / a[0]).total_cmp(&(b[1] / b[0])))
        .filter(|pair| pair[1] > GAP * pair[0]);
    // A distance that occurs is one at which a merge may happen: those between are not.
    let shares = [7, 6].map(|eighths| nearest.get(nearest.len() * eighths / 8..)?.first_chunk::<2>());
    let pairs = widest
        .into_iter()
        .chain(shares.iter().flatten().map(|pair| pair.as_slice()));
    pairs.map(|pair| f64::midpoint(pair[0], pair[1])).collect()
}

/// How many rows [`some_nearest`] looks at.
const SOME: usize = 64;

/// The distances of some rows to the nearest other one, ascending.
fn some_nearest(embeddings: &Embeddings<'_>, metric: Metric, task: &Task<'_>) -> Result<Vec<f64>> {
    let n = embeddings.rows();
    let rows = Below::new(embeddings, metric, f64::INFINITY, task)?;
    let mut nearest = try_filled(SOME.min(n), f64::INFINITY)?;
    let step = n / nearest.len();
    parallel::for_each_part(
        task,
        &mut nearest,
        1,
        || Ok(()),
        |(), part, out| {
            let i = part * step;
            let others = (0..n).filter(|&j| j != i).map(|j| rows.estimate(i, j));
            out[0] = others.fold(f64::INFINITY, f64::min);
            Ok(())
        },
    )?;
    nearest.sort_unstable_by(f64::total_cmp);
    Ok(nearest)
}

/// The rows, split by a threshold.
struct Near<'a> {
    embeddings: &'a Embeddings<'a>,
    params: &'a AgglomerativeParams,
    threshold: f64,
    below: Below<'a>,
    components: Components,
}

impl<'a> Near<'a> {
    fn new(
        embeddings: &'a Embeddings<'a>,
        params: &'a AgglomerativeParams,
        threshold: f64,
        task: &Task<'_>,
    ) -> Result<Self> {
        let below = Below::new(embeddings, params.metric, threshold, task)?;
        let graph = NeighbourGraph {
            embeddings,
            metric: params.metric,
            radius: threshold,
            exact: &below,
        };
        let components = Components::new(graph.components(task)?)?;
        Ok(Near {
            embeddings,
            params,
            threshold,
            below,
            components,
        })
    }

    /// The labels of `count` clusters; without it, of as many as the threshold leaves.
    fn labels(&self, count: Option<usize>, by_matrix: bool, task: &Task<'_>) -> Result<Option<Vec<i32>>> {
        let Near {
            embeddings,
            params,
            threshold,
            below,
            components,
        } = self;
        let (n, threshold) = (embeddings.rows(), *threshold);
        // Heights that differ by no more may come out in another order from another order of operations.
        let resolution = match (by_matrix, params.metric) {
            (false, _) => -1.0,
            (true, Metric::Cosine) => 1e-11,
            (true, Metric::Euclidean) => 1e-10 * below.longest(),
        };
        let near = |height: f64, other: f64| by_matrix && (height - other).abs() <= resolution;

        if params.linkage == Linkage::Single {
            return by_first_member(|i| components.roots[i] as usize, n).map(Some);
        }
        let inside = components.merges(embeddings, params, below, resolution, task)?;
        if inside.iter().any(|part| part.tied) {
            return Ok(None);
        }
        let mut merges = try_vec(n)?;
        for merge in inside.into_iter().flat_map(|part| part.merges) {
            if near(merge.height, threshold) {
                return Ok(None);
            }
            if merge.height < threshold {
                merges.push(merge);
            }
        }

        let k = n - merges.len();
        let mut sets = UnionFind::new(n)?;
        for merge in &merges {
            sets.union(merge.a, merge.b);
        }
        let roots = sets.into_roots();
        let labels = by_first_member(|i| roots[i] as usize, n)?;
        if k > DENSE_ROWS || !sums::suits(params) {
            return Ok(Some(labels));
        }
        if by_matrix && k > n / 4 * 3 || count.is_some_and(|count| count > k) {
            return Ok(None);
        }

        task.need(
            &format!("the distances between {k} clusters of {n} vectors"),
            k.checked_mul(k).and_then(|pairs| {
                pairs
                    .checked_mul(8)?
                    .checked_add(Sums::bytes(k, embeddings.dims())?)
            }),
        )?;
        let clusters = Sums::new(embeddings, &labels, k, params.linkage, task)?;
        let top = chain::nn_chain(
            clusters.square(task)?,
            &clusters.sizes,
            params.linkage,
            resolution,
            task,
        )?;
        let mut decisive = try_filled(k, f64::NEG_INFINITY)?;
        for merge in &merges {
            let highest = &mut decisive[labels[merge.a as usize] as usize];
            *highest = highest.max(merge.height);
        }
        decisive.retain(|height| *height > f64::NEG_INFINITY);
        decisive.extend(top.merges.iter().map(|merge| merge.height));
        decisive.push(threshold);
        decisive.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
        if top.tied || decisive.windows(2).any(|pair| near(pair[0], pair[1])) {
            return Ok(None);
        }

        let mut first = try_filled(k, 0)?;
        for (i, &label) in labels.iter().enumerate().rev() {
            first[label as usize] = i as u32;
        }
        merges.extend(top.merges.iter().map(|merge| Merge {
            a: first[merge.a as usize],
            b: first[merge.b as usize],
            // Rounding must not bring a merge of the top among those below.
            height: merge.height.max(threshold),
        }));
        cut::cut(&Tree::new(n, merges, true, task)?, count.unwrap_or(k), task).map(Some)
    }
}

/// The connected components of the graph, largest first.
struct Components {
    /// The smallest row of each row's component.
    roots: Vec<u32>,
    /// The rows, component by component, ascending inside.
    rows: Vec<u32>,
    /// Where the components of two and more rows lie in `rows`.
    ranges: Vec<std::ops::Range<usize>>,
}

impl Components {
    fn new(roots: Vec<u32>) -> Result<Self> {
        let n = roots.len();
        let mut ends = try_filled(n, 0_usize)?;
        for &root in &roots {
            ends[root as usize] += 1;
        }
        let mut ranges = Vec::new();
        let mut start = 0;
        for end in &mut ends {
            let size = *end;
            if size > 1 {
                ranges.push(start..start + size);
            }
            *end = start;
            start += size;
        }
        let mut rows = try_filled(n, 0)?;
        for (i, &root) in roots.iter().enumerate() {
            let at = &mut ends[root as usize];
            rows[*at] = i as u32;
            *at += 1;
        }
        ranges.sort_by_key(|range| std::cmp::Reverse(range.len()));
        Ok(Components { roots, rows, ranges })
    }

    /// How many there are, those of one row among them.
    fn count(&self) -> usize {
        let inside: usize = self.ranges.iter().map(std::ops::Range::len).sum();
        self.roots.len() - inside + self.ranges.len()
    }

    /// Rows of the largest component of two and more.
    fn largest(&self) -> usize {
        self.ranges.first().map_or(0, std::ops::Range::len)
    }

    /// The trees of all components.
    fn merges(
        &self,
        embeddings: &Embeddings<'_>,
        params: &AgglomerativeParams,
        below: &Below<'_>,
        resolution: f64,
        task: &Task<'_>,
    ) -> Result<Vec<chain::Chain>> {
        let tree = |range: &std::ops::Range<usize>, task: &Task<'_>| -> Result<chain::Chain> {
            let rows = &self.rows[range.clone()];
            let mut chain = match rows {
                &[i, j] => chain::Chain {
                    merges: vec![Merge {
                        a: 0,
                        b: 1,
                        height: below.distance(i as usize, j as usize),
                    }],
                    tied: false,
                },
                _ => super::merges(embeddings, rows, params, resolution, task)?,
            };
            for merge in &mut chain.merges {
                merge.a = rows[merge.a as usize];
                merge.b = rows[merge.b as usize];
            }
            Ok(chain)
        };
        let (large, small) = self
            .ranges
            .split_at(self.ranges.partition_point(|range| range.len() > SMALL_COMPONENT));
        let mut trees = try_vec(self.ranges.len())?;
        for range in large {
            trees.push(tree(range, task)?);
        }
        if let Some(largest) = small.first() {
            let bytes = matrix_bytes(largest.len(), embeddings.dims());
            task.need(
                &format!("the distances between {} vectors", largest.len()),
                bytes.and_then(|bytes| bytes.checked_mul(task.threads)),
            )?;
        }
        trees.resize_with(self.ranges.len(), chain::Chain::default);
        let alone = task.part();
        parallel::for_each_part(
            task,
            &mut trees[large.len()..],
            1,
            || Ok(()),
            |(), part, out| {
                out[0] = tree(&small[part], &alone)?;
                Ok(())
            },
        )?;
        Ok(trees)
    }
}

#[cfg(test)]
mod tests {
    use super::super::by_tree;
    use super::*;
    use ndarray::Array2;
    use proptest::prelude::*;

    fn task(threads: usize) -> Task<'static> {
        Task::new(threads, 1 << 30, &|| false)
    }

    fn params(linkage: Linkage, metric: Metric, threshold: f64) -> AgglomerativeParams {
        AgglomerativeParams::new(None, Some(threshold), linkage, metric).unwrap()
    }

    fn combinations() -> impl Strategy<Value = (Linkage, Metric)> {
        let all = Linkage::ALL
            .into_iter()
            .flat_map(|linkage| Metric::ALL.map(|metric| (linkage, metric)));
        let valid: Vec<_> = all
            .filter(|pair| *pair != (Linkage::Ward, Metric::Cosine))
            .collect();
        prop::sample::select(valid)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        /// Without ties the labels are those of the matrix of all rows; with ties that matrix is called for.
        #[test]
        fn labels_are_those_of_the_matrix(
            n in 2_usize..60,
            centres in 1_usize..12,
            values in prop::collection::vec(-1.0..1.0_f64, 997),
            duplicates in any::<bool>(),
            share in 0.0..1.0_f64,
            (linkage, metric) in combinations(),
        ) {
            let mut x = Array2::from_shape_fn((n, 5), |(i, k)| {
                values[(i % centres * 5 + k) % 60] + 0.2 * values[60 + i * 5 + k]
            });
            if duplicates {
                for i in (1..n).step_by(3) {
                    let copy = x.row(i - 1).to_owned();
                    x.row_mut(i).assign(&copy);
                }
            }
            let threshold = share * if metric == Metric::Cosine { 1.0 } else { 3.0 };
            let params = params(linkage, metric, threshold);
            let embeddings = Embeddings::from_f64(x.view(), &task(1)).unwrap();
            let expected = by_tree(&embeddings, &params, &task(1)).unwrap();
            if sums::suits(&params) {
                match labels(&embeddings, &params, threshold, true, &task(1)).unwrap() {
                    Some(found) => prop_assert_eq!(&found, &expected),
                    None => {
                        let clusters = expected.iter().max().unwrap() + 1;
                        prop_assert!(duplicates || clusters as usize > n / 4 * 3, "no ties in {n} rows");
                    }
                }
            }
            // Where no matrix of all rows fits: the same clusters, and for any number of threads the same numbers.
            let found = labels(&embeddings, &params, threshold, false, &task(1)).unwrap().unwrap();
            for (i, j) in (0..n).flat_map(|i| (0..i).map(move |j| (i, j))) {
                prop_assert_eq!(found[i] == found[j], expected[i] == expected[j]);
            }
            let again = labels(&embeddings, &params, threshold, false, &task(3)).unwrap().unwrap();
            prop_assert_eq!(found, again);
        }
    }

    /// `groups` groups of rows around far points; the rows of a group lie `spread` times as far apart as uniform noise.
    fn grouped(n: usize, groups: usize, spread: f64, values: &[f64]) -> Array2<f64> {
        Array2::from_shape_fn((n, 6), |(i, k)| {
            let group = i * i % 211 % groups;
            values[(group * 11 + k) % 120] + spread * values[120 + (i * 6 + k) % (values.len() - 120)]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        /// A number of clusters gives the labels of the matrix of all rows, or calls for it.
        #[test]
        fn labels_of_a_number_are_those_of_the_matrix(
            n in 2_usize..90,
            groups in 1_usize..20,
            values in prop::collection::vec(-1.0..1.0_f64, 997),
            duplicates in any::<bool>(),
            spread in prop::sample::select(vec![0.0, 0.01, 0.2, 1.0]),
            count in any::<prop::sample::Index>(),
            (linkage, metric) in prop::sample::select(vec![(Linkage::Average, Metric::Cosine), (Linkage::Ward, Metric::Euclidean)]),
        ) {
            let mut x = grouped(n, groups, spread, &values);
            if duplicates {
                let copy = x.row(0).to_owned();
                x.row_mut(n - 1).assign(&copy);
            }
            let count = 1 + count.index(n);
            let params = AgglomerativeParams::new(Some(count), None, linkage, metric).unwrap();
            let embeddings = Embeddings::from_f64(x.view(), &task(1)).unwrap();
            if let Some(found) = labels_of(&embeddings, &params, count, &task(2)).unwrap() {
                prop_assert_eq!(found, by_tree(&embeddings, &params, &task(1)).unwrap());
            }
        }
    }

    #[test]
    fn rows_in_groups_need_no_matrix_of_all_rows() {
        let values: Vec<f64> = (0_u32..997)
            .map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 23) - 1.0)
            .collect();
        for (linkage, metric) in [
            (Linkage::Average, Metric::Cosine),
            (Linkage::Ward, Metric::Euclidean),
        ] {
            let x = grouped(150, 60, 0.05, &values);
            let embeddings = Embeddings::from_f64(x.view(), &task(1)).unwrap();
            for count in [1, 2, 7, 20] {
                let params = AgglomerativeParams::new(Some(count), None, linkage, metric).unwrap();
                let found = labels_of(&embeddings, &params, count, &task(2)).unwrap();
                assert_eq!(
                    found,
                    Some(by_tree(&embeddings, &params, &task(1)).unwrap()),
                    "{linkage:?} {count}"
                );
            }
        }
    }

    #[test]
    fn thresholds_lie_in_a_gap_first_and_between_distances() {
        let near = |i: i32| 1.0 + f64::from(i) / 100.0;
        let mut nearest: Vec<f64> = (0..16).map(near).collect();
        assert_eq!(thresholds(&nearest), [near(14) + 0.005, near(12) + 0.005]);
        nearest[13..].fill(3.0);
        assert_eq!(thresholds(&nearest)[0], f64::midpoint(near(12), 3.0));
        assert_eq!(thresholds(&[1.0]), [0.0; 0]);
        assert_eq!(thresholds(&[0.0, 0.0]), [0.0; 0]);
    }

    #[test]
    fn components_are_listed_largest_first() {
        let components = Components::new(vec![0, 1, 1, 0, 4, 1]).unwrap();
        assert_eq!(components.rows, [0, 3, 1, 2, 5, 4]);
        assert_eq!(components.ranges, [2..5, 0..2]);
    }

    #[test]
    fn large_components_are_done_by_all_threads() {
        let n = SMALL_COMPONENT + 60;
        let x = Array2::from_shape_fn((n, 2), |(i, k)| {
            ((i * i * 37 + k * 11) % 1009) as f64 + i as f64 / 1e3
        });
        let params = params(Linkage::Average, Metric::Euclidean, 300.0);
        let of = |threads| {
            let embeddings = Embeddings::from_f64(x.view(), &task(threads)).unwrap();
            labels(&embeddings, &params, 300.0, false, &task(threads))
                .unwrap()
                .unwrap()
        };
        assert_eq!(of(1), of(3));
        assert!(of(1).contains(&1));
    }
}
