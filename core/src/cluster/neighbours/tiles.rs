//! The pass over all pairs: tiles of the upper triangle, on several threads.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::bounds::Verdict;
use super::codes::Codes;
use super::frame::Frame;
use super::head::Head;
use super::{EdgeSink, NeighbourGraph};
use crate::cluster::Embeddings;
use crate::cluster::parallel::{Queue, on_threads};
use crate::cluster::simd::{COLUMNS, Kernel, ROWS, RowTerms, Tile};
use crate::progress::Phase;
use crate::task::try_vec;
use crate::{Result, Task};

/// Bytes of left operands that stay in the second-level cache beside one panel of right ones.
const BLOCK_BYTES: usize = 384 << 10;
/// Open pairs that a thread collects before it decides them. The later, the more are settled by then; sorting
/// more than these would delay a stop.
const MAX_OPEN: usize = 1 << 17;
/// Edges that a thread collects before it hands them over.
const MAX_EDGES: usize = 256;
/// Pairs decided between two looks at the stop signal.
const PAIRS_PER_CHECK: usize = 64;
/// Products below which starting a thread costs more than it saves.
const SERIAL_WORK: usize = 1 << 22;

/// The component of a row that has none (yet).
const NO_COMPONENT: u32 = u32::MAX;

/// A pair that the codes left open, by places.
#[derive(Clone, Copy)]
struct OpenPair {
    estimate: f32,
    i: u32,
    j: u32,
}

/// How many of `threads` threads a pass makes use of.
fn threads_for(embeddings: &Embeddings<'_>, threads: usize) -> usize {
    let (n, dims) = (embeddings.rows(), embeddings.dims());
    let work = n.saturating_mul(n).saturating_mul(dims);
    if work < SERIAL_WORK { 1 } else { threads }
}

/// Room for the open pairs of one thread among those of `n` rows.
fn open_room(n: usize) -> usize {
    (MAX_OPEN + ROWS * COLUMNS).min(n.saturating_mul(n) / 2)
}

/// Bytes beside the embeddings that a pass holds.
pub fn bytes(embeddings: &Embeddings<'_>, threads: usize) -> Option<usize> {
    let (n, dims) = (embeddings.rows(), embeddings.dims());
    // Order, coordinate, component.
    let row = 4 + 8 + 4;
    let rows = n.checked_mul(row)?;
    let block =
        (BLOCK_BYTES + (COLUMNS + 8) * (dims + 4)).checked_add(open_room(n) * size_of::<OpenPair>())?;
    let threads = threads_for(embeddings, threads);
    Codes::bytes(n, dims)?
        .checked_add(Head::bytes(n)?)?
        .checked_add(rows)?
        .checked_add(block.checked_mul(threads)?)
}

/// Hands every edge of `graph` to `sink`, but for some between rows of one component.
pub fn for_each_edge(
    graph: &NeighbourGraph<'_>,
    kernel: Kernel,
    sink: &mut dyn EdgeSink,
    task: &Task<'_>,
) -> Result<()> {
    let n = graph.embeddings.rows();
    let mut task = *task;
    task.threads = threads_for(graph.embeddings, task.threads);
    let task = &task;
    let frame = Frame::new(
        graph.embeddings,
        graph.metric,
        graph.radius,
        graph.exact.shortest(),
        task,
    )?;
    let (order, coordinates) = frame.order(graph.embeddings)?;
    let codes = Codes::new(graph.embeddings, &frame, &order, kernel, task)?;
    let mut components = try_vec(n)?;
    components.extend((0..n).map(|_| AtomicU32::new(NO_COMPONENT)));
    let head = Head::choose(&codes, task)?;
    let pass = Pass {
        graph,
        task,
        frame: &frame,
        order: &order,
        coordinates: &coordinates,
        codes: &codes,
        head: head.as_ref(),
        components: &components,
        sink: Mutex::new(Shared { sink, edges: 0 }),
    };
    pass.run()
}

/// The sink, with what the threads share beside it.
struct Shared<'a> {
    sink: &'a mut dyn EdgeSink,
    /// Edges since every row's component was looked up.
    edges: usize,
}

/// One pass; rows are called by their place in `order`.
struct Pass<'a> {
    graph: &'a NeighbourGraph<'a>,
    task: &'a Task<'a>,
    frame: &'a Frame,
    order: &'a [u32],
    coordinates: &'a [f64],
    codes: &'a Codes,
    head: Option<&'a Head>,
    /// A component that each row once belonged to. Components only grow, so rows with equal entries are in one
    /// component, however old the entries are.
    components: &'a [AtomicU32],
    sink: Mutex<Shared<'a>>,
}

/// What one thread works with.
struct Worker {
    block: Option<usize>,
    left: Vec<u8>,
    terms: Vec<RowTerms>,
    head_terms: Vec<RowTerms>,
    tile: Tile,
    edges: Vec<(u32, u32)>,
    open: Vec<OpenPair>,
}

impl Worker {
    fn new(block_bytes: usize, block_rows: usize, open: usize) -> Result<Self> {
        Ok(Worker {
            block: None,
            left: try_vec(block_bytes)?,
            terms: try_vec(block_rows / ROWS)?,
            head_terms: try_vec(block_rows / ROWS)?,
            tile: Tile::new(),
            edges: try_vec(MAX_EDGES + ROWS * COLUMNS)?,
            open: try_vec(open)?,
        })
    }
}

impl Pass<'_> {
    fn run(&self) -> Result<()> {
        let panels = self.codes.panels();
        let block_panels = (BLOCK_BYTES / (self.codes.row_bytes().max(1) * COLUMNS)).clamp(1, 10);
        let piece = (panels / 64).clamp(4, 64);
        // Left blocks with pieces of the panels at or right of the diagonal, block after block, so that a thread
        // keeps its block.
        let tasks = (0..panels).step_by(block_panels).flat_map(|block| {
            (block..panels)
                .step_by(piece)
                .map(move |from| (block, from..(from + piece).min(panels)))
        });
        self.task.begin(
            Phase::ComparingVectors,
            tasks.clone().map(|(_, panels)| panels.len()).sum(),
        );
        let tasks = Queue::new(tasks);
        let mut workers = try_vec(self.task.threads)?;
        for _ in 0..self.task.threads {
            let rows = block_panels * COLUMNS;
            workers.push(Worker::new(
                rows * self.codes.row_bytes(),
                rows,
                open_room(self.order.len()),
            )?);
        }
        let workers = Queue::new(workers);
        let left_open = Mutex::new(try_vec(self.task.threads)?);
        on_threads(self.task.threads, || {
            let Some(mut worker) = workers.next() else { return };
            while let Some((block, panels)) = tasks.next() {
                if worker.block != Some(block) {
                    let block_end = (block + block_panels).min(self.codes.panels());
                    self.take_block(&mut worker, block..block_end);
                }
                let steps = panels.len();
                for panel in panels {
                    if self.task.stopped() {
                        return;
                    }
                    self.multiply(&mut worker, panel);
                }
                self.hand_over(&mut worker.edges);
                self.task.advance(steps);
            }
            sort(&mut worker.open);
            lock(&left_open).push(worker.open);
        });
        self.task.check()?;
        self.decide_left_open(&lock(&left_open));
        self.task.check()
    }

    /// Makes these panels the worker's left operands.
    fn take_block(&self, worker: &mut Worker, panels: std::ops::Range<usize>) {
        worker.block = Some(panels.start);
        worker.left.clear();
        worker.terms.clear();
        worker.head_terms.clear();
        for p in panels {
            self.codes.append_left(p, &mut worker.left);
            for first in (p * COLUMNS..(p + 1) * COLUMNS).step_by(ROWS) {
                worker.terms.push(self.codes.row_terms(first, &[]));
                if let Some(head) = self.head {
                    worker
                        .head_terms
                        .push(self.codes.row_terms(first, head.tails(first)));
                }
            }
        }
    }

    /// The tiles of the worker's block and one panel.
    fn multiply(&self, worker: &mut Worker, panel: usize) {
        let Some(block) = worker.block else { return };
        let columns = panel * COLUMNS..((panel + 1) * COLUMNS).min(self.codes.rows());
        let kernel = self.codes.kernel();
        let (right, column_terms) = self.codes.right(panel);
        let first_look = self.head.map(|head| (head, head.right(self.codes, panel)));
        for (part, left) in worker
            .left
            .chunks_exact(self.codes.row_bytes() * ROWS)
            .enumerate()
        {
            let first = block * COLUMNS + part * ROWS;
            let rows = first..(first + ROWS).min(columns.end);
            if rows.is_empty() {
                break;
            }
            if self.too_far(rows.end - 1, columns.start) || self.one_component(rows.clone(), columns.clone())
            {
                continue;
            }
            let tile = &mut worker.tile;
            if let Some((head, (right, column_terms))) = first_look {
                let terms = &worker.head_terms[part];
                if !kernel.tile(head.left(left), right, terms, column_terms, tile) {
                    continue;
                }
            }
            if !kernel.tile(left, right, &worker.terms[part], column_terms, tile) {
                continue;
            }
            for (i, row) in rows.enumerate() {
                let passed = worker.tile.passed[i] & right_of(row, &columns);
                let sums = &worker.tile.sums[i * COLUMNS..][..COLUMNS];
                self.judge(
                    row,
                    columns.start,
                    passed,
                    sums,
                    &mut worker.edges,
                    &mut worker.open,
                );
            }
            if worker.edges.len() >= MAX_EDGES {
                self.hand_over(&mut worker.edges);
            }
            if worker.open.len() >= MAX_OPEN {
                sort(&mut worker.open);
                self.decide(&worker.open, &mut worker.edges);
                worker.open.clear();
            }
        }
    }

    /// Judges the pairs of `row` with the columns (counted from `start`) whose bit is set.
    fn judge(
        &self,
        row: usize,
        start: usize,
        mut passed: u64,
        sums: &[i32],
        edges: &mut Vec<(u32, u32)>,
        open: &mut Vec<OpenPair>,
    ) {
        while passed != 0 {
            let j = passed.trailing_zeros() as usize;
            passed &= passed - 1;
            let column = start + j;
            if self.settled(row, column) {
                continue;
            }
            let (i, j_at) = (row as u32, column as u32);
            match self.codes.judge(row, column, sums[j]) {
                Verdict::Near => edges.push((i, j_at)),
                Verdict::Open(estimate) => open.push(OpenPair { estimate, i, j: j_at }),
                Verdict::Far => {}
            }
        }
    }

    /// Decides what no thread has decided so far, together and likeliest first.
    fn decide_left_open(&self, runs: &[Vec<OpenPair>]) {
        let longest = runs.iter().map(Vec::len).max().unwrap_or(0);
        let parts = (0..longest)
            .step_by(PAIRS_PER_CHECK)
            .flat_map(|at| runs.iter().filter_map(move |run| run.get(at..)))
            .map(|run| &run[..run.len().min(PAIRS_PER_CHECK)]);
        let parts = Queue::new(parts);
        on_threads(self.task.threads, || {
            let mut edges = Vec::new();
            while let Some(part) = parts.next() {
                if self.task.stopped() {
                    return;
                }
                self.decide(part, &mut edges);
            }
        });
    }

    /// Decides open pairs, in their order, and hands the edges over.
    fn decide(&self, open: &[OpenPair], edges: &mut Vec<(u32, u32)>) {
        for part in open.chunks(PAIRS_PER_CHECK) {
            if self.task.stopped() {
                return;
            }
            for &OpenPair { i, j, .. } in part {
                let row = |place: u32| self.order[place as usize] as usize;
                if !self.settled(i as usize, j as usize) && self.graph.exact.near(row(i), row(j)) {
                    edges.push((i, j));
                }
            }
            self.hand_over(edges);
        }
    }

    /// Gives the edges to the sink and looks up the components of their ends.
    fn hand_over(&self, edges: &mut Vec<(u32, u32)>) {
        if edges.is_empty() {
            return;
        }
        let shared = &mut *lock(&self.sink);
        let row = |place: u32| self.order[place as usize];
        for &(i, j) in edges.iter() {
            shared.sink.edge(row(i).min(row(j)), row(i).max(row(j)));
        }
        let mut look_up = |place: u32| {
            let component = shared.sink.component(row(place)).unwrap_or(NO_COMPONENT);
            self.components[place as usize].store(component, Ordering::Relaxed);
        };
        for &(i, j) in edges.iter() {
            look_up(i);
            look_up(j);
        }
        shared.edges += edges.len();
        edges.clear();
        if shared.edges >= self.order.len() {
            shared.edges = 0;
            (0..self.order.len() as u32).for_each(look_up);
        }
    }

    fn component(&self, place: usize) -> u32 {
        self.components[place].load(Ordering::Relaxed)
    }

    /// Whether an edge between the two would change nothing.
    fn settled(&self, i: usize, j: usize) -> bool {
        let component = self.component(i);
        component != NO_COMPONENT && component == self.component(j)
    }

    fn one_component(&self, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> bool {
        let component = self.component(rows.start);
        component != NO_COMPONENT
            && rows
                .chain(columns)
                .all(|place| self.component(place) == component)
    }

    /// Whether all rows up to place `last` are beyond the radius of all from place `first` on.
    fn too_far(&self, last: usize, first: usize) -> bool {
        match (self.coordinates.get(last), self.coordinates.get(first)) {
            (Some(low), Some(high)) => self.frame.too_far(high - low),
            _ => false,
        }
    }
}

/// The columns that exist and are right of the diagonal in row `row`, as bits.
fn right_of(row: usize, columns: &std::ops::Range<usize>) -> u64 {
    let exist = (1_u64 << columns.len()) - 1;
    if row < columns.start {
        exist
    } else {
        exist & !((1_u64 << (row - columns.start + 1)) - 1)
    }
}

fn sort(open: &mut [OpenPair]) {
    open.sort_unstable_by(|a, b| b.estimate.total_cmp(&a.estimate));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked ends the whole pass; until then the others may go on.
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
