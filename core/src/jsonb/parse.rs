//! JSON text to a [`Tree`], with numbers as they are written.
//!
//! serde_json hands numbers over as doubles, which lose digits and decimals that `numeric` keeps; so this walks the structure itself,
//! and leaves strings with escapes to serde_json, U+0000 and lone surrogates mended first.

use super::tree::{Object, Tree};
use super::{MAX_DEPTH, token, too_deep};
use crate::json::mend;
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// The document of a JSON text.
pub(super) fn parse(text: &str) -> Result<Tree<'_>> {
    let mut parser = Parser { text, at: 0 };
    let tree = parser.value(MAX_DEPTH)?;
    match parser.peek() {
        None => Ok(tree),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    /// The next byte that is not white space.
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

    /// Takes the byte if it comes next.
    fn accept(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.accept(byte) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn value(&mut self, depth: usize) -> Result<Tree<'a>> {
        match self.peek() {
            Some(b'{') => {
                let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
                self.at += 1;
                let mut members = Vec::new();
                if !self.accept(b'}') {
                    loop {
                        let key = self.string()?;
                        self.expect(b':')?;
                        members.push((key, self.value(depth)?));
                        if self.accept(b'}') {
                            break;
                        }
                        self.expect(b',')?;
                    }
                }
                Ok(Tree::Object(Object::new(members)))
            }
            Some(b'[') => {
                let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
                self.at += 1;
                let mut elements = Vec::new();
                if !self.accept(b']') {
                    loop {
                        elements.push(self.value(depth)?);
                        if self.accept(b']') {
                            break;
                        }
                        self.expect(b',')?;
                    }
                }
                Ok(Tree::Array(elements))
            }
            Some(b'"') => self.string().map(Tree::String),
            Some(_) => self.scalar(),
            None => Err(self.unexpected()),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        let mut is_plain = true;
        loop {
            let rest = bytes.get(end..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = bytes.len();
                return Err(self.unexpected());
            };
            end += found + 1;
            if bytes.get(end - 1) == Some(&b'"') {
                break;
            }
            is_plain = false;
            end += 1;
        }
        let quoted = self.text.get(start..end).ok_or_else(|| self.unexpected())?;
        self.at = end;
        let inner = &quoted[1..quoted.len() - 1];
        if is_plain && !inner.bytes().any(|byte| byte < 0x20) {
            return Ok(Cow::Borrowed(inner));
        }
        serde_json::from_str(&mend(quoted).text)
            .map(Cow::Owned)
            .map_err(|error| {
                Error::new(ErrorKind::InvalidText, format!("invalid string in JSON: {error}"))
                    .detail(format!("The string starts at byte {start}."))
            })
    }

    fn scalar(&mut self) -> Result<Tree<'a>> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest
            .bytes()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.'))
            .unwrap_or(rest.len());
        let token = &rest[..length];
        let tree = match token {
            "null" => Tree::Null,
            "true" => Tree::Bool(true),
            "false" => Tree::Bool(false),
            token if token::is_number(token) => Tree::Number(Cow::Borrowed(token)),
            _ => return Err(self.unexpected()),
        };
        self.at += length;
        Ok(tree)
    }

    fn unexpected(&self) -> Error {
        let what = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(c) => format!("unexpected {c:?} in JSON"),
            None => "unexpected end of JSON".to_owned(),
        };
        Error::new(ErrorKind::InvalidText, what).detail(format!("At byte {}.", self.at))
    }
}
