//! The hash per source line that GitHub code scanning calls `primaryLocationLineHash`. Frozen.
//!
//! Over the text's UTF-16 units without spaces and tabs, line ends as LF, closed by the unit 65535 and then zeros:
//!
//! ```text
//! hash(line) = sum over t in 0..=99 of s[start of line + t] * 37^(99-t)   mod 2^64
//! ```
//!
//! One pass with a rolling window of 100 units; the algorithm is that of `github/codeql-action`, `src/fingerprints.ts`. A text that ends
//! in a line end has one more, empty line.

use crate::{Result, Task};
use std::collections::{HashMap, VecDeque};
use std::fmt;

/// Units that a window holds.
const WINDOW: usize = 100;
const FACTOR: u64 = 37;
/// 37^100: the weight of the unit that leaves the window.
const LEAVING: u64 = FACTOR.wrapping_pow(WINDOW as u32);
/// Marks the end of the text.
const END: u16 = 65535;
/// Units between two looks at the stop signal: about a millisecond.
const POLL: usize = 1 << 18;

/// The hash of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineHash {
    /// The window's hash.
    pub hash: u64,
    /// How many lines so far, this one included, have this hash.
    pub count: u32,
}

impl fmt::Display for LineHash {
    /// `hash:count` as written into `partialFingerprints`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}:{}", self.hash, self.count)
    }
}

/// The hash of every line of a text; the first element belongs to line 1.
///
/// # Errors
/// [`crate::ErrorKind::OutOfMemory`] for more lines than `task` allows, [`crate::ErrorKind::Cancelled`].
pub fn line_hashes(text: &str, task: &Task<'_>) -> Result<Vec<LineHash>> {
    let lines = 1 + memchr::memchr2_iter(b'\n', b'\r', text.as_bytes()).count();
    // The hash map's entries take about three times an element.
    task.need(
        "hashing the lines of a text",
        lines.checked_mul(4 * size_of::<LineHash>()),
    )?;
    let mut hashes = crate::task::try_vec(lines)?;
    let mut counts: HashMap<u64, u32> = HashMap::new();
    counts
        .try_reserve(lines)
        .map_err(|_| crate::task::out_of_memory())?;
    let mut window = Window::new();
    let mut emit = |hash| {
        let count = counts.entry(hash).or_insert(0);
        *count += 1;
        hashes.push(LineHash { hash, count: *count });
    };
    let mut after_cr = false;
    for (index, unit) in text.encode_utf16().enumerate() {
        if index.is_multiple_of(POLL) {
            task.check()?;
        }
        match unit {
            0x09 | 0x20 => after_cr = false,
            0x0A if after_cr => after_cr = false,
            0x0A | 0x0D => {
                after_cr = unit == 0x0D;
                window.push(0x0A, &mut emit);
                window.start_line();
            }
            unit => {
                after_cr = false;
                window.push(unit, &mut emit);
            }
        }
    }
    window.push(END, &mut emit);
    for _ in 0..WINDOW {
        window.push(0, &mut emit);
    }
    Ok(hashes)
}

/// The last 100 units, their hash, and the line starts among them.
struct Window {
    units: [u16; WINDOW],
    hash: u64,
    position: usize,
    starts: VecDeque<usize>,
}

impl Window {
    fn new() -> Self {
        Window {
            units: [0; WINDOW],
            hash: 0,
            position: 0,
            starts: VecDeque::from([0]),
        }
    }

    /// The next unit begins a line.
    fn start_line(&mut self) {
        self.starts.push_back(self.position);
    }

    /// Takes a unit in; emits the hash of the line whose window is now full.
    fn push(&mut self, unit: u16, emit: &mut impl FnMut(u64)) {
        let slot = &mut self.units[self.position % WINDOW];
        let leaving = std::mem::replace(slot, unit);
        self.hash = FACTOR
            .wrapping_mul(self.hash)
            .wrapping_add(u64::from(unit))
            .wrapping_sub(LEAVING.wrapping_mul(u64::from(leaving)));
        self.position += 1;
        if let Some(start) = self.starts.front()
            && start + WINDOW == self.position
        {
            self.starts.pop_front();
            emit(self.hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use proptest::prelude::*;

    fn texts(text: &str) -> Vec<String> {
        let task = Task::new(1, usize::MAX, &|| false);
        let hashes = line_hashes(text, &task).expect("hashes");
        hashes.iter().map(LineHash::to_string).collect()
    }

    #[test]
    fn golden_values_never_change() {
        assert_eq!(texts(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(texts("x"), ["638816509450efbf:1"]);
        assert_eq!(texts("x\n"), ["828973aa50c68d6d:1", "c129715d7a2bc9a3:1"]);
        assert_eq!(
            texts("a b\r\n\r\n c"),
            ["3c200a954436a5c9:1", "1c206f60a702cfe8:1", "188ff2f224477a1e:1"]
        );
        assert_eq!(texts("\u{1F600}\n"), ["49e42825ed591e1a:1", "c129715d7a2bc9a3:1"]);
    }

    #[test]
    fn stops_and_asks_for_memory() {
        let stopped = Task::new(1, usize::MAX, &|| true);
        assert_eq!(line_hashes("x", &stopped).unwrap_err().kind, ErrorKind::Cancelled);
        let small = Task::new(1, 100, &|| false);
        let error = line_hashes(&"\n".repeat(100), &small).unwrap_err();
        assert_eq!(error.kind, ErrorKind::OutOfMemory);
    }

    /// The result and the map of counts, 64 bytes a line; a text without a line end is one line.
    #[test]
    fn memory_grows_with_the_lines() {
        for (text, lines) in [("", 1), ("x", 1), ("x\ny", 2), ("\n\n\n", 4)] {
            let kind = |memory| {
                let result = line_hashes(text, &Task::new(1, memory, &|| false));
                result.map(|hashes| hashes.len()).map_err(|error| error.kind)
            };
            assert_eq!(kind(64 * lines), Ok(lines), "{text:?}");
            assert_eq!(kind(64 * lines - 1), Err(ErrorKind::OutOfMemory), "{text:?}");
        }
    }

    /// The published sum, line by line.
    fn slow(text: &str) -> Vec<String> {
        let mut units = Vec::new();
        let mut after_cr = false;
        for unit in text.encode_utf16() {
            let skipped = matches!(unit, 9 | 32) || (unit == 10 && after_cr);
            after_cr = unit == 13;
            if !skipped {
                units.push(u64::from(if unit == 13 { 10 } else { unit }));
            }
        }
        units.push(65535);
        let mut starts = vec![0];
        starts.extend((1..units.len()).filter(|i| units[i - 1] == 10));
        units.extend([0; 100]);
        let mut hashes: Vec<u64> = Vec::new();
        let mut texts = Vec::new();
        for start in starts {
            let hash = units[start..start + 100]
                .iter()
                .fold(0_u64, |hash, unit| hash.wrapping_mul(37).wrapping_add(*unit));
            hashes.push(hash);
            let count = hashes.iter().filter(|other| **other == hash).count();
            texts.push(format!("{hash:x}:{count}"));
        }
        texts
    }

    proptest! {
        #[test]
        fn equals_the_published_sum(text in "[ab \t\r\né\u{1F600}\u{FEFF}\u{FFFF}]{0,300}") {
            prop_assert_eq!(texts(&text), slow(&text));
        }
    }

    /// `REVIEWPRO_SHARED` names the folder that holds `golden/`.
    #[test]
    fn equals_the_published_vectors() {
        let Some(shared) = std::env::var_os("REVIEWPRO_SHARED") else {
            println!("REVIEWPRO_SHARED is not set: no text compared");
            return;
        };
        let path = std::path::Path::new(&shared).join("golden/line_hashes.json");
        let text = std::fs::read_to_string(path).expect("golden/line_hashes.json");
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let vectors = document["vectors"].as_array().expect("vectors");
        for vector in vectors {
            let actual = texts(vector["text"].as_str().expect("text"));
            let lines = vector["lines"].as_object().expect("lines");
            assert_eq!(actual.len(), lines.len(), "{}", vector["name"]);
            for (line, hash) in lines {
                let line: usize = line.parse().expect("a line number");
                assert_eq!(actual[line - 1].as_str(), hash, "{}", vector["name"]);
            }
        }
        println!("{} texts compared", vectors.len());
        assert!(!vectors.is_empty(), "no text compared");
    }
}
