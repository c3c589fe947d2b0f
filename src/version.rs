//! `reviewpro_version()`.

use pgrx::pg_extern;

/// The version of the library that answers, which may be newer than the extension's SQL.
#[pg_extern(sql = false)]
fn reviewpro_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
