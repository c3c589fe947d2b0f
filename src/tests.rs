//! Tests that run inside a backend: what no test of the core and no SQL script can see.

#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    use reviewpro_core::{Error, ErrorKind};

    use crate::bridge::{Work, compute, stream, without_new_threads};

    #[pg_test]
    fn the_module_says_its_name_and_version() {
        let loaded = Spi::get_two::<String, String>(
            "SELECT module_name, version FROM pg_get_loaded_modules() WHERE module_name = 'reviewpro_pg'",
        );
        assert_eq!(
            loaded,
            Ok((
                Some("reviewpro_pg".into()),
                Some(env!("CARGO_PKG_VERSION").into())
            ))
        );
    }

    #[pg_test]
    fn workers_block_every_signal_that_can_be_blocked() {
        let mask = compute(Work::default(), |_| {
            let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("SigBlk:"))
                .unwrap_or_default();
            Ok(u64::from_str_radix(line.trim(), 16).unwrap_or(0))
        });
        // Signal n is bit n - 1; SIGKILL and SIGSTOP cannot be blocked, glibc keeps 32 and 33 to itself.
        for signal in (1..=31).filter(|signal| ![libc::SIGKILL, libc::SIGSTOP].contains(signal)) {
            assert!(
                mask & (1 << (signal - 1)) != 0,
                "signal {signal} is not blocked: {mask:x}"
            );
        }
    }

    #[pg_test]
    fn no_thread_is_left_after_a_call() {
        let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
        let before = threads();
        let during = compute(Work::default(), |_| Ok(threads()));
        assert_eq!((before, during, threads()), (1, 2, 1));
    }

    #[pg_test]
    fn without_threads_the_work_is_done_here() {
        let name = || std::thread::current().name().map(str::to_owned);
        assert_eq!(compute(Work::default(), |_| Ok(name())), Some("reviewpro".into()));
        let (here, threads) =
            without_new_threads(|| compute(Work::default(), |task| Ok((name(), task.threads))));
        assert_ne!(here, Some("reviewpro".into()));
        assert_eq!(threads, 1);
        let labels = "SELECT cluster_embeddings(ARRAY[[1, 0], [1, 0.1], [0, 1]]::real[], eps => 0.1)";
        let serial = without_new_threads(|| Spi::get_one::<Vec<i32>>(labels));
        assert_eq!(serial, Ok(Some(vec![0, 0, -1])));
    }

    #[pg_test]
    fn batches_arrive_in_order() {
        let mut seen = Vec::new();
        let total = stream(
            Work::default(),
            |_, emit| {
                for i in 0..1000 {
                    emit(i)?;
                }
                Ok(1000)
            },
            |i| seen.push(i),
        );
        assert_eq!(total, 1000);
        assert!(seen.iter().copied().eq(0..1000));
    }

    #[pg_test(error = "the value is wrong")]
    fn an_error_of_the_core_is_an_error_here() {
        compute(Work::default(), |_| {
            Err::<(), _>(Error::new(ErrorKind::InvalidData, "the value is wrong"))
        });
    }

    #[pg_test(error = "a defect")]
    fn a_panic_of_a_worker_is_an_error_here() {
        compute::<()>(Work::default(), |_| panic!("a defect"));
    }

    #[pg_test]
    fn row_types_have_the_columns_that_the_core_fills() {
        for (name, columns) in [
            ("sarif_finding", reviewpro_core::sarif::Finding::COLUMNS),
            ("sarif_run", reviewpro_core::sarif::Run::COLUMNS),
            ("sarif_rule", reviewpro_core::sarif::Rule::COLUMNS),
        ] {
            let declared = Spi::get_one_with_args::<Vec<String>>(
                "SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
                 WHERE attrelid = (SELECT typrelid FROM pg_type WHERE oid = $1::regtype)",
                &[name.into()],
            );
            let filled: Vec<String> = columns.iter().map(|column| column.name.to_owned()).collect();
            assert_eq!(declared, Ok(Some(filled)), "{name}");
        }
    }

    #[pg_test]
    fn settings_refuse_a_misspelt_name() {
        let outcome =
            PgTryBuilder::new(|| Spi::run("SET reviewpro.max_thread = 1").is_ok()).catch_others(|_| false);
        assert!(!outcome.execute());
    }
}
