//! k-means: a given number of clusters, each row in that of the nearest centroid.
//!
//! Starting centroids are those of k-means++ (Arthur & Vassilvitskii, SODA 2007), the iterations are linfa's (Lloyd's,
//! in the variant of Pakhira, *A modified k-means algorithm to avoid empty clusters*, 2009). For cosine it is
//! spherical k-means (Dhillon & Modha, Machine Learning 42, 2001): rows and centroids have length 1.
//!
//! One fixed generator, sums in one order: equal labels for equal seeds, on any number of threads and any machine.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::{KMeans, KMeansInit, KMeansParams};
use linfa_nn::distance::Distance;
use ndarray::{Array1, Array2, ArrayView, Dimension};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::embeddings::Row;
use super::groups::by_first_member;
use super::simd::squared_distance;
use super::{Embeddings, Metric, parallel, refuse_zeros, to_unit};
use crate::progress::Phase;
use crate::task::{try_filled, try_vec};
use crate::{Error, ErrorKind, Result, Task};

/// Centroids that moved by less than this share of the mean variance of a value have converged, as in scikit-learn.
const TOLERANCE: f64 = 1e-4;
/// Products of one iteration below which more threads than one cost more than they save.
const SERIAL_WORK: usize = 1 << 18;

/// The valid parameters of [`kmeans`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KmeansParams {
    k: usize,
    metric: Metric,
    seed: u64,
    n_init: usize,
    max_iter: usize,
}

impl KmeansParams {
    /// `k` clusters, at least 1.
    ///
    /// The defaults are seed 0, 10 starts and at most 300 iterations of each.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for no cluster.
    pub fn new(k: usize, metric: Metric) -> Result<Self> {
        Ok(KmeansParams {
            k: at_least_one("n_clusters", k)?,
            metric,
            seed: 0,
            n_init: 10,
            max_iter: 300,
        })
    }

    /// Where the pseudo-random choice of starting centroids begins.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The best of `n_init` starts is kept.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for 0.
    pub fn n_init(mut self, n_init: usize) -> Result<Self> {
        self.n_init = at_least_one("n_init", n_init)?;
        Ok(self)
    }

    /// Each start takes at most `max_iter` iterations.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for 0.
    pub fn max_iter(mut self, max_iter: usize) -> Result<Self> {
        self.max_iter = at_least_one("max_iter", max_iter)?;
        Ok(self)
    }
}

fn at_least_one(name: &str, value: usize) -> Result<usize> {
    if value == 0 {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("{name} must be at least 1, not 0"),
        ));
    }
    Ok(value)
}

/// The label of every row, numbered in order of first members.
///
/// There are fewer than `k` clusters when there are fewer different rows. No rows give no labels. Holds a copy of
/// the rows in f64.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] when there are fewer rows than clusters, or a row of zeros with cosine;
/// [`ErrorKind::InvalidData`] when distances leave the range of f64; [`ErrorKind::OutOfMemory`],
/// [`ErrorKind::Cancelled`].
pub fn kmeans(embeddings: &Embeddings<'_>, params: &KmeansParams, task: &Task<'_>) -> Result<Vec<i32>> {
    let (n, dims) = (embeddings.rows(), embeddings.dims());
    if n == 0 {
        return Ok(Vec::new());
    }
    if params.k > n {
        return Err(Error::new(
            ErrorKind::InvalidParameter,
            format!("cannot form {} clusters of {n} vectors", params.k),
        )
        .hint("n_clusters must not be larger than the number of vectors."));
    }
    if params.metric == Metric::Cosine {
        refuse_zeros(embeddings, "k-means with cosine", task)?;
    }
    let bytes = || {
        // The rows, and the old, new and best centroids.
        let values = n.checked_add(params.k.checked_mul(5)?)?.checked_mul(dims)?;
        values.checked_mul(8)?.checked_add(n.checked_mul(64)?)
    };
    task.need(&format!("k-means of {n} vectors of {dims} values"), bytes())?;
    let mut task = *task;
    if n.saturating_mul(params.k).saturating_mul(dims) < SERIAL_WORK {
        task.threads = 1;
    }
    let task = &task;
    let rows = rows(embeddings, params.metric, task)?;
    let tolerance = TOLERANCE * mean_variance(&rows, task)?;
    let dataset = DatasetBase::from(rows.view());
    let stopped = AtomicBool::new(false);
    let lloyd = Lloyd {
        params,
        distance: SquaredDistance {
            task: *task,
            stopped: &stopped,
        },
        tolerance,
    };

    // All starts within the pool: to go in and out for each iteration costs more than a small one.
    let labels = pool(task.threads)?.install(|| best_of(&lloyd, &rows, &dataset, task))?;
    match labels {
        Some(labels) => by_first_member(|i| labels[i], n),
        None => try_filled(n, 0),
    }
}

/// The labels of the start that ends with the least sum of squares.
fn best_of(
    lloyd: &Lloyd<'_>,
    rows: &Array2<f64>,
    dataset: &DatasetBase<ndarray::ArrayView2<'_, f64>, Array1<()>>,
    task: &Task<'_>,
) -> Result<Option<Array1<usize>>> {
    let params = lloyd.params;
    task.begin(Phase::MovingCentroids, params.n_init);
    let mut random = Xoshiro256Plus::seed_from_u64(params.seed);
    let mut best: Option<(f64, Array1<usize>)> = None;
    for _ in 0..params.n_init {
        let start = plus_plus(rows, params.k, &mut random, task)?;
        let (inertia, labels) = lloyd.run(dataset, start, task)?;
        if !inertia.is_finite() {
            return Err(super::pairs::too_far());
        }
        if best.as_ref().is_none_or(|(least, _)| inertia < *least) {
            best = Some((inertia, labels));
        }
        task.advance(1);
    }
    Ok(best.map(|(_, labels)| labels))
}

/// The rows in f64, of length 1 for cosine.
fn rows(embeddings: &Embeddings<'_>, metric: Metric, task: &Task<'_>) -> Result<Array2<f64>> {
    let (n, dims) = (embeddings.rows(), embeddings.dims());
    let mut values = task.filled(n * dims, 0.0)?;
    parallel::for_each_part(
        task,
        &mut values,
        dims,
        || Ok(()),
        |(), i, row| {
            embeddings.copy_row(i, row);
            if metric == Metric::Cosine {
                to_unit(row);
            }
            Ok(())
        },
    )?;
    Array2::from_shape_vec((n, dims), values)
        .map_err(|_| Error::new(ErrorKind::Internal, "rows do not form a matrix"))
}

/// The mean over all columns of their variance.
fn mean_variance(rows: &Array2<f64>, task: &Task<'_>) -> Result<f64> {
    let (n, dims) = rows.dim();
    let mut sums = try_filled(dims, [0.0; 2])?;
    for (i, row) in rows.rows().into_iter().enumerate() {
        if i.is_multiple_of(64) {
            task.check()?;
        }
        for ([sum, square], &value) in sums.iter_mut().zip(row) {
            *sum += value;
            *square += value * value;
        }
    }
    let n = n as f64;
    let variance = |[sum, square]: [f64; 2]| (square / n - (sum / n).powi(2)).max(0.0);
    Ok(sums.into_iter().map(variance).sum::<f64>() / dims as f64)
}

/// Starting centroids: each row is chosen with a probability proportional to its squared distance to those before.
fn plus_plus(
    rows: &Array2<f64>,
    k: usize,
    random: &mut Xoshiro256Plus,
    task: &Task<'_>,
) -> Result<Array2<f64>> {
    let (n, dims) = rows.dim();
    let row = |i: usize| rows.row(i).to_slice().unwrap_or_default();
    let mut chosen = try_vec(k)?;
    chosen.push((uniform(random) * n as f64) as usize);
    let mut nearest = try_filled(n, f64::INFINITY)?;
    while chosen.len() < k {
        let centre = row(chosen[chosen.len() - 1]);
        parallel::for_each_part(
            task,
            &mut nearest,
            64,
            || Ok(()),
            |(), part, nearest| {
                for (r, nearest) in nearest.iter_mut().enumerate() {
                    *nearest = nearest.min(squared_distance(Row::F64(row(part * 64 + r)), Row::F64(centre)));
                }
                Ok(())
            },
        )?;
        let mut left = uniform(random) * nearest.iter().sum::<f64>();
        let weighted = nearest.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        // Every row has a centroid at its place already: any will do.
        chosen.push(weighted.unwrap_or(chosen.len()));
    }
    let mut values = try_vec(k * dims)?;
    chosen.iter().for_each(|&i| values.extend_from_slice(row(i)));
    Array2::from_shape_vec((k, dims), values)
        .map_err(|_| Error::new(ErrorKind::Internal, "centroids do not form a matrix"))
}

/// In [0, 1).
fn uniform(random: &mut Xoshiro256Plus) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Private threads; the caller's own when the system refuses to start any.
fn pool(threads: usize) -> Result<ThreadPool> {
    let builder = || ThreadPoolBuilder::new().thread_name(|_| "cluster".to_owned());
    builder()
        .num_threads(threads)
        .build()
        .or_else(|_| builder().num_threads(1).use_current_thread().build())
        .map_err(|error| {
            Error::new(ErrorKind::OutOfMemory, "cannot start threads for k-means").detail(error.to_string())
        })
}

/// Iterations from one start.
struct Lloyd<'a> {
    params: &'a KmeansParams,
    distance: SquaredDistance<'a>,
    tolerance: f64,
}

impl Lloyd<'_> {
    /// The sum of squared distances and the cluster of each row.
    fn run(
        &self,
        dataset: &DatasetBase<ndarray::ArrayView2<'_, f64>, Array1<()>>,
        start: Array2<f64>,
        task: &Task<'_>,
    ) -> Result<(f64, Array1<usize>)> {
        let mut model = self.step(dataset, start, task)?;
        for _ in 1..self.params.max_iter {
            let before = model.centroids().clone();
            model = self.step(dataset, before.clone(), task)?;
            let moved: f64 = before
                .iter()
                .zip(model.centroids())
                .map(|(old, new)| (old - new) * (old - new))
                .sum();
            if moved <= self.tolerance {
                break;
            }
        }
        let rows = dataset.records();
        let labels = model.predict(rows);
        self.finished(task)?;
        let mut inertia = 0.0;
        for (i, (row, &label)) in rows.rows().into_iter().zip(&labels).enumerate() {
            if i.is_multiple_of(256) {
                task.check()?;
            }
            inertia += self.distance.distance(row, model.centroids().row(label));
        }
        self.finished(task)?;
        Ok((inertia, labels))
    }

    /// One iteration by linfa. It cannot be stopped from outside: the distance sees the signal and lets it run out.
    fn step(
        &self,
        dataset: &DatasetBase<ndarray::ArrayView2<'_, f64>, Array1<()>>,
        mut centroids: Array2<f64>,
        task: &Task<'_>,
    ) -> Result<KMeans<f64, SquaredDistance<'_>>> {
        if self.params.metric == Metric::Cosine {
            for mut centroid in centroids.rows_mut() {
                centroid.as_slice_mut().into_iter().for_each(to_unit);
            }
        }
        let params = KMeansParams::new(self.params.k, Xoshiro256Plus::seed_from_u64(0), self.distance)
            .init_method(KMeansInit::Precomputed(centroids))
            .n_runs(1)
            .max_n_iterations(1);
        let model = params.fit(dataset);
        self.finished(task)?;
        model.map_err(|_| super::pairs::too_far())
    }

    fn finished(&self, task: &Task<'_>) -> Result<()> {
        if self.distance.stopped.load(Ordering::Relaxed) {
            return Err(Error::cancelled());
        }
        task.check()
    }
}

/// |x - y|² for linfa: vectorised, its bits the same on every machine, and 0 without work once the task is stopped.
#[derive(Clone, Copy)]
struct SquaredDistance<'a> {
    task: Task<'a>,
    stopped: &'a AtomicBool,
}

impl SquaredDistance<'_> {
    fn stopped(&self, values: usize) -> bool {
        thread_local! {
            static VALUES: Cell<usize> = const { Cell::new(0) };
        }
        if self.stopped.load(Ordering::Relaxed) {
            return true;
        }
        let since = VALUES.get() + values + 64;
        // About every tenth of a millisecond.
        let look = since > 1 << 18;
        VALUES.set(if look { 0 } else { since });
        if look && self.task.stopped() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        self.stopped.load(Ordering::Relaxed)
    }
}

impl Distance<f64> for SquaredDistance<'_> {
    fn distance<D: Dimension>(&self, a: ArrayView<'_, f64, D>, b: ArrayView<'_, f64, D>) -> f64 {
        if self.stopped(a.len()) {
            return 0.0;
        }
        match (a.as_slice(), b.as_slice()) {
            (Some(a), Some(b)) => squared_distance(Row::F64(a), Row::F64(b)),
            _ => a.iter().zip(b.iter()).map(|(a, b)| (a - b) * (a - b)).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(x: &Array2<f64>, params: &KmeansParams, threads: usize) -> Result<Vec<i32>> {
        let task = Task::new(threads, 1 << 30, &|| false);
        kmeans(&Embeddings::from_f64(x.view(), &task)?, params, &task)
    }

    /// `clusters` far apart, rows in turn.
    fn blobs(n: usize, clusters: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, clusters + 1), |(i, k)| {
            let centre = if i % clusters == k { 10.0 } else { 0.0 };
            centre + ((i * 31 + k * 17) % 13) as f64 / 50.0
        })
    }

    #[test]
    fn clear_clusters_are_found() {
        let x = blobs(60, 4);
        for metric in Metric::ALL {
            let expected: Vec<i32> = (0..60).map(|i| i % 4).collect();
            for seed in 0..5 {
                let params = KmeansParams::new(4, metric).unwrap().seed(seed);
                assert_eq!(labels(&x, &params, 2).unwrap(), expected, "{metric} {seed}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// No row is nearer to another cluster's mean than to its own, once converged; threads change nothing.
        #[test]
        fn rows_are_with_the_nearest_mean(
            n in 1_usize..40,
            values in prop::collection::vec(-1.0..1.0_f64, 97),
            k in 1_usize..6,
            seed in any::<u64>(),
        ) {
            prop_assume!(k <= n);
            let x = Array2::from_shape_fn((n, 3), |(i, d)| values[(i * 5 + d * 7) % 97]);
            let params = KmeansParams::new(k, Metric::Euclidean).unwrap().seed(seed);
            let found = labels(&x, &params, 1).unwrap();
            prop_assert_eq!(&found, &labels(&x, &params, 3).unwrap());
            let means: Vec<_> = (0..k as i32).filter_map(|label| {
                let rows: Vec<usize> = (0..n).filter(|&i| found[i] == label).collect();
                (!rows.is_empty()).then(|| x.select(ndarray::Axis(0), &rows).mean_axis(ndarray::Axis(0)).unwrap())
            }).collect();
            for i in 0..n {
                let to = |c: usize| (&x.row(i) - &means[c]).mapv(|t| t * t).sum();
                let own = to(found[i] as usize);
                // Converged means within the tolerance, not to the last bit.
                prop_assert!((0..means.len()).all(|c| own <= to(c) + 0.05), "row {i} of {found:?}");
            }
        }
    }

    #[test]
    fn as_many_clusters_as_rows_or_as_different_rows() {
        let x = blobs(4, 4);
        let all = KmeansParams::new(4, Metric::Euclidean).unwrap();
        assert_eq!(labels(&x, &all, 1).unwrap(), [0, 1, 2, 3]);
        let equal = Array2::from_elem((5, 2), 0.5);
        let three = KmeansParams::new(3, Metric::Cosine).unwrap();
        assert_eq!(labels(&equal, &three, 1).unwrap(), [0; 5]);
        assert_eq!(labels(&Array2::zeros((0, 2)), &three, 1).unwrap(), [0_i32; 0]);
    }

    #[test]
    fn errors() {
        let kind = |k, metric, x: &Array2<f64>| {
            KmeansParams::new(k, metric)
                .and_then(|params| labels(x, &params, 1))
                .map_err(|e| e.kind)
        };
        let zero = Array2::zeros((3, 2));
        assert_eq!(kind(0, Metric::Cosine, &zero), Err(ErrorKind::InvalidParameter));
        assert_eq!(
            kind(4, Metric::Euclidean, &zero),
            Err(ErrorKind::InvalidParameter)
        );
        assert_eq!(kind(1, Metric::Cosine, &zero), Err(ErrorKind::InvalidParameter));
        assert_eq!(kind(2, Metric::Euclidean, &zero), Ok(vec![0; 3]));
        let huge = Array2::from_shape_fn((3, 1), |(i, _)| i as f64 * 1e300);
        assert_eq!(kind(2, Metric::Euclidean, &huge), Err(ErrorKind::InvalidData));
        assert!(KmeansParams::new(1, Metric::Cosine).unwrap().n_init(0).is_err());
        assert!(KmeansParams::new(1, Metric::Cosine).unwrap().max_iter(0).is_err());
    }

    #[test]
    fn stops_soon_when_asked() {
        let x = blobs(4000, 20);
        let ready = Task::new(2, 1 << 30, &|| false);
        let embeddings = Embeddings::from_f64(x.view(), &ready).unwrap();
        let params = KmeansParams::new(500, Metric::Euclidean)
            .unwrap()
            .n_init(1000)
            .unwrap();
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let stop = || asked.fetch_add(1, Ordering::Relaxed) > 300;
        let task = Task::new(2, 1 << 30, &stop);
        assert_eq!(
            kmeans(&embeddings, &params, &task).unwrap_err().kind,
            ErrorKind::Cancelled
        );
        let small = Task::new(2, 1000, &|| false);
        assert_eq!(
            kmeans(&embeddings, &params, &small).unwrap_err().kind,
            ErrorKind::OutOfMemory
        );
    }
}
