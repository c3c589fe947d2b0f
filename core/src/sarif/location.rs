//! Where a result is: artifact, base URIs, roots (§3.4, §3.10, §3.14.14, §3.24), and logical locations (§3.33).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::model::{Artifact, ArtifactLocation, Invocation, Location, LogicalLocation, Run};
use super::options::Options;
use super::raw::{Index, Raw};
use super::read::Member;
use super::region;
use super::roots::Roots;
use super::uri::{self, Path};
use super::warning::{Warning, Warnings};

/// How deep artifacts may be nested in artifacts.
const NESTING_LIMIT: usize = 10;

/// The files of a run, and what their locations are relative to.
#[derive(Debug, Default)]
pub(crate) struct Files<'d> {
    artifacts: Vec<Member<Artifact<'d>>>,
    logical: Vec<Member<LogicalLocation<'d>>>,
    /// The caller's and the log's base URIs: uri and uriBaseId by name.
    bases: HashMap<Cow<'d, str>, Base<'d>>,
    roots: Roots,
}

#[derive(Clone, Debug, Default)]
struct Base<'d> {
    /// With slashes; of an absolute path the `file:` URI.
    uri: Option<Cow<'d, str>>,
    base: Option<Cow<'d, str>>,
}

impl<'d> Base<'d> {
    fn of(uri: Option<Cow<'d, str>>, base: Option<Cow<'d, str>>) -> Self {
        Base {
            uri: uri.map(uri::as_base),
            base,
        }
    }
}

/// A file as a row shows it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct File<'d> {
    pub(crate) path: Option<Cow<'d, str>>,
    /// The absolute URI, when it is known.
    pub(crate) uri: Option<Cow<'d, str>>,
}

/// An artifact location completed from the run's artifacts.
#[derive(Default)]
struct Reference<'d> {
    uri: Option<Cow<'d, str>>,
    base: Option<Cow<'d, str>>,
    artifact: Option<usize>,
}

/// A URI reference behind its bases.
struct Resolved<'d> {
    /// All relative parts.
    relative: Cow<'d, str>,
    /// The absolute base that the chain ends at.
    root: Option<Cow<'d, str>>,
}

impl<'d> Files<'d> {
    /// Takes what it needs out of the run.
    pub(crate) fn of(run: &mut Run<'d>, invocations: &[Invocation<'d>], options: &Options) -> Self {
        let mut files = Files {
            artifacts: std::mem::take(&mut run.artifacts.items),
            logical: std::mem::take(&mut run.logical_locations.items),
            ..Files::default()
        };
        for (name, value) in run.uri_bases.members() {
            let location: Member<ArtifactLocation<'d>> = value.read();
            if let Some(location) = location.get() {
                let base = Base::of(location.uri.filled(), location.base.filled());
                files.bases.insert(name, base);
            }
        }
        let mut bases: Vec<_> = files.bases.values().filter_map(|base| base.uri.clone()).collect();
        for (name, uri) in &options.uri_bases {
            let base = Base::of(Some(Cow::Owned(uri.clone())), None);
            bases.extend(base.uri.clone());
            files.bases.insert(Cow::Owned(name.clone()), base);
        }
        let mapped = run.version_control.items.iter().filter_map(Member::get);
        let mapped = files.all(mapped.map(|control| &control.mapped_to));
        let working = files.all(invocations.iter().map(|invocation| &invocation.working_directory));
        files.roots = Roots::of(options.source_root.as_deref(), mapped, bases, working);
        files
    }

    /// Locations of the run itself as URIs.
    fn all<'a>(&self, locations: impl Iterator<Item = &'a Member<ArtifactLocation<'d>>>) -> Vec<Cow<'d, str>>
    where
        'd: 'a,
    {
        locations
            .filter_map(Member::get)
            .filter_map(|location| self.root(location))
            .collect()
    }

    /// A location of the run itself, such as its working directory, as a URI.
    fn root(&self, location: &ArtifactLocation<'d>) -> Option<Cow<'d, str>> {
        let reference = self.complete(location, &mut Warnings::default());
        // `{"uriBaseId": "ROOT"}` alone is what that base says.
        let uri = match (reference.uri, &reference.base) {
            (None, Some(_)) => Cow::Borrowed(""),
            (uri, _) => uri?,
        };
        let resolved = self.resolve(uri, reference.base, &mut Warnings::default());
        Some(match resolved.root {
            Some(root) => Cow::Owned(join(&root, &resolved.relative)),
            None => resolved.relative,
        })
    }

    /// The file of a location.
    pub(crate) fn file(&self, location: &ArtifactLocation<'d>, warnings: &mut Warnings) -> File<'d> {
        let reference = self.complete(location, warnings);
        if let Some(file) = reference.artifact.and_then(|at| self.nested(at, warnings)) {
            return file;
        }
        match reference.uri {
            Some(uri) => self.plain(uri, reference.base, warnings),
            None => File::default(),
        }
    }

    /// Completes a location from the artifact that its index names.
    fn complete(&self, location: &ArtifactLocation<'d>, warnings: &mut Warnings) -> Reference<'d> {
        let mut reference = Reference {
            uri: location.uri.filled(),
            base: location.base.filled(),
            artifact: None,
        };
        let odd = |value: Raw<'_>| !value.is_none() && value.text().is_none();
        warnings.add_if(odd(location.uri) || odd(location.base), Warning::TypeMismatch);
        let at = match location.index.index() {
            Index::Absent => return reference,
            Index::At(at) if at < self.artifacts.len() => at,
            _ => {
                warnings.add(Warning::ArtifactIndexOutOfRange);
                return reference;
            }
        };
        reference.artifact = Some(at);
        if let Some(own) = self
            .artifacts
            .get(at)
            .and_then(Member::get)
            .and_then(|artifact| artifact.location.get())
        {
            match &reference.uri {
                None => {
                    reference.uri = own.uri.filled();
                    reference.base = reference.base.or_else(|| own.base.filled());
                }
                Some(uri) if reference.base.is_none() && is_relative(uri) => {
                    reference.base = own.base.filled()
                }
                Some(_) => {}
            }
        }
        reference
    }

    fn plain(&self, uri: Cow<'d, str>, base: Option<Cow<'d, str>>, warnings: &mut Warnings) -> File<'d> {
        if uri::scheme(&uri).is_some() {
            let path = self.without_root(uri::path(uri.clone()));
            return File {
                path: Some(path),
                uri: Some(uri),
            };
        }
        let resolved = self.resolve(uri, base, warnings);
        let (relative, root) = (resolved.relative, resolved.root);
        let absolute = root.as_ref().map(|root| Cow::Owned(join(root, &relative)));
        let path = uri::path(relative);
        let path = match root.and_then(|root| self.roots.below_base(root, &path)) {
            Some(path) => Cow::Owned(path),
            None => self.without_root(path),
        };
        File {
            path: Some(path).filter(|path| !path.is_empty()),
            uri: absolute,
        }
    }

    /// Prefixes a relative reference with its relative bases, up to an absolute one.
    fn resolve(
        &self,
        uri: Cow<'d, str>,
        base: Option<Cow<'d, str>>,
        warnings: &mut Warnings,
    ) -> Resolved<'d> {
        let mut resolved = Resolved {
            relative: uri,
            root: None,
        };
        if base.is_none() || !is_relative(&resolved.relative) {
            return resolved;
        }
        let mut next = base;
        let mut seen = HashSet::new();
        while let Some(name) = next {
            let Some(base) = self.bases.get(&name) else { break };
            let Some(uri) = &base.uri else { break };
            if !seen.insert(name) {
                warnings.add(Warning::UriBaseLoop);
                break;
            }
            if uri::scheme(uri).is_some() {
                resolved.root = Some(uri.clone());
                break;
            }
            resolved.relative = Cow::Owned(join(uri, &resolved.relative));
            next = base.base.clone();
        }
        resolved
    }

    /// An absolute path without the root that counts.
    fn without_root(&self, path: Path<'d>) -> Cow<'d, str> {
        let path = match path {
            Path::Absolute(path) => path,
            other => return other.into_text(),
        };
        match (self.roots.length(&path), path) {
            (0, path) => path,
            (length, Cow::Borrowed(path)) => Cow::Borrowed(&path[length..]),
            (length, Cow::Owned(path)) => Cow::Owned(path[length..].to_owned()),
        }
    }

    /// The file of an artifact that lies inside another: `outer!/inner`. `None` when it has no parent.
    fn nested(&self, at: usize, warnings: &mut Warnings) -> Option<File<'d>> {
        let parents = self.parents(at, warnings);
        let location = |at: usize| self.artifacts.get(at)?.get()?.location.get();
        let mut outer: Option<File<'d>> = None;
        for location in parents.iter().rev().filter_map(|at| location(*at)) {
            if let Some(uri) = location.uri.filled() {
                outer = Some(match outer {
                    None => self.plain(uri, location.base.filled(), warnings),
                    Some(outer) => inside(outer, uri),
                });
            }
        }
        match location(at).and_then(|location| location.uri.filled()) {
            Some(inner) => outer.map(|outer| inside(outer, inner)),
            None => outer,
        }
    }

    /// The artifacts that an artifact lies in, the innermost first.
    fn parents(&self, at: usize, warnings: &mut Warnings) -> Vec<usize> {
        let mut parents = Vec::new();
        let mut child = at;
        while let Some(artifact) = self.artifacts.get(child).and_then(Member::get) {
            match artifact.parent.index() {
                Index::Absent => break,
                Index::At(parent) if parent == at || parents.contains(&parent) => {
                    warnings.add(Warning::ArtifactParentLoop);
                    break;
                }
                Index::At(parent) if parent < self.artifacts.len() && parents.len() < NESTING_LIMIT => {
                    parents.push(parent);
                    child = parent;
                }
                _ => {
                    warnings.add(Warning::ArtifactIndexOutOfRange);
                    break;
                }
            }
        }
        parents
    }

    /// The contents of the file, when the log embeds them.
    pub(crate) fn contents(&self, location: &ArtifactLocation<'d>) -> Option<Cow<'d, str>> {
        match location.index.index() {
            Index::At(at) => region::content(&self.artifacts.get(at)?.get()?.contents),
            _ => None,
        }
    }

    /// The name of a logical location, completed through its index.
    pub(crate) fn logical(&self, location: &Location<'d>, warnings: &mut Warnings) -> Option<Cow<'d, str>> {
        let own = location.logical.items.first()?.get()?;
        let name = |location: &LogicalLocation<'d>| {
            location
                .qualified_name
                .filled()
                .or_else(|| location.name.filled())
        };
        let shared = match own.index.index() {
            Index::Absent => None,
            Index::At(at) => self.logical.get(at).and_then(Member::get),
            Index::Invalid => None,
        };
        warnings.add_if(
            shared.is_none() && own.index.index() != Index::Absent,
            Warning::LogicalLocationIndexOutOfRange,
        );
        own.qualified_name
            .filled()
            .or_else(|| shared.and_then(|shared| shared.qualified_name.filled()))
            .or_else(|| name(own))
            .or_else(|| shared.and_then(name))
    }
}

/// Whether a URI reference can be below a base.
fn is_relative(uri: &str) -> bool {
    matches!(uri::path(Cow::Borrowed(uri)), Path::Relative(_))
}

/// A file inside another.
fn inside<'d>(outer: File<'d>, inner: Cow<'d, str>) -> File<'d> {
    let inner = uri::decode(inner);
    let path = outer
        .path
        .map(|outer| Cow::Owned(format!("{outer}!/{}", inner.trim_start_matches('/'))));
    File { path, uri: None }
}

/// A base and what lies under it, with one slash between.
fn join(base: &str, rest: &str) -> String {
    let slash = if base.ends_with('/') { "" } else { "/" };
    format!("{base}{slash}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        run: &str,
        location: &str,
        options: &Options,
    ) -> (Option<String>, Option<String>, Vec<&'static str>) {
        let mut member: Member<Run<'_>> = Raw::Text(run).read();
        let Member::Is(run) = &mut member else {
            panic!("a run")
        };
        let invocations = run.read_invocations();
        let files = Files::of(run, &invocations, options);
        let location: Member<ArtifactLocation<'_>> = Raw::Text(location).read();
        let mut warnings = Warnings::default();
        let file = files.file(location.get().unwrap(), &mut warnings);
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        (
            owned(file.path),
            owned(file.uri),
            warnings.iter().map(Warning::as_str).collect(),
        )
    }

    fn path(run: &str, location: &str) -> String {
        of(run, location, &Options::default())
            .0
            .unwrap_or_else(|| "NULL".into())
    }

    #[test]
    fn an_index_and_a_chain_of_bases() {
        let run = r#"{"artifacts":[{"location":{"uri":"lib/m.c","uriBaseId":"SRC"}}],
            "originalUriBaseIds":{"SRC":{"uri":"src/","uriBaseId":"ROOT"},"ROOT":{"uri":"file:///w/p/"}}}"#;
        let file = of(run, r#"{"index":0}"#, &Options::default());
        assert_eq!(
            file,
            (
                Some("src/lib/m.c".into()),
                Some("file:///w/p/src/lib/m.c".into()),
                vec![]
            )
        );
        let file = of(run, r#"{"index":7}"#, &Options::default());
        assert_eq!(file, (None, None, vec!["artifact_index_out_of_range"]));
        assert_eq!(path(run, r#"{"uri":"a.c","index":0}"#), "src/a.c");
    }

    #[test]
    fn loops_and_undeclared_bases() {
        let run = r#"{"originalUriBaseIds":{"A":{"uri":"x/","uriBaseId":"B"},"B":{"uri":"y","uriBaseId":"A"},"E":{}}}"#;
        let file = of(run, r#"{"uri":"a.c","uriBaseId":"A"}"#, &Options::default());
        assert_eq!(file, (Some("y/x/a.c".into()), None, vec!["uri_base_loop"]));
        assert_eq!(path(run, r#"{"uri":"a.c","uriBaseId":"%SRCROOT%"}"#), "a.c");
        assert_eq!(path(run, r#"{"uri":"a.c","uriBaseId":"E"}"#), "a.c");
    }

    #[test]
    fn the_callers_bases_win() {
        let options = Options {
            uri_bases: vec![("A".into(), "file:///o/".into())],
            ..Options::default()
        };
        let run = r#"{"originalUriBaseIds":{"A":{"uri":"x/"}}}"#;
        let file = of(run, r#"{"uri":"a.c","uriBaseId":"A"}"#, &options);
        assert_eq!(file, (Some("a.c".into()), Some("file:///o/a.c".into()), vec![]));
    }

    #[test]
    fn absolute_paths_lose_their_root() {
        let run = r#"{"invocations":[{"workingDirectory":{"uri":"file:///w/p"}}],
            "originalUriBaseIds":{"R":{"uri":"file:///w/"},"ALL":{"uri":"file:///"}},
            "versionControlProvenance":[{"mappedTo":{"uri":"x/","uriBaseId":"R"}}]}"#;
        assert_eq!(path(run, r#"{"uri":"file:///w/p/a.c"}"#), "p/a.c");
        assert_eq!(path(run, r#"{"uri":"/w/x/a.c"}"#), "a.c");
        assert_eq!(path(run, r#"{"uri":"/w/pa.c"}"#), "pa.c");
        assert_eq!(path(run, r#"{"uri":"/etc/a.c"}"#), "/etc/a.c");
        let options = Options {
            source_root: Some("C:\\r".into()),
            ..Options::default()
        };
        assert_eq!(
            of(run, r#"{"uri":"file:///C:/r/a.c"}"#, &options).0.as_deref(),
            Some("a.c")
        );
    }

    #[test]
    fn artifacts_inside_artifacts() {
        let run = r#"{"artifacts":[{"location":{"uri":"app.zip"}},{"location":{"uri":"/in/a.txt"},"parentIndex":0},
            {"parentIndex":1},{"location":{"uri":"x"},"parentIndex":3}]}"#;
        assert_eq!(path(run, r#"{"index":1}"#), "app.zip!/in/a.txt");
        assert_eq!(path(run, r#"{"index":2}"#), "app.zip!/in/a.txt");
        let file = of(run, r#"{"index":3}"#, &Options::default());
        assert_eq!(file, (Some("x".into()), None, vec!["artifact_parent_loop"]));
        let run = r#"{"artifacts":[{"location":{"uri":"a"},"parentIndex":1},{"location":{"uri":"b"},"parentIndex":2},
            {"location":{"uri":"c"},"parentIndex":1},{"parentIndex":9,"location":{"uri":"d"}},{}, {"location":{"uri":"e"},"parentIndex":4}]}"#;
        let of = |at: usize| of(run, &format!(r#"{{"index":{at}}}"#), &Options::default());
        let looped = vec!["artifact_parent_loop"];
        assert_eq!(of(0), (Some("c!/b!/a".into()), None, looped.clone()));
        assert_eq!(of(1), (Some("c!/b".into()), None, looped));
        assert_eq!(
            of(3),
            (Some("d".into()), None, vec!["artifact_index_out_of_range"])
        );
        // What it lies in has no name.
        assert_eq!(of(5), (Some("e".into()), None, vec![]));
    }
}
