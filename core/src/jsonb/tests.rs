//! Round trips, hostile bytes, and equality with a document tree.

use super::*;
use crate::json::Raw;
use crate::{Error, ErrorKind};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

fn encode(text: &str) -> Vec<u8> {
    let encoded = Tree::parse(text).and_then(|tree| tree.encode()).expect(text);
    encoded.as_bytes().to_vec()
}

fn read(payload: &[u8]) -> crate::Result<Json> {
    from_slice(payload)
}

fn kind<T>(result: crate::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind)
}

/// Any document. Doubles between 2^53 and 2^64 print without decimals, and so come back as integers: there are none.
fn documents() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        proptest::num::f64::NORMAL
            .prop_filter("prints as a double", |value| !(1e15..1e20).contains(&value.abs()))
            .prop_map(Json::from),
        "[a-z\\\\\"\n\u{1}é\u{1F600}]{0,9}".prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 200, 40, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..40).prop_map(Json::from),
            proptest::collection::btree_map("[a-c]{0,3}", inner, 0..40)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn bytes_are_as_postgresql_writes_them() {
    let words = |words: &[u32]| {
        words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect::<Vec<_>>()
    };
    assert_eq!(encode("{}"), words(&[0x2000_0000]));
    assert_eq!(encode("[]"), words(&[0x4000_0000]));
    assert_eq!(encode("true"), words(&[0x5000_0001, 0xB000_0000]));
    assert_eq!(encode("null"), words(&[0x5000_0001, 0xC000_0000]));
    assert_eq!(
        encode("\"abc\""),
        [words(&[0x5000_0001, 0x8000_0003]), b"abc".to_vec()].concat()
    );
    // The number is aligned, and its padding counted: "a" and three bytes of padding and 8 bytes of numeric.
    assert_eq!(
        encode("[\"a\", 1]"),
        [
            words(&[0x4000_0002, 0x8000_0001, 0x1000_000B]),
            b"a\0\0\0".to_vec(),
            words(&[32]),
            vec![0, 0x80, 1, 0],
        ]
        .concat()
    );
    // Shorter keys first; the last of two members with one name stays.
    assert_eq!(
        encode(r#"{"bb": null, "a": 1, "a": [], "c": false}"#),
        [
            words(&[
                0x2000_0003,
                0x8000_0001,
                0x0000_0001,
                0x0000_0002,
                0x5000_0004,
                0x2000_0000,
                0x4000_0000
            ]),
            b"acbb".to_vec(),
            words(&[0x4000_0000]),
        ]
        .concat()
    );
}

#[test]
fn every_32nd_entry_holds_an_offset() {
    let elements: Vec<String> = (0..70).map(|i| format!("\"{i}\"")).collect();
    let bytes = encode(&format!("[{}]", elements.join(",")));
    let with_offset: Vec<usize> = bytes[4..4 + 4 * 70]
        .as_chunks()
        .0
        .iter()
        .enumerate()
        .filter(|(_, word)| u32::from_le_bytes(**word) & HAS_OFFSET != 0)
        .map(|(index, _)| index)
        .collect();
    assert_eq!(with_offset, [0, 32, 64]);
}

#[test]
fn text_is_as_postgresql_prints_it() {
    for (text, printed) in [
        (
            r#"{"b":[1,2.50,{}],"a":"x\u0001\"\\\n/\u00e9"}"#,
            "{\"a\": \"x\\u0001\\\"\\\\\\n/é\", \"b\": [1, 2.50, {}]}",
        ),
        (r#"{"aa":1e2,"b":-0.0}"#, r#"{"b": 0.0, "aa": 100}"#),
        ("[]", "[]"),
        (" 1E-3 ", "0.001"),
        ("[[], null, true]", "[[], null, true]"),
    ] {
        assert_eq!(to_text(&encode(text), 1000).as_deref(), Ok(printed), "{text}");
    }
    assert_eq!(
        kind(to_text(&encode("1e131071"), 1000)),
        Some(ErrorKind::LimitExceeded)
    );
    assert_eq!(
        kind(to_text(&encode("[1, 2]"), 5)),
        Some(ErrorKind::LimitExceeded)
    );
}

#[test]
fn integers_doubles_and_strings_are_visited_as_by_serde_json() {
    for text in [
        "0",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "3.0",
        "1e300",
        "0.1",
    ] {
        let expected: Json = serde_json::from_str(text).expect(text);
        assert_eq!(read(&encode(text)), Ok(expected), "{text}");
    }
}

#[test]
fn raw_values_of_both_kinds() {
    let payload = encode(r#"{"a": [1, 2.50], "b": "x", "c": 1e400}"#);
    #[derive(Deserialize)]
    struct Parts<'a> {
        a: Box<RawValue>,
        #[serde(borrow)]
        b: Raw<'a>,
        #[serde(borrow)]
        c: Raw<'a>,
        d: Option<Box<RawValue>>,
    }
    let parts: Parts = from_slice(&payload).expect("parts");
    assert_eq!(parts.a.get(), "[1, 2.50]");
    assert_eq!(parts.b.read::<&str>(), Ok("x"));
    assert_eq!(parts.c.number().map(|number| number.len()), Some(401));
    assert!(parts.d.is_none());
    let text: Parts = serde_json::from_str(r#"{"a": [1], "b": "x" , "c": 1e400}"#).expect("parts");
    assert_eq!(text.b.read::<&str>(), Ok("x"));
    assert_eq!(text.c.number().as_deref(), Some("1e400"));
}

#[test]
fn unit_variants_and_options_are_read() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        Error,
        Note,
    }
    let payload = encode(r#"["error", null, "note"]"#);
    let levels: Vec<Option<Level>> = from_slice(&payload).expect("levels");
    assert_eq!(levels, [Some(Level::Error), None, Some(Level::Note)]);
    assert_eq!(
        kind(from_slice::<Level>(&encode("[]"))),
        Some(ErrorKind::InvalidParameter)
    );
    assert_eq!(
        kind(from_slice::<Level>(&encode("\"x\""))),
        Some(ErrorKind::InvalidParameter)
    );
}

#[test]
fn depth_is_limited_everywhere() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = encode(&nested(MAX_DEPTH));
    assert!(to_text(&deepest, 10_000).is_ok());
    assert_eq!(
        kind(Tree::parse(&nested(MAX_DEPTH + 1))),
        Some(ErrorKind::LimitExceeded)
    );
    assert_eq!(
        kind(Tree::parse(&"[".repeat(200_000))),
        Some(ErrorKind::LimitExceeded)
    );
    // One level around the deepest: bytes that only another writer makes.
    let value = Value::root(&deepest).expect("a value");
    let deeper = Tree::Array(vec![Tree::Jsonb(value)]).encode().expect("bytes");
    assert_eq!(
        kind(to_text(deeper.as_bytes(), 10_000)),
        Some(ErrorKind::LimitExceeded)
    );
    assert_eq!(kind(read(deeper.as_bytes())), Some(ErrorKind::LimitExceeded));
    let value = Value::root(deeper.as_bytes()).expect("a value");
    assert_eq!(kind(digest_value(&value)), Some(ErrorKind::LimitExceeded));
    // Passing over it is no trouble.
    from_slice::<serde::de::IgnoredAny>(deeper.as_bytes()).expect("ignored");
}

#[test]
fn how_many_children_are_left_is_known() {
    let payload = encode(r#"[1, "two", [3]]"#);
    let Ok(Value::Array(array)) = Value::root(&payload) else {
        panic!("not an array");
    };
    let mut elements = array.elements();
    for left in [3, 2, 1] {
        assert_eq!(elements.size_hint(), (left, Some(left)));
        assert!(elements.next().is_some());
    }
    assert_eq!(elements.size_hint(), (0, Some(0)));
    assert!(elements.next().is_none());
    assert_eq!(elements.size_hint(), (0, Some(0)));
}

/// Random values are never that much alike.
#[test]
fn digests_tell_apart_what_is_almost_the_same() {
    let ones = "1".repeat(64);
    let documents = [
        // Where containers end.
        "[[1], 2]",
        "[[1, 2]]",
        "[1, [2]]",
        "[[], [1, 2]]",
        "[1, 2]",
        r#"{"a": [{"b": 1}]}"#,
        r#"{"a": [{}], "b": 1}"#,
        // Where strings end, and what is one.
        r#"["ab", "c"]"#,
        r#"["a", "bc"]"#,
        r#"["abc"]"#,
        r#""abc""#,
        r#"["a", "b"]"#,
        r#"{"a": "b"}"#,
        r#""1""#,
        "1",
        "-1",
        "10",
        "0.1",
        "0",
        "null",
        "\"null\"",
        "true",
        "false",
        "[]",
        "{}",
        "\"\"",
        "[\"\"]",
        // Numbers that are equal in their first 64 digits.
        &ones,
        &format!("{ones}1"),
        &format!("{ones}2"),
        &format!("{ones}.2"),
        &ones.repeat(2),
        &format!("{ones}{ones}1"),
    ];
    let mut digests = std::collections::HashMap::new();
    for text in documents {
        let payload = encode(text);
        let digest = Value::root(&payload).and_then(|value| digest_value(&value));
        assert_eq!(digest, digest_text(text), "{text}");
        if let Some(other) = digests.insert(digest.expect("a digest"), text) {
            panic!("{other} and {text} have one digest");
        }
    }
    assert_eq!(digests.len(), documents.len());
}

#[test]
fn nul_never_reaches_jsonb() {
    let tree = Tree::Object(Object::from_iter([
        ("k\0", Tree::from("v\0\0")),
        ("k\u{FFFD}", Tree::Null),
    ]));
    let encoded = tree.encode().expect("bytes");
    assert_eq!(
        to_text(encoded.as_bytes(), 100).as_deref(),
        Ok("{\"k\u{FFFD}\": null}")
    );
    let encoded = Tree::from("v\0\0w").encode().expect("bytes");
    assert_eq!(
        to_text(encoded.as_bytes(), 100).as_deref(),
        Ok("\"v\u{FFFD}\u{FFFD}w\"")
    );
}

#[test]
fn lone_surrogates_are_replaced() {
    for (text, printed) in [
        (r#""a\ud800b\u0000""#, "\"a\u{FFFD}b\u{FFFD}\""),
        (r#"{"\udc00":"\ud83d\ude00"}"#, "{\"\u{FFFD}\": \"\u{1F600}\"}"),
    ] {
        assert_eq!(to_text(&encode(text), 100).as_deref(), Ok(printed), "{text}");
    }
}

#[test]
fn hand_made_documents() {
    let inner = encode("[1]");
    let tree = Tree::Object(Object::from_iter([
        ("rows", Tree::from(7)),
        ("none", Tree::from(None::<bool>)),
        ("part", Tree::Jsonb(Value::root(&inner).expect("a value"))),
        ("list", [Tree::from("a"), Tree::from(true)].into_iter().collect()),
    ]));
    let encoded = tree.encode().expect("bytes");
    assert_eq!(
        to_text(encoded.as_bytes(), 1000).as_deref(),
        Ok(r#"{"list": ["a", true], "none": null, "part": [1], "rows": 7}"#)
    );
}

#[test]
fn text_that_is_not_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{1:2}",
        "[1 2]",
        "nul",
        "truefalse",
        "NaN",
        "-",
        "01",
        "1 1",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"a\nb\"",
        "é",
        "'a'",
        "[}",
    ] {
        assert!(serde_json::from_str::<Json>(text).is_err(), "{text}");
        assert_eq!(kind(Tree::parse(text)), Some(ErrorKind::InvalidText), "{text}");
    }
}

#[test]
fn contradictory_bytes_are_corrupted() {
    let words = |words: &[u32]| {
        words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect::<Vec<_>>()
    };
    for bytes in [
        vec![],
        vec![0, 0, 0],
        words(&[0]),
        words(&[0x6000_0000]),
        words(&[0x4FFF_FFFF]),
        words(&[0x2FFF_FFFF]),
        words(&[0x5000_0000]),
        words(&[0x7000_0001, 0xC000_0000]),
        // A scalar root of two elements; one that is an object of one pair.
        words(&[0x5000_0002, 0x4000_0000, 0x4000_0000]),
        [words(&[0x3000_0001, 0x0000_0001, 0x4000_0000]), b"k".to_vec()].concat(),
        words(&[0x4000_0001, 0x0000_0001]),
        words(&[0x4000_0001, 0x8FFF_FFFF]),
        words(&[0x4000_0001, 0x6000_0000]),
        words(&[0x4000_0001, 0x7000_0000]),
        words(&[0x4000_0001, 0x5000_0000]),
        // An end before its start.
        words(&[0x4000_0002, 0x8000_0004, 0x8000_0000, 0]),
        // A key that is no string; a scalar root inside.
        words(&[0x2000_0001, 0x4000_0000, 0x4000_0000]),
        words(&[0x4000_0001, 0x5000_0008, 0x5000_0001, 0x4000_0000]),
        words(&[0x5000_0001, 0x5000_0004, 0x4000_0000]),
    ] {
        assert_eq!(kind(read(&bytes)), Some(ErrorKind::DataCorrupted), "{bytes:?}");
    }
    let mut invalid = encode("\"abc\"");
    let last = invalid.len() - 1;
    invalid[last] = 0xFF;
    assert_eq!(kind(read(&invalid)), Some(ErrorKind::InvalidEncoding));
}

#[test]
fn corpus_documents_survive() {
    let Some(shared) = std::env::var_os("REVIEWPRO_SHARED") else {
        println!("REVIEWPRO_SHARED is not set: no document read");
        return;
    };
    let mut folders = vec![std::path::Path::new(&shared).join("corpus")];
    let mut documents = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            // Unoptimised code is slow, and the largest logs show nothing that others do not.
            if text.len() > 500_000 {
                continue;
            }
            let Ok(expected) = serde_json::from_str::<Json>(&text) else {
                continue;
            };
            let tree = Tree::parse(&text);
            let payload = tree.and_then(|tree| tree.encode()).expect("bytes");
            let payload = payload.as_bytes();
            let printed = to_text(payload, usize::MAX).expect("text");
            // A NUL is replaced; everything else is as it was, down to the numbers' value.
            if !text.contains("\\u0000") {
                assert_eq!(read(payload), Ok(expected), "{}", path.display());
            }
            let value = Value::root(payload).expect("a value");
            assert_eq!(digest_value(&value), digest_text(&text), "{}", path.display());
            assert_eq!(digest_text(&text), digest_text(&printed), "{}", path.display());
            assert_eq!(encode(&printed), payload, "{}", path.display());
            documents += 1;
        }
    }
    println!("{documents} documents read");
    assert!(documents > 0, "no document read");
}

/// Everything a reader can do with bytes; the answers do not matter.
fn exercise(bytes: &[u8]) {
    let _ = read(bytes);
    let _ = to_text(bytes, 1 << 16);
    let _ = from_slice::<Box<RawValue>>(bytes);
    let _ = from_slice::<serde::de::IgnoredAny>(bytes);
    let _ = from_slice::<Encoded>(bytes);
    let _ = Value::root(bytes).and_then(|value| digest_value(&value));
}

proptest! {
    #[test]
    fn documents_survive(document in documents()) {
        let payload = encode(&document.to_string());
        prop_assert_eq!(read(&payload), Ok(document.clone()));
        let printed = to_text(&payload, usize::MAX).expect("text");
        prop_assert_eq!(serde_json::from_str::<Json>(&printed).expect("JSON"), document);
        prop_assert_eq!(encode(&printed), payload);
    }

    #[test]
    fn parts_are_copied_as_they_are(document in documents()) {
        let payload = encode(&json!([document]).to_string());
        let parts: Vec<Encoded> = from_slice(&payload).expect("parts");
        let expected = encode(&document.to_string());
        prop_assert_eq!(parts[0].as_bytes(), &expected);
        let from_text: Vec<Encoded> = serde_json::from_str(&json!([document]).to_string()).expect("parts");
        prop_assert_eq!(&from_text, &parts);
    }

    #[test]
    fn digests_are_equal_exactly_for_equal_values(a in documents(), b in documents()) {
        let digest = |document: &Json| -> Result<[u8; 32], Error> {
            let payload = encode(&document.to_string());
            let value = Value::root(&payload)?;
            assert_eq!(digest_value(&value), digest_text(&document.to_string()));
            digest_value(&value)
        };
        prop_assert!(digest(&a).is_ok());
        prop_assert_eq!(digest(&a) == digest(&b), encode(&a.to_string()) == encode(&b.to_string()));
    }

    #[test]
    fn digests_ignore_order_spacing_and_number_form(value in -1000_i64..1000, key in "[a-z]{1,4}") {
        let plain = format!(r#"{{"x":{value},"{key}":[1]}}"#);
        for other in [
            format!(r#" {{ "{key}" : [ 1 ] , "x" : {value}.00 }} "#),
            format!(r#"{{"{key}":0,"x":{value}.000E+0,"{key}":[10E-1]}}"#),
        ] {
            if key != "x" {
                prop_assert_eq!(digest_text(&plain), digest_text(&other));
            }
        }
        let changed = format!(r#"{{"x":{},"{key}":[1]}}"#, value + 1);
        if key != "x" {
            prop_assert_ne!(digest_text(&plain), digest_text(&changed));
        }
    }

    #[test]
    fn mutated_bytes_never_panic(
        document in documents(),
        mutations in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut payload = encode(&document.to_string());
        for (index, byte) in mutations {
            let index = index.index(payload.len());
            payload[index] = byte;
        }
        exercise(&payload);
        let cut = cut.index(payload.len());
        exercise(&payload[..cut]);
        exercise(&payload[cut..]);
    }

    #[test]
    fn any_words_never_panic(words in proptest::collection::vec(
        prop_oneof![any::<u32>(), (0_u32..8, 0_u32..64).prop_map(|(kind, len)| kind << 28 | len)], 0..40)) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        exercise(&bytes);
    }

    #[test]
    fn any_text_is_judged_as_by_serde_json(text in "[\\[\\]{}:,\"\\\\ 0-9eE.+a-]{0,12}") {
        let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(Tree::parse(&text).is_ok(), expected);
    }
}
