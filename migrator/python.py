"""Python files: libcst reads them, and every node knows its bytes. Nothing is run and nothing is printed back from the tree."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.python_names import Names, cst, import_pairs, source_module
from migrator.python_outline import BOM, Outline, nodes, parsed, text_of
from migrator.python_spans import spans
from migrator.rewrite import Edit
from migrator.source import SourceFile

if TYPE_CHECKING:
    from migrator.engine import Catalogue
    from migrator.project import Project
    from migrator.rewrite import Settings

_LAYOUT = re.compile(r"whitespace|lines|header|footer|comma|semicolon|par$|bracket|brace|^indent$|^newline$")


@cache
def _is_node(kind: type) -> bool:
    """Whether a class is one of nodes. They are abstract classes, which ``isinstance`` asks slowly."""
    return issubclass(kind, cst.CSTNode)


_FIELDS: dict[type, list[str]] = {}  # of a class of nodes: the fields that may hold nodes, in the order of the source
# Where that is not the order in which libcst declares them. The others stand behind these.
_ORDER = {
    "AnnAssign": ("target", "annotation", "equal", "value"),
    "Arg": ("keyword", "equal", "value"),
    "Attribute": ("value", "dot", "attr"),
    "ClassDef": ("decorators", "name", "type_parameters", "bases", "keywords", "body"),
    "CompFor": ("asynchronous", "target", "iter", "ifs", "inner_for_in"),
    "ExceptHandler": ("type", "name", "body"),
    "ExceptStarHandler": ("type", "name", "body"),
    "For": ("asynchronous", "target", "iter", "body", "orelse"),
    "FormattedStringExpression": ("expression", "equal", "conversion", "format_spec"),
    "FunctionDef": ("decorators", "asynchronous", "name", "type_parameters", "params", "returns", "body"),
    "IfExp": ("body", "test", "orelse"),
    "ImportFrom": ("relative", "module", "names"),
    "Lambda": ("params", "colon", "body"),
    "MatchCase": ("pattern", "guard", "body"),
    "Parameters": ("posonly_params", "posonly_ind", "params", "star_arg", "kwonly_params", "star_kwarg"),
    "Slice": ("lower", "first_colon", "upper", "second_colon", "step"),
    "TypeAlias": ("name", "type_parameters", "value"),
    "TypeParam": ("param", "equal", "star", "default"),
    "With": ("asynchronous", "items", "body"),
}


def _place_of(kind: str, field: str) -> int:
    order = _ORDER.get(kind, ())
    return order.index(field) if field in order else len(order)


_DEEP = 100  # levels of nodes, from which on counting their places may take more frames than Python has


class NotPython3(Exception):
    """The parser cannot read the file; the message says where."""


def _is_too_deep(text: str) -> bool:
    """Whether Python's own parser finds a file nested too deeply. libcst's has no such limit and overflows the stack of the process."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (RecursionError, MemoryError):
        return True
    except SyntaxError as error:
        return "too many" in (error.msg or "")  # nested parentheses, levels of indentation, statically nested blocks
    except ValueError:
        pass
    return False


def _error_line(text: str) -> int | None:
    """The line that Python's own parser stops at, which names it better (of tabs among spaces, say) than libcst's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return error.lineno
    except ValueError:
        pass
    return None


class Module:
    """The syntax tree of one Python file, with the byte span and the parent of every node."""

    def __init__(self, file: SourceFile, is_shallow: bool = False):
        """``is_shallow``: Python's own parser has taken the file. Raises NotPython3."""
        self.file = file
        self.data = file.data
        shift = len(BOM) if file.data.startswith(BOM) else 0
        text = text_of(file.data)
        if not is_shallow and _is_too_deep(text):
            raise NotPython3("too deeply nested")
        try:
            self.root: cst.Module = _parse(text)
        except cst.ParserSyntaxError as error:
            raise NotPython3(f"line {_error_line(text) or error.raw_line}") from None
        except (RecursionError, ValueError, UnicodeError) as error:
            raise NotPython3(str(error).splitlines()[0] if str(error) else "too deeply nested") from None
        self._shift = shift
        self._parents: dict[int, cst.CSTNode] = {}
        self.nodes: list[cst.CSTNode] = []  # a node before those under it, in the order of the file
        stack: list[cst.CSTNode] = [self.root]
        depths, deepest = [0], 0
        while stack:
            node, depth = stack.pop(), depths.pop()
            self.nodes.append(node)
            children = self._children(node)
            for child in children:
                self._parents[id(child)] = node
            children.reverse()
            stack += children
            depths += len(children) * [depth + 1]
            deepest = max(deepest, depth)
        if deepest > _DEEP:
            try:
                self._spans  # noqa: B018  refused here, not where somebody asks for a place
            except RecursionError:
                raise NotPython3("too deeply nested") from None
        self._index = {id(node): i for i, node in enumerate(self.nodes)}
        self._ends = list(range(1, len(self.nodes) + 1))  # of the nodes under each, in ``nodes``
        for i in range(len(self.nodes) - 1, 0, -1):
            above = self._index[id(self._parents[id(self.nodes[i])])]
            self._ends[above] = max(self._ends[above], self._ends[i])
        self._by_kind: dict[type, list[int]] = {}
        for i, node in enumerate(self.nodes):
            self._by_kind.setdefault(type(node), []).append(i)

    def _children(self, node: cst.CSTNode) -> list[cst.CSTNode]:
        """The nodes under a node in the order of the file, without white space, comments, commas and parentheses.

        ``CSTNode.children`` finds the same by visiting, many times slower.
        """
        kind = type(node)
        fields = _FIELDS.get(kind)
        if fields is None:
            fields = [f for f in kind.__dataclass_fields__ if not _LAYOUT.search(f)]
            fields.sort(key=lambda field: _place_of(kind.__name__, field))
            _FIELDS[kind] = fields
        found: list[cst.CSTNode] = []
        for field in fields:
            value = getattr(node, field)
            if isinstance(value, list | tuple):
                found += [v for v in value if _is_node(type(v))]
            elif _is_node(type(value)):
                found.append(value)
        return found

    def release(self) -> None:
        """Let go of what refers back to the module, so that it goes as soon as nobody has it: made anew where somebody has."""
        self.__dict__.pop("names", None)

    # --- places

    @cached_property
    def _spans(self) -> dict[int, tuple[int, int]]:
        return spans(self.root)

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """The bytes of a node, without the parentheses around it."""
        start, end = self._spans[id(node)]
        return start + self._shift, end + self._shift

    def outer_span(self, node: cst.CSTNode) -> tuple[int, int]:
        """The bytes of a node with the parentheses around it."""
        start, end = self.span(node)
        left, right = getattr(node, "lpar", ()), getattr(node, "rpar", ())
        if isinstance(left, Sequence) and left and right:  # an import or a with statement has one pair, which is part of it
            start, end = self.span(left[0])[0], self.span(right[-1])[1]
        return start, end

    def start(self, node: cst.CSTNode) -> int:
        return self._spans[id(node)][0] + self._shift

    def code(self, node: cst.CSTNode) -> str:
        return self.file.text(*self.outer_span(node))

    def replace(self, node: cst.CSTNode, text: str) -> Edit:
        return self.replace_span(*self.outer_span(node), text)

    def replace_span(self, start: int, end: int, text: str) -> Edit:
        return Edit(start, end, text.encode("utf-8", "surrogateescape"))

    def insert(self, offset: int, text: str) -> Edit:
        return self.replace_span(offset, offset, text)

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
        first = 0 if under is None else self._index[id(under)]
        end = self._ends[first]
        matching: list[int] = []
        for kind, places in self._by_kind.items():
            if issubclass(kind, kinds):
                matching += places[bisect_left(places, first) : bisect_left(places, end)]
        return [self.nodes[i] for i in sorted(matching)]

    # --- names

    @cached_property
    def names(self) -> Names:
        """The scopes of the file and what its names stand for."""
        return Names(self)

    @cached_property
    def imports(self) -> dict[str, str]:
        """Local name -> dotted name of what was imported. Names that a try/except ImportError binds are left out."""
        found: dict[str, set[str]] = {}
        for node in self.find(cst.Import, cst.ImportFrom):
            for local, target, _ in import_pairs(node):
                found.setdefault(local, set()).add(target)
        unsure = {
            name
            for name, targets in found.items()
            if len(targets) > 1 or any(b.guarded for bound in self.names.bindings(name).values() for b in bound)
        }
        return {name: next(iter(targets)) for name, targets in found.items() if name not in unsure}

    def star_imports(self) -> list[str]:
        """The modules of ``from x import *``."""
        return [source_module(n) for n in self.find(cst.ImportFrom) if isinstance(n.names, cst.ImportStar)]

    def qualified(self, node: cst.CSTNode) -> str | None:
        """``torch.nn.functional.relu`` for ``F.relu`` after ``import torch.nn.functional as F``; None when the root was not imported."""
        return self.names.qualified(node)


def _parse(text: str) -> cst.Module:
    """The tree of a source. ``f(async=True)``, which Python 3.7 made a syntax error, is read as well: with another keyword in its place."""
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError:
        readable = _without_async(text) if "async" in text else text
        if readable == text or _is_too_deep(readable):
            raise
        return cst.parse_module(readable)


def _without_async(text: str) -> str:
    """The text with every ``async=`` of a call as ``asynk=``: the same offsets."""
    import io
    import tokenize

    lines = text.split("\n")
    before, last = "", None
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
            if token.type in (tokenize.NL, tokenize.COMMENT):
                continue
            if last is not None and token.string == "=":
                row, column = last.start
                lines[row - 1] = lines[row - 1][:column] + "asynk" + lines[row - 1][column + len("async") :]
            last = token if token.string == "async" and before in ("(", ",") else None
            before = token.string
    except (tokenize.TokenError, SyntaxError):
        return text
    return "\n".join(lines)


def dotted(node: cst.CSTNode | None) -> str | None:
    """``a.b.c`` for a name or a chain of attributes."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        value = dotted(node.value)
        return f"{value}.{node.attr.value}" if value is not None else None
    return None


def string_value(node: cst.CSTNode | None) -> str | None:
    """The text that a plain string literal stands for."""
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


def add_argument(module: Module, call: cst.Call, text: str) -> Edit | None:
    """Puts an argument behind the others of a call; None where a bare generator leaves no room."""
    if not call.args:
        return module.insert(inner_span(module, call)[0], text)
    last = call.args[-1].value
    if isinstance(last, cst.GeneratorExp) and not last.lpar:
        return None
    return module.insert(module.outer_span(last)[1], f", {text}")


def remove_argument(module: Module, call: cst.Call, arg: cst.Arg) -> list[Edit]:
    """Takes an argument out of a call."""
    return remove_items(module, list(call.args), [next(i for i, a in enumerate(call.args) if a is arg)], inner_span(module, call))


def plain_arguments(call: cst.Call) -> list[cst.Arg] | None:
    """The positional arguments of a call without ``*`` and ``**``; None where it has one."""
    if any(a.star for a in call.args):
        return None
    return [a for a in call.args if a.keyword is None]


def boolean(node: cst.CSTNode | None) -> bool | None:
    """What ``True`` or ``False`` in the source says; None for anything else."""
    return {"True": True, "False": False}.get(node.value) if isinstance(node, cst.Name) else None


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
    start, end = module.span(node)
    if isinstance(node, (cst.List, cst.Dict, cst.Set)):
        return start + 1, end - 1
    if isinstance(node, cst.Call):
        after_func = module.outer_span(node.func)[1]
        return module.data.index(b"(", after_func) + 1, end - 1
    outer = module.outer_span(node)
    return outer[0] + 1, outer[1] - 1


class TextContext:
    """What a rewrite sees of a make file, a CMake file, a shell script, a list of requirements or Cython: its bytes."""

    def __init__(self, project: Project, path: Path, settings: Settings, catalogue: Catalogue):
        self._project = project
        self.alone = True  # whether nobody asked for more than this file
        self.path = path
        self.settings = settings
        self.catalogue = catalogue
        self.file: SourceFile = project.scripts[path]

    @property
    def project(self) -> Project:
        self.alone = False
        return self._project


class PythonContext(TextContext):
    """What a rewrite sees of one Python file. ``module`` is None when it is not Python 3; nothing is parsed before somebody asks."""

    @property
    def module(self) -> Module | None:
        return self._project.module(self.path)

    def has(self, *words: str) -> bool:
        """Whether one of the words stands in the file at all: asked before ``module``, which costs a parse."""
        return any(w.encode() in self.file.words for w in words)

    @property
    def outline(self) -> Outline | None:
        """What the file may use, asked before ``module``; None where only ``module`` can tell."""
        return self._project.outline(self.path)

    @cached_property
    def syntax(self) -> list[ast.AST] | None:
        """All nodes that Python's own parser makes of the file; None where it does not take it."""
        tree = None if self.outline is None else parsed(self.file)
        return None if tree is None else nodes(tree)

    def may_use(self, dotted_names: Iterable[str]) -> bool:
        """Whether the file may use one of some dotted names, under whatever name it imports them: asked before ``module``."""
        spelt = list(filter(self.spells, dotted_names))
        return bool(spelt) and ((outline := self.outline) is None or outline.mentions(spelt))

    def may_call(self, *names: str) -> bool:
        """Whether the file may call a function or a method of one of some names, if it spells them: asked before ``module``."""
        return self.has(*names) and ((outline := self.outline) is None or outline.calls(*names))

    def may_call_method(self, *names: str) -> bool:
        """Whether the file may call a method of one of some names: asked before ``module``."""
        return self.has(*names) and ((outline := self.outline) is None or outline.uses_method(*names))

    def may_give(self, *keywords: str) -> bool:
        """Whether a call in the file may name one of some arguments: asked before ``module``."""
        return self.has(*keywords) and ((outline := self.outline) is None or not outline.keywords.isdisjoint(keywords))

    def may_hold(self, *kinds: type[ast.AST]) -> bool:
        """Whether the file may have nodes of some kinds, as Python's own parser names them: asked before ``module``."""
        return (outline := self.outline) is None or not outline.kinds.isdisjoint(kinds)

    def spells(self, dotted_name: str) -> bool:
        """Whether every part of a dotted name stands in the file."""
        return self.file.words.issuperset(part.encode() for part in dotted_name.split("."))
