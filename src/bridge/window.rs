//! The partition of a window function, after PostGIS's ST_ClusterDBSCAN: read and labelled once, at its first row.

use pgrx::PgSqlErrorCode;
use reviewpro_core::cluster::Collected;
use reviewpro_core::progress::Phase;
use reviewpro_core::{Error, ErrorKind};

use super::array::VectorArgument;
use super::call::Call;
use super::compute::main_thread_task;
use super::progress::Shown;
use super::report::{OrRaise, raise_as};
use super::scratch::Scratch;
use super::stats::CountedCall;
use super::varlena::Varlena;
use super::window_object::WindowObject;

/// The label of the current row, NULL for noise and for a NULL vector.
///
/// The vectors are the first argument. At the first row of a partition `labels` gets those that are not NULL.
pub(crate) fn label_partition(call: &Call, labels: impl FnOnce(&Collected) -> Vec<i32>) -> Option<i32> {
    let Some(mut window) = WindowObject::of(call.fcinfo()) else {
        raise_as(
            PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            Error::new(
                ErrorKind::Internal,
                "this function must be declared as a window function",
            ),
        )
    };
    let (rows, position) = (window.rows(), window.position());
    let reader = window;
    // A flag that the rest is filled, then one place per row: the label + 1, or 0 for NULL.
    let (done, places) = match window.local_memory(rows + 1) {
        [done, places @ ..] => (done, places),
        [] => return None,
    };
    if *done == 0 {
        // The partition is the call; those for its other rows only look up.
        let counted = CountedCall::of(call.fcinfo());
        let vectors = collect(reader, places);
        counted.has_read(vectors.bytes());
        counted.has_returned(places.len());
        let mut labels = labels(&vectors).into_iter();
        for place in places.iter_mut().filter(|place| **place != 0) {
            *place = labels.next().map_or(0, |label| label.max(-1) + 1);
        }
        *done = 1;
    }
    match places.get(position) {
        Some(&place @ 1..) => Some(place - 1),
        _ => None,
    }
}

/// The vectors of the partition; `places` becomes 1 where there is one.
fn collect(window: WindowObject, places: &mut [i32]) -> Collected {
    let task = main_thread_task(size_of_val(places));
    // Casts and detoasting leave copies behind: a partition of them must not pile up.
    let scratch = Scratch::new();
    let shown = Shown::begin(Phase::ReadingVectors, places.len());
    let mut vectors = Collected::new();
    for (row, place) in (0..).zip(places) {
        let datum = scratch.run(|| window.first_argument(row));
        if let Some(datum) = datum {
            scratch.run(|| {
                // SAFETY: a non-null datum of an array type, which lives until the reset below.
                let value = unsafe { Varlena::aligned(datum) };
                let vector = VectorArgument::new(value, vectors.rows() + 1);
                vectors.push(vector.row(), &task).or_raise();
            });
            *place = 1;
        }
        scratch.reset();
        shown.advance(1);
        pgrx::check_for_interrupts!();
    }
    vectors
}
