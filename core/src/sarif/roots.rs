//! What absolute paths are made relative to, so that one file has one path however it is written.
//!
//! What the caller says counts first, then where a repository lies (§3.23.7), then the log's and the caller's base URIs, then
//! working directories: a tool may have been started anywhere. Of several of one sort the outermost counts, because below it no two
//! files have one path.

use std::borrow::Cow;

use super::uri::{self, Path};

/// The roots of a run.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// Absolute paths that end in one slash, the first that holds a file counts.
    paths: Vec<String>,
    /// Whether no root but its own base can hold a file that is written relative to a base.
    own_base_counts: bool,
}

impl Roots {
    /// Of URIs or paths, of which only absolute paths count.
    pub(crate) fn of(
        source_root: Option<&str>,
        mapped: Vec<Cow<'_, str>>,
        bases: Vec<Cow<'_, str>>,
        working: Vec<Cow<'_, str>>,
    ) -> Self {
        let given = sorted(source_root.into_iter().map(Cow::Borrowed));
        let [mapped, bases, working] = [mapped, bases, working].map(|uris| sorted(uris.into_iter()));
        let apart = bases
            .iter()
            .enumerate()
            .all(|(at, base)| !bases.iter().skip(at + 1).any(|inner| is_below(inner, base)));
        let own_base_counts = given.is_empty()
            && mapped.is_empty()
            && apart
            && (working.is_empty() || !bases.iter().any(|base| base == ALL));
        // All files lie below `/`: only who says so explicitly means it.
        let others = [mapped, bases, working].into_iter().flatten();
        let mut paths = given;
        paths.extend(others.filter(|root| root != ALL));
        Roots {
            paths,
            own_base_counts,
        }
    }

    /// How much of an absolute path is the root that holds it; 0 without one.
    pub(crate) fn length(&self, path: &str) -> usize {
        let root = self.paths.iter().find(|root| is_below(path, root));
        root.map_or(0, String::len)
    }

    /// The path of a file that is written relative to an absolute base, if another root than that base may count.
    pub(crate) fn below_base(&self, base: Cow<'_, str>, relative: &Path<'_>) -> Option<String> {
        let Path::Relative(relative) = relative else {
            return None;
        };
        if self.own_base_counts {
            return None;
        }
        let path = format!("{}{relative}", as_root(base)?);
        match self.length(&path) {
            0 => None,
            length => path.get(length..).map(str::to_owned),
        }
    }
}

/// The root of all files.
const ALL: &str = "/";

/// The absolute paths among some URIs, the outermost first.
fn sorted<'u>(uris: impl Iterator<Item = Cow<'u, str>>) -> Vec<String> {
    let mut roots: Vec<_> = uris.filter_map(as_root).collect();
    roots.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    roots.dedup();
    roots
}

/// A URI as a root: an absolute path with exactly one slash at its end.
fn as_root(uri: Cow<'_, str>) -> Option<String> {
    match uri::path(uri) {
        Path::Absolute(path) => Some(format!("{}/", path.trim_end_matches('/'))),
        _ => None,
    }
}

/// Whether something lies below a root. The case of a drive's letter means nothing.
fn is_below(path: &str, root: &str) -> bool {
    let (path, root) = (path.as_bytes(), root.as_bytes());
    match (path.get(..root.len()), path.first(), root.first()) {
        (Some(start), Some(a), Some(b)) => {
            path.len() > root.len() && a.eq_ignore_ascii_case(b) && start.get(1..) == root.get(1..)
        }
        _ => false,
    }
}

/// Whether a caller's source root can be one: an absolute path or a `file:` URI of one.
pub(crate) fn is_root(source_root: &str) -> bool {
    as_root(Cow::Borrowed(source_root)).is_some()
}
