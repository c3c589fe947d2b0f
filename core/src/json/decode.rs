//! Bytes to JSON text: gzip, byte order marks, UTF-16, UTF-8.

use crate::{Error, ErrorKind, Result, Task};
use flate2::bufread::MultiGzDecoder;
use std::borrow::Cow;
use std::io::Read;

const GZIP: &[u8] = &[0x1F, 0x8B];
const UTF8_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];
/// Bytes decoded between two looks at the stop signal: about a millisecond.
const CHUNK: usize = 1 << 18;

/// Whether the bytes are compressed.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(GZIP)
}

/// The JSON text in `bytes`: UTF-8 or UTF-16 with or without a byte order mark, plain or gzip (any number of members).
///
/// # Errors
/// [`ErrorKind::InvalidBinary`] for broken gzip and cut UTF-16, [`ErrorKind::InvalidEncoding`] with the byte offset for what is
/// not text, [`ErrorKind::OutOfMemory`] when the decoded text is larger than `task` allows, [`ErrorKind::Cancelled`].
pub fn decode<'a>(bytes: &'a [u8], task: &Task<'_>) -> Result<Cow<'a, str>> {
    if !is_gzip(bytes) {
        return text(bytes, task);
    }
    let mut bytes = inflate(bytes, task)?;
    match Encoding::of(&bytes)? {
        Encoding::Utf8 => {
            if bytes.starts_with(UTF8_MARK) {
                bytes.drain(..UTF8_MARK.len());
            }
            // The buffer becomes the text without a copy.
            String::from_utf8(bytes)
                .map(Cow::Owned)
                .map_err(|error| invalid_utf8(error.as_bytes(), error.utf8_error()))
        }
        Encoding::Utf16(unit) => utf16(&bytes, unit, task).map(Cow::Owned),
    }
}

/// The text of bytes that PostgreSQL holds as text: UTF-8, without its byte order mark.
///
/// # Errors
/// [`ErrorKind::InvalidEncoding`] with the byte offset.
pub fn utf8(bytes: &[u8]) -> Result<&str> {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
        // The fast check does not say where.
        Err(_) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
            Err(error) => Err(invalid_utf8(bytes, error)),
        },
    }
}

fn invalid_utf8(bytes: &[u8], error: std::str::Utf8Error) -> Error {
    let at = error.valid_up_to();
    let byte = bytes.get(at).copied().unwrap_or_default();
    Error::new(
        ErrorKind::InvalidEncoding,
        format!("invalid byte sequence for encoding \"UTF8\": 0x{byte:02x}"),
    )
    .detail(format!("At byte {at}."))
}

fn text<'a>(bytes: &'a [u8], task: &Task<'_>) -> Result<Cow<'a, str>> {
    match Encoding::of(bytes)? {
        Encoding::Utf8 => utf8(bytes).map(Cow::Borrowed),
        Encoding::Utf16(unit) => utf16(bytes, unit, task).map(Cow::Owned),
    }
}

type Unit = fn([u8; 2]) -> u16;

enum Encoding {
    Utf8,
    Utf16(Unit),
}

impl Encoding {
    /// By the byte order mark, else by where the zeros of the first two characters are: JSON starts with ASCII
    /// (RFC 4627, section 3).
    fn of(bytes: &[u8]) -> Result<Self> {
        let little: Unit = u16::from_le_bytes;
        let big: Unit = u16::from_be_bytes;
        match bytes {
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, _, ..] | [_, 0, 0, 0, ..] => Err(
                Error::new(ErrorKind::InvalidEncoding, "document is encoded in UTF-32")
                    .hint("Convert it to UTF-8."),
            ),
            [0xFF, 0xFE, ..] | [1..=0xFF, 0, ..] => Ok(Encoding::Utf16(little)),
            [0xFE, 0xFF, ..] | [0, 1..=0xFF, ..] => Ok(Encoding::Utf16(big)),
            _ => Ok(Encoding::Utf8),
        }
    }
}

/// UTF-16 to UTF-8, without the byte order mark.
fn utf16(bytes: &[u8], unit: Unit, task: &Task<'_>) -> Result<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(
            Error::new(ErrorKind::InvalidBinary, "UTF-16 text ends within a character")
                .detail(format!("The document has {} bytes.", bytes.len())),
        );
    }
    let has_mark = pairs.first().is_some_and(|pair| unit(*pair) == 0xFEFF);
    let skip = usize::from(has_mark);
    let units = pairs.iter().skip(skip).map(|pair| unit(*pair));
    let mut text = String::new();
    let mut at = 2 * skip;
    let mut poll = 0;
    for c in char::decode_utf16(units) {
        let c = c.map_err(|error| {
            Error::new(
                ErrorKind::InvalidEncoding,
                format!(
                    "invalid UTF-16: unpaired surrogate 0x{:04x}",
                    error.unpaired_surrogate()
                ),
            )
            .detail(format!("At byte {at}."))
        })?;
        if text.len() >= poll {
            task.check()?;
            poll = text.len() + CHUNK;
            let growth = growth("decoding UTF-16", text.len(), CHUNK + char::MAX.len_utf8(), task)?;
            text.try_reserve_exact(growth)
                .map_err(|_| out_of_memory(growth))?;
        }
        text.push(c);
        at += 2 * c.len_utf16();
    }
    Ok(text)
}

/// All members of a gzip stream.
fn inflate(bytes: &[u8], task: &Task<'_>) -> Result<Vec<u8>> {
    let mut decoder = MultiGzDecoder::new(bytes);
    let mut chunk = crate::task::try_filled(CHUNK, 0)?;
    let mut out: Vec<u8> = Vec::new();
    loop {
        task.check()?;
        let read = decoder.read(&mut chunk).map_err(|error| {
            Error::new(ErrorKind::InvalidBinary, format!("invalid gzip data: {error}"))
                .detail(format!("After {} decompressed bytes.", out.len()))
        })?;
        let Some(read) = chunk.get(..read).filter(|read| !read.is_empty()) else {
            return Ok(out);
        };
        if out.capacity() - out.len() < read.len() {
            let growth = growth("decompressing the document", out.len(), read.len(), task)?;
            out.try_reserve_exact(growth).map_err(|_| out_of_memory(growth))?;
        }
        out.extend_from_slice(read);
    }
}

/// How many bytes a buffer of `len` bytes grows by when `more` are to come: half its size, within what the call may use.
fn growth(what: &str, len: usize, more: usize, task: &Task<'_>) -> Result<usize> {
    task.need(what, len.checked_add(more))?;
    let most = task.memory.saturating_sub(len);
    Ok((len / 2).clamp(more, most.max(more)))
}

fn out_of_memory(bytes: usize) -> Error {
    Error::new(ErrorKind::OutOfMemory, "out of memory")
        .detail(format!("Failed on request for {bytes} bytes."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    fn task() -> Task<'static> {
        Task::new(1, 1 << 24, &|| false)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("gzip");
        encoder.finish().expect("gzip")
    }

    fn kind(bytes: &[u8]) -> Option<ErrorKind> {
        decode(bytes, &task()).err().map(|error| error.kind)
    }

    fn utf16_bytes(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn every_encoding_is_the_same_text() {
        let text = "{\"a\": \"é\u{1F600}\"}";
        let mark = "\u{FEFF}";
        let marked = format!("{mark}{text}");
        for bytes in [
            text.as_bytes().to_vec(),
            marked.as_bytes().to_vec(),
            utf16_bytes(text, u16::to_le_bytes),
            utf16_bytes(text, u16::to_be_bytes),
            utf16_bytes(&marked, u16::to_le_bytes),
            utf16_bytes(&marked, u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes, &task()).as_deref(), Ok(text), "{bytes:?}");
            assert_eq!(decode(&gzip(&bytes), &task()).as_deref(), Ok(text), "{bytes:?}");
        }
        assert_eq!(utf8(marked.as_bytes()), Ok(text));
        assert!(matches!(decode(marked.as_bytes(), &task()), Ok(Cow::Borrowed(_))));
        assert_eq!(decode(b"", &task()).as_deref(), Ok(""));
        assert_eq!(decode(b"1", &task()).as_deref(), Ok("1"));
        assert_eq!(decode(b"1\0", &task()).as_deref(), Ok("1"));
    }

    #[test]
    fn all_members_of_a_stream_count() {
        let bytes = [gzip(b"[1,"), gzip(b""), gzip(b"2]")].concat();
        assert_eq!(decode(&bytes, &task()).as_deref(), Ok("[1,2]"));
    }

    #[test]
    fn broken_gzip_is_an_error() {
        let whole = gzip(&b"0123456789".repeat(100));
        for len in 2..whole.len() {
            assert_eq!(kind(&whole[..len]), Some(ErrorKind::InvalidBinary), "{len}");
        }
        let mut checksum = whole.clone();
        let at = checksum.len() - 8;
        checksum[at] ^= 1;
        assert_eq!(kind(&checksum), Some(ErrorKind::InvalidBinary));
        assert_eq!(
            kind(&[whole, b"garbage".to_vec()].concat()),
            Some(ErrorKind::InvalidBinary)
        );
    }

    #[test]
    fn decoded_text_is_bounded() {
        let bomb = gzip(&vec![b' '; 1 << 22]);
        let small = Task::new(1, 1 << 20, &|| false);
        let error = decode(&bomb, &small).unwrap_err();
        assert_eq!(error.kind, ErrorKind::OutOfMemory);
        let exact = Task::new(1, 1 << 22, &|| false);
        assert_eq!(decode(&bomb, &exact).map(|text| text.len()), Ok(1 << 22));
        let wide = utf16_bytes(&" ".repeat(1 << 21), u16::to_le_bytes);
        assert_eq!(decode(&wide, &small).unwrap_err().kind, ErrorKind::OutOfMemory);
    }

    /// The task's memory bounds the buffer, not only the text in it.
    #[test]
    fn a_text_that_just_fits_is_held_in_no_more_than_is_allowed() {
        let memory = 3_000_001;
        let task = Task::new(1, memory, &|| false);
        let capacity = |bytes: &[u8]| match decode(bytes, &task) {
            Ok(text) => Ok(text.into_owned().capacity()),
            Err(error) => Err(error.kind),
        };
        let spaces = |len| gzip(&vec![b' '; len]);
        assert_eq!(capacity(&spaces(memory)), Ok(memory));
        assert_eq!(capacity(&spaces(memory + 1)), Err(ErrorKind::OutOfMemory));

        // UTF-16 is decoded in chunks, and a character may reach beyond the end of one.
        let task = Task::new(1, CHUNK + 4, &|| false);
        let wide = utf16_bytes(&format!("1{}", "€".repeat(CHUNK / 3)), u16::to_le_bytes);
        let text = decode(&wide, &task).expect("fits").into_owned();
        assert_eq!(text.len(), 1 + CHUNK / 3 * 3);
        assert!(text.capacity() <= task.memory, "{}", text.capacity());
    }

    #[test]
    fn a_buffer_grows_when_it_is_full_and_then_by_half() {
        let task = Task::new(1, 1200, &|| false);
        let grown = |len, more| growth("growing", len, more, &task).map_err(|error| error.kind);
        assert_eq!(grown(0, 10), Ok(10));
        assert_eq!(grown(600, 10), Ok(300));
        assert_eq!(grown(601, 310), Ok(310), "what is to come has room in any case");
        assert_eq!(grown(1000, 10), Ok(200), "no more than the call may use");
        assert_eq!(grown(1000, 201), Err(ErrorKind::OutOfMemory));
        // Members are read one by one: 100 bytes fill the buffer, the next two make use of its new half.
        let members = [gzip(&[b' '; 100]), gzip(&[b' '; 20]), gzip(&[b' '; 30])].concat();
        let buffer = inflate(&members, &task).expect("gzip");
        assert_eq!((buffer.len(), buffer.capacity()), (150, 150));
    }

    #[test]
    fn decoding_can_be_stopped() {
        let stopped = Task::new(1, 1 << 24, &|| true);
        for bytes in [gzip(b"1"), utf16_bytes("12", u16::to_le_bytes)] {
            assert_eq!(decode(&bytes, &stopped).unwrap_err().kind, ErrorKind::Cancelled);
        }
    }

    #[test]
    fn what_is_not_text_is_named_with_its_place() {
        let error = decode(b"{\"a\": \"\xe9\"}", &task()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidEncoding);
        assert_eq!(error.message, "invalid byte sequence for encoding \"UTF8\": 0xe9");
        assert_eq!(error.detail.as_deref(), Some("At byte 7."));
        let error = decode(&gzip(b"\xc3("), &task()).unwrap_err();
        assert_eq!(error.detail.as_deref(), Some("At byte 0."));
        // A lone surrogate, and half a unit.
        let error = decode(&[b'1', 0, 0, 0xD8, b'2', 0], &task()).unwrap_err();
        assert_eq!(
            (error.kind, error.detail.as_deref()),
            (ErrorKind::InvalidEncoding, Some("At byte 2."))
        );
        // A character of two units before it: four bytes.
        let text = [utf16_bytes("1\u{1F600}", u16::to_le_bytes), vec![0, 0xDC]].concat();
        let error = decode(&text, &task()).unwrap_err();
        assert_eq!(error.detail.as_deref(), Some("At byte 6."));
        assert_eq!(kind(&[b'1', 0, b'2']), Some(ErrorKind::InvalidBinary));
        for utf32 in [
            [0xFF, 0xFE, 0, 0],
            [0, 0, 0xFE, 0xFF],
            [b'1', 0, 0, 0],
            [0, 0, 0, b'1'],
        ] {
            assert_eq!(kind(&utf32), Some(ErrorKind::InvalidEncoding), "{utf32:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_text_or_an_error(mut bytes: Vec<u8>, zip: bool) {
            if zip {
                bytes = gzip(&bytes);
            }
            if let Ok(text) = decode(&bytes, &task()) {
                prop_assert!(text.len() <= 3 * 4096);
            }
        }

        #[test]
        fn any_text_survives_utf16(text in "\\PC{0,40}") {
            let text = format!("{{{text}");
            for order in [u16::to_le_bytes, u16::to_be_bytes] {
                let bytes = utf16_bytes(&text, order);
                let decoded = decode(&bytes, &task());
                prop_assert_eq!(decoded.as_deref(), Ok(text.as_str()));
            }
        }
    }
}
