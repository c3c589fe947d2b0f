//! A map of vectors: their two principal components.
//!
//! The leading eigenvectors of the covariance are found by subspace iteration (Golub and Van Loan, Matrix Computations, 8.2.4):
//! a few more directions than are asked for are multiplied by the covariance, without ever forming it, and made orthonormal
//! again, until the first two stand still. Sums run in a fixed order, so equal vectors give equal maps everywhere.

use super::{Embeddings, Metric};
use crate::task::try_filled;
use crate::{Result, Task};

/// How many directions are iterated. Two are wanted; the others make neighbouring eigenvalues part sooner.
const BLOCK: usize = 8;
/// A direction stands still when the covariance turns it by less than this share of the largest eigenvalue.
const TOLERANCE: f64 = 1e-10;
/// Enough for any picture: what has not come apart by then is equally important.
const MAX_ITERATIONS: usize = 100;

type Coefficients = [f64; BLOCK];
type Small = [Coefficients; BLOCK];

/// The coordinates of every row on the first two principal components of all rows, the more important one first. By the
/// cosine metric rows are scaled to length 1 before. Of the two directions of an axis the one is taken whose largest
/// component, by magnitude, is positive; an axis along which nothing varies is all zero.
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
pub fn project(embeddings: &Embeddings<'_>, metric: Metric, task: &Task<'_>) -> Result<Vec<[f64; 2]>> {
    let (rows, dims) = (embeddings.rows(), embeddings.dims());
    let values = rows
        .checked_mul(3)
        .zip(dims.checked_mul(2 * BLOCK + 2))
        .and_then(|(rows, dims)| rows.checked_add(dims));
    task.need(
        "a map of the vectors",
        values.and_then(|values| values.checked_mul(8)),
    )?;
    let mut points = try_filled(rows, [0.0; 2])?;
    if rows < 2 {
        return Ok(points);
    }
    let centred = Centred::new(embeddings, metric, task)?;
    let mut basis = first_basis(dims)?;
    orthonormalise(&mut basis);
    let mut largest = 0.0;
    let mut spread = [0.0; 2];
    for _ in 0..MAX_ITERATIONS {
        let mut image = centred.covariance_times(&basis, task)?;
        let (eigenvalues, turn) = eigen(inner_products(&basis, &image));
        rotate(&mut basis, &turn);
        rotate(&mut image, &turn);
        largest = f64::max(eigenvalues[0], 0.0);
        spread = [eigenvalues[0], eigenvalues[1]];
        let moved = (0..2).map(|k| residual(&basis, &image, k, eigenvalues[k]));
        if largest == 0.0 || moved.fold(0.0, f64::max) <= TOLERANCE * largest {
            break;
        }
        basis = image;
        orthonormalise(&mut basis);
    }
    let axes = [0, 1].map(|k| {
        // Rounding alone spreads points that lie together, far from the origin, by about so much.
        let is_flat = spread[k] <= f64::max(1e-12 * largest, 1e-26 * centred.mean_squares());
        if is_flat { 0.0 } else { sign(&basis, k) }
    });
    centred.each_row(task, |i, row| {
        let mut at = [0.0; 2];
        for (value, direction) in row.iter().zip(&basis) {
            at[0] += value * direction[0];
            at[1] += value * direction[1];
        }
        // Plus 0, for -0 is no place of its own.
        points[i] = [at[0] * axes[0] + 0.0, at[1] * axes[1] + 0.0];
    })?;
    Ok(points)
}

/// The rows less their mean; by the cosine metric scaled to length 1 before.
struct Centred<'a> {
    embeddings: &'a Embeddings<'a>,
    /// One over each row's length, or 1.
    scales: Vec<f64>,
    mean: Vec<f64>,
}

impl<'a> Centred<'a> {
    fn new(embeddings: &'a Embeddings<'a>, metric: Metric, task: &Task<'_>) -> Result<Self> {
        let mut centred = Centred {
            embeddings,
            scales: try_filled(embeddings.rows(), 1.0)?,
            mean: try_filled(embeddings.dims(), 0.0)?,
        };
        if metric == Metric::Cosine {
            let mut scales = std::mem::take(&mut centred.scales);
            for (i, scale) in scales.iter_mut().enumerate() {
                task.check()?;
                // Scaled first, so that no square is too large or too small.
                let most = embeddings
                    .row(i)
                    .values()
                    .fold(0.0, |most: f64, v| most.max(v.abs()));
                let squares: f64 = embeddings.row(i).values().map(|v| (v / most) * (v / most)).sum();
                let length = most * squares.sqrt();
                *scale = if length > 0.0 && (1.0 / length).is_finite() {
                    1.0 / length
                } else {
                    1.0
                };
            }
            centred.scales = scales;
        } else {
            // Only proportions are drawn: huge values must not overflow when they are squared.
            let most = (0..embeddings.rows())
                .flat_map(|i| embeddings.row(i).values())
                .fold(0.0, |most: f64, v| most.max(v.abs()));
            if !(1e-100..=1e100).contains(&most) && most > 0.0 && (1.0 / most).is_finite() {
                centred.scales.fill(1.0 / most);
            }
        }
        let mut mean = try_filled(embeddings.dims(), 0.0)?;
        let share = 1.0 / embeddings.rows() as f64;
        centred.each_row(task, |_, row| {
            for (mean, value) in mean.iter_mut().zip(row) {
                *mean += value * share;
            }
        })?;
        centred.mean = mean;
        Ok(centred)
    }

    /// The sum of the rows' squares, were each row the mean.
    fn mean_squares(&self) -> f64 {
        self.scales.len() as f64 * self.mean.iter().map(|x| x * x).sum::<f64>()
    }

    fn each_row(&self, task: &Task<'_>, mut visit: impl FnMut(usize, &[f64])) -> Result<()> {
        let mut row = try_filled(self.embeddings.dims(), 0.0)?;
        for (i, scale) in self.scales.iter().enumerate() {
            if i % 16 == 0 {
                task.check()?;
            }
            self.embeddings.copy_row(i, &mut row);
            for (value, mean) in row.iter_mut().zip(&self.mean) {
                *value = *value * scale - mean;
            }
            visit(i, &row);
        }
        Ok(())
    }

    /// The scatter matrix (the covariance times the number of rows), times each column of `basis`.
    fn covariance_times(&self, basis: &[Coefficients], task: &Task<'_>) -> Result<Vec<Coefficients>> {
        let mut image = try_filled(basis.len(), [0.0; BLOCK])?;
        self.each_row(task, |_, row| {
            let mut along = [0.0; BLOCK];
            for (value, direction) in row.iter().zip(basis) {
                for (along, direction) in along.iter_mut().zip(direction) {
                    *along += value * direction;
                }
            }
            for (value, image) in row.iter().zip(&mut image) {
                for (image, along) in image.iter_mut().zip(&along) {
                    *image += value * along;
                }
            }
        })?;
        Ok(image)
    }
}

/// Directions that no data set was made for, the same ones each time.
fn first_basis(dims: usize) -> Result<Vec<Coefficients>> {
    let mut basis = try_filled(dims, [0.0; BLOCK])?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for value in basis.iter_mut().flatten() {
        // Knuth's MMIX generator; the upper bits are the good ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *value = (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
    }
    Ok(basis)
}

/// Gram and Schmidt, twice. A column that depends on earlier ones becomes zero.
fn orthonormalise(basis: &mut [Coefficients]) {
    for k in 0..BLOCK {
        let before = column_norm(basis, k);
        for _ in 0..2 {
            for j in 0..k {
                let share: f64 = basis.iter().map(|row| row[j] * row[k]).sum();
                basis.iter_mut().for_each(|row| row[k] -= share * row[j]);
            }
        }
        let norm = column_norm(basis, k);
        let scale = if norm > 1e-14 * before { 1.0 / norm } else { 0.0 };
        basis.iter_mut().for_each(|row| row[k] *= scale);
    }
}

fn column_norm(basis: &[Coefficients], k: usize) -> f64 {
    basis.iter().map(|row| row[k] * row[k]).sum::<f64>().sqrt()
}

fn inner_products(a: &[Coefficients], b: &[Coefficients]) -> Small {
    let mut products = [[0.0; BLOCK]; BLOCK];
    for (a, b) in a.iter().zip(b) {
        for (products, a) in products.iter_mut().zip(a) {
            for (product, b) in products.iter_mut().zip(b) {
                *product += a * b;
            }
        }
    }
    products
}

/// Columns become what the columns of `turn` mix of them.
fn rotate(basis: &mut [Coefficients], turn: &Small) {
    for row in basis {
        let mut turned = [0.0; BLOCK];
        for (value, turn) in row.iter().zip(turn) {
            for (turned, turn) in turned.iter_mut().zip(turn) {
                *turned += value * turn;
            }
        }
        *row = turned;
    }
}

/// How far the image of direction `k` is from being that direction, stretched.
fn residual(basis: &[Coefficients], image: &[Coefficients], k: usize, eigenvalue: f64) -> f64 {
    let squares = basis
        .iter()
        .zip(image)
        .map(|(row, image)| image[k] - eigenvalue * row[k]);
    squares.map(|x| x * x).sum::<f64>().sqrt()
}

/// Eigenvalues in falling order, and the eigenvectors as columns, of a small symmetric matrix: Jacobi's rotations.
fn eigen(mut matrix: Small) -> (Coefficients, Small) {
    let mut vectors = [[0.0; BLOCK]; BLOCK];
    for (k, row) in vectors.iter_mut().enumerate() {
        row[k] = 1.0;
    }
    // Symmetric but for rounding.
    let transposed: Small = std::array::from_fn(|i| matrix.map(|row| row[i]));
    for (value, mirrored) in matrix.iter_mut().flatten().zip(transposed.iter().flatten()) {
        *value = (*value + mirrored) / 2.0;
    }
    for _ in 0..60 {
        let off: f64 = (0..BLOCK)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| matrix[i][j].abs())
            .sum();
        let on: f64 = (0..BLOCK).map(|i| matrix[i][i].abs()).sum();
        if off <= 1e-16 * on || on == 0.0 {
            break;
        }
        for i in 1..BLOCK {
            for j in 0..i {
                let entry = matrix[i][j];
                if entry == 0.0 {
                    continue;
                }
                let theta = (matrix[i][i] - matrix[j][j]) / (2.0 * entry);
                let tangent = f64::copysign(1.0, theta) / (theta.abs() + theta.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                let sine = tangent * cosine;
                for row in &mut matrix {
                    (row[j], row[i]) = (cosine * row[j] - sine * row[i], sine * row[j] + cosine * row[i]);
                }
                let (upper, lower) = matrix.split_at_mut(i);
                for (a, b) in upper[j].iter_mut().zip(&mut lower[0]) {
                    (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
                }
                for row in &mut vectors {
                    (row[j], row[i]) = (cosine * row[j] - sine * row[i], sine * row[j] + cosine * row[i]);
                }
            }
        }
    }
    let mut order: [usize; BLOCK] = std::array::from_fn(|k| k);
    order.sort_by(|&a, &b| matrix[b][b].total_cmp(&matrix[a][a]));
    let eigenvalues = order.map(|k| matrix[k][k]);
    let sorted = vectors.map(|row| order.map(|k| row[k]));
    (eigenvalues, sorted)
}

/// 1, or -1 where the largest component of direction `k` is negative. Of nearly equal ones the first decides.
fn sign(basis: &[Coefficients], k: usize) -> f64 {
    let most = basis.iter().fold(0.0, |most: f64, row| most.max(row[k].abs()));
    let first = basis.iter().find(|row| row[k].abs() >= most * (1.0 - 1e-6));
    first.map_or(1.0, |row| f64::copysign(1.0, row[k]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use ndarray::Array2;
    use proptest::prelude::*;

    fn task() -> Task<'static> {
        Task::new(1, usize::MAX, &|| false)
    }

    fn map(rows: &Array2<f64>, metric: Metric) -> Vec<[f64; 2]> {
        project(
            &Embeddings::from_f64(rows.view(), &task()).unwrap(),
            metric,
            &task(),
        )
        .unwrap()
    }

    /// The obvious twin: the whole covariance matrix, squared until only its largest eigenvector is left.
    fn slow(rows: &Array2<f64>) -> Vec<[f64; 2]> {
        let mean = rows.mean_axis(ndarray::Axis(0)).unwrap();
        let mut left = rows - &mean;
        let mut points = vec![[0.0; 2]; rows.nrows()];
        for axis in 0..2 {
            let mut power = left.t().dot(&left);
            for _ in 0..60 {
                let norm = power.iter().map(|x| x * x).sum::<f64>().sqrt();
                if norm == 0.0 {
                    return points;
                }
                power = &power / norm;
                power = power.dot(&power);
            }
            // Every column is a multiple of the eigenvector; the longest is the most exact.
            let longest = (0..power.ncols())
                .max_by(|&a, &b| power[(a, a)].abs().total_cmp(&power[(b, b)].abs()))
                .unwrap();
            let column = power.column(longest).to_owned();
            let mut direction = &column / column.dot(&column).sqrt();
            let most = direction.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let first = direction.iter().find(|x| x.abs() >= most * (1.0 - 1e-6)).unwrap();
            direction *= first.signum();
            let along = left.dot(&direction);
            for (point, &at) in points.iter_mut().zip(&along) {
                point[axis] = at;
            }
            let projected = along
                .view()
                .insert_axis(ndarray::Axis(1))
                .dot(&direction.view().insert_axis(ndarray::Axis(0)));
            left -= &projected;
        }
        points
    }

    #[test]
    fn a_flat_cloud() {
        let rows = ndarray::arr2(&[[0.0, 0.0, 5.0], [4.0, 0.0, 5.0], [0.0, 2.0, 5.0], [4.0, 2.0, 5.0]]);
        let expected = [[-2.0, -1.0], [2.0, -1.0], [-2.0, 1.0], [2.0, 1.0]];
        for (point, expected) in map(&rows, Metric::Euclidean)
            .iter()
            .flatten()
            .zip(expected.iter().flatten())
        {
            assert!((point - expected).abs() < 1e-12, "{point} {expected}");
        }
    }

    #[test]
    fn where_there_is_no_second_or_no_first_axis() {
        assert!(map(&Array2::zeros((0, 0)), Metric::Cosine).is_empty());
        assert_eq!(map(&Array2::ones((1, 3)), Metric::Cosine), [[0.0, 0.0]]);
        assert_eq!(map(&Array2::zeros((3, 3)), Metric::Cosine), [[0.0; 2]; 3]);
        assert_eq!(
            map(&Array2::from_elem((3, 3), 0.1), Metric::Cosine),
            [[0.0; 2]; 3]
        );
        let line = Array2::from_shape_fn((5, 4), |(i, _)| i as f64);
        let points = map(&line, Metric::Euclidean);
        assert!(points.iter().all(|point| point[1] == 0.0), "{points:?}");
        assert!(
            points.windows(2).all(|pair| pair[0][0] < pair[1][0]),
            "{points:?}"
        );
        let one = Array2::from_shape_fn((5, 1), |(i, _)| i as f64);
        assert_eq!(map(&one, Metric::Euclidean)[4], [2.0, 0.0]);
    }

    #[test]
    fn huge_and_tiny_values() {
        for scale in [1e308, 1e-300, 5e-324] {
            let rows = ndarray::arr2(&[[scale, 0.0], [-scale, 0.0], [0.0, scale]]);
            for metric in [Metric::Cosine, Metric::Euclidean] {
                let points = map(&rows, metric);
                assert!(
                    points.iter().flatten().all(|x| x.is_finite()),
                    "{scale} {metric:?} {points:?}"
                );
            }
        }
    }

    #[test]
    fn by_cosine_length_does_not_matter() {
        let rows = Array2::from_shape_fn((7, 5), |(i, k)| ((i * 7 + k * k * 3) % 11) as f64 - 4.0);
        let longer = Array2::from_shape_fn((7, 5), |(i, k)| rows[(i, k)] * (i + 1) as f64);
        for (a, b) in map(&rows, Metric::Cosine)
            .iter()
            .flatten()
            .zip(map(&longer, Metric::Cosine).iter().flatten())
        {
            assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn memory_and_cancel() {
        let rows = Array2::ones((4, 4));
        let embeddings = Embeddings::from_f64(rows.view(), &task()).unwrap();
        let kind = |task: &Task<'_>| project(&embeddings, Metric::Cosine, task).unwrap_err().kind;
        assert_eq!(kind(&Task::new(1, 100, &|| false)), ErrorKind::OutOfMemory);
        assert_eq!(kind(&Task::new(1, usize::MAX, &|| true)), ErrorKind::Cancelled);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn equals_the_slow_twin(n in 3..25_usize, dims in 2..20_usize, seed in any::<u32>()) {
            // Axes of clearly different importance, turned by a random matrix.
            let mut state = u64::from(seed) | 1;
            let mut next = || { state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1); (state >> 33) as f64 / 2e9 - 1.0 };
            let spread = Array2::from_shape_fn((n, dims), |(_, k)| next() * [9.0, 3.0, 0.5][k.min(2)]);
            let turn = Array2::from_shape_fn((dims, dims), |(i, k)| next() * 0.3 + f64::from(u8::from(i == k)));
            let rows = spread.dot(&turn);
            let (fast, slow) = (map(&rows, Metric::Euclidean), slow(&rows));
            // Where the two axes matter nearly alike, rounding alone decides which is which.
            let length = |axis: usize| slow.iter().map(|p| p[axis] * p[axis]).sum::<f64>();
            prop_assume!(length(1) < 0.9 * length(0));
            prop_assert!(length(1).is_finite());
            for axis in 0..2 {
                let other: f64 = fast.iter().zip(&slow).map(|(a, b)| (a[axis] - b[axis]).powi(2)).sum();
                let mirrored: f64 = fast.iter().zip(&slow).map(|(a, b)| (a[axis] + b[axis]).powi(2)).sum();
                // Two components may be equally large: then either sign is right.
                prop_assert!(other.min(mirrored) <= 1e-8 * length(0), "{fast:?} {slow:?}");
            }
        }
    }
}
