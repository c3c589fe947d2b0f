//! The application's formula. Frozen.
//!
//! ```text
//! m           = first 16 digits of hex(SHA-256(message))
//! fingerprint = hex(SHA-256(organization "|" rule_id "|" file_path "|" start_line "|" start_column "|" m))
//! ```
//!
//! Every part is the text that Python prints for the value: an absent one is `None`. `|` is not escaped, and neither the
//! repository nor the tool takes part: that is the formula, and stored rows depend on it.

use super::Hex64;
use super::python_text::Decimal;
use sha2::{Digest, Sha256};

/// The text of an absent value.
const NONE: &str = "None";

/// The fingerprint of typed values, `None` standing for JSON null.
///
/// `organization` is a UUID as lower-case hyphenated text.
pub fn fingerprint(
    organization: &str,
    rule_id: Option<&str>,
    file_path: Option<&str>,
    start_line: Option<i64>,
    start_column: Option<i64>,
    message: &str,
) -> Hex64 {
    let line = start_line.map(Decimal::new);
    let column = start_column.map(Decimal::new);
    fingerprint_of_texts(
        organization,
        rule_id.unwrap_or(NONE),
        file_path.unwrap_or(NONE),
        line.as_ref().map_or(NONE, Decimal::as_str),
        column.as_ref().map_or(NONE, Decimal::as_str),
        message,
    )
}

/// The fingerprint of parts that are text already, in Python's notation (see [`super::python_text`]).
pub fn fingerprint_of_texts(
    organization: &str,
    rule_id: &str,
    file_path: &str,
    start_line: &str,
    start_column: &str,
    message: &str,
) -> Hex64 {
    let message = Hex64::new(Sha256::digest(message).into());
    let mut hash = Sha256::new();
    for part in [organization, rule_id, file_path, start_line, start_column] {
        hash.update(part);
        hash.update(b"|");
    }
    hash.update(&message.as_str().as_bytes()[..16]);
    Hex64::new(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORGANIZATION: &str = "11111111-2222-3333-4444-555555555555";

    #[test]
    fn golden_values_never_change() {
        let values = fingerprint(
            ORGANIZATION,
            Some("B101"),
            Some("src/app.py"),
            Some(7),
            Some(5),
            "Use of assert detected.",
        );
        assert_eq!(
            values.as_str(),
            "b2960893563d379bddddd38d361c103d67bad38805fb09380ae2a69c9b5bd6da"
        );
        let texts = fingerprint_of_texts(ORGANIZATION, "None", "a.c", "3.0", "True", "m");
        assert_eq!(
            texts.as_str(),
            "f9a35c13f765257ea9c36826dec08c7e1c633914484b463bba27cae0cd896c4f"
        );
    }

    #[test]
    fn absent_values_are_python_none() {
        assert_eq!(
            fingerprint(ORGANIZATION, None, None, None, None, ""),
            fingerprint_of_texts(ORGANIZATION, "None", "None", "None", "None", "")
        );
        assert_eq!(
            fingerprint(ORGANIZATION, Some("r"), Some("p"), Some(i64::MIN), Some(-1), "é"),
            fingerprint_of_texts(ORGANIZATION, "r", "p", "-9223372036854775808", "-1", "é")
        );
    }

    /// The application's own values: `REVIEWPRO_SHARED` names the folder that holds `golden/`.
    #[test]
    fn equals_the_applications_values() {
        let Some(shared) = std::env::var_os("REVIEWPRO_SHARED") else {
            println!("REVIEWPRO_SHARED is not set: no value compared");
            return;
        };
        let path = std::path::Path::new(&shared).join("golden/fingerprints.tsv");
        let text = std::fs::read_to_string(path).expect("golden/fingerprints.tsv");
        let mut compared = 0;
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [
                organization,
                rule,
                path,
                start_line,
                start_column,
                message,
                expected,
            ] = fields[..]
            else {
                panic!("seven fields: {line}");
            };
            let string = |field| serde_json::from_str::<Option<String>>(field).expect("a JSON string");
            let number = |field: &str| field.parse().expect("an integer");
            let actual = fingerprint(
                organization,
                string(rule).as_deref(),
                string(path).as_deref(),
                Some(number(start_line)),
                Some(number(start_column)),
                &string(message).expect("a message"),
            );
            assert_eq!(actual.as_str(), expected, "{line}");
            compared += 1;
        }
        println!("{compared} values compared");
        assert!(compared > 0, "no value compared");
    }
}
