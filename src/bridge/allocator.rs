//! Where the memory of Rust code comes from; PostgreSQL's own is not concerned.
//!
//! Several threads make and free rows at the same time. In the C library's allocator they wait for each other, as memory that
//! one thread has made is often freed by another: a 100 MB log took a quarter longer. What watches memory (`make asan`,
//! `make valgrind`) knows that allocator only: the feature `system_allocator` keeps it.

#[cfg(not(feature = "system_allocator"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Returns to the system what has been freed. The allocator keeps it otherwise, and the connection of a pool, which may
/// never call this extension again, lives for days.
pub(super) fn give_back() {
    #[cfg(not(feature = "system_allocator"))]
    // SAFETY: takes no pointer, and locks what it looks at.
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}
