//! One file has one path, however a log writes it.

mod common;

use reviewpro_core::sarif::Options;
use serde_json::{Value as Json, json};

/// Path and absolute URI of each of the files of a run.
fn files(run: &str, locations: &[&str], options: &Options) -> Vec<(Option<String>, Option<String>)> {
    let results: Vec<_> = locations
        .iter()
        .map(|location| {
            format!(
                r#"{{"message":{{"text":"m"}},"locations":[{{"physicalLocation":{{"artifactLocation":{location}}}}}]}}"#
            )
        })
        .collect();
    let text = format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"T"}}}}{run},"results":[{}]}}]}}"#,
        results.join(",")
    );
    let rows = common::both(&text, options);
    assert_eq!(rows.len(), locations.len());
    let text = |value: &Json| value.as_str().map(str::to_owned);
    rows.iter()
        .map(|row| (text(&row["file_path"]), text(&row["file_uri"])))
        .collect()
}

fn paths_with(run: &str, locations: &[&str], options: &Options) -> Vec<String> {
    files(run, locations, options)
        .into_iter()
        .map(|(path, _)| path.unwrap_or_default())
        .collect()
}

fn paths(run: &str, locations: &[&str]) -> Vec<String> {
    paths_with(run, locations, &Options::default())
}

fn source_root(root: &str) -> Options {
    Options {
        source_root: Some(root.to_owned()),
        ..Options::default()
    }
}

fn uri_bases(bases: &[(&str, &str)]) -> Options {
    Options {
        uri_bases: bases
            .iter()
            .map(|(name, uri)| ((*name).to_owned(), (*uri).to_owned()))
            .collect(),
        ..Options::default()
    }
}

/// Members of a run: base URIs.
fn bases(bases: &[(&str, &str)]) -> String {
    let bases: serde_json::Map<_, _> = bases
        .iter()
        .map(|(name, uri)| ((*name).to_owned(), json!({"uri": uri})))
        .collect();
    format!(r#","originalUriBaseIds":{}"#, Json::from(bases))
}

const MAIN: &str = r#"{"uri":"main.c","uriBaseId":"PWD"}"#;

#[test]
fn a_source_root_counts_first() {
    for (base, path) in [
        ("file:///w/a/", "a/main.c"),
        ("file:///w/b/", "b/main.c"),
        ("file:///w/", "main.c"),
        ("file:///w", "main.c"),
        // Elsewhere: relative to its base.
        ("file:///x/a/", "main.c"),
    ] {
        let run = bases(&[("PWD", base)]);
        for root in ["/w", "/w/", "file:///w/"] {
            assert_eq!(paths_with(&run, &[MAIN], &source_root(root)), [path], "{base}");
        }
    }
    let run = bases(&[("PWD", "file:///w/")]);
    assert_eq!(
        paths_with(
            &run,
            &[
                r#"{"uri":"p/x.c","uriBaseId":"PWD"}"#,
                r#"{"uri":"file:///w/p/x.c"}"#,
                r#"{"uri":"/w/p/x.c"}"#,
                r#"{"uri":"q/x.c","uriBaseId":"PWD"}"#,
                r#"{"uri":"file:///w/q/x.c"}"#,
                r#"{"uri":"rel/x.c"}"#,
                r#"{"uri":"rel/x.c","uriBaseId":"NONE"}"#,
                r#"{"uri":"https://w/p/x.c"}"#,
            ],
            &source_root("/w/p"),
        ),
        [
            "x.c",
            "x.c",
            "x.c",
            "q/x.c",
            "q/x.c",
            "rel/x.c",
            "rel/x.c",
            "https://w/p/x.c"
        ]
    );
    // What is said explicitly is meant.
    assert_eq!(
        paths_with("", &[r#"{"uri":"/etc/x"}"#], &source_root("/")),
        ["etc/x"]
    );
}

#[test]
fn the_ordinary_base_leaves_the_relative_uri() {
    let run = bases(&[("%SRCROOT%", "file:///home/u/p/")]);
    assert_eq!(
        files(
            &run,
            &[
                r#"{"uri":"src/a%20b.c","uriBaseId":"%SRCROOT%"}"#,
                r#"{"uri":"file:///home/u/p/src/a%20b.c"}"#,
                r#"{"uri":"../o/a.c","uriBaseId":"%SRCROOT%"}"#,
            ],
            &Options::default()
        ),
        [
            (
                Some("src/a b.c".into()),
                Some("file:///home/u/p/src/a%20b.c".into())
            ),
            (
                Some("src/a b.c".into()),
                Some("file:///home/u/p/src/a%20b.c".into())
            ),
            (Some("../o/a.c".into()), Some("file:///home/u/p/../o/a.c".into())),
        ]
    );
    // Below `/` is everything, so it says nothing.
    let run = bases(&[("ROOTPATH", "file:///")]);
    assert_eq!(
        paths(
            &run,
            &[r#"{"uri":"w/a.c","uriBaseId":"ROOTPATH"}"#, r#"{"uri":"/w/a.c"}"#]
        ),
        ["w/a.c", "/w/a.c"]
    );
}

#[test]
fn bases_come_before_the_working_directory() {
    let run = format!(
        r#"{},"invocations":[{{"executionSuccessful":true,"workingDirectory":{{"uri":"file:///w/build/"}}}}]"#,
        bases(&[("%SRCROOT%", "file:///w/")])
    );
    assert_eq!(
        paths(
            &run,
            &[
                r#"{"uri":"build/x.c","uriBaseId":"%SRCROOT%"}"#,
                r#"{"uri":"file:///w/build/x.c"}"#,
                r#"{"uri":"file:///w/x.c"}"#,
            ]
        ),
        ["build/x.c", "build/x.c", "x.c"]
    );
    let run =
        r#","invocations":[{"executionSuccessful":true,"workingDirectory":{"uri":"file:///w/build/"}}]"#;
    assert_eq!(paths(run, &[r#"{"uri":"file:///w/build/x.c"}"#]), ["x.c"]);
}

#[test]
fn of_nested_bases_the_outermost_counts() {
    let locations = [
        r#"{"uri":"x.c","uriBaseId":"BIN"}"#,
        r#"{"uri":"build/x.c","uriBaseId":"SRC"}"#,
        r#"{"uri":"file:///w/build/x.c"}"#,
        r#"{"uri":"x.c","uriBaseId":"SRC"}"#,
        r#"{"uri":"x.c","uriBaseId":"LIB"}"#,
    ];
    let run = bases(&[
        ("BIN", "file:///w/build/"),
        ("SRC", "file:///w/"),
        ("LIB", "file:///usr/lib/"),
    ]);
    assert_eq!(
        paths(&run, &locations),
        ["build/x.c", "build/x.c", "build/x.c", "x.c", "x.c"]
    );
    // As when one base is written relative to the other.
    let run =
        r#","originalUriBaseIds":{"BIN":{"uri":"build/","uriBaseId":"SRC"},"SRC":{"uri":"file:///w/"}}"#;
    assert_eq!(
        paths(run, &locations[..4]),
        ["build/x.c", "build/x.c", "build/x.c", "x.c"]
    );
}

#[test]
fn a_repository_comes_before_the_bases() {
    for mapped in [
        r#"{"uri":"file:///w/"}"#,
        r#"{"uri":"/w"}"#,
        r#"{"uriBaseId":"REPO"}"#,
        r#"{"uri":"","uriBaseId":"REPO"}"#,
        r#"{"index":0}"#,
    ] {
        let run = format!(
            r#"{},"artifacts":[{{"location":{{"uri":"file:///w/"}}}}],"versionControlProvenance":[{{"repositoryUri":"r","mappedTo":{mapped}}}]"#,
            bases(&[("PWD", "file:///w/a/"), ("REPO", "file:///w/")])
        );
        assert_eq!(
            paths(
                &run,
                &[MAIN, r#"{"uri":"file:///w/a/main.c"}"#, r#"{"uri":"/w/main.c"}"#]
            ),
            ["a/main.c", "a/main.c", "main.c"],
            "{mapped}"
        );
        assert_eq!(
            paths_with(&run, &[MAIN], &source_root("/w/a")),
            ["main.c"],
            "{mapped}"
        );
    }
    // Without the repository's own base, too.
    let run = format!(
        r#"{},"versionControlProvenance":[{{"repositoryUri":"r","mappedTo":{{"uri":"file:///w/"}}}}]"#,
        bases(&[("PWD", "file:///w/a/")])
    );
    assert_eq!(paths(&run, &[MAIN]), ["a/main.c"]);
}

#[test]
fn the_callers_bases_are_roots() {
    for value in ["file:///w/p/", "/w/p", "/w/p/", "file:///w/p"] {
        assert_eq!(
            files(
                "",
                &[MAIN, r#"{"uri":"file:///w/p/main.c"}"#],
                &uri_bases(&[("PWD", value)])
            ),
            vec![(Some("main.c".to_owned()), Some("file:///w/p/main.c".to_owned())); 2],
            "{value}"
        );
    }
    for value in ["C:\\w\\", "C:/w", "file:///C:/w/", "c:\\w", "/C:/w/"] {
        assert_eq!(
            paths_with(
                "",
                &[MAIN, r#"{"uri":"file:///c:/w/main.c"}"#],
                &uri_bases(&[("PWD", value)])
            ),
            ["main.c", "main.c"],
            "{value}"
        );
    }
    // The log's own value of a base that the caller replaces is still where its absolute URIs lie.
    let run = bases(&[("PWD", "file:///agent/7/")]);
    assert_eq!(
        files(
            &run,
            &[MAIN, r#"{"uri":"file:///agent/7/main.c"}"#],
            &uri_bases(&[("PWD", "/w/p")])
        ),
        [
            (Some("main.c".to_owned()), Some("file:///w/p/main.c".to_owned())),
            (
                Some("main.c".to_owned()),
                Some("file:///agent/7/main.c".to_owned())
            ),
        ]
    );
    // A relative one is a prefix.
    assert_eq!(
        files("", &[MAIN], &uri_bases(&[("PWD", "sub/")])),
        [(Some("sub/main.c".to_owned()), None)]
    );
}

#[test]
fn windows_writes_paths_in_many_ways() {
    for base in [
        "C:\\src\\",
        "C:\\src",
        "file:///C:\\src\\",
        "file:///c:/src/",
        "/C:/src/",
    ] {
        let run = bases(&[("PWD", base)]);
        assert_eq!(
            paths(
                &run,
                &[
                    MAIN,
                    r#"{"uri":"C:\\src\\main.c"}"#,
                    r#"{"uri":"c:/src/main.c"}"#,
                    r#"{"uri":"file:///C:/src/main.c"}"#,
                    r#"{"uri":"/C:/src/main.c"}"#,
                    r#"{"uri":"sub\\main.c","uriBaseId":"PWD"}"#,
                    r#"{"uri":"D:/src/main.c"}"#,
                ]
            ),
            [
                "main.c",
                "main.c",
                "main.c",
                "main.c",
                "main.c",
                "sub/main.c",
                "D:/src/main.c"
            ],
            "{base}"
        );
    }
    for root in ["file:///C:/Src/", "C:\\Src", "c:/Src/", "/C:/Src"] {
        assert_eq!(
            paths_with(
                "",
                &[
                    r#"{"uri":"file:///c:/Src/a.c"}"#,
                    r#"{"uri":"/C:/Src/a.c"}"#,
                    r#"{"uri":"C:\\Src\\a.c"}"#,
                    r#"{"uri":"C:\\src\\a.c"}"#,
                ],
                &source_root(root)
            ),
            ["a.c", "a.c", "a.c", "C:/src/a.c"],
            "{root}"
        );
    }
    let run = r#","originalUriBaseIds":{"PWD":{"uri":"sub\\","uriBaseId":"ROOT"},"ROOT":{"uri":"C:\\w\\"}}"#;
    assert_eq!(
        files(
            run,
            &[r#"{"uri":"d/a.c","uriBaseId":"PWD"}"#],
            &Options::default()
        ),
        [(
            Some("sub/d/a.c".to_owned()),
            Some("file:///C:/w/sub/d/a.c".to_owned())
        )]
    );
}
