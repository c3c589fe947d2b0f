//! Help in choosing eps: how far neighbours are, and what DBSCAN would make of each distance.
//!
//! Thresholds do not carry over from one embedding model to another; the distances of the data at hand tell. The
//! k-distance of a row is the smallest eps at which it is a core point (Ester et al. 1996, section 4.2). Sorted, the
//! k-distances bend where clusters end and noise begins; the proposed knee is the point farthest below the chord
//! (Satopää et al., *Finding a "kneedle" in a haystack*, ICDCS workshops 2011).

use super::pairs::{Packed, RowDistance, all_rows};
use super::union_find::UnionFind;
use super::{Embeddings, Metric, parallel};
use crate::task::{try_filled, try_vec};
use crate::{Error, ErrorKind, Result, Task};

/// More rows than these need more than 2 GiB of distances.
const MAX_ROWS: usize = 16_384;

/// The quantiles of the k-distances that are tried, in percent.
const PERCENTS: [u8; 12] = [5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99];

/// A cluster that holds more than this share of the rows is taken for a chain of unlike ones.
const CHAINED: f64 = 0.5;

/// Distances up to this are those of duplicates, which rounding may set apart.
const EQUAL: f64 = 1e-12;

/// What DBSCAN makes of one eps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpsCandidate {
    /// The share of rows whose k-distance is at most `eps`, in [0, 1].
    pub quantile: f64,
    /// The distance.
    pub eps: f64,
    /// How many clusters DBSCAN finds.
    pub n_clusters: usize,
    /// How many rows it labels noise.
    pub noise: usize,
    /// The share of all rows in the largest cluster.
    pub largest_share: f64,
    /// Whether this is the knee.
    pub suggested: bool,
    /// Whether one cluster holds more than half of the rows: likely a chain of unlike rows, which average linkage
    /// would not form.
    pub chaining: bool,
}

/// Candidates for eps by ascending distance: quantiles of the k-distances, the largest, and the knee
/// of those above 1e-12 (not between duplicates). None for fewer than `min_samples` rows, or when there are no such
/// k-distances.
///
/// `min_samples`, at least 2, counts the row itself, as in DBSCAN.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] for a smaller `min_samples` or a row of zeros with cosine;
/// [`ErrorKind::LimitExceeded`] beyond 16,384 rows; [`ErrorKind::InvalidData`] when distances leave the range of
/// f64; [`ErrorKind::OutOfMemory`], [`ErrorKind::Cancelled`].
pub fn suggest_eps(
    embeddings: &Embeddings<'_>,
    min_samples: usize,
    metric: Metric,
    task: &Task<'_>,
) -> Result<Vec<EpsCandidate>> {
    let n = embeddings.rows();
    if min_samples < 2 {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("min_samples must be at least 2, not {min_samples}"),
        )
        .hint("With min_samples 1 every vector is a core point at any eps."));
    }
    if n > MAX_ROWS {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("cannot compare all pairs of {n} vectors, {MAX_ROWS} is the limit"),
        )
        .hint(
            "Pass a random sample: distances of nearest neighbours grow only slowly as a sample shrinks.",
        ));
    }
    if metric == Metric::Cosine {
        super::refuse_zeros(embeddings, "suggest_eps with cosine", task)?;
    }
    if n < min_samples {
        return Ok(Vec::new());
    }
    let bytes = || {
        let square = n.checked_mul(n)?.checked_mul(8)?;
        square
            .checked_add(Packed::bytes(n, embeddings.dims())?)?
            .checked_add(n.checked_mul(64)?)
    };
    task.need(&format!("the distances between {n} vectors"), bytes())
        .map_err(|error| error.hint("Raise reviewpro.max_memory, or pass a random sample of the vectors."))?;
    let packed = Packed::new(embeddings, &all_rows(n)?, task)?;
    let square = packed.square(&RowDistance::new(metric, &packed)?, task)?;
    drop(packed);

    let core = core_distances(&square, n, min_samples, task)?;
    let mut sorted = core.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    // Duplicates say nothing of how far neighbours are.
    let apart = &sorted[sorted.partition_point(|&distance| distance <= EQUAL)..];
    let Some(&largest) = apart.last() else {
        return Ok(Vec::new());
    };
    let knee = above(knee(apart), metric);
    let mut distances = try_vec(PERCENTS.len() + 2)?;
    distances.extend(PERCENTS.map(|percent| sorted[(n - 1) * usize::from(percent) / 100]));
    distances.push(largest);
    distances.retain(|&eps| eps > EQUAL);
    distances.iter_mut().for_each(|eps| *eps = above(*eps, metric));
    distances.push(knee);
    distances.sort_unstable_by(f64::total_cmp);
    distances.dedup();

    let edges = spanning_tree(&square, &core, task)?;
    let mut candidates = try_vec(distances.len())?;
    for eps in distances {
        let (n_clusters, noise, largest) = clusters_at(&square, &core, &edges, eps, task)?;
        let largest_share = largest as f64 / n as f64;
        candidates.push(EpsCandidate {
            quantile: sorted.partition_point(|&d| d <= eps) as f64 / n as f64,
            eps,
            n_clusters,
            noise,
            largest_share,
            suggested: eps == knee,
            chaining: largest_share > CHAINED,
        });
    }
    Ok(candidates)
}

/// An eps that includes a distance whatever the order in which its products were summed: DBSCAN's is another one
/// than that of the matrix.
fn above(distance: f64, metric: Metric) -> f64 {
    match metric {
        Metric::Cosine if distance > 0.0 => distance + 1e-13,
        _ => distance * (1.0 + 1e-13),
    }
}

/// The distance of each row to its (min_samples - 1)-th nearest other row.
fn core_distances(square: &[f64], n: usize, min_samples: usize, task: &Task<'_>) -> Result<Vec<f64>> {
    let mut core = try_filled(n, 0.0)?;
    parallel::for_each_part(
        task,
        &mut core,
        1,
        || try_vec(n),
        |row: &mut Vec<f64>, i, core| {
            row.clear();
            row.extend_from_slice(&square[i * n..][..n]);
            // The row itself is infinitely far from itself, hence last.
            core[0] = *row.select_nth_unstable_by(min_samples - 2, f64::total_cmp).1;
            Ok(())
        },
    )?;
    Ok(core)
}

/// Of ascending values that with the largest distance below the chord from the first to the last.
fn knee(sorted: &[f64]) -> f64 {
    let (first, last) = (sorted[0], sorted[sorted.len() - 1]);
    let span = (sorted.len() - 1).max(1) as f64;
    let below = |(i, &value): (usize, &f64)| first + (last - first) * (i as f64 / span) - value;
    let mut best = (last, 0.0);
    for (i, value) in sorted.iter().enumerate() {
        let depth = below((i, value));
        if depth > best.1 {
            best = (*value, depth);
        }
    }
    best.0
}

/// The edges (i, j, eps) by which core points come together: the minimum spanning tree of the smallest eps at which
/// both ends are core points and neighbours (Campello, Moulavi, Sander, PAKDD 2013).
fn spanning_tree(square: &[f64], core: &[f64], task: &Task<'_>) -> Result<Vec<(u32, u32, f64)>> {
    let n = core.len();
    let mut edges = try_vec(n - 1)?;
    let mut nearest = try_filled(n, (f64::INFINITY, 0_u32))?;
    let mut outside = try_filled(n, true)?;
    let mut last = 0;
    for _ in 1..n {
        task.check()?;
        outside[last] = false;
        let mut next = (f64::INFINITY, last);
        for (j, (nearest, &distance)) in nearest.iter_mut().zip(&square[last * n..][..n]).enumerate() {
            if outside[j] {
                let eps = distance.max(core[last]).max(core[j]);
                if eps < nearest.0 {
                    *nearest = (eps, last as u32);
                }
                if nearest.0 < next.0 || next.1 == last {
                    next = (nearest.0, j);
                }
            }
        }
        last = next.1;
        edges.push((nearest[last].1, last as u32, next.0));
    }
    Ok(edges)
}

/// How many clusters, how many rows without, and how many rows in the largest, at `eps`.
fn clusters_at(
    square: &[f64],
    core: &[f64],
    edges: &[(u32, u32, f64)],
    eps: f64,
    task: &Task<'_>,
) -> Result<(usize, usize, usize)> {
    let n = core.len();
    let mut sets = UnionFind::new(n)?;
    for &(i, j, at) in edges {
        if at <= eps {
            sets.union(i, j);
        }
    }
    let roots = sets.into_roots();
    let is_core = |i: usize| core[i] <= eps;
    let mut sizes = try_filled(n, 0_usize)?;
    let mut noise = 0;
    for i in 0..n {
        if i.is_multiple_of(16) {
            task.check()?;
        }
        let root = if is_core(i) {
            Some(roots[i])
        } else {
            // A border point goes to the cluster with the smallest label: that with the smallest core point, its root.
            let row = square[i * n..][..n].iter().enumerate();
            row.filter(|(j, distance)| **distance <= eps && is_core(*j))
                .map(|(j, _)| roots[j])
                .min()
        };
        match root {
            Some(root) => sizes[root as usize] += 1,
            None => noise += 1,
        }
    }
    let clusters = sizes.iter().filter(|size| **size > 0).count();
    Ok((clusters, noise, sizes.into_iter().max().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{DbscanParams, NOISE, dbscan};
    use ndarray::Array2;
    use proptest::prelude::*;

    fn task() -> Task<'static> {
        Task::new(2, 1 << 30, &|| false)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn counts_are_dbscan_s(
            n in 0_usize..60,
            values in prop::collection::vec(0.1..1.0_f64, 211),
            min_samples in 2_usize..6,
            metric in prop::sample::select(Metric::ALL.to_vec()),
        ) {
            let x = Array2::from_shape_fn((n, 3), |(i, k)| values[(i * 5 + k * 7) % 211]);
            let embeddings = Embeddings::from_f64(x.view(), &task()).unwrap();
            let all = suggest_eps(&embeddings, min_samples, metric, &task()).unwrap();
            prop_assert_eq!(all.is_empty(), n < min_samples);
            prop_assert_eq!(all.iter().filter(|c| c.suggested).count(), usize::from(n >= min_samples));
            prop_assert!(all.windows(2).all(|pair| pair[0].eps < pair[1].eps));
            for candidate in all {
                // The distance itself is on the boundary, which another order of summation may cross.
                let params = DbscanParams::new(candidate.eps, min_samples, metric).unwrap();
                let labels = dbscan(&embeddings, &params, &task()).unwrap();
                let clusters = labels.iter().max().unwrap() + 1;
                let size = |label: i32| labels.iter().filter(|&&l| l == label).count();
                prop_assert_eq!(candidate.n_clusters, clusters as usize, "{:?}", candidate);
                prop_assert_eq!(candidate.noise, size(NOISE));
                let largest = (0..clusters).map(size).max().unwrap_or(0);
                prop_assert_eq!(candidate.largest_share, largest as f64 / n as f64);
                prop_assert_eq!(candidate.chaining, 2 * largest > n);
            }
        }
    }

    #[test]
    fn the_knee_separates_clusters_from_noise() {
        // 40 rows in pairs 0.01 apart, 5 rows far from everything.
        let x = Array2::from_shape_fn((45, 1), |(i, _)| match i {
            0..40 => f64::from(i as u32 / 2) + 0.01 * f64::from(i as u32 % 2),
            _ => 100.0 * f64::from(i as u32),
        });
        let embeddings = Embeddings::from_f64(x.view(), &task()).unwrap();
        let all = suggest_eps(&embeddings, 2, Metric::Euclidean, &task()).unwrap();
        let knee = all.iter().find(|c| c.suggested).unwrap();
        assert!((knee.eps - 0.01).abs() < 1e-6, "{knee:?}");
        assert!(all.last().unwrap().eps >= 100.0);
        assert_eq!(super::knee(&[0.0, 0.0, 0.1, 1.0]), 0.1);
        assert_eq!(super::knee(&[0.5]), 0.5);
    }

    #[test]
    fn duplicates_do_not_hide_the_distances() {
        let ask = |x: Array2<f64>| {
            let embeddings = Embeddings::from_f64(x.view(), &task()).unwrap();
            suggest_eps(&embeddings, 2, Metric::Cosine, &task()).unwrap()
        };
        let few = ask(ndarray::array![[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(few.len(), 1);
        assert!(few[0].suggested && few[0].eps > 0.99, "{few:?}");
        // 180 copies of 20 directions, and 20 without a twin.
        let many = ask(Array2::from_shape_fn((200, 2), |(i, k)| {
            let angle = if i < 180 {
                (i % 20) as f64 * 0.07
            } else {
                1.4 + (i - 180) as f64 * 0.03
            };
            if k == 0 { angle.cos() } else { angle.sin() }
        }));
        let suggested: Vec<_> = many.iter().filter(|candidate| candidate.suggested).collect();
        assert!(suggested.len() == 1 && suggested[0].eps > 1e-6, "{many:?}");
    }

    #[test]
    fn equal_rows_and_bad_input() {
        let kind = |x: &Array2<f64>, min_samples, metric, task: &Task<'_>| {
            let embeddings = Embeddings::from_f64(x.view(), &self::task()).unwrap();
            suggest_eps(&embeddings, min_samples, metric, task)
                .map(|all| all.len())
                .map_err(|e| e.kind)
        };
        let equal = Array2::ones((4, 2));
        assert_eq!(kind(&equal, 2, Metric::Euclidean, &task()), Ok(0));
        assert_eq!(
            kind(&equal, 1, Metric::Euclidean, &task()),
            Err(ErrorKind::InvalidParameter)
        );
        assert_eq!(
            kind(&Array2::zeros((4, 2)), 2, Metric::Cosine, &task()),
            Err(ErrorKind::InvalidParameter)
        );
        assert_eq!(
            kind(&Array2::ones((MAX_ROWS + 1, 1)), 2, Metric::Cosine, &task()),
            Err(ErrorKind::LimitExceeded)
        );
        let small = Task::new(1, 100, &|| false);
        assert_eq!(
            kind(&equal, 2, Metric::Cosine, &small),
            Err(ErrorKind::OutOfMemory)
        );
        let stopped = Task::new(1, 1 << 20, &|| true);
        assert_eq!(
            kind(&equal, 2, Metric::Cosine, &stopped),
            Err(ErrorKind::Cancelled)
        );
    }
}
