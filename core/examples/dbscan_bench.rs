//! Times DBSCAN on a file of row-major little-endian f32, or the integer kernel alone.
//!
//!     dbscan_bench peak
//!     dbscan_bench run FILE ROWS DIMS METRIC EPS MIN_SAMPLES THREADS REPEATS LABELS_FILE
//!
//! Prints one line of JSON. benches/python/dbscan_vs_sklearn.py calls it.

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufReader, Read};
use std::time::{Duration, Instant};

use ndarray::ArrayView2;
use reviewpro_core::Task;
use reviewpro_core::cluster::parallel::on_threads;
use reviewpro_core::cluster::simd::{COLUMNS, ColumnTerms, Kernel, QUAD, ROWS, RowTerms, Tile};
use reviewpro_core::cluster::{DbscanParams, Embeddings, dbscan};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("peak") => peak(),
        Some("run") if args.len() == 10 => run(&args[1..]),
        _ => Err(
            "usage: dbscan_bench peak | run FILE ROWS DIMS METRIC EPS MIN_SAMPLES THREADS REPEATS LABELS"
                .into(),
        ),
    }
}

/// Operations (two per product) per second of the kernel on panels that stay in the first-level cache.
fn peak() -> Result<(), Box<dyn Error>> {
    const QUADS: usize = 96;
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.available()) {
        for threads in [1, 2] {
            let tiles = if kernel == Kernel::Portable {
                3_000
            } else {
                300_000
            };
            let start = Instant::now();
            on_threads(threads, || {
                let left = vec![1_u8; QUADS * ROWS * QUAD];
                let right = vec![1_i8; QUADS * COLUMNS * QUAD];
                let rows = RowTerms {
                    limit: [f32::INFINITY; ROWS],
                    ..RowTerms::default()
                };
                let columns = ColumnTerms::default();
                let mut tile = Tile::new();
                for _ in 0..tiles {
                    black_box(kernel.tile(black_box(&left), &right, &rows, &columns, &mut tile));
                }
            });
            let operations = (2 * QUADS * QUAD * ROWS * COLUMNS * tiles * threads) as f64;
            println!(
                "{{\"kernel\":\"{kernel:?}\",\"threads\":{threads},\"gops\":{:.0}}}",
                operations / start.elapsed().as_secs_f64() / 1e9
            );
        }
    }
    Ok(())
}

fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let mut file = BufReader::new(File::open(&args[0])?);
    let mut values: Vec<f32> = Vec::with_capacity(file.get_ref().metadata()?.len() as usize / 4);
    let mut four = [0; 4];
    while file.read_exact(&mut four).is_ok() {
        values.push(f32::from_le_bytes(four));
    }
    let (rows, dims) = (args[1].parse()?, args[2].parse()?);
    let matrix = ArrayView2::from_shape((rows, dims), &values)?;
    let params = DbscanParams::new(args[4].parse()?, args[5].parse()?, args[3].parse()?)?;
    let task = Task::new(args[6].parse()?, 16 << 30, &|| false);
    let (mut best, mut labels) = (Duration::MAX, Vec::new());
    let before = status_kb("VmRSS:")?;
    for _ in 0..args[7].parse()? {
        let start = Instant::now();
        let embeddings = Embeddings::from_f32(matrix, &task)?;
        labels = dbscan(&embeddings, &params, &task)?;
        best = best.min(start.elapsed());
    }
    let peak = status_kb("VmHWM:")?;
    let labels: Vec<u8> = labels.iter().flat_map(|label| label.to_le_bytes()).collect();
    std::fs::write(&args[8], labels)?;
    println!(
        "{{\"seconds\":{:.6},\"input_mb\":{},\"before_mb\":{},\"peak_mb\":{}}}",
        best.as_secs_f64(),
        values.len() * 4 / 1_000_000,
        before / 1000,
        peak / 1000
    );
    Ok(())
}

/// A size that Linux keeps of this process.
fn status_kb(name: &str) -> Result<usize, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|line| line.starts_with(name))
        .ok_or("no such size")?;
    Ok(line.split_whitespace().nth(1).ok_or("no size")?.parse()?)
}
