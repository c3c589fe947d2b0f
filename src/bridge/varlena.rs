//! Detoasted values.

use std::ops::Deref;

use pgrx::pg_sys;

/// The payload of a `text`, `bytea`, `jsonb` or array value: the bytes after the length word.
///
/// Borrows the value where it lies; owns a copy only where PostgreSQL had to detoast it.
pub(crate) struct Varlena {
    original: *mut pg_sys::varlena,
    detoasted: *mut pg_sys::varlena,
}

impl Varlena {
    /// A value whose payload may start anywhere: `text`, `json`, `bytea`.
    ///
    /// # Safety
    /// `datum` is a non-null datum of a varlena type that outlives the result.
    pub(super) unsafe fn packed(datum: pg_sys::Datum) -> Self {
        let original = datum.cast_mut_ptr();
        // SAFETY: by the caller's promise a varlena; PostgreSQL returns it or a palloc'd copy.
        let detoasted = unsafe { pg_sys::pg_detoast_datum_packed(original) };
        Varlena { original, detoasted }
    }

    /// A value with a four-byte length word, whose payload is aligned as its type wants it: `jsonb`, arrays.
    ///
    /// # Safety
    /// As [`Varlena::packed`].
    pub(super) unsafe fn aligned(datum: pg_sys::Datum) -> Self {
        let original = datum.cast_mut_ptr();
        // SAFETY: by the caller's promise a varlena; PostgreSQL returns it or a palloc'd copy.
        let detoasted = unsafe { pg_sys::pg_detoast_datum(original) };
        Varlena { original, detoasted }
    }
}

// SAFETY: the bytes are plain memory that nobody changes while it lives; only the main thread drops it.
unsafe impl Sync for Varlena {}

impl Deref for Varlena {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: a detoasted value says itself how long it is and lives as long as `self`.
        unsafe {
            let len = pgrx::varsize_any_exhdr(self.detoasted);
            std::slice::from_raw_parts(pgrx::vardata_any(self.detoasted).cast::<u8>(), len)
        }
    }
}

impl Drop for Varlena {
    fn drop(&mut self) {
        if !std::ptr::eq(self.original, self.detoasted) {
            // SAFETY: a copy that PostgreSQL palloc'd for us alone.
            unsafe { pg_sys::pfree(self.detoasted.cast()) }
        }
    }
}
