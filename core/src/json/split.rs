//! Finds the results of a SARIF log without parsing it.
//!
//! Nearly all of a large log is the elements of `runs[i].results`. They are independent, so threads can parse them side by side once
//! it is known where each begins. This scanner follows the nesting and passes over everything else; it does not check the grammar of what it
//! passes over. It does not have to: when the skeleton (the document with empty results) and every element are valid JSON, so
//! is the document, because the scanner itself checks what stands between elements.

use super::structure::{BLOCK, Brackets, Structure};
use super::too_deep;
use crate::jsonb::MAX_DEPTH;
use crate::task::out_of_memory;
use crate::{Result, Task};

/// A log taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Split<T> {
    /// The document with the elements of every `results` array left out.
    pub skeleton: String,
    /// For each element of `runs`, the elements of its `results`, made of their texts; none where that is not an array.
    pub runs: Vec<Vec<T>>,
}

impl<T> Split<T> {
    /// How many bytes it takes beside the document.
    pub fn size(&self) -> usize {
        let elements: usize = self.runs.iter().map(Vec::capacity).sum();
        self.skeleton.capacity() + self.runs.capacity() * size_of::<Vec<T>>() + elements * size_of::<T>()
    }
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
pub fn split<'a, T: From<&'a str>>(text: &'a str, task: &Task<'_>) -> Result<Option<Split<T>>> {
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

struct Scanner<'a, 't, T> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    poll_at: usize,
    task: &'t Task<'t>,
    runs: Vec<Vec<T>>,
    /// What the skeleton leaves out.
    cuts: Vec<std::ops::Range<usize>>,
    /// Bytes of the lists above, and at how many the task is asked next.
    held: usize,
    ask_at: usize,
}

impl<'a, 't, T: From<&'a str>> Scanner<'a, 't, T> {
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
            // A vector that is full moves to one of twice the size.
            self.ask_at = 2 * self.held;
            self.task.need("reading the log", self.held.checked_mul(3))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Split<T>> {
        let mut skeleton = String::new();
        let cut: usize = self.cuts.iter().map(ExactSizeIterator::len).sum();
        let bytes = self
            .task
            .need("reading the log", self.text.len().checked_sub(cut))?;
        skeleton
            .try_reserve_exact(bytes)
            .map_err(|_| out_of_memory().detail(format!("Failed on request for {bytes} bytes.")))?;
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
                    scanner.hold(size_of::<T>())?;
                    ranges.try_reserve(1).map_err(|_| Stop::from(out_of_memory()))?;
                    ranges.push(T::from(text));
                    Ok(())
                })?;
                scanner.cuts.push(start..scanner.at - 1);
            } else {
                scanner.value(3)?;
            }
            results = Some(ranges);
            Ok(())
        })?;
        self.hold(size_of::<Vec<T>>() + size_of::<std::ops::Range<usize>>())?;
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
mod tests;
