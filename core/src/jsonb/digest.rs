//! A digest that is equal exactly for values that are equal as jsonb.
//!
//! Members count by name whatever their order, the last one of a name wins, and numbers count by value: `1.0` equals `1`. The
//! digest of a JSON text equals that of its jsonb.

use super::container::Value;
use super::token::with_canonical;
use super::tree::{Object, Tree};
use super::{MAX_DEPTH, too_deep};
use crate::Result;
use sha2::{Digest, Sha256};

/// The digest of a value inside jsonb bytes.
///
/// # Errors
/// [`crate::ErrorKind::DataCorrupted`], and [`crate::ErrorKind::LimitExceeded`] beyond [`MAX_DEPTH`].
pub fn digest_value(value: &Value<'_>) -> Result<[u8; 32]> {
    let mut hash = Sha256::new();
    add_value(&mut hash, value, MAX_DEPTH)?;
    Ok(hash.finalize().into())
}

/// The digest of a JSON text.
///
/// # Errors
/// [`crate::ErrorKind::InvalidText`], and [`crate::ErrorKind::LimitExceeded`] beyond [`MAX_DEPTH`].
pub fn digest_text(text: &str) -> Result<[u8; 32]> {
    let mut hash = Sha256::new();
    add_tree(&mut hash, &Tree::parse(text)?, MAX_DEPTH)?;
    Ok(hash.finalize().into())
}

// Every value starts with a letter, and with its length where it has one: no value is the beginning of another.

fn add_value(hash: &mut Sha256, value: &Value<'_>, depth: usize) -> Result<()> {
    match value {
        Value::Null => hash.update(b"n"),
        Value::Bool(value) => hash.update(if *value { b"t" } else { b"f" }),
        Value::Number(number) => {
            let mut canonical = number.canonical();
            add_number(
                hash,
                canonical.negative,
                canonical.exponent,
                &mut canonical.digits,
            );
        }
        Value::String(bytes) => add_bytes(hash, b's', bytes),
        Value::Array(array) => {
            let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
            add_len(hash, b'a', array.len());
            for element in array.elements() {
                add_value(hash, &element?, depth)?;
            }
        }
        Value::Object(object) => {
            let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
            add_len(hash, b'o', object.len());
            for member in object.members()? {
                let (key, value) = member?;
                add_bytes(hash, b's', key.as_bytes());
                add_value(hash, &value, depth)?;
            }
        }
    }
    Ok(())
}

fn add_tree(hash: &mut Sha256, tree: &Tree<'_>, depth: usize) -> Result<()> {
    match tree {
        Tree::Null => hash.update(b"n"),
        Tree::Bool(value) => hash.update(if *value { b"t" } else { b"f" }),
        Tree::Number(token) => with_canonical(token, |negative, exponent, digits| {
            add_number(hash, negative, exponent, digits);
        })?,
        Tree::String(text) => add_text(hash, text),
        Tree::Array(elements) => {
            let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
            add_len(hash, b'a', elements.len());
            for element in elements {
                add_tree(hash, element, depth)?;
            }
        }
        Tree::Object(object) => {
            let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
            add_object(hash, object, depth)?;
        }
        Tree::Jsonb(value) => add_value(hash, value, depth)?,
    }
    Ok(())
}

fn add_object(hash: &mut Sha256, object: &Object<'_>, depth: usize) -> Result<()> {
    add_len(hash, b'o', object.members().len());
    for (key, value) in object.members() {
        add_text(hash, key);
        add_tree(hash, value, depth)?;
    }
    Ok(())
}

/// Adds a text as jsonb holds it, without U+0000.
fn add_text(hash: &mut Sha256, text: &str) {
    if text.contains('\0') {
        add_bytes(hash, b's', text.replace('\0', "\u{FFFD}").as_bytes());
    } else {
        add_bytes(hash, b's', text.as_bytes());
    }
}

fn add_bytes(hash: &mut Sha256, kind: u8, bytes: &[u8]) {
    add_len(hash, kind, bytes.len());
    hash.update(bytes);
}

fn add_len(hash: &mut Sha256, kind: u8, len: usize) {
    hash.update([kind]);
    hash.update((len as u64).to_le_bytes());
}

fn add_number(hash: &mut Sha256, negative: bool, exponent: i64, digits: &mut dyn Iterator<Item = u8>) {
    hash.update(if negative { b"-" } else { b"+" });
    hash.update(exponent.to_le_bytes());
    let mut chunk = [0; 64];
    loop {
        let mut len = 0;
        for slot in &mut chunk {
            let Some(digit) = digits.next() else { break };
            *slot = digit;
            len += 1;
        }
        hash.update(&chunk[..len]);
        if len < chunk.len() {
            break;
        }
    }
    // Ends the digits.
    hash.update([255]);
}
