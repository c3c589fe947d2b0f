//! Inner loops in the instruction set of the processor at hand; the only unsafe code of this crate.

pub(super) mod pair_tile;
