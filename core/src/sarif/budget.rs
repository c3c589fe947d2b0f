//! What reading a part of a log may take.

use std::cell::Cell;

use crate::task::out_of_memory;
use crate::{Error, Task};

/// How many bytes reading may still take beside the document.
///
/// A list of small values is larger in memory than in the document, up to some hundred times: without a limit, a hostile log
/// would take all memory.
#[derive(Debug)]
pub(crate) struct Budget {
    allowed: usize,
    left: Cell<usize>,
    exhausted: Cell<bool>,
    /// The system had no more memory.
    refused: Cell<bool>,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Budget::beside(bytes, 0)
    }

    /// What is left of `bytes` when so many of them are held already.
    pub(crate) fn beside(bytes: usize, held: usize) -> Self {
        Budget {
            allowed: bytes,
            left: Cell::new(bytes.saturating_sub(held)),
            exhausted: Cell::new(false),
            refused: Cell::new(false),
        }
    }

    /// Takes room for one more element of a list, which may have doubled its capacity.
    pub(crate) fn take<T, E: serde::de::Error>(&self) -> Result<(), E> {
        match self.left.get().checked_sub(2 * size_of::<T>()) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.exhausted.set(true);
                Err(E::custom("out of memory"))
            }
        }
    }

    /// Appends an element to a list.
    pub(crate) fn push<T, E: serde::de::Error>(&self, list: &mut Vec<T>, element: T) -> Result<(), E> {
        self.take::<T, E>()?;
        if list.try_reserve(1).is_err() {
            self.refused.set(true);
            return Err(E::custom("out of memory"));
        }
        list.push(element);
        Ok(())
    }

    /// Whether something was refused because there is nothing left.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted.get()
    }

    /// The error to report in the place of one from reading.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if self.refused.get() {
            return out_of_memory();
        }
        if !self.exhausted.get() {
            return error;
        }
        let stop = || false;
        let task = Task::new(1, self.allowed, &stop);
        let needed = self.allowed.checked_add(1).filter(|needed| *needed < usize::MAX);
        task.need("reading the log", needed).err().unwrap_or(error)
    }
}
