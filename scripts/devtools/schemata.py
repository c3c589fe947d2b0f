"""All mutants of a crate in one program: each changed place asks which mutant this process is ("mutant schemata").

cargo-mutants says what to change; here every change becomes an arm of a `match` beside the code as it was, so that
thousands of mutants are compiled once. What the type checker or a constant does not take is left out and counted.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tree_sitter_rust
from tree_sitter import Language, Node, Parser

# Added to the crate under test. 0 is no mutant. With MUTANTS_REACHED, the places that are passed are written down.
SWITCH = """
#[doc(hidden)]
#[allow(missing_docs)]
pub mod mutants {
    use std::io::Write;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    static ACTIVE: LazyLock<u32> =
        LazyLock::new(|| std::env::var("MUTANT").map_or(0, |id| id.parse().expect("a number")));
    static REACHED: LazyLock<Option<std::fs::File>> = LazyLock::new(|| {
        let path = std::env::var_os("MUTANTS_REACHED")?;
        std::fs::File::options().append(true).create(true).open(path).ok()
    });
    static SEEN: [AtomicBool; 1 << 16] = [const { AtomicBool::new(false) }; 1 << 16];

    #[inline]
    pub fn at(place: u32) -> u32 {
        if let Some(file) = &*REACHED
            && !SEEN[place as usize].swap(true, Relaxed)
        {
            (&*file).write_all(format!("{place}\\n").as_bytes()).expect("written");
        }
        *ACTIVE
    }
}
"""

ASK = "crate::mutants::at"


@dataclass
class Mutant:
    """What cargo-mutants would do: `id` is 1 and up; `replacement` takes the place of an operator, a body or a guard."""

    id: int
    name: str
    file: str
    genre: str
    replacement: str
    start: int
    end: int


@dataclass
class Text:
    """Generated source, and which of its bytes belong to which mutants."""

    code: bytes = b""
    owners: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)

    def add(self, part: Text | bytes | str, owners: tuple[int, ...] = ()) -> None:
        if isinstance(part, str):
            part = part.encode()
        if isinstance(part, bytes):
            part = Text(part)
        at = len(self.code)
        self.code += part.code
        self.owners += [(start + at, end + at, ids) for start, end, ids in part.owners]
        if owners:
            self.owners.append((at, len(self.code), owners))


@dataclass
class Edit:
    """A piece of source that is replaced; `write` gets the text of a part of it, with the edits inside."""

    start: int
    end: int
    write: Callable[[Callable[[int, int], Text]], Text]


def offset(lines: list[bytes], place: dict[str, int]) -> int:
    """The byte that a line and a column, counted in characters from 1, stand for."""
    line = place["line"] - 1
    return sum(map(len, lines[:line])) + len(lines[line].decode()[: place["column"] - 1].encode())


def listed(root: Path, options: list[str]) -> list[Mutant]:
    """The mutants as cargo-mutants lists them."""
    command = ["cargo", "mutants", "--list", "--json", "--package", "reviewpro-core", *options]
    found: list[dict[str, Any]] = json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True).stdout)
    sources = {each["file"]: (root / each["file"]).read_bytes().splitlines(keepends=True) for each in found}
    return [
        Mutant(
            number, each["name"], each["file"], each["genre"], each["replacement"],
            offset(sources[each["file"]], each["span"]["start"]), offset(sources[each["file"]], each["span"]["end"]),
        )
        for number, each in enumerate(found, 1)
    ]  # fmt: skip


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


class File:
    """One source with its mutants woven in."""

    def __init__(self, source: bytes, mutants: list[Mutant]) -> None:
        self.source = source
        self.unable: list[int] = []
        # The number under which the place of each mutant asks.
        self.places: dict[int, int] = {}
        self.arms: dict[int, Node] = {}
        tree = Parser(Language(tree_sitter_rust.language())).parse(source)
        self.at: dict[tuple[int, int], list[Node]] = defaultdict(list)
        for node in nodes(tree.root_node):
            self.at[node.start_byte, node.end_byte].append(node)
        places: dict[tuple[str, int, int], list[Mutant]] = defaultdict(list)
        for mutant in mutants:
            places[mutant.genre, mutant.start, mutant.end].append(mutant)
        self.edits: list[Edit] = []
        guards: dict[int, list[Mutant]] = defaultdict(list)
        for (genre, start, end), group in places.items():
            found = self.at.get((start, end), [])
            if genre == "FnValue" and any("::std::iter::" in mutant.replacement for mutant in group):
                # A function that returns `impl Iterator` has one type.
                self.unable += [mutant.id for mutant in group]
            elif genre == "FnValue":
                self.edits.append(Edit(start, start, lambda _, group=group: self.body(group)))
            elif genre in ("BinaryOperator", "UnaryOperator") and found and found[-1].parent:
                self.operator(found[-1].parent, found[-1], group)
            elif genre in ("MatchArm", "MatchArmGuard"):
                node = found[-1] if found else self.arm_at(start) if genre == "MatchArm" else None
                while node and node.type != "match_arm":
                    node = node.parent
                if node is None:
                    self.unable += [mutant.id for mutant in group]
                else:
                    guards[node.id] += group
                    self.arms[node.id] = node
                    continue
            else:
                self.unable += [mutant.id for mutant in group]
            self.places |= {mutant.id: group[0].id for mutant in group}
        for key, group in guards.items():
            self.places |= {mutant.id: group[0].id for mutant in group}
            self.guard(self.arms[key], group)

    def arm_at(self, start: int) -> Node | None:
        """The arm of a match that begins there; the comma behind it belongs to it or not."""
        return next(
            (n for (at, _), found in self.at.items() if at == start for n in found if n.type == "match_arm"), None
        )

    def body(self, group: list[Mutant]) -> Text:
        text = Text()
        text.add(f"match {ASK}({group[0].id}) {{ ")
        for mutant in group:
            text.add(f"{mutant.id} => return {mutant.replacement}, ", (mutant.id,))
        text.add("_ => {} } ")
        whole = Text()
        whole.add(text, tuple(mutant.id for mutant in group))
        return whole

    def operator(self, node: Node, token: Node, group: list[Mutant]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")

        def write(part: Callable[[int, int], Text]) -> Text:
            text = Text()
            text.add(f"(match {ASK}({group[0].id}) {{ ")
            for mutant in group:
                if right is None:
                    changed = self.source[token.end_byte : node.end_byte]
                elif node.type == "compound_assignment_expr":
                    changed = b"%s %s (%s)" % (left.text, mutant.replacement.encode(), right.text)
                else:
                    changed = b"(%s) %s (%s)" % (left.text, mutant.replacement.encode(), right.text)
                text.add(b"%d => { %s } " % (mutant.id, changed), (mutant.id,))
            text.add("_ => { ")
            text.add(
                self.source[node.start_byte : token.start_byte]
                if right is None
                else part(node.start_byte, token.start_byte)
            )
            text.add(token.text)
            text.add(part(token.end_byte, node.end_byte))
            text.add(" } })")
            whole = Text()
            whole.add(text, tuple(mutant.id for mutant in group))
            return whole

        self.edits.append(Edit(node.start_byte, node.end_byte, write))

    def guard(self, arm: Node, group: list[Mutant]) -> None:
        pattern = arm.child_by_field_name("pattern")
        condition = pattern.child_by_field_name("condition")
        ids = tuple(mutant.id for mutant in group)
        arms = "".join(
            f"{mutant.id} => {'false' if mutant.genre == 'MatchArm' else mutant.replacement}, " for mutant in group
        )

        def write(part: Callable[[int, int], Text]) -> Text:
            text = Text()
            text.add(f"(match {ASK}({ids[0]}) {{ {arms}_ => {{ ")
            text.add(part(condition.start_byte, condition.end_byte) if condition else "true")
            text.add(" } })")
            whole = Text()
            whole.add(text if condition else b" if " + text.code, ids)
            return whole

        if condition:
            # Before an operator that is all of the condition: the operator is then written within the guard.
            self.edits.insert(0, Edit(condition.start_byte, condition.end_byte, write))
        else:
            self.edits.append(Edit(pattern.end_byte, pattern.end_byte, write))

    def render(self, start: int, end: int, outer: Edit | None = None) -> Text:
        inside = [e for e in self.edits if start <= e.start and e.end <= end and e is not outer]
        # The widest first; an edit within another is written by it.
        inside.sort(key=lambda e: (e.start, e.start != e.end, -e.end))
        text, at = Text(), start
        for edit in inside:
            if edit.start < at or (edit.start == at and edit.end < at):
                continue
            text.add(self.source[at : edit.start])
            text.add(edit.write(lambda a, b, edit=edit: self.render(a, b, edit)))
            at = edit.end
        text.add(self.source[at:end])
        return text
