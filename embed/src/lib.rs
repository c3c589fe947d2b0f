//! `reviewpro_embed`: embeddings of texts from SQL.
//!
//! This crate is the thin side that PostgreSQL sees; requests, retries and limits are in `reviewpro-embed-core`, tables and
//! queue in `sql/`. The plumbing is that of `reviewpro_pg`: [`bridge`] takes the files it needs from there.

mod bridge;
mod failure;
mod request;
mod settings;

/// The version in Cargo.toml, as PostgreSQL's module magic wants it.
const VERSION: &std::ffi::CStr =
    match std::ffi::CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("the version holds a NUL"),
    };

// The short form of this macro would report the version as the module's name.
::pgrx::pg_module_magic!(name = c"reviewpro_embed", version = VERSION);

/// Runs once per backend, when the library is loaded.
#[pgrx::pg_guard]
#[allow(non_snake_case)]
pub extern "C-unwind" fn _PG_init() {
    settings::register();
}

// The scripts make up the extension's install script, in this order.
pgrx::extension_sql_file!("../sql/text.sql", name = "text", bootstrap);
pgrx::extension_sql_file!("../sql/tables.sql", name = "tables", requires = ["text"]);
pgrx::extension_sql_file!("../sql/embed.sql", name = "embed", requires = ["tables"]);
pgrx::extension_sql_file!("../sql/queue.sql", name = "queue", requires = ["embed"]);
pgrx::extension_sql_file!("../sql/rights.sql", name = "rights", requires = ["queue"]);
