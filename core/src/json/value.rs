//! A part of a document as serde_json's tree.

use super::Raw;
use crate::jsonb::{self, MAX_DEPTH, Numeric, Tree};
use crate::{Error, ErrorKind, Result};
use serde_json::{Number, Value};

/// The value as a tree. Numbers become doubles, or the largest double, where they are not small integers.
///
/// # Errors
/// [`ErrorKind::InvalidText`], [`ErrorKind::DataCorrupted`], and [`ErrorKind::LimitExceeded`] beyond [`MAX_DEPTH`].
pub fn to_value(raw: &Raw<'_>) -> Result<Value> {
    match raw {
        Raw::Text(text) => from_tree(Tree::parse(text)?, MAX_DEPTH),
        Raw::Jsonb(value) => from_jsonb(value, MAX_DEPTH),
    }
}

fn from_tree(tree: Tree<'_>, depth: usize) -> Result<Value> {
    Ok(match tree {
        Tree::Null => Value::Null,
        Tree::Bool(value) => Value::Bool(value),
        Tree::Number(token) => number(&token),
        Tree::String(text) => Value::String(text.into_owned()),
        Tree::Array(elements) => {
            let depth = deeper(depth)?;
            let elements = elements.into_iter().map(|element| from_tree(element, depth));
            Value::Array(elements.collect::<Result<_>>()?)
        }
        Tree::Object(object) => {
            let depth = deeper(depth)?;
            let members = object
                .into_members()
                .into_iter()
                .map(|(key, value)| Ok((key.into_owned(), from_tree(value, depth)?)));
            Value::Object(members.collect::<Result<_>>()?)
        }
        Tree::Jsonb(value) => from_jsonb(&value, depth)?,
    })
}

fn from_jsonb(value: &jsonb::Value<'_>, depth: usize) -> Result<Value> {
    Ok(match value {
        jsonb::Value::Null => Value::Null,
        jsonb::Value::Bool(value) => Value::Bool(*value),
        jsonb::Value::Number(value) => Value::Number(stored(value)),
        jsonb::Value::String(bytes) => Value::String(jsonb::Value::text(bytes)?.to_owned()),
        jsonb::Value::Array(array) => {
            let depth = deeper(depth)?;
            let elements = array.elements().map(|element| from_jsonb(&element?, depth));
            Value::Array(elements.collect::<Result<_>>()?)
        }
        jsonb::Value::Object(object) => {
            let depth = deeper(depth)?;
            let members = object.members()?.map(|member| {
                let (key, value) = member?;
                Ok((key.to_owned(), from_jsonb(&value, depth)?))
            });
            Value::Object(members.collect::<Result<_>>()?)
        }
    })
}

fn deeper(depth: usize) -> Result<usize> {
    depth.checked_sub(1).ok_or_else(|| {
        Error::new(
            ErrorKind::LimitExceeded,
            format!("JSON is nested deeper than {MAX_DEPTH} levels"),
        )
    })
}

/// A number token; one beyond the doubles is the largest of them.
fn number(token: &str) -> Value {
    let is_plain = token != "-0" && !token.contains(['e', 'E']);
    let number = if is_plain {
        token.parse().ok()
    } else {
        // `1e2` and `-0` are whole numbers, as jsonb keeps them.
        let numeric = jsonb::numeric(token).ok();
        numeric.and_then(|bytes| Some(stored(&Numeric::read(&bytes).ok()?)))
    };
    Value::Number(number.unwrap_or_else(|| double(token.parse().unwrap_or(0.0))))
}

/// A number of jsonb.
fn stored(value: &Numeric<'_>) -> Number {
    let integer = value.to_integer().and_then(|value| {
        let unsigned = u64::try_from(value).map(Number::from);
        unsigned.or_else(|_| i64::try_from(value).map(Number::from)).ok()
    });
    integer.unwrap_or_else(|| double(value.to_f64()))
}

fn double(value: f64) -> Number {
    let finite = value.clamp(f64::MIN, f64::MAX);
    Number::from_f64(finite).unwrap_or_else(|| Number::from(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_and_jsonb_are_the_same_tree() {
        let text = r#"{"a": [1, -2, 2.5, 1e999, -1e999, 18446744073709551616, 1e2, -0, 0e+76, 1.0, null, true, "x\u0000"], "a\ud800": {}}"#;
        let tree = to_value(&Raw::Text(text)).expect("a tree");
        let expected = json!({
            "a": [1, -2, 2.5, f64::MAX, f64::MIN, 18_446_744_073_709_551_616.0, 100, 0, 0, 1.0, null, true, "x\u{FFFD}"],
            "a\u{FFFD}": {},
        });
        assert_eq!(tree, expected);
        let encoded = Raw::Text(text).to_jsonb().expect("jsonb");
        let value = jsonb::Value::root(encoded.as_bytes()).expect("a value");
        assert_eq!(to_value(&Raw::Jsonb(value)), Ok(expected));
    }
}
