//! How many rows a log will give, for the planner.

use crate::Task;

use super::document::{Document, Source};
use super::options::Mode;
use super::read::Member;

/// The number of results in a log, which none of them has been read for; `None` when it cannot be read at all.
pub fn count_results(source: Source<'_>, task: &Task<'_>) -> Option<usize> {
    let document = Document::open(source, task).ok()?;
    // Counts whatever document it is: its faults are the execution's to report.
    let log = document.log(Mode::Compat).ok()?;
    Some(
        log.runs
            .items
            .iter()
            .filter_map(Member::get)
            .map(|run| run.results.items.len())
            .sum(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_results_of_all_runs() {
        let task = Task::new(1, 1 << 20, &|| false);
        let count = |text| count_results(Source::Text(text), &task);
        assert_eq!(
            count(r#"{"runs": [{"results": [{}, {}]}, null, {"results": [{}]}, {}]}"#),
            Some(3)
        );
        assert_eq!(count(r#"{"runs": null}"#), Some(0));
        assert_eq!(count("5"), Some(0));
        assert_eq!(count("{"), None);
    }
}
