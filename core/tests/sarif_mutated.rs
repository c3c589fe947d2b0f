//! Damaged logs give rows or clean errors, and the same rows from text and jsonb.

mod common;

use reviewpro_core::ErrorKind;
use reviewpro_core::jsonb::Tree;
use reviewpro_core::sarif::{Options, Source};

/// xorshift64*: the same damage every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(value).unwrap_or(0) % limit.max(1)
    }
}

/// Values that take the place of another one.
const ODD: [&str; 22] = [
    "null",
    "true",
    "0",
    "-1",
    "1e2",
    "3.0",
    "2147483648",
    "1e999",
    "-1e999",
    "1E-400",
    "123456789012345678901234567890",
    "\"6\"",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "[]",
    "{}",
    "[[[]]]",
    "{\"text\":{\"text\":1}}",
    "[1,{\"id\":2}]",
    "{\"a\":1,\"a\":2}",
];

/// Positions after a colon: where a value begins.
fn values(text: &str) -> Vec<usize> {
    text.match_indices(':').map(|(at, _)| at + 1).collect()
}

fn mutate(text: &str, random: &mut Random) -> Option<String> {
    let mut out = text.to_owned();
    for _ in 0..=random.below(3) {
        match random.below(4) {
            0 => {
                let mut bytes = out.into_bytes();
                let at = random.below(bytes.len());
                *bytes.get_mut(at)? = b" !\"#,:[]{}0189eE+-.\\utn"[random.below(23)];
                out = String::from_utf8(bytes).ok()?;
            }
            1 | 2 => {
                let places = values(&out);
                let at = *places.get(random.below(places.len()))?;
                let length = serde_json::Deserializer::from_str(out.get(at..)?)
                    .into_iter::<serde::de::IgnoredAny>()
                    .next()
                    .and_then(|value| value.ok())
                    .map(|_| {
                        let mut stream = serde_json::Deserializer::from_str(&out[at..])
                            .into_iter::<serde::de::IgnoredAny>();
                        stream.next();
                        stream.byte_offset()
                    })?;
                out.replace_range(at..at + length, ODD[random.below(ODD.len())]);
            }
            _ => {
                // The member again, with another value.
                let places = values(&out);
                let at = *places.get(random.below(places.len()))?;
                let start = out.get(..at - 1)?.trim_end().strip_suffix('"')?.rfind('"')?;
                let name = out.get(start..at)?.to_owned();
                let value = ODD[random.below(ODD.len())];
                out.insert_str(start, &format!("{name}{value},"));
            }
        }
    }
    Some(out)
}

#[test]
fn damaged_logs_give_rows_or_clean_errors() {
    let mut random = Random(0x0DDB_A110);
    let options = Options {
        kinds: None,
        include_absent: true,
        per_location: true,
        raw: Some(true),
        ..Options::default()
    };
    let (mut documents, mut read, mut both) = (0, 0, 0);
    for path in common::paths() {
        let Some(text) = common::text(&path).filter(|text| (2..6000).contains(&text.len())) else {
            continue;
        };
        for _ in 0..12 {
            let Some(text) = mutate(&text, &mut random) else {
                continue;
            };
            documents += 1;
            let rows = common::rows(Source::Text(&text), &options, 2);
            if let Err(error) = &rows {
                let clean = matches!(
                    error.kind,
                    ErrorKind::InvalidText | ErrorKind::InvalidParameter | ErrorKind::LimitExceeded
                );
                assert!(clean, "{error}: {text}");
                assert!(
                    serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err()
                        || error.kind != ErrorKind::InvalidText,
                    "{error}: {text}"
                );
            }
            read += usize::from(rows.is_ok());
            let Ok(payload) = Tree::parse(&text).and_then(|tree| tree.encode()) else {
                continue;
            };
            let from_jsonb = common::rows(Source::Jsonb(payload.as_bytes()), &options, 1);
            match (&rows, &from_jsonb) {
                (Ok((a, _)), Ok((b, _))) => {
                    both += 1;
                    for (a, b) in a.iter().zip(b) {
                        assert_eq!(a, b, "{text}");
                    }
                    assert_eq!(a.len(), b.len(), "{text}");
                }
                (Err(a), Err(b)) => assert_eq!(a.message, b.message, "{text}"),
                _ => panic!("{:?} but {:?}: {text}", rows.map(|_| ()), from_jsonb.map(|_| ())),
            }
        }
    }
    println!("{documents} damaged logs, {read} read, {both} of them in both formats");
    assert!(common::shared().is_none() || both > 100);
}

#[test]
fn damaged_jsonb_gives_rows_or_clean_errors() {
    let mut random = Random(0xBAD_5EED);
    let options = Options {
        kinds: None,
        raw: Some(true),
        ..Options::default()
    };
    let (mut documents, mut read) = (0, 0);
    for path in common::paths() {
        let Some(text) = common::text(&path).filter(|text| (2..6000).contains(&text.len())) else {
            continue;
        };
        let Ok(payload) = Tree::parse(&text).and_then(|tree| tree.encode()) else {
            continue;
        };
        for _ in 0..6 {
            let mut bytes = payload.as_bytes().to_vec();
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
            documents += 1;
            match reviewpro_core::sarif::findings(
                Source::Jsonb(&bytes),
                &options,
                &reviewpro_core::Task::new(1, usize::MAX, &|| false),
                &mut |_| Ok(()),
            ) {
                Ok(_) => read += 1,
                Err(error) => assert!(error.kind != ErrorKind::Internal, "{error}"),
            }
        }
    }
    println!("{documents} damaged jsonb payloads, {read} read");
    assert!(common::shared().is_none() || documents > 100);
}
