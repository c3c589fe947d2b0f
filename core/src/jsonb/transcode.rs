//! JSON text to jsonb bytes without a tree.
//!
//! A [`Tree`] allocates for every container. Here all nodes stand in one list in the order of the text, and are written from there;
//! a [`Transcoder`] keeps the list for the next document.
//! What is unusual (a scalar at the root, a key with escapes, text that is not JSON) goes through the tree.

use super::tree::{ContainerWriter, Tree, bool_type, entry, pad};
use super::{CONTAINER, IS_ARRAY, IS_OBJECT, MAX_DEPTH, NULL, NUMERIC, STRING, token};
use crate::Result;
use crate::json::escape::unescape;
use crate::json::plain_length;

/// The payload of the jsonb value that PostgreSQL would make of the text; U+0000 and lone surrogates are U+FFFD.
///
/// # Errors
/// As [`Tree::parse`] and [`Tree::encode`].
pub fn transcode(text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    Transcoder::default().write(text, &mut out)?;
    Ok(out)
}

/// Writes one document after the other.
#[derive(Default)]
pub(crate) struct Transcoder<'a> {
    /// The nodes of the document, in the order of the text.
    nodes: Vec<Node<'a>>,
    /// Children of the containers being written, outermost first.
    children: Vec<usize>,
}

impl<'a> Transcoder<'a> {
    /// Appends the payload of a text, at the next multiple of four.
    ///
    /// # Errors
    /// As [`transcode`].
    pub(crate) fn write(&mut self, text: &'a str, out: &mut Vec<u8>) -> Result<()> {
        pad(out);
        self.nodes.clear();
        let is_container = matches!(text.as_bytes().first(), Some(b'{' | b'['));
        if is_container && self.read("", text, MAX_DEPTH).is_some() {
            out.reserve(2 * text.len());
            self.finish(out)
        } else {
            out.extend_from_slice(Tree::parse(text)?.encode()?.as_bytes());
            Ok(())
        }
    }

    /// Appends the payload of an object of these members, the last of them an array if there is a `list`; at the next multiple of
    /// four. False, and nothing appended, for what is unusual.
    ///
    /// # Errors
    /// As [`transcode`].
    pub(crate) fn write_object(
        &mut self,
        members: impl Iterator<Item = (&'static str, &'a str)>,
        list: Option<(&'static str, impl Iterator<Item = &'a str>)>,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        pad(out);
        self.nodes.clear();
        match self.read_object(members, list) {
            Some(()) => self.finish(out).map(|()| true),
            None => Ok(false),
        }
    }

    fn read_object(
        &mut self,
        mut members: impl Iterator<Item = (&'static str, &'a str)>,
        list: Option<(&'static str, impl Iterator<Item = &'a str>)>,
    ) -> Option<()> {
        let root = self.open(Kind::Object, "");
        members.try_for_each(|(name, text)| self.read(name, text, MAX_DEPTH - 1))?;
        if let Some((name, mut elements)) = list {
            let list = self.open(Kind::Array, name);
            elements.try_for_each(|text| self.read("", text, MAX_DEPTH - 2))?;
            self.close(list);
        }
        self.close(root);
        Some(())
    }

    fn open(&mut self, kind: Kind, key: &'a str) -> usize {
        let (at, text) = (self.nodes.len(), "");
        self.nodes.push(Node {
            kind,
            text,
            key,
            end: 0,
        });
        at
    }

    fn close(&mut self, at: usize) {
        let end = self.nodes.len();
        if let Some(node) = self.nodes.get_mut(at) {
            node.end = end;
        }
    }

    fn read(&mut self, key: &'a str, text: &'a str, depth: usize) -> Option<()> {
        let mut reader = Reader {
            text,
            at: 0,
            nodes: &mut self.nodes,
        };
        reader.value(key, depth)?;
        reader.peek().is_none().then_some(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.children.clear();
        let mut writer = Writer {
            nodes: &self.nodes,
            children: &mut self.children,
            out,
        };
        writer.node(0).map(drop)
    }
}

/// About how many bytes [`transcode`] takes for a text: a list of small numbers takes far more than its text.
pub fn transcode_size(text: &str) -> usize {
    let is_node = |byte: &&u8| matches!(byte, b',' | b'{' | b'[');
    let nodes = text.as_bytes().iter().filter(is_node).count();
    nodes
        .saturating_mul(2 * size_of::<Node<'_>>())
        .saturating_add(text.len().saturating_mul(2))
}

/// A value: its kind, its text, the key before it, and where the next value that is not inside it stands.
struct Node<'a> {
    kind: Kind,
    text: &'a str,
    key: &'a str,
    end: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Null,
    Bool(bool),
    Number,
    /// A string without escapes: what stands between the quotes.
    Plain,
    /// A string literal with escapes.
    Escaped,
    Array,
    Object,
}

struct Reader<'a, 'n> {
    text: &'a str,
    at: usize,
    nodes: &'n mut Vec<Node<'a>>,
}

impl<'a> Reader<'a, '_> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn accept(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, key: &'a str, depth: usize) -> Option<()> {
        let first = self.peek()?;
        let own = self.nodes.len();
        match first {
            b'{' | b'[' => {
                let depth = depth.checked_sub(1)?;
                let (kind, close) = if first == b'{' {
                    (Kind::Object, b'}')
                } else {
                    (Kind::Array, b']')
                };
                self.push(kind, "", key);
                self.at += 1;
                if !self.accept(close) {
                    loop {
                        let mut key = "";
                        if kind == Kind::Object {
                            match self.string()? {
                                (Kind::Plain, text) if self.accept(b':') => key = text,
                                _ => return None,
                            }
                        }
                        self.value(key, depth)?;
                        if self.accept(close) {
                            break;
                        }
                        if !self.accept(b',') {
                            return None;
                        }
                    }
                }
            }
            b'"' => {
                let (kind, text) = self.string()?;
                self.push(kind, text, key);
            }
            _ => {
                let (kind, text) = self.scalar()?;
                self.push(kind, text, key);
            }
        }
        let end = self.nodes.len();
        self.nodes.get_mut(own)?.end = end;
        Some(())
    }

    fn push(&mut self, kind: Kind, text: &'a str, key: &'a str) {
        self.nodes.push(Node {
            kind,
            text,
            key,
            end: 0,
        });
    }

    fn string(&mut self) -> Option<(Kind, &'a str)> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        let mut kind = Kind::Plain;
        loop {
            end += plain_length(bytes.get(end..)?);
            match bytes.get(end)? {
                b'"' => break,
                b'\\' => {
                    kind = Kind::Escaped;
                    end += 2;
                }
                // A control character.
                _ => return None,
            }
        }
        self.at = end + 1;
        match kind {
            Kind::Plain => Some((kind, self.text.get(start..end)?)),
            _ => {
                let literal = self.text.get(start - 1..=end)?;
                are_escapes(literal).then_some((kind, literal))
            }
        }
    }

    fn scalar(&mut self) -> Option<(Kind, &'a str)> {
        let rest = self.text.get(self.at..)?;
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.');
        let length = rest.as_bytes().iter().take_while(|byte| is_part(byte)).count();
        let text = rest.get(..length)?;
        self.at += length;
        let kind = match text {
            "null" => Kind::Null,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            _ if token::is_number(text) => Kind::Number,
            _ => return None,
        };
        Some((kind, text))
    }
}

/// Whether each backslash begins one of JSON's escapes.
fn are_escapes(literal: &str) -> bool {
    let mut rest = literal.as_bytes();
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let length = match rest.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u')
                if rest
                    .get(at + 2..at + 6)
                    .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) =>
            {
                6
            }
            _ => return false,
        };
        rest = rest.get(at + length..).unwrap_or_default();
    }
    true
}

struct Writer<'n, 'a> {
    nodes: &'n [Node<'a>],
    children: &'n mut Vec<usize>,
    out: &'n mut Vec<u8>,
}

impl Writer<'_, '_> {
    /// Appends a value, with padding in front where it needs alignment; returns its entry.
    fn node(&mut self, at: usize) -> Result<u32> {
        let nodes = self.nodes;
        let Some(node) = nodes.get(at) else {
            return entry(NULL, 0);
        };
        let start = self.out.len();
        let kind = match node.kind {
            Kind::Null => NULL,
            Kind::Bool(value) => bool_type(value),
            Kind::Plain => {
                self.out.extend_from_slice(node.text.as_bytes());
                STRING
            }
            Kind::Escaped => {
                self.out.extend_from_slice(unescape(node.text).as_bytes());
                STRING
            }
            Kind::Number => {
                pad(self.out);
                token::write(node.text, self.out)?;
                NUMERIC
            }
            Kind::Array | Kind::Object => {
                pad(self.out);
                self.container(at, node)?;
                CONTAINER
            }
        };
        entry(kind, self.out.len() - start)
    }

    fn container(&mut self, at: usize, node: &Node<'_>) -> Result<()> {
        let base = self.children.len();
        let mut child = at + 1;
        while child < node.end {
            self.children.push(child);
            child = self.nodes.get(child).map_or(node.end, |child| child.end);
        }
        if node.kind == Kind::Object {
            self.sort(base);
        }
        let count = self.children.len() - base;
        let (children, flag) = if node.kind == Kind::Object {
            (2 * count, IS_OBJECT)
        } else {
            (count, IS_ARRAY)
        };
        let mut container = ContainerWriter::begin(self.out, count, children, flag)?;
        if node.kind == Kind::Object {
            for index in base..base + count {
                let key = self
                    .child(index)
                    .map_or("", |at| self.nodes.get(at).map_or("", |node| node.key));
                self.out.extend_from_slice(key.as_bytes());
                let entry = entry(STRING, key.len())?;
                container.entry(self.out, entry)?;
            }
        }
        for index in base..base + count {
            let entry = self.node(self.child(index).unwrap_or(usize::MAX))?;
            container.entry(self.out, entry)?;
        }
        self.children.truncate(base);
        Ok(())
    }

    fn child(&self, index: usize) -> Option<usize> {
        self.children.get(index).copied()
    }

    /// Brings the members of an object into jsonb's order: shorter keys first, then by bytes; the last of equal keys stays.
    fn sort(&mut self, base: usize) {
        let nodes = self.nodes;
        let key = |at: usize| {
            nodes
                .get(at)
                .map_or((0, [].as_slice()), |node| (node.key.len(), node.key.as_bytes()))
        };
        let Some(members) = self.children.get_mut(base..) else {
            return;
        };
        if members.is_sorted_by(|a, b| key(*a) < key(*b)) {
            return;
        }
        members.sort_unstable_by(|a, b| key(*a).cmp(&key(*b)).then(b.cmp(a)));
        let mut kept = base;
        for index in base..self.children.len() {
            let is_later = kept > base && key(self.children[kept - 1]) == key(self.children[index]);
            if !is_later {
                self.children[kept] = self.children[index];
                kept += 1;
            }
        }
        self.children.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slow(text: &str) -> Result<Vec<u8>> {
        Ok(Tree::parse(text)?.encode()?.into_bytes())
    }

    #[test]
    fn equals_the_tree() {
        for text in [
            "{}",
            "[]",
            "7",
            "\"x\"",
            "null",
            " {\"b\":1,\"a\":[1,2.50,-0,1e2],\"aa\":null,\"b\":{\"c\":true}} ",
            r#"{"a":"\u0000\ud800\ud83d\ude00\n","k\u0061":1}"#,
            "[1,]",
            "{\"a\"}",
            "{\"a\":1",
            "[\"\\x\"]",
            "[\"\\u12\"]",
            "[\"\t\"]",
            "[01]",
            "[1] 2",
            "[tru]",
            "",
            "[\"a",
            "{\"a\":1,\"a\":2,\"a\":3}",
            "[[[[]]],{}]",
        ] {
            assert_eq!(transcode(text), slow(text), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(transcode(&deep), slow(&deep));
        let long = format!("[{}]", vec!["\"abc\""; 100].join(","));
        assert_eq!(transcode(&long), slow(&long));
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|value| value.to_string()),
            any::<f32>()
                .prop_filter("finite", |value| value.is_finite())
                .prop_map(|value| format!("{value:e}")),
            any::<i32>().prop_map(|value| value.to_string()),
            "[a-c\u{e9}]{0,6}".prop_map(|text| format!("\"{text}\"")),
            Just(r#""\u00e9\"\\\ud800""#.to_owned()),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..40)
                    .prop_map(|list| format!("[{}]", list.join(" , "))),
                proptest::collection::vec(("[a-c]{0,3}", inner), 0..12).prop_map(|members| {
                    let members: Vec<_> = members
                        .iter()
                        .map(|(key, value)| format!("\"{key}\" : {value}"))
                        .collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn equals_the_tree_for_any_json(text in json()) {
            prop_assert_eq!(transcode(&text), slow(&text));
        }

        #[test]
        fn equals_the_tree_for_any_text(text in "[\\[\\]{}\",:01a\\\\u ]{0,24}") {
            prop_assert_eq!(transcode(&text).ok(), slow(&text).ok());
        }
    }
}
