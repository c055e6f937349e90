"""Patterns that look like code.

``THCudaMalloc($state, $bytes)`` is parsed by the same grammar as the sources; ``$name`` matches one expression (or type), ``$$$name``
any number of arguments. Layout and comments do not count, ``.`` matches ``->`` too. A match turns into the smallest edits that make the
template of it: what both have in common stays as it stands in the file, so that rewrites nested in a metavariable never collide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, cached_property

from migrator.rewrite import Edit
from migrator.source import SourceFile
from migrator.syntax.tree import NAME_KINDS, Node, parse_tree

_TOKEN = re.compile(
    rb'"(?:\\.|[^"\\])*"|\$\$\$\w+|\$\w+|[A-Za-z_]\w*|\d[\w.]*|<<<|>>>|->|::|&&|\|\||[<>=!+\-*/%&|^]=|<<|\S'
)
_SKIP = re.compile(rb"(?:\s|\\\r?\n|//[^\n]*|/\*.*?\*/)+", re.S)


@dataclass(frozen=True)
class _P:
    """A node of the compiled pattern."""

    kind: str
    text: str | None  # of a leaf
    children: tuple[_P, ...]

    @property
    def is_rest(self) -> bool:
        return self.text is not None and self.text.startswith("$$$")

    @property
    def metavariable(self) -> str | None:
        if self.text is not None and self.text.startswith("$"):
            return self.text
        return None


@dataclass(frozen=True)
class Element:
    """A token or metavariable of a pattern or template, with its span in that text."""

    text: str
    start: int
    end: int


def _elements(text: str) -> list[Element]:
    data = text.encode()
    return [Element(m.group().decode(), m.start(), m.end()) for m in _tokens(data, 0, len(data))]


def _tokens(data: bytes, start: int, end: int):
    position = start
    while position < end:
        skip = _SKIP.match(data, position, end)
        if skip:
            position = skip.end()
            continue
        m = _TOKEN.match(data, position, end)
        if m is None:
            return
        yield m
        position = m.end()


class Pattern:
    """A compiled pattern. ``anchor`` is the word that must stand in a file for the pattern to match there."""

    def __init__(self, text: str):
        self.text = text
        file = SourceFile(_PATTERN_PATH, b"void f(){" + text.encode() + b";}")
        root = parse_tree(file).root
        block = next(n for n in root.walk() if n.kind == "compound_statement")
        statement = next(c for c in block.children if c.kind not in "{}")
        node = statement.children[0] if statement.kind == "expression_statement" else statement
        if node.ts.has_error:
            raise ValueError(f"pattern {text!r} does not parse")
        self.root = self._compile(node)
        leaves = [(leaf, depth) for leaf, depth in self._leaves(self.root, 0) if leaf.kind in NAME_KINDS and not leaf.metavariable]
        if not leaves:
            raise ValueError(f"pattern {text!r} has no name to look for")
        best = max(leaves, key=lambda pair: _rarity(pair[0].text or ""))
        self.anchor: str = best[0].text or ""
        self.depth: int = best[1]
        self.elements = _elements(text.rstrip(";") if statement.kind == "expression_statement" else text)

    @cached_property
    def _needed(self) -> re.Pattern[bytes] | None:
        return _run_around(self.elements, self.anchor)

    @cached_property
    def _words(self) -> frozenset[bytes]:
        return frozenset(e.text.encode() for e in self.elements if e.text.isidentifier())

    def may_match(self, file: SourceFile) -> bool:
        """Whether the bytes of a file hold the words of the pattern, and those around the anchor in a row: without them it need not be parsed."""
        return self._words <= file.words and (self._needed is None or self._needed.search(file.data) is not None)

    def _compile(self, node: Node) -> _P:
        children = tuple(self._compile(c) for c in node.children)
        return _P(node.kind, None if children else node.text, children)

    def _leaves(self, p: _P, depth: int):
        if not p.children:
            yield p, depth
        for child in p.children:
            yield from self._leaves(child, depth + 1)

    def match_at(self, leaf: Node) -> Match | None:
        """The match whose anchor is ``leaf``, or None."""
        node: Node | None = leaf
        for _ in range(self.depth):
            node = node.parent if node is not None else None
        if node is None:
            return None
        bound: dict[str, tuple[int, int, Node | None]] = {}
        if not _match(self.root, node, bound):
            return None
        return Match(self, node, bound)


_GAP = r"(?:[\s\\]|//[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*"


def _run_around(elements: list[Element], anchor: str) -> re.Pattern[bytes] | None:
    """The names around the anchor and what joins them (``.``, ``::``, brackets), as they stand in a row; None where that is the anchor alone.

    Other tokens (strings, operators, what may close two lists at once) end the run: how they are spelt in a file is not certain. It begins
    with a name, which is quick to search for: with the anchor where another name follows it, else with the first one.
    """
    at = next((i for i, e in enumerate(elements) if e.text == anchor), None)
    if at is None:
        return None

    def is_plain(i: int) -> bool:
        return 0 <= i < len(elements) and (elements[i].text.isidentifier() or elements[i].text in (".", "->", "::", "(", ")", "<"))

    first = last = at
    while is_plain(last + 1):
        last += 1
    if not any(e.text.isidentifier() for e in elements[at + 1 : last + 1]):
        while is_plain(first - 1):
            first -= 1
        while not elements[first].text.isidentifier():
            first += 1
    run = [e.text for e in elements[first : last + 1]]
    if len(run) == 1:
        return None
    spelt = [r"(?:\.|->)" if text in (".", "->") else re.escape(text) for text in run]
    return re.compile(_GAP.join(spelt).encode())


_PATTERN_PATH = __import__("pathlib").Path("pattern.cu")
_COMMON = {"data", "type", "size", "state", "at", "cuda", "c10", "torch", "tensor", "detail"}


def _rarity(word: str) -> tuple[bool, int]:
    return (word not in _COMMON, len(word))


@cache
def compile_pattern(text: str) -> Pattern:
    """Compile (once) a pattern. Raises ValueError when it is not code that parses."""
    return Pattern(text)


def finds(pattern: str, code: str) -> bool:
    """Whether a pattern matches somewhere in some code: statements, or the template of a rewrite."""
    wanted = compile_pattern(pattern)
    file = SourceFile(_PATTERN_PATH, b"void f(){" + code.encode() + b";}")
    return any(wanted.match_at(leaf) is not None for leaf in parse_tree(file).names({wanted.anchor}))


def _same(p: _P, node: Node) -> bool:
    if p.kind == node.kind:
        return p.text is None or p.text == node.text
    if p.kind in NAME_KINDS and node.kind in NAME_KINDS:
        return p.text == node.text
    return p.kind in (".", "->") and node.kind in (".", "->")


def _match(p: _P, node: Node, bound: dict) -> bool:
    variable = p.metavariable
    if variable is not None:
        if not node.ts.is_named or node.kind == "comment":
            return False
        if variable in bound:
            return bound[variable][2] is not None and bound[variable][2].text == node.text
        bound[variable] = (node.start, node.end, node)
        return True
    if not p.children:
        return not node.children and _same(p, node) if p.kind not in NAME_KINDS else _same(p, node)
    if len(p.children) == 1 and p.children[0].metavariable and p.kind == "type_descriptor" and node.kind == "type_descriptor":
        bound[p.children[0].metavariable] = (node.start, node.end, node)
        return True
    if p.kind != node.kind:
        return False
    return _match_list(p.children, [c for c in node.children if c.kind != "comment"], bound, node)


def _match_list(ps: tuple[_P, ...], nodes: list[Node], bound: dict, parent: Node) -> bool:
    i = 0
    for k, p in enumerate(ps):
        if p.is_rest:
            after = len(ps) - k - 1
            stop = len(nodes) - after
            if stop < i:
                return False
            taken = nodes[i:stop]
            start = taken[0].start if taken else (nodes[i].start if i < len(nodes) else parent.end)
            bound[p.text] = (start, taken[-1].end if taken else start, None)
            i = stop
            continue
        if p.kind == "," and k + 1 < len(ps) and ps[k + 1].is_rest and (i >= len(nodes) or nodes[i].kind != ","):
            continue  # nothing stands for $$$rest: its comma may be absent
        if i >= len(nodes) or not _match(p, nodes[i], bound):
            return False
        i += 1
    return i == len(nodes)


@dataclass
class Match:
    """Where a pattern matched: ``node``, and what each metavariable is bound to."""

    pattern: Pattern
    node: Node
    bound: dict[str, tuple[int, int, Node | None]]

    def __getitem__(self, name: str) -> Node:
        """The node of a metavariable (``match["$x"]``)."""
        node = self.bound[name][2]
        assert node is not None, f"{name} stands for a list"
        return node

    def text(self, name: str) -> str:
        """The source text of a metavariable, single or list."""
        start, end, _ = self.bound[name]
        return self.node.tree.file.text(start, end)

    def _source_elements(self) -> list[Element] | None:
        """The tokens of the source, one for each element of the pattern; None if they do not pair up."""
        data = self.node.tree.file.data
        result: list[Element] = []
        position = self.node.start
        end = self.node.end
        for i, element in enumerate(self.pattern.elements):
            if element.text.startswith("$"):
                start, stop, _ = self.bound[element.text]
                result.append(Element(element.text, start, stop))
                position = max(position, stop)
                continue
            upcoming = self.pattern.elements[i + 1].text if i + 1 < len(self.pattern.elements) else ""
            if element.text == "," and upcoming.startswith("$$$"):
                start, stop, _ = self.bound[upcoming]
                if start == stop:
                    result.append(Element(",", position, position))
                    continue
            token = next(_tokens(data, position, end), None)
            if token is None:
                return None
            text = token.group().decode("utf-8", "surrogateescape")
            if text != element.text and {text, element.text} != {".", "->"}:
                if text.startswith(element.text):  # ">>" closes two template lists
                    result.append(Element(element.text, token.start(), token.start() + len(element.text)))
                    position = token.start() + len(element.text)
                    continue
                return None
            result.append(Element(element.text, token.start(), token.end()))
            position = token.end()
        return result

    def replace(self, template: str) -> tuple[Edit, ...]:
        """The smallest edits that turn the match into the template."""
        source = self._source_elements()
        if source is None:
            return (Edit(self.node.start, self.node.end, self.render(template).encode("utf-8", "surrogateescape")),)
        for name, (first, stop, _) in self.bound.items():
            if name.startswith("$$$") and first == stop:  # nothing stands for it: neither does its comma
                template = re.sub(r",\s*" + re.escape(name) + r"\b|" + re.escape(name) + r"\b\s*,?\s*", "", template)
        target = _elements(template)
        data = self.node.tree.file.data
        edits = []
        old = [e.text for e in source]
        new = [e.text for e in target]
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag == "equal":
                continue
            if tag == "insert":
                if i1 > 0:
                    start = end = source[i1 - 1].end
                    text = self._slice(template, target[j1 - 1].end, target[j2 - 1].end)
                    if j2 < len(target) and i1 < len(source) and source[i1].start == end:
                        text += template.encode()[target[j2 - 1].end : target[j2].start]
                else:
                    start = end = source[0].start
                    text = self._slice(template, 0, target[j2].start if j2 < len(target) else len(template.encode()))
            else:
                start, end = source[i1].start, source[i2 - 1].end
                text = self._slice(template, target[j1].start, target[j2 - 1].end) if j2 > j1 else b""
                if j2 > j1:
                    start, end, text = self._blanks(template, source, target, (i1, i2, j1, j2), text)
                if j1 == j2 and i2 < len(source) and data[end : source[i2].start].strip(b" \t") == b"":
                    glued = j1 == 0 or (j1 < len(target) and target[j1 - 1].end == target[j1].start)
                    end = source[i2].start if glued else end
            if start < end or text:
                edits.append(Edit(start, end, text))
        return tuple(edits)

    def _blanks(self, template: str, source, target, span, text: bytes) -> tuple[int, int, bytes]:
        """Widen a replacement so that the blanks around it are the template's, where the source has none or other blanks."""
        i1, i2, j1, j2 = span
        data, model = self.node.tree.file.data, template.encode()
        start, end = source[i1].start, source[i2 - 1].end
        if j1 > 0 and i1 > 0 and source[i1 - 1].end == start:
            text = model[target[j1 - 1].end : target[j1].start] + text
        if j2 < len(target) and i2 < len(source):
            wanted, gap = model[target[j2 - 1].end : target[j2].start], data[end : source[i2].start]
            if not gap:
                text += wanted
            elif not wanted and not gap.strip(b" \t"):
                end = source[i2].start
        return start, end, text

    def _slice(self, template: str, start: int, end: int) -> bytes:
        piece = template.encode()[start:end].decode()
        return self.render(piece).encode("utf-8", "surrogateescape")

    def render(self, template: str) -> str:
        """The template with the metavariables replaced by their source text."""
        return re.sub(r"\$\$\$\w+|\$\w+", lambda m: self.text(m.group()), template)
