//! How much memory a document takes as a tree, found out before it is made into one.

use crate::Task;
use crate::json::Raw;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// At most how many bytes the tree of a value takes.
pub(super) fn tree_size(raw: &Raw<'_>, task: &Task<'_>) -> usize {
    /// The most bytes per byte: of `{"":0}`, some 600.
    const FACTOR: usize = 100;
    let most = raw.size().saturating_mul(FACTOR);
    if most <= task.memory / 16 {
        // Not worth a count.
        return most;
    }
    raw.read::<TreeSize>().map_or(most, |TreeSize(bytes)| bytes)
}

/// The size of a tree, counted without making one.
struct TreeSize(usize);

impl TreeSize {
    /// A value in a vector that may be half full.
    const VALUE: usize = 2 * size_of::<Value>();
    /// The least that a vector with elements takes, and what the allocator adds.
    const ARRAY: usize = 4 * size_of::<Value>() + 16;
    /// A node of a `BTreeMap`, which has room for eleven members and may be half empty.
    const NODE: usize = 11 * (size_of::<Value>() + size_of::<String>()) + 32;
    const MEMBER: usize = Self::NODE / 5 + 16;
}

impl<'d> Deserialize<'d> for TreeSize {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(TreeSizeVisitor)
    }
}

struct TreeSizeVisitor;

impl<'d> Visitor<'d> for TreeSizeVisitor {
    type Value = TreeSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<TreeSize, E> {
        Ok(TreeSize(TreeSize::VALUE))
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<TreeSize, E> {
        Ok(TreeSize(TreeSize::VALUE))
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<TreeSize, E> {
        Ok(TreeSize(TreeSize::VALUE))
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<TreeSize, E> {
        Ok(TreeSize(TreeSize::VALUE))
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<TreeSize, E> {
        Ok(TreeSize(TreeSize::VALUE))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<TreeSize, E> {
        Ok(TreeSize(TreeSize::VALUE + 16 + text.len()))
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut seq: A) -> std::result::Result<TreeSize, A::Error> {
        let mut size = TreeSize::VALUE + TreeSize::ARRAY;
        while let Some(TreeSize(element)) = seq.next_element()? {
            size += element;
        }
        Ok(TreeSize(size))
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> std::result::Result<TreeSize, A::Error> {
        let mut size = TreeSize::VALUE + TreeSize::NODE;
        while let Some((TreeSize(key), TreeSize(value))) = map.next_entry()? {
            size += TreeSize::MEMBER + key + value;
        }
        Ok(TreeSize(size))
    }
}
