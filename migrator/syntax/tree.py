"""A thin view of tree-sitter's trees.

Nodes know their parent (tree-sitter finds a parent by walking down from the root, which is quadratic in a flat file), children are
looked up only on the way to a hit, and the body of a ``#define``, one opaque token to both grammars, has children like other code.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from operator import attrgetter, itemgetter

import tree_sitter
import tree_sitter_cpp
import tree_sitter_cuda

from migrator.source import SourceFile
from migrator.syntax import preproc

# Kinds that a name can have: which one is a matter of position, not of meaning.
NAME_KINDS = frozenset(
    {"identifier", "type_identifier", "field_identifier", "namespace_identifier", "primitive_type", "statement_identifier"}
)
_start = attrgetter("start")
_first = itemgetter(0)
_start_byte = attrgetter("start_byte")
_OPAQUE_PARENTS = ("preproc_def", "preproc_function_def")


@cache
def _parser(cuda: bool) -> tree_sitter.Parser:
    grammar = tree_sitter_cuda if cuda else tree_sitter_cpp
    return tree_sitter.Parser(tree_sitter.Language(grammar.language()))


class Node:
    """A syntax node. ``start`` and ``end`` are byte offsets in the file, also inside ``#define`` bodies."""

    __slots__ = ("ts", "tree", "parent", "kind", "start", "end", "_index", "_children", "_made", "_fields")

    def __init__(self, ts: tree_sitter.Node, tree: Tree, parent: Node | None, shift: int = 0, limit: int | None = None, index: int = -1):
        self.ts = ts
        self.tree = tree
        self.parent = parent
        self.kind: str = ts.type
        self.start: int = ts.start_byte + shift
        self.end: int = ts.end_byte + shift if limit is None else min(ts.end_byte + shift, limit)
        self._index = index  # among the children of the parent's tree-sitter node; -1: none of them
        self._children: list[Node] | None = None
        self._made: dict[int, Node] | None = None  # children made on the way to something, while the others were not needed
        self._fields: list[str | None] | None = None  # of each child
        tree.made.append(self)

    @property
    def field(self) -> str | None:
        """The name of the parent's field that the node is."""
        parent = self.parent
        return None if parent is None or self._index < 0 else parent._field_names()[self._index]

    def _field_names(self) -> list[str | None]:
        if self._fields is None:  # by a cursor: `field_name_for_child(i)` counts from the first child on
            self._fields = []
            cursor = self.ts.walk()
            more = cursor.goto_first_child()
            while more:
                self._fields.append(cursor.field_name)
                more = cursor.goto_next_sibling()
        return self._fields

    @property
    def _is_macro_body(self) -> bool:
        return self.kind == "preproc_arg" and self.parent is not None and self.parent.kind in _OPAQUE_PARENTS

    @property
    def children(self) -> list[Node]:
        """All children but zero-width ones, tokens and comments included."""
        if self._children is None:
            if self._is_macro_body:
                self._children = self.tree.macro_body(self)
            else:
                shift = self.start - self.ts.start_byte
                limit = self.end
                tree, made = self.tree, self._made or {}
                self._children = [
                    made.get(i) or Node(c, tree, self, shift, limit, i)
                    for i, c in enumerate(self.ts.children)
                    if c.start_byte < c.end_byte and c.start_byte + shift < limit
                ]
        return self._children

    @property
    def named(self) -> list[Node]:
        """Named children without comments."""
        return [c for c in self.children if c.ts.is_named and c.kind != "comment"]

    def field_child(self, name: str) -> Node | None:
        if self._is_macro_body:
            return None
        names = self._field_names()
        if name in names:
            for c in self.children:
                if names[c._index] == name:
                    return c
        return None

    def child_at(self, offset: int) -> Node | None:
        """The child that holds an offset. Its siblings are not made for it."""
        if self._children is not None or self._is_macro_body:
            children = self.children
            i = bisect_right(children, offset, key=_start) - 1
            return children[i] if i >= 0 and children[i].end > offset else None
        found = self.ts.children
        shift = self.start - self.ts.start_byte
        i = bisect_right(found, offset - shift, key=_start_byte) - 1
        if i < 0 or found[i].end_byte + shift <= offset or offset >= self.end:
            return None
        if self._made is None:
            self._made = {}
        node = self._made.get(i)
        if node is None:
            node = self._made[i] = Node(found[i], self.tree, self, shift, self.end, i)
        return node

    @property
    def text(self) -> str:
        return self.tree.file.text(self.start, self.end)

    def ancestors(self) -> Iterator[Node]:
        """Parents, nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def enclosing(self, *kinds: str) -> Node | None:
        """The nearest ancestor of one of the kinds."""
        for node in self.ancestors():
            if node.kind in kinds:
                return node
        return None

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in source order."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    @property
    def line(self) -> int:
        return self.tree.file.line_of(self.start)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.text[:40]!r}>"


class Tree:
    """The parsed file: its root, and look-ups by byte offset."""

    def __init__(self, file: SourceFile, ts: tree_sitter.Tree):
        self.file = file
        self.ts = ts
        self.made: list[Node] = []
        self._root: Node | None = None
        self.known_macros: dict[str, int | None] = {}
        self._disabled: list[tuple[int, int]] | None = None
        self._names: dict[str, list[Node]] = {}

    @property
    def root(self) -> Node:
        if self._root is None:
            self._root = Node(self.ts.root_node, self, None)
        return self._root

    def release(self) -> None:
        """Let go of what was made of the tree: parents and children hold each other. A node that somebody keeps makes its children anew."""
        for node in self.made:
            node._children = node._made = None
        self.made.clear()
        self._names.clear()
        self._root = None

    def leaf_at(self, offset: int) -> Node:
        """The deepest node at ``offset``."""
        node = self.root
        while (child := node.child_at(offset)) is not None:
            node = child
        return node

    def in_disabled(self, offset: int) -> bool:
        """Whether ``offset`` lies in an arm that is never compiled: ``#if 0``, or one for a release that is not the target."""
        if self._disabled is None:
            self._disabled = _joined(preproc.dead_spans(self.file.data, self.known_macros)) if b"#" in self.file.data else []
        i = bisect_right(self._disabled, offset, key=_first) - 1
        return i >= 0 and offset < self._disabled[i][1]

    def names(self, words: Iterable[str]) -> Iterator[Node]:
        """The name nodes that spell one of ``words``, in source order; never in comments, strings or arms that are not compiled."""
        lists = [found for word in words if (found := self._occurrences(word))]
        if len(lists) == 1:
            return iter(lists[0])
        return iter(sorted((leaf for found in lists for leaf in found), key=_start))

    def _occurrences(self, word: str) -> list[Node]:
        found = self._names.get(word)
        if found is None:
            found = self._names[word] = []
            needle = word.encode()
            for start in self.file.places(needle):
                leaf = self.leaf_at(start)
                if leaf.start == start and leaf.end == start + len(needle) and leaf.kind in NAME_KINDS and not self.in_disabled(start):
                    found.append(leaf)
        return found

    def macro_body(self, arg: Node) -> list[Node]:
        """The replacement text of a ``#define``, parsed as statements (or as declarations where that reads better)."""
        data = self.file.data[arg.start : arg.end]
        return parse_fragment(self, data, arg.start, arg)

    @property
    def error_count(self) -> int:
        """ERROR and MISSING nodes, outside macro bodies."""
        if not self.ts.root_node.has_error:
            return 0
        count = 0
        cursor = self.ts.walk()
        while True:
            node = cursor.node
            count += node.is_error or node.is_missing
            if node.has_error and cursor.goto_first_child():
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return count


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same places as spans that lie apart, in order."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def parse_tree(file: SourceFile, parsed: tree_sitter.Tree | None = None) -> Tree:
    """Parse a file with the grammar that fits it, unless that was done (``parsed``). Never fails: what is not understood becomes ERROR nodes."""
    return Tree(file, parsed if parsed is not None else _parser(file.is_cuda).parse(file.data))


def _mask(body: bytes) -> bytes:
    """Make a macro body readable as code, length kept: ``#x`` (stringify) becomes a name, ``a ## b`` one name."""
    body = re.sub(rb"[ \t]*##[ \t]*", lambda m: b"_" * len(m.group()), body)
    return re.sub(rb"(?<!#)#(?=[ \t]*[A-Za-z_])", b"_", body)


def parse_fragment(tree: Tree, data: bytes, offset: int, parent: Node) -> list[Node]:
    """Parse ``data``, which stands at ``offset`` in the file, as the inside of a function; as top-level code if that has fewer errors.

    Returns nodes whose offsets are the file's.
    """
    masked = _mask(data)
    parser = _parser(True)
    best: tuple[int, list[Node]] | None = None
    for prefix, suffix in ((b"void f(){", b"\n;}"), (b"", b"\n")):
        ts = parser.parse(prefix + masked + suffix)
        root = ts.root_node
        inside = root.children
        if prefix:
            function = root.children[0] if root.children else None
            block = function.child_by_field_name("body") if function is not None and function.type == "function_definition" else None
            if block is None:
                continue
            inside = block.children[1:-1]
        shift, limit = offset - len(prefix), offset + len(data)
        nodes = [Node(c, tree, parent, shift, limit) for c in inside if c.start_byte < c.end_byte and c.start_byte + shift < limit]
        errors = sum(1 for c in inside if c.has_error)
        if best is None or errors < best[0]:
            best = (errors, nodes)
        if errors == 0:
            break
    return best[1] if best else []
