//! Finds the results of a SARIF log without parsing it.
//!
//! Nearly all of a large log is the elements of `runs[i].results`. They are independent, so threads can parse them side by side once
//! it is known where each begins. This scanner follows the nesting and passes over everything else; it does not check the grammar of what it
//! passes over. It does not have to: when the skeleton (the document with empty results) and every element are valid JSON, so
//! is the document, because the scanner itself checks what stands between elements.

use super::structure::{BLOCK, Brackets, Structure};
use super::too_deep;
use crate::jsonb::MAX_DEPTH;
use crate::{Result, Task};

/// A log taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Split<'a> {
    /// The document with the elements of every `results` array left out.
    pub skeleton: String,
    /// For each element of `runs`, the texts of the elements of its `results`; none where that is not an array.
    pub runs: Vec<Vec<&'a str>>,
}

/// Bytes scanned between two looks at the stop signal: about a millisecond.
const POLL: usize = 1 << 21;

/// Takes a log apart; `None` for whatever is unusual, such as a member that occurs twice, `runs` that is no array, or text that
/// is not JSON: parse it as a whole then. So do on an error in one of the parts: it tells the place in the document.
///
/// Whatever it returns but an error, the document's nesting is at most [`MAX_DEPTH`].
///
/// # Errors
/// [`crate::ErrorKind::InvalidText`] for deeper nesting, [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
pub fn split<'a>(text: &'a str, task: &Task<'_>) -> Result<Option<Split<'a>>> {
    let mut scanner = Scanner::new(text, task);
    match scanner.log() {
        Ok(()) => scanner.finish().map(Some),
        Err(Stop::Error(error)) => Err(*error),
        Err(Stop::Unusual) => {
            check_depth(text, task)?;
            Ok(None)
        }
    }
}

/// Checks that brackets nest at most [`MAX_DEPTH`] levels. Text that is not JSON may pass.
fn check_depth(text: &str, task: &Task<'_>) -> Result<()> {
    let mut structure = Structure::default();
    let mut depth = 0;
    for (index, block) in text.as_bytes().chunks(BLOCK).enumerate() {
        if index.is_multiple_of(POLL / BLOCK) {
            task.check()?;
        }
        let mut padded = [b' '; BLOCK];
        padded[..block.len()].copy_from_slice(block);
        let Brackets { open, close } = structure.next(&padded);
        if let Walk::TooDeep = walk(open, close, &mut depth, 0) {
            return Err(too_deep());
        }
    }
    Ok(())
}

/// What following a block's brackets comes to.
enum Walk {
    /// The depth stays above the given one.
    On,
    /// The bracket of this bit brings the depth down to the given one.
    Ended(u32),
    TooDeep,
}

/// Follows the brackets of a block. Stops where the depth comes down to `outside`, if that is above zero.
fn walk(open: u64, close: u64, depth: &mut usize, outside: usize) -> Walk {
    let (opened, closed) = (open.count_ones() as usize, close.count_ones() as usize);
    if *depth > outside + closed && *depth + opened <= MAX_DEPTH {
        *depth = *depth + opened - closed;
        return Walk::On;
    }
    let mut brackets = open | close;
    while brackets != 0 {
        let at = brackets.trailing_zeros();
        brackets &= brackets - 1;
        if open >> at & 1 == 1 {
            *depth += 1;
            if *depth > MAX_DEPTH {
                return Walk::TooDeep;
            }
        } else {
            *depth = depth.saturating_sub(1);
            if outside > 0 && *depth == outside {
                return Walk::Ended(at);
            }
        }
    }
    Walk::On
}

/// Why the scanner gave up.
enum Stop {
    /// The document is not of the usual kind.
    Unusual,
    Error(Box<crate::Error>),
}

impl From<crate::Error> for Stop {
    fn from(error: crate::Error) -> Self {
        Stop::Error(Box::new(error))
    }
}

type Scan<T = ()> = std::result::Result<T, Stop>;

struct Scanner<'a, 't> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    poll_at: usize,
    task: &'t Task<'t>,
    runs: Vec<Vec<&'a str>>,
    /// What the skeleton leaves out.
    cuts: Vec<std::ops::Range<usize>>,
    /// Bytes of the lists above, and at how many the task is asked next.
    held: usize,
    ask_at: usize,
}

impl<'a, 't> Scanner<'a, 't> {
    fn new(text: &'a str, task: &'t Task<'t>) -> Self {
        Scanner {
            text,
            bytes: text.as_bytes(),
            at: 0,
            poll_at: 0,
            task,
            runs: Vec::new(),
            cuts: Vec::new(),
            held: 0,
            ask_at: 1 << 16,
        }
    }

    /// Accounts for a list that grows: `[1,1,1]` takes more as a list than as text.
    fn hold(&mut self, bytes: usize) -> Result<()> {
        self.held += bytes;
        if self.held >= self.ask_at {
            // A vector doubles when it is full.
            self.ask_at = 2 * self.held;
            self.task.need("reading the log", Some(self.ask_at))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Split<'a>> {
        let mut skeleton = String::new();
        let cut: usize = self.cuts.iter().map(ExactSizeIterator::len).sum();
        let bytes = self
            .task
            .need("reading the log", self.text.len().checked_sub(cut))?;
        skeleton.try_reserve_exact(bytes).map_err(|_| {
            crate::Error::new(crate::ErrorKind::OutOfMemory, "out of memory")
                .detail(format!("Failed on request for {bytes} bytes."))
        })?;
        let mut copied = 0;
        for cut in &self.cuts {
            skeleton.push_str(&self.text[copied..cut.start]);
            copied = cut.end;
        }
        skeleton.push_str(&self.text[copied..]);
        Ok(Split {
            skeleton,
            runs: self.runs,
        })
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    fn expect(&mut self, byte: u8) -> Scan {
        if self.peek() != Some(byte) {
            return Err(Stop::Unusual);
        }
        self.at += 1;
        Ok(())
    }

    /// After an element or member: whether another one follows (true), or the container's end.
    fn another(&mut self, end: u8) -> Scan<bool> {
        let next = self.peek();
        self.at += 1;
        match next {
            Some(b',') => Ok(true),
            Some(byte) if byte == end => Ok(false),
            _ => Err(Stop::Unusual),
        }
    }

    fn poll(&mut self) -> Result<()> {
        if self.at >= self.poll_at {
            self.poll_at = self.at + POLL;
            self.task.check()?;
        }
        Ok(())
    }

    /// The document: an object with at most one `runs`, an array.
    fn log(&mut self) -> Scan {
        let mut found = false;
        self.members(|scanner, key| {
            if key != b"runs" {
                return scanner.value(1);
            }
            if found {
                return Err(Stop::Unusual);
            }
            found = true;
            scanner.elements(|scanner| scanner.run())
        })?;
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Stop::Unusual),
        }
    }

    /// An element of `runs`: an object with at most one `results`.
    fn run(&mut self) -> Scan {
        let mut results = None;
        self.members(|scanner, key| {
            if key != b"results" {
                return scanner.value(3);
            }
            if results.is_some() {
                return Err(Stop::Unusual);
            }
            let mut ranges = Vec::new();
            if scanner.peek() == Some(b'[') {
                let start = scanner.at + 1;
                scanner.elements(|scanner| {
                    let start = scanner.at;
                    scanner.value(4)?;
                    let text = scanner.text.get(start..scanner.at).ok_or(Stop::Unusual)?;
                    scanner.hold(size_of::<&str>())?;
                    ranges.push(text);
                    Ok(())
                })?;
                scanner.cuts.push(start..scanner.at - 1);
            } else {
                scanner.value(3)?;
            }
            results = Some(ranges);
            Ok(())
        })?;
        self.hold(size_of::<Vec<&str>>() + size_of::<std::ops::Range<usize>>())?;
        self.runs.push(results.unwrap_or_default());
        Ok(())
    }

    /// Goes through an object; `read` passes over the value of each key. A key with an escape is unusual.
    fn members(&mut self, mut read: impl FnMut(&mut Self, &[u8]) -> Scan) -> Scan {
        self.expect(b'{')?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.expect(b'"')?;
            let start = self.at;
            self.string()?;
            let bytes = self.bytes;
            let key = bytes.get(start..self.at - 1).unwrap_or_default();
            if memchr::memchr(b'\\', key).is_some() {
                return Err(Stop::Unusual);
            }
            self.expect(b':')?;
            self.peek();
            read(self, key)?;
            if !self.another(b'}')? {
                return Ok(());
            }
        }
    }

    /// Goes through an array; `read` passes over each element.
    fn elements(&mut self, mut read: impl FnMut(&mut Self) -> Scan) -> Scan {
        self.expect(b'[')?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.peek();
            read(self)?;
            if !self.another(b']')? {
                return Ok(());
            }
        }
    }

    /// Passes over a value inside `outside` containers.
    fn value(&mut self, outside: usize) -> Scan {
        self.poll()?;
        match self.byte() {
            Some(b'{' | b'[') => self.container(outside),
            Some(b'"') => {
                self.at += 1;
                self.string()
            }
            _ => {
                let start = self.at;
                while let Some(b'+' | b'-' | b'.' | b'0'..=b'9' | b'E' | b'a'..=b'z') = self.byte() {
                    self.at += 1;
                }
                if self.at == start {
                    return Err(Stop::Unusual);
                }
                Ok(())
            }
        }
    }

    /// Passes over a container that stands in `outside` others, by counting brackets outside of strings.
    fn container(&mut self, outside: usize) -> Scan {
        let mut structure = Structure::default();
        let mut depth = outside;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let mut padded = [b' '; BLOCK];
            let block = match rest.first_chunk() {
                Some(block) => block,
                None if rest.is_empty() => return Err(Stop::Unusual),
                None => {
                    padded[..rest.len()].copy_from_slice(rest);
                    &padded
                }
            };
            let Brackets { open, close } = structure.next(block);
            match walk(open, close, &mut depth, outside) {
                Walk::On => self.at += BLOCK,
                Walk::Ended(at) => {
                    self.at += at as usize + 1;
                    return Ok(());
                }
                Walk::TooDeep => return Err(Stop::from(too_deep())),
            }
            self.poll()?;
        }
    }

    /// Passes over a string whose opening quote has been passed.
    fn string(&mut self) -> Scan {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(Stop::Unusual);
            };
            self.at += found + 1;
            if rest.get(found) == Some(&b'"') {
                return Ok(());
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use proptest::prelude::*;
    use serde::de::IgnoredAny;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn task() -> Task<'static> {
        Task::new(1, 1 << 30, &|| false)
    }

    fn halves(text: &str) -> Option<Split<'_>> {
        split(text, &task()).expect("no error")
    }

    fn is_json(text: &str) -> bool {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    /// The elements of all results, member by member through serde_json; the last of two members counts.
    fn slow(text: &str) -> Vec<Vec<&str>> {
        type Object<'a> = BTreeMap<String, &'a RawValue>;
        let log: Object = serde_json::from_str(text).expect("an object");
        let runs: Vec<&RawValue> = log.get("runs").map_or(Vec::new(), |runs| {
            serde_json::from_str(runs.get()).expect("an array")
        });
        let results = |run: &&'_ RawValue| {
            let run: Object = serde_json::from_str(run.get()).expect("an object");
            let results = run.get("results").map(|results| results.get());
            let elements: Vec<&RawValue> = results.map_or(Vec::new(), |results| {
                serde_json::from_str(results).unwrap_or_default()
            });
            // Borrowed from the text, whatever the lifetime of the maps.
            elements
                .iter()
                .map(|element| position(text, element.get()))
                .collect()
        };
        runs.iter().map(results).collect()
    }

    /// The part as a slice of the whole.
    fn position<'a>(whole: &'a str, part: &str) -> &'a str {
        let start = part.as_ptr() as usize - whole.as_ptr() as usize;
        &whole[start..start + part.len()]
    }

    /// Checks everything that a split promises.
    fn judge(text: &str) {
        let Some(split) = halves(text) else { return };
        let parts_are_json =
            is_json(&split.skeleton) && split.runs.iter().flatten().all(|part| is_json(part));
        assert_eq!(parts_are_json, is_json(text), "{text}");
        if !parts_are_json {
            return;
        }
        assert_eq!(split.runs, slow(text), "{text}");
        let mut whole: Value = serde_json::from_str(text).expect("JSON");
        for results in whole
            .get_mut("runs")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .filter_map(|run| run.get_mut("results")?.as_array_mut())
        {
            results.clear();
        }
        assert_eq!(
            serde_json::from_str::<Value>(&split.skeleton).expect("JSON"),
            whole,
            "{text}"
        );
    }

    #[test]
    fn results_are_found_wherever_they_are() {
        for (text, skeleton, runs) in [
            ("{}", "{}", vec![]),
            (r#"{"runs":[]}"#, r#"{"runs":[]}"#, vec![]),
            (r#" {"runs":[{}]} "#, r#" {"runs":[{}]} "#, vec![vec![]]),
            (
                r#"{"runs":[{"results":[{"a":"}]\""} , 1,null ] , "tool":{"results":[1]}},{"results":null}],"x":[{"results":[2]}]}"#,
                r#"{"runs":[{"results":[] , "tool":{"results":[1]}},{"results":null}],"x":[{"results":[2]}]}"#,
                vec![vec![r#"{"a":"}]\""}"#, "1", "null"], vec![]],
            ),
            (
                r#"{"runs":[{"results":[ ]}]}"#,
                r#"{"runs":[{"results":[]}]}"#,
                vec![vec![]],
            ),
        ] {
            let expected = Split {
                skeleton: skeleton.to_owned(),
                runs,
            };
            assert_eq!(halves(text), Some(expected), "{text}");
            judge(text);
        }
    }

    #[test]
    fn the_unusual_is_left_to_the_parser() {
        for text in [
            "",
            "[]",
            "null",
            "{",
            "{}x",
            "{} {}",
            r#"{"runs":{}}"#,
            r#"{"runs":null}"#,
            r#"{"runs":[null]}"#,
            r#"{"runs":[],"runs":[]}"#,
            r#"{"\u0072uns":[]}"#,
            r#"{"runs":[{"results":[],"results":[]}]}"#,
            r#"{"runs":[{"result\u0073":[]}]}"#,
            r#"{"runs":[{"results":[1,]}]}"#,
            r#"{"runs":[{"results":[,1]}]}"#,
            r#"{"runs":[{"results":[1 2]}]}"#,
            r#"{"runs":[{"results":[1}]}"#,
            r#"{"runs":[{"results":[{]}"#,
            r#"{"runs":[{"results":["]}]}"#,
            r#"{"runs":[{"results":[1]}] // }"#,
            r#"{"runs":[{"a" 1}]}"#,
            r#"{runs:[]}"#,
        ] {
            assert_eq!(halves(text), None, "{text}");
        }
    }

    #[test]
    fn nesting_is_limited_whatever_the_document() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let kind = |text: &str| split(text, &task()).err().map(|error| error.kind);
        for (before, after, outside) in [
            ("", "", 0),
            (r#"{"x":"#, "}", 1),
            (r#"{"runs":[{"x":"#, "}]}", 3),
            (r#"{"runs":[{"results":["#, "]}]}", 4),
            (r#"{"runs":{"x":"#, "}}", 2),
        ] {
            let text = format!("{before}{}{after}", nested(MAX_DEPTH - outside));
            assert_eq!(kind(&text), None, "{before}");
            let text = format!("{before}{}{after}", nested(MAX_DEPTH - outside + 1));
            assert_eq!(kind(&text), Some(ErrorKind::InvalidText), "{before}");
        }
        assert_eq!(kind(&"[".repeat(200_000)), Some(ErrorKind::InvalidText));
        assert_eq!(kind(&"{\"a\":".repeat(200_000)), Some(ErrorKind::InvalidText));
    }

    #[test]
    fn memory_is_asked_for_and_the_stop_signal_heard() {
        let text = format!(r#"{{"runs":[{{"results":[1{}]}}]}}"#, ",1".repeat(100_000));
        let small = Task::new(1, 1 << 20, &|| false);
        assert_eq!(split(&text, &small).unwrap_err().kind, ErrorKind::OutOfMemory);
        let stopped = Task::new(1, 1 << 30, &|| true);
        assert_eq!(split(&text, &stopped).unwrap_err().kind, ErrorKind::Cancelled);
        judge(&text);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            "[\"\\\\{}\\[\\],:é]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a\"\\\\]|results|runs", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn logs() -> impl Strategy<Value = Value> {
        let run = (values(), proptest::collection::vec(values(), 0..5), any::<bool>()).prop_map(
            |(tool, results, before)| match before {
                true => json!({"results": results, "tool": tool}),
                false => json!({"a": tool, "results": results}),
            },
        );
        (proptest::collection::vec(run, 0..4), values())
            .prop_map(|(runs, x)| json!({"a": x, "runs": runs, "x": x}))
    }

    proptest! {
        #[test]
        fn a_split_is_the_document(log in logs(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&log) } else { serde_json::to_string(&log) };
            let text = text.expect("text");
            // Members named "runs" or "results" only occur once per object here; keys with escapes are inside.
            prop_assert!(halves(&text).is_some());
            judge(&text);
        }

        #[test]
        fn mutated_logs_are_judged_as_a_whole(
            log in logs(),
            mutations in proptest::collection::vec(
                (any::<prop::sample::Index>(), "[\\[\\]{},:\"\\\\ 1n]|\"runs\":|\"results\":\\["), 1..4),
        ) {
            let mut text = log.to_string();
            for (index, insertion) in mutations {
                let mut at = index.index(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                if at % 2 == 0 {
                    text.insert_str(at, &insertion);
                } else {
                    text.replace_range(at..at + text[at..].chars().next().map_or(0, char::len_utf8), &insertion);
                }
            }
            judge(&text);
        }
    }

    /// `REVIEWPRO_SHARED` names the folder that holds `corpus/`.
    #[test]
    fn real_logs_are_split() {
        let Some(shared) = std::env::var_os("REVIEWPRO_SHARED") else {
            println!("REVIEWPRO_SHARED is not set: no log read");
            return;
        };
        let mut folders = vec![std::path::Path::new(&shared).join("corpus")];
        let (mut read, mut taken_apart) = (0, 0);
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
                read += 1;
                let text = super::super::mend(&text).text;
                if text.len() < 500_000 && split(&text, &task()).is_ok_and(|split| split.is_some()) {
                    taken_apart += 1;
                    judge(&text);
                }
            }
        }
        println!("{read} files read, {taken_apart} taken apart");
        assert!(taken_apart > 0, "no log taken apart");
    }
}
