//! `reviewpro_pg`: code-scan findings inside PostgreSQL 18.
//!
//! This crate is the thin side that PostgreSQL sees: it turns arguments into bytes and numbers, calls
//! `reviewpro-core`, and turns answers into rows. One file per family of SQL functions; their SQL is
//! hand-written in `sql/`, the plumbing to PostgreSQL lives in [`bridge`] alone.

mod bridge;
mod chart;
mod cluster;
mod cluster_quality;
mod cluster_rows;
mod fingerprint;
mod ingest;
mod progress;
mod report;
mod sarif;
mod settings;
mod stats;
#[cfg(any(test, feature = "pg_test"))]
mod tests;
mod version;
mod window;

/// The version in Cargo.toml, as PostgreSQL's module magic wants it.
const VERSION: &std::ffi::CStr =
    match std::ffi::CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("the version holds a NUL"),
    };

// The short form of this macro would report the version as the module's name.
::pgrx::pg_module_magic!(name = c"reviewpro_pg", version = VERSION);

/// Runs once per backend, when the library is loaded.
#[pgrx::pg_guard]
#[allow(non_snake_case)]
pub extern "C-unwind" fn _PG_init() {
    settings::register();
}

// The scripts make up the extension's install script, in this order: each requires the one before, for pgrx
// orders those that do not as it happens.
pgrx::extension_sql_file!("../sql/version.sql", name = "version", bootstrap);
pgrx::extension_sql_file!(
    "../sql/fingerprint.sql",
    name = "fingerprint",
    requires = ["version"]
);
pgrx::extension_sql_file!("../sql/sarif.sql", name = "sarif", requires = ["fingerprint"]);
pgrx::extension_sql_file!("../sql/cluster.sql", name = "cluster", requires = ["sarif"]);
pgrx::extension_sql_file!("../sql/progress.sql", name = "progress", requires = ["cluster"]);
pgrx::extension_sql_file!("../sql/stats.sql", name = "stats", requires = ["progress"]);
pgrx::extension_sql_file!(
    "../sql/ingest_source.sql",
    name = "ingest_source",
    requires = ["stats"]
);
pgrx::extension_sql_file!(
    "../sql/ingest_table.sql",
    name = "ingest_table",
    requires = ["ingest_source"]
);
pgrx::extension_sql_file!(
    "../sql/ingest_plan.sql",
    name = "ingest_plan",
    requires = ["ingest_table"]
);
pgrx::extension_sql_file!(
    "../sql/ingest_store.sql",
    name = "ingest_store",
    requires = ["ingest_plan"]
);
pgrx::extension_sql_file!("../sql/ingest.sql", name = "ingest", requires = ["ingest_store"]);
pgrx::extension_sql_file!(
    "../sql/ingest_lifecycle.sql",
    name = "ingest_lifecycle",
    requires = ["ingest"]
);
pgrx::extension_sql_file!(
    "../sql/ingest_migration.sql",
    name = "ingest_migration",
    requires = ["ingest_lifecycle"]
);
pgrx::extension_sql_file!(
    "../sql/chart.sql",
    name = "chart",
    requires = ["ingest_migration"]
);
pgrx::extension_sql_file!("../sql/report.sql", name = "report", requires = ["chart"]);

/// What `cargo pgrx test` asks for.
#[cfg(test)]
pub mod pg_test {
    /// One-off initialization when the test framework starts.
    pub fn setup(_options: Vec<&str>) {}

    /// Settings of the test server.
    #[must_use]
    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec![]
    }
}
