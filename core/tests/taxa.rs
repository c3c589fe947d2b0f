//! Where CWEs and CVEs come from: taxa, relationships, properties, and as a last resort texts.

mod common;

use reviewpro_core::sarif::{Options, Source};
use serde_json::{Value as Json, json};

const GUID: &str = "FFC64C90-42B6-44CE-8BEB-F6B7DAE649E5";

/// The CWEs and CVEs of one result, of the rule of its log.
fn ids(rule: &str, result: &str) -> (Json, Json) {
    let text = format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"T","rules":[{{"id":"R"{rule}}}]}}}},
        "taxonomies":[{{"name":"OWASP","taxa":[{{"id":"78"}},{{"id":"A1","guid":"0a"}}]}},{{"name":"cwe"}},{{"guid":"{GUID}"}},
            {{"name":"CWE","guid":"25F72D7E-8A92-459D-AD67-64853F788765","taxa":[{{"id":"88","guid":"0088AA"}},{{"id":"CWE-89"}},7]}}],
        "results":[{{"ruleId":"R","message":{{"text":"m"}}{result}}}]}}]}}"#
    );
    let (rows, _) = common::rows(Source::Text(&text), &Options::default(), 1).expect("rows");
    (rows[0]["cwe_ids"].clone(), rows[0]["cve_ids"].clone())
}

fn cwes(rule: &str, result: &str) -> Json {
    ids(rule, result).0
}

#[test]
fn taxa_of_a_result() {
    for (taxon, expected) in [
        (
            r#"{"id":"79","toolComponent":{"name":"CWE"}}"#.to_owned(),
            json!(["CWE-79"]),
        ),
        (
            r#"{"id":"CWE-80","toolComponent":{"name":"cwe"}}"#.to_owned(),
            json!(["CWE-80"]),
        ),
        (
            format!(r#"{{"id":"22","toolComponent":{{"guid":"{GUID}"}}}}"#),
            json!(["CWE-22"]),
        ),
        (
            format!(
                r#"{{"id":"23","toolComponent":{{"name":"x","guid":"{}"}}}}"#,
                GUID.to_lowercase()
            ),
            json!(["CWE-23"]),
        ),
        // A taxon's guid is not its taxonomy's.
        (format!(r#"{{"id":"24","guid":"{GUID}"}}"#), json!([])),
        // By index or guid, the taxonomy named by index, guid or name.
        (
            r#"{"index":0,"toolComponent":{"index":3}}"#.to_owned(),
            json!(["CWE-88"]),
        ),
        (
            r#"{"index":1,"toolComponent":{"guid":"25f72d7e-8a92-459d-ad67-64853f788765"}}"#.to_owned(),
            json!(["CWE-89"]),
        ),
        (
            r#"{"guid":"0088aa","toolComponent":{"name":"CWE"}}"#.to_owned(),
            json!(["CWE-88"]),
        ),
        (r#"{"guid":"0088aa"}"#.to_owned(), json!(["CWE-88"])),
        (r#"{"id":"88","guid":"0088AA"}"#.to_owned(), json!(["CWE-88"])),
        (r#"{"guid":"0a"}"#.to_owned(), json!([])),
        (
            r#"{"id":"77","toolComponent":{"guid":"25F72D7E-8A92-459D-AD67-64853F788765"}}"#.to_owned(),
            json!(["CWE-77"]),
        ),
        (r#"{"index":0,"toolComponent":{"index":0}}"#.to_owned(), json!([])),
        (r#"{"index":2,"toolComponent":{"index":3}}"#.to_owned(), json!([])),
        (r#"{"index":9,"toolComponent":{"index":3}}"#.to_owned(), json!([])),
        (r#"{"index":0}"#.to_owned(), json!([])),
        (r#"{"index":0,"toolComponent":{}}"#.to_owned(), json!([])),
        (
            r#"{"id":"25","toolComponent":{"index":1}}"#.to_owned(),
            json!(["CWE-25"]),
        ),
        (
            r#"{"id":"26","toolComponent":{"index":2}}"#.to_owned(),
            json!(["CWE-26"]),
        ),
        (r#"{"id":"27","toolComponent":{"index":0}}"#.to_owned(), json!([])),
        (r#"{"id":"28","toolComponent":{"index":9}}"#.to_owned(), json!([])),
        (
            r#"{"id":"29","toolComponent":{"name":"OWASP"}}"#.to_owned(),
            json!([]),
        ),
        (r#"{"id":"30"}"#.to_owned(), json!([])),
        (r#"{"toolComponent":{"name":"CWE"}}"#.to_owned(), json!([])),
        (r#"{"id":"31","guid":"other"}"#.to_owned(), json!([])),
    ] {
        assert_eq!(cwes("", &format!(r#","taxa":[{taxon}]"#)), expected, "{taxon}");
    }
}

#[test]
fn relationships_of_a_rule() {
    let related = |kinds: &str| {
        cwes(
            &format!(
                r#","relationships":[{{"target":{{"id":"79","toolComponent":{{"name":"CWE"}}}}{kinds}}}]"#
            ),
            "",
        )
    };
    assert_eq!(related(""), json!(["CWE-79"]));
    assert_eq!(related(r#","kinds":["superset"]"#), json!(["CWE-79"]));
    assert_eq!(related(r#","kinds":["superset","disjoint"]"#), json!([]));
}

#[test]
fn the_last_resort_is_what_the_rule_says() {
    for (rule, expected) in [
        (r#","name":"uses CWE-89 badly""#, json!(["CWE-89"])),
        (r#","shortDescription":{"text":"see cwe 90"}"#, json!(["CWE-90"])),
        (
            r#","fullDescription":{"text":"see CWE_91, and CWE:92"}"#,
            json!(["CWE-91", "CWE-92"]),
        ),
        (
            r#","helpUri":"https://CWE.mitre.org/data/definitions/93.html""#,
            json!(["CWE-93"]),
        ),
        (
            r#","helpUri":"https://example.org/definitions/94.html""#,
            json!([]),
        ),
        // What is stated counts before what is said.
        (
            r#","name":"CWE-95","properties":{"tags":["CWE-96"]}"#,
            json!(["CWE-96"]),
        ),
    ] {
        assert_eq!(cwes(rule, ""), expected, "{rule}");
    }
}

#[test]
fn properties_of_rule_and_result() {
    for (name, value, expected) in [
        ("cwe", r#""79, 89""#, json!(["CWE-79", "CWE-89"])),
        ("CWE-IDs", r#"["79", 89]"#, json!(["CWE-79", "CWE-89"])),
        ("cwe_id", "79", json!(["CWE-79"])),
        ("cwe", r#""CWE-79: XSS""#, json!(["CWE-79"])),
        ("cwesome", r#""79""#, json!([])),
        ("cwe", r#""123456""#, json!([])),
        ("cwe", r#""00079""#, json!(["CWE-79"])),
        ("cwe", r#""99999""#, json!(["CWE-99999"])),
    ] {
        for on_rule in [true, false] {
            let properties = format!(r#","properties":{{"{name}":{value}}}"#);
            let found = if on_rule {
                cwes(&properties, "")
            } else {
                cwes("", &properties)
            };
            assert_eq!(found, expected, "{properties}");
        }
    }
}

#[test]
fn cves_at_the_borders_of_words() {
    for (tag, expected) in [
        ("CVE-2021-44228", json!(["CVE-2021-44228"])),
        ("cve-2021-1234", json!(["CVE-2021-1234"])),
        ("(CVE-2021-12345)", json!(["CVE-2021-12345"])),
        ("xCVE-2021-1234", json!([])),
        ("_CVE-2021-1234", json!([])),
        ("9CVE-2021-1234", json!([])),
        ("CVE-2021-123", json!([])),
        ("CVE-202-12345", json!([])),
        ("CVE-20211-2345", json!([])),
        ("CVX-2021-1234", json!([])),
        (
            "CVE-2021-1234 CVE-2020-9999",
            json!(["CVE-2021-1234", "CVE-2020-9999"]),
        ),
        ("c CVE-2021-1234", json!(["CVE-2021-1234"])),
    ] {
        let found = ids("", &format!(r#","properties":{{"tags":["{tag}"]}}"#)).1;
        assert_eq!(found, expected, "{tag}");
    }
    let listed =
        r#","properties":{"aliases":["CVE-2021-1"," CVE-2021-4444"],"vulnerabilityId":"CVE-2020-5555"}"#;
    assert_eq!(ids("", listed).1, json!(["CVE-2021-4444", "CVE-2020-5555"]));
}
