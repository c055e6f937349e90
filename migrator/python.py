"""Python files: libcst reads them, and every node knows its bytes. Nothing is run and nothing is printed back from the tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.rewrite import Edit
from migrator.source import SourceFile

if TYPE_CHECKING:
    import libcst as cst

    from migrator.engine import Catalogue
    from migrator.project import Project
    from migrator.rewrite import Settings



class _Libcst:
    """``libcst``, imported when it is first used: most runs parse no Python, and importing it takes longer than all the rest."""

    def __getattr__(self, name: str) -> object:
        import libcst

        return getattr(libcst, name)


if not TYPE_CHECKING:
    cst = _Libcst()

_BOM = b"\xef\xbb\xbf"


class NotPython3(Exception):
    """The parser cannot read the file; the message says where."""


class Module:
    """The syntax tree of one Python file, with the byte span and the parent of every node."""

    def __init__(self, file: SourceFile):
        """Raises NotPython3."""
        import libcst as cst
        from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

        self.file = file
        self.data = file.data
        shift = len(_BOM) if file.data.startswith(_BOM) else 0
        data = file.data[shift:]
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = bytes(b if b < 0x80 else 0x5F for b in data).decode(
                "ascii"
            )  # the same offsets; what it says in comments is of no interest
        try:
            self.root: cst.Module = cst.parse_module(text)
            positions = MetadataWrapper(self.root, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
        except cst.ParserSyntaxError as error:
            raise NotPython3(f"line {error.raw_line}") from None
        except (RecursionError, ValueError, UnicodeError) as error:
            raise NotPython3(str(error).splitlines()[0] if str(error) else "too deeply nested") from None
        self._spans = {id(n): (s.start + shift, s.start + s.length + shift) for n, s in positions.items()}
        self._parents: dict[int, cst.CSTNode] = {}
        self.nodes: list[cst.CSTNode] = []
        stack: list[cst.CSTNode] = [self.root]
        while stack:
            node = stack.pop()
            self.nodes.append(node)
            children = node.children
            for child in children:
                self._parents[id(child)] = node
            stack.extend(reversed(children))
        self._imports: dict[str, str] | None = None
        self._unsure: set[str] = set()

    # --- places

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """The bytes of a node, without the parentheses around it."""
        return self._spans[id(node)]

    def outer_span(self, node: cst.CSTNode) -> tuple[int, int]:
        """The bytes of a node with the parentheses around it."""
        start, end = self.span(node)
        left, right = getattr(node, "lpar", ()), getattr(node, "rpar", ())
        if left and right:
            start, end = self.span(left[0])[0], self.span(right[-1])[1]
        return start, end

    def start(self, node: cst.CSTNode) -> int:
        return self.span(node)[0]

    def code(self, node: cst.CSTNode) -> str:
        return self.file.text(*self.outer_span(node))

    def replace(self, node: cst.CSTNode, text: str) -> Edit:
        start, end = self.outer_span(node)
        return Edit(start, end, text.encode("utf-8", "surrogateescape"))

    def insert(self, offset: int, text: str) -> Edit:
        return Edit(offset, offset, text.encode("utf-8", "surrogateescape"))

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self._parents.get(id(node))

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        above = self.parent(node)
        while above is not None:
            yield above
            above = self.parent(above)

    def enclosing(self, node: cst.CSTNode, *kinds: type) -> cst.CSTNode | None:
        return next((n for n in self.ancestors(node) if isinstance(n, kinds)), None)

    def find(self, *kinds: type, under: cst.CSTNode | None = None) -> list:
        """The nodes of some kinds, in the order of the file."""
        if under is None:
            return [n for n in self.nodes if isinstance(n, kinds)]
        found = []
        stack = [under]
        while stack:
            node = stack.pop()
            if isinstance(node, kinds):
                found.append(node)
            stack.extend(reversed(node.children))
        return found

    # --- names

    @property
    def imports(self) -> dict[str, str]:
        """Local name -> dotted name of what was imported. Names that a try/except ImportError binds are left out."""
        if self._imports is None:
            self._imports = self._read_imports()
        return self._imports

    def _read_imports(self) -> dict[str, str]:
        import libcst as cst

        found: dict[str, str] = {}
        for node in self.nodes:
            if not isinstance(node, (cst.Import, cst.ImportFrom)):
                continue
            pairs: list[tuple[str, str]] = []
            if isinstance(node, cst.Import):
                for alias in node.names:
                    name = dotted(alias.name) or ""
                    if alias.asname is not None:
                        pairs.append((alias.asname.name.value, name))
                    else:
                        pairs.append((name.split(".")[0], name.split(".")[0]))
            elif not isinstance(node.names, cst.ImportStar):
                base = "." * len(node.relative) + (dotted(node.module) or "" if node.module is not None else "")
                for alias in node.names:
                    name = dotted(alias.name) or ""
                    local = alias.asname.name.value if alias.asname is not None else name
                    pairs.append((local, base + name if base.endswith(".") or not base else f"{base}.{name}"))
            guarded = any(isinstance(a, (cst.Try, cst.TryStar)) and _catches_import(a) for a in self.ancestors(node))
            for local, name in pairs:
                if guarded or found.get(local, name) != name:
                    self._unsure.add(local)
                found[local] = name
        return {k: v for k, v in found.items() if k not in self._unsure}

    def star_imports(self) -> list[str]:
        """The modules of ``from x import *``."""
        import libcst as cst

        return [
            "." * len(n.relative) + (dotted(n.module) or "" if n.module is not None else "")
            for n in self.nodes
            if isinstance(n, cst.ImportFrom) and isinstance(n.names, cst.ImportStar)
        ]

    def qualified(self, node: cst.CSTNode) -> str | None:
        """``torch.nn.functional.relu`` for ``F.relu`` after ``import torch.nn.functional as F``; None when the root was not imported."""
        name = dotted(node)
        if name is None:
            return None
        root, _, rest = name.partition(".")
        known = self.imports.get(root)
        if known is None:
            return None
        return f"{known}.{rest}" if rest else known


def _catches_import(node) -> bool:
    import libcst as cst

    for handler in node.handlers:
        if handler.type is None:
            return True
        names = [n.value for n in _walk(handler.type) if isinstance(n, cst.Name)]
        if {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"} & set(names):
            return True
    return False


def _walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


def dotted(node: cst.CSTNode | None) -> str | None:
    """``a.b.c`` for a name or a chain of attributes."""
    import libcst as cst

    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        value = dotted(node.value)
        return f"{value}.{node.attr.value}" if value is not None else None
    return None


def string_value(node: cst.CSTNode | None) -> str | None:
    """The text that a plain string literal stands for."""
    import libcst as cst

    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        try:
            value = node.evaluated_value
        except (SyntaxError, ValueError):
            return None
        return value if isinstance(value, str) else None
    return None


def quote_like(node: cst.SimpleString, text: str) -> str:
    """A string literal of ``text`` in the prefix and the quotes of another one."""
    prefix, quote = node.prefix, node.quote
    literal = f"{prefix}{quote}{text}{quote}"
    try:
        if ast.literal_eval(literal) == text:
            return literal
    except (SyntaxError, ValueError):
        pass
    return repr(text)


def argument(call: cst.Call, name: str, position: int | None = None):
    """The value of a keyword argument (or of the positional one at ``position``); None when it is not given."""
    found = argument_node(call, name, position)
    return found.value if found is not None else None


def argument_node(call: cst.Call, name: str, position: int | None = None):
    for i, arg in enumerate(call.args):
        if arg.keyword is not None and arg.keyword.value == name:
            return arg
        if arg.star:
            position = None
        elif arg.keyword is None and position == i:
            return arg
    return None


def remove_items(module: Module, items: list, gone: Iterable[int], inner: tuple[int, int]) -> list[Edit]:
    """Edits that take some items from a bracketed, comma-separated list; ``inner`` is what stands between the brackets.

    Items are elements of a list, tuple or dict, or arguments of a call. The layout of the others stays; an item on lines
    of its own goes with its lines.
    """
    data = module.data
    removed = sorted(set(gone))
    if not removed:
        return []
    if len(removed) == len(items) and b"#" not in data[inner[0] : inner[1]]:
        return [Edit(inner[0], inner[1], b"")]
    starts = [_item_span(module, item)[0] for item in items]
    ends = [_item_span(module, item)[1] for item in items]
    edits = []
    i = 0
    while i < len(removed):
        first = last = removed[i]
        while i + 1 < len(removed) and removed[i + 1] == last + 1:
            i += 1
            last = removed[i]
        i += 1
        line_start = data.rfind(b"\n", 0, starts[first]) + 1
        comma = _comma_after(data, ends[last], inner[1])
        after = comma if comma is not None else ends[last]
        line_end = data.find(b"\n", after)
        line_end = len(data) if line_end < 0 else line_end + 1
        rest = data[after:line_end].strip()
        if not data[line_start : starts[first]].strip() and (not rest or rest.startswith(b"#")) and line_start >= inner[0]:
            edits.append(Edit(line_start, line_end, b""))
        elif last + 1 < len(items):
            same_line = b"\n" not in data[ends[last] : starts[last + 1]]
            if same_line or first == 0:
                edits.append(Edit(starts[first], starts[last + 1] if b"#" not in data[after : starts[last + 1]] else after, b""))
            else:
                edits.append(Edit(_comma_after(data, ends[first - 1], inner[1]) or ends[first - 1], after, b""))
        elif first > 0:
            between = data[ends[first - 1] : starts[first]]
            if b"#" in between:
                edits.append(Edit(starts[first], after, b""))
            elif comma is not None:
                edits.append(Edit(_comma_after(data, ends[first - 1], inner[1]) or ends[first - 1], after, b""))
            else:
                edits.append(Edit(ends[first - 1], ends[last], b""))
        else:
            edits.append(Edit(starts[first], after, b""))
    return edits


def _item_span(module: Module, item) -> tuple[int, int]:
    import libcst as cst

    if isinstance(item, cst.Element):
        return module.outer_span(item.value)
    return module.span(item)


def _comma_after(data: bytes, offset: int, limit: int) -> int | None:
    """The end of the comma that follows, over blanks and comments."""
    while offset < limit:
        c = data[offset : offset + 1]
        if c == b",":
            return offset + 1
        if c == b"#":
            newline = data.find(b"\n", offset)
            offset = limit if newline < 0 else newline
        elif c in b" \t\r\n\\\x0c":
            offset += 1
        else:
            return None
    return None


def inner_span(module: Module, node) -> tuple[int, int]:
    """What stands between the brackets of a list, a tuple with parentheses, a dict, a set, or a call's arguments."""
    import libcst as cst

    start, end = module.span(node)
    if isinstance(node, (cst.List, cst.Dict, cst.Set)):
        return start + 1, end - 1
    if isinstance(node, cst.Call):
        after_func = module.outer_span(node.func)[1]
        return module.data.index(b"(", after_func) + 1, end - 1
    outer = module.outer_span(node)
    return outer[0] + 1, outer[1] - 1


class TextContext:
    """What a rewrite sees of a make file, a CMake file, a shell script or a list of requirements: its bytes."""

    def __init__(self, project: Project, path: Path, settings: Settings, catalogue: Catalogue):
        self.project = project
        self.path = path
        self.settings = settings
        self.catalogue = catalogue
        self.file: SourceFile = project.scripts[path]


class PythonContext(TextContext):
    """What a rewrite sees of one Python file. ``module`` is None when it is not Python 3; nothing is parsed before somebody asks."""

    @property
    def module(self) -> Module | None:
        return self.project.module(self.path)

    def has(self, *words: str) -> bool:
        """Whether one of the words stands in the file at all: asked before ``module``, which costs a parse."""
        return any(w.encode() in self.file.words for w in words)
