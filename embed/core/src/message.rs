//! The bodies of requests and replies.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::settings::Encoding;
use crate::{Failure, FailureKind, Result};

/// More elements than any model's vectors have.
const MOST_DIMENSIONS: usize = 16_384;
/// Longer messages of servers are cut where they are shown.
pub const LONGEST_MESSAGE: usize = 200;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    encoding_format: &'static str,
}

/// The body of a request.
#[must_use]
pub fn request(model: &str, dimensions: Option<u32>, input: &[&str], encoding: Encoding) -> Vec<u8> {
    let request = Request {
        model,
        input,
        dimensions,
        encoding_format: encoding.name(),
    };
    // Strings and numbers: nothing in it can fail.
    serde_json::to_vec(&request).unwrap_or_default()
}

#[derive(Deserialize)]
struct Reply {
    data: Vec<Item>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vector,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
}

/// An array of numbers, or their bytes in base64.
struct Vector(Vec<f32>);

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Vector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of numbers, or base64")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vector, E> {
                let bytes = STANDARD.decode(text).map_err(|_| E::custom("not base64"))?;
                let (words, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(E::custom("base64 of no whole number of float4"));
                }
                Ok(Vector(
                    words.iter().map(|word| f32::from_le_bytes(*word)).collect(),
                ))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vector, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = sequence.next_element::<f64>()? {
                    if values.len() == MOST_DIMENSIONS {
                        return Err(A::Error::custom("too many elements"));
                    }
                    values.push(value as f32);
                }
                Ok(Vector(values))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// The vectors of a reply, in the order of the texts, and the tokens that the server has counted.
///
/// # Errors
/// [`FailureKind::Reply`] for what breaks the protocol; temporary where the body may only have been damaged on its way.
pub fn vectors(body: &[u8], texts: usize, dimensions: Option<u32>) -> Result<(Vec<Vec<f32>>, Option<u64>)> {
    let reply: Reply = serde_json::from_slice(body).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "the reply is cut off",
            serde_json::error::Category::Data => "the reply is not a list of embeddings",
            _ => "the reply is not JSON",
        };
        // The error's own text may quote the body.
        Failure::temporary(
            FailureKind::Reply,
            format!("{what} (line {}, column {})", error.line(), error.column()),
        )
    })?;
    let broken = |message: String| Failure::new(FailureKind::Reply, message);
    if reply.data.len() != texts {
        return Err(broken(format!(
            "the reply has {} embeddings for {texts} texts",
            reply.data.len()
        )));
    }
    let mut ordered: Vec<Option<Vec<f32>>> = vec![None; texts];
    let mut length = dimensions.and_then(|dimensions| usize::try_from(dimensions).ok());
    for (position, item) in reply.data.into_iter().enumerate() {
        let index = item.index.unwrap_or(position);
        let Some(place) = ordered.get_mut(index).filter(|place| place.is_none()) else {
            return Err(broken(format!(
                "the reply has the index {index} twice, or beyond the {texts} texts"
            )));
        };
        let vector = item.embedding.0;
        let wanted = *length.get_or_insert(vector.len());
        if vector.len() != wanted || vector.is_empty() {
            return Err(broken(format!(
                "the reply has an embedding of {} dimensions, not {wanted}",
                vector.len()
            )));
        }
        if !vector.iter().all(|value| value.is_finite()) {
            return Err(broken(format!(
                "the reply's embedding {index} holds NaN or infinity"
            )));
        }
        *place = Some(vector);
    }
    let tokens = reply
        .usage
        .and_then(|usage| usage.prompt_tokens.or(usage.total_tokens));
    // As many as texts, each index once: none is missing.
    Ok((ordered.into_iter().flatten().collect(), tokens))
}

/// What a reply with an error's status says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// A word for programs, such as `insufficient_quota`.
    pub code: Option<String>,
    /// A sentence for people, which may repeat a text.
    pub message: Option<String>,
}

/// Reads it wherever servers of this protocol put it.
#[must_use]
pub fn complaint(body: &[u8]) -> Complaint {
    use serde_json::Value;
    let Ok(document) = serde_json::from_slice::<Value>(body) else {
        return Complaint::default();
    };
    let error = document.get("error").unwrap_or(&document);
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let is_word = |text: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        !text.is_empty() && text.len() <= 64 && text.bytes().all(plain)
    };
    let message = text("message").or(error.as_str()).or(text("detail"));
    Complaint {
        code: text("code")
            .filter(is_word)
            .or(text("type").filter(is_word))
            .map(str::to_owned),
        message: message.map(|text| text.chars().filter(|c| !c.is_control()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str, texts: usize, dimensions: Option<u32>) -> Result<(Vec<Vec<f32>>, Option<u64>)> {
        vectors(body.as_bytes(), texts, dimensions)
    }

    #[test]
    fn requests_are_openais() {
        let body = request("m", Some(3), &["a\"b", "ü"], Encoding::Base64);
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"model":"m","input":["a\"b","ü"],"dimensions":3,"encoding_format":"base64"}"#
        );
        let body = request("m", None, &[], Encoding::Float);
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"model":"m","input":[],"encoding_format":"float"}"#
        );
    }

    #[test]
    fn replies_are_put_in_order() {
        let body = r#"{"object":"list","data":[{"index":1,"embedding":[3,4.5]},{"embedding":"AACAPwAAAEA=","index":0}],
                       "model":"m","usage":{"prompt_tokens":7,"total_tokens":8}}"#;
        assert_eq!(
            read(body, 2, Some(2)),
            Ok((vec![vec![1.0, 2.0], vec![3.0, 4.5]], Some(7)))
        );
        let without_index = r#"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#;
        assert_eq!(
            read(without_index, 2, None),
            Ok((vec![vec![1.0], vec![2.0]], None))
        );
    }

    #[test]
    fn broken_replies_are_refused() {
        for (body, temporary) in [
            (r#"{"data":[]}"#, false),
            (
                r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#,
                false,
            ),
            (
                r#"{"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]}"#,
                false,
            ),
            (
                r#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]}"#,
                false,
            ),
            (
                r#"{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}"#,
                false,
            ),
            (
                r#"{"data":[{"index":0,"embedding":[1e99]},{"index":1,"embedding":[1]}]}"#,
                false,
            ),
            (
                r#"{"data":[{"index":0,"embedding":"AADAfw=="},{"index":1,"embedding":"AACAPw=="}]}"#,
                false,
            ),
            (
                r#"{"data":[{"index":0,"embedding":"AADA"},{"index":1,"embedding":"AACAPw=="}]}"#,
                true,
            ),
            (r#"{"data":[{"index":0,"embedding":[NaN]}]}"#, true),
            (r#"{"data":[{"index":0,"embedd"#, true),
            (r#"{"data":{}}"#, true),
            ("<html>", true),
            ("", true),
        ] {
            let failure = read(body, 2, None).unwrap_err();
            assert_eq!(
                (failure.kind, failure.is_temporary),
                (FailureKind::Reply, temporary),
                "{body}"
            );
        }
        assert!(read(r#"{"data":[{"embedding":[1,2]}]}"#, 1, Some(3)).is_err());
    }

    #[test]
    fn complaints_are_found() {
        let openai =
            complaint(br#"{"error":{"message":"Too\n long","type":"invalid_request_error","code":null}}"#);
        assert_eq!(openai.code.as_deref(), Some("invalid_request_error"));
        assert_eq!(openai.message.as_deref(), Some("Too long"));
        assert_eq!(complaint(br#"{"error":"no"}"#).message.as_deref(), Some("no"));
        assert_eq!(complaint(br#"{"error":{"code":"a word\u0000"}}"#).code, None);
        assert_eq!(complaint(b"Bad Gateway"), Complaint::default());
    }

    proptest! {
        #[test]
        fn any_order_is_put_right(rows in prop::collection::vec(-100_i16..100, 1..20), seed in any::<u64>()) {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by_key(|i| (*i as u64 + 1).wrapping_mul(seed | 1));
            let data: Vec<_> = order.iter().map(|i| format!(r#"{{"index":{i},"embedding":[{}]}}"#, rows[*i])).collect();
            let (found, _) = read(&format!(r#"{{"data":[{}]}}"#, data.join(",")), rows.len(), None).unwrap();
            prop_assert_eq!(found, rows.iter().map(|row| vec![f32::from(*row)]).collect::<Vec<_>>());
        }

        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = vectors(&body, 1, None);
            let _ = complaint(&body);
        }
    }
}
