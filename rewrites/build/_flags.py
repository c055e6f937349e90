"""Which string literals of a project's Python files reach a torch extension as compiler flags. Read, never run.

The flags of ``CUDAExtension(..., extra_compile_args=...)``, ``load(..., extra_cflags=...)`` and the like are followed back through names,
``+``, ``append``, dicts, the file's own functions and the modules that they are imported from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from migrator.python import Module, PythonContext, cst, dotted, inner_span, remove_items, string_value
from migrator.rewrite import Change, Edit
from migrator.verify.static_python import Call, read_script

TORCH_CALLS = frozenset({"CUDAExtension", "CppExtension", "SyclExtension", "create_extension"})
LOAD_ARGUMENTS = frozenset({"extra_cflags", "extra_cuda_cflags"})
ARGUMENTS = LOAD_ARGUMENTS | {"extra_compile_args"}
TORCH_WORDS = TORCH_CALLS | LOAD_ARGUMENTS
_ADDING = frozenset({"append", "extend", "insert", "update", "setdefault"})


def evaluated_calls(ctx: PythonContext, names: frozenset[str], release: str = "2.15.0") -> list[Call]:
    """The calls of some names in a script, with their arguments as far as reading can tell; none where it is not Python."""
    text = ctx.file.data.decode("utf-8-sig", "replace")
    try:
        calls = read_script(text, ctx.path, names.__contains__, torch_version=release, moves=ctx.project.moves, made=ctx.project.made).calls
    except (SyntaxError, ValueError):
        return []
    return [c for c in calls if c.name != "load" or c.imported_from.startswith("torch.")]


def extension_calls(module: Module, names: frozenset[str] = TORCH_CALLS) -> list[cst.Call]:
    """The calls that make a torch extension: by name, by an import under another name, or through a variable that holds the class."""
    aliases = set(names)
    aliases |= {local for local, name in module.imports.items() if name.split(".")[-1] in names}
    for node in module.find(cst.Assign):
        if any(n in names for n in ((dotted(v) or "").split(".")[-1] for v in _alternatives(node.value))):
            aliases |= {t.target.value for t in node.targets if isinstance(t.target, cst.Name)}
    return [c for c in module.find(cst.Call) if any((dotted(f) or "").split(".")[-1] in aliases for f in _alternatives(c.func))]


def _alternatives(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    if isinstance(node, cst.IfExp):
        return [*_alternatives(node.body), *_alternatives(node.orelse)]
    return [node]


@dataclass
class Flags:
    """Literals that are flags of torch extensions (``reached``) or of other ones (``others``; ``nvcc``: those of its nvcc), by file."""

    reached: dict[Path, list[cst.BaseString]] = field(default_factory=dict)
    others: dict[Path, list[cst.BaseString]] = field(default_factory=dict)
    nvcc: dict[Path, list[cst.BaseString]] = field(default_factory=dict)
    involved: set[Path] = field(default_factory=set)
    modules: list[Module] = field(default_factory=list)  # kept, as the literals are nodes of theirs
    key: tuple = ()

    def of(self, path: Path) -> list[cst.BaseString]:
        return self.reached.get(path, [])

    def elsewhere(self, path: Path) -> list[cst.BaseString]:
        return self.others.get(path, [])

    def of_nvcc(self, path: Path) -> list[cst.BaseString]:
        """``{"nvcc": [...]}`` of what is no torch extension: setup.py files that teach setuptools to call nvcc."""
        torch = set(map(id, self.of(path)))
        return [literal for literal in self.nvcc.get(path, []) if id(literal) not in torch]


def flags(project) -> Flags:
    """The flags of the whole project, as its files are now."""
    words = {w.encode() for w in ARGUMENTS}
    known: Flags | None = project.__dict__.get("_torch_flags")
    seeds = project.cached("build: seeds of flags", lambda: [p for p in project.python_files if project.scripts[p].words & words])
    involved = sorted({*seeds, *(known.involved if known else ())})
    key = tuple((p, id(project.scripts[p].data)) for p in involved)
    if known is not None and known.key == key:
        return known
    found = Flags()
    torch, others, nvcc = (_Flow(project, literals) for literals in (found.reached, found.others, found.nvcc))
    for path in seeds:
        module = project.module(path)
        if module is None:
            continue
        found.modules.append(module)
        mine = set(map(id, extension_calls(module)))
        for call in module.find(cst.Call):
            for arg in call.args:
                if arg.keyword is None or arg.keyword.value not in ARGUMENTS:
                    continue
                of_torch = arg.keyword.value in LOAD_ARGUMENTS or id(call) in mine
                (torch if of_torch else others).follow(path, module, arg.value)
                for element in arg.value.elements if isinstance(arg.value, cst.Dict) and not of_torch else ():
                    if isinstance(element, cst.DictElement) and string_value(element.key) == "nvcc":
                        nvcc.follow(path, module, element.value)
    found.modules += [*torch.modules, *others.modules, *nvcc.modules]
    found.involved = {*seeds, *torch.files, *others.files}
    found.key = tuple((p, id(project.scripts[p].data)) for p in sorted(found.involved))
    project.__dict__["_torch_flags"] = found
    project.__dict__["_torch_flags_alive"] = [project.scripts[p].data for p in found.involved]
    return found


class _Flow:
    def __init__(self, project, found: dict[Path, list[cst.BaseString]]):
        self.project = project
        self.found = found
        self.files: set[Path] = set()
        self.modules: list[Module] = []
        self.seen: set[tuple[Path, str]] = set()
        self.literals: set[int] = set()

    def follow(self, path: Path, module: Module, node: cst.CSTNode) -> None:
        self.files.add(path)
        again = lambda child: self.follow(path, module, child)  # noqa: E731
        if isinstance(node, (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString)):
            if id(node) not in self.literals:
                self.literals.add(id(node))
                self.found.setdefault(path, []).append(node)
        elif isinstance(node, (cst.List, cst.Tuple, cst.Set)):
            for element in node.elements:
                again(element.value)
        elif isinstance(node, cst.Dict):
            for element in node.elements:
                again(element.value)
        elif isinstance(node, (cst.BinaryOperation, cst.BooleanOperation)):
            again(node.left)
            if not isinstance(getattr(node, "operator", None), (cst.Modulo, cst.Multiply)):
                again(node.right)
        elif isinstance(node, cst.IfExp):
            again(node.body)
            again(node.orelse)
        elif isinstance(node, (cst.ListComp, cst.GeneratorExp)):
            again(node.elt)
            again(node.for_in.iter)
        elif isinstance(node, cst.Subscript):
            again(node.value)
        elif isinstance(node, cst.Name):
            self.name(path, module, node.value)
        elif isinstance(node, cst.Attribute):
            self.attribute(path, module, node)
        elif isinstance(node, cst.Call):
            self.call(path, module, node)

    def call(self, path: Path, module: Module, node: cst.Call) -> None:
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in ("copy", "split", "get", "format"):
            self.follow(path, module, node.func.value)
        elif isinstance(node.func, cst.Name):
            if node.func.value in ("list", "tuple", "dict", "sorted", "set"):
                for arg in node.args:
                    self.follow(path, module, arg.value)
            else:
                self.name(path, module, node.func.value)

    def attribute(self, path: Path, module: Module, node: cst.Attribute) -> None:
        name = module.qualified(node)
        if name is not None and "." in name:
            self.imported(path, *name.rsplit(".", 1))

    def imported(self, path: Path, source: str, name: str) -> None:
        tail = [part for part in source.split(".") if part]
        if not tail:
            return
        for other in self.project.scripts:
            if other.suffix != ".py":
                continue
            parts = [*other.parts[:-1], other.stem] if other.stem != "__init__" else list(other.parts[:-1])
            if parts[-len(tail) :] == tail and (len(tail) > 1 or other.parent in (path.parent, *path.parents)):
                module = self.project.module(other)
                if module is not None:
                    self.files.add(other)
                    self.modules.append(module)
                    self.name(other, module, name)

    def name(self, path: Path, module: Module, name: str) -> None:
        if (path, name) in self.seen:
            return
        self.seen.add((path, name))
        if name in module.imports:
            source = module.imports[name]
            if "." in source:
                self.imported(path, *source.rsplit(".", 1))
        for node in module.nodes:
            if isinstance(node, cst.Assign):
                if any(_names_target(t.target, name) for t in node.targets):
                    self.follow(path, module, node.value)
                for place, value in _pairs(node):
                    if _names_target(place, name):
                        self.follow(path, module, value)
            elif isinstance(node, (cst.AugAssign, cst.AnnAssign)):
                if _names_target(node.target, name) and node.value is not None:
                    self.follow(path, module, node.value)
            elif isinstance(node, cst.Call):
                if isinstance(node.func, cst.Attribute) and node.func.attr.value in _ADDING and _names_target(node.func.value, name):
                    for arg in node.args:
                        self.follow(path, module, arg.value)
            elif isinstance(node, cst.FunctionDef):
                if node.name.value == name:
                    for made in module.find(cst.Return, cst.Yield, under=node):
                        if made.value is not None:
                            self.follow(path, module, made.value)
                elif name in [p.name.value for p in node.params.params]:
                    self.parameter(path, module, node, name)

    def parameter(self, path: Path, module: Module, function: cst.FunctionDef, name: str) -> None:
        position = [p.name.value for p in function.params.params].index(name)
        default = function.params.params[position].default
        if default is not None:
            self.follow(path, module, default)
        for call in module.find(cst.Call):
            if isinstance(call.func, cst.Name) and call.func.value == function.name.value:
                for i, arg in enumerate(call.args):
                    if (arg.keyword is not None and arg.keyword.value == name) or (arg.keyword is None and not arg.star and i == position):
                        self.follow(path, module, arg.value)


def _pairs(assign: cst.Assign) -> list[tuple[cst.BaseExpression, cst.BaseExpression]]:
    """The places and values of ``a, b = [], []``."""
    found = []
    for target in assign.targets:
        place, value = target.target, assign.value
        if isinstance(place, (cst.Tuple, cst.List)) and isinstance(value, (cst.Tuple, cst.List)):
            if len(place.elements) == len(value.elements):
                found += [(p.value, v.value) for p, v in zip(place.elements, value.elements, strict=True)]
    return found


def _names_target(node: cst.CSTNode, name: str) -> bool:
    while isinstance(node, cst.Subscript):
        node = node.value
    return isinstance(node, cst.Name) and node.value == name


# --- taking flags away ------------------------------------------------------------------------------------------------------------------

Drop = Callable[[list], set]


def prune(
    ctx: PythonContext,
    rule: str,
    drop: Drop,
    note: Callable[[list, set], str] = lambda tokens, gone: "",
    literals: list[cst.BaseString] | None = None,
) -> tuple[list[Change], list[cst.CSTNode]]:
    """Take flags from the literals that reach a torch extension (or from ``literals``).

    ``drop`` is given the words of one list (None where something is not a literal) and says the indices that go. Returns the changes,
    and the literals whose words should go and that stand where they cannot be taken away.
    """
    module = ctx.module
    assert module is not None
    changes: list[Change] = []
    stuck: list[cst.CSTNode] = []
    mine = flags(ctx.project).of(ctx.path) if literals is None else literals
    ids = set(map(id, mine))
    done: set[int] = set()
    for literal in mine:
        element = module.parent(literal)
        container = module.parent(element) if isinstance(element, cst.Element) else None
        if isinstance(container, (cst.List, cst.Tuple, cst.Set)):
            if id(container) in done:
                continue
            done.add(id(container))
            changes += _from_container(module, rule, container, ids, drop, note, stuck)
            continue
        value = string_value(literal)
        if value is None:
            continue
        words = value.split()
        gone = drop(list(words))
        if not gone:
            continue
        text = note(words, gone)
        statement = _adding_statement(module, literal)
        if len(gone) == len(words) and statement is not None:
            changes.append(Change(rule, (remove_statement(module, statement),), note=text))
        elif isinstance(literal, cst.SimpleString) and (len(gone) < len(words) or _joins_strings(module, literal)):
            edits = _without_words(module, literal, words, gone)
            if edits:
                changes.append(Change(rule, edits, note=text))
            else:
                stuck.append(literal)
        else:
            stuck.append(literal)
    return changes, stuck


def _from_container(module: Module, rule: str, container, ids: set[int], drop: Drop, note, stuck: list) -> list[Change]:
    tokens: list[str | None] = []
    places: list[tuple[int, int]] = []  # (element, word)
    words_of: list[list[str] | None] = []
    for i, element in enumerate(container.elements):
        value = string_value(element.value) if id(element.value) in ids and isinstance(element, cst.Element) else None
        words = value.split() if value is not None else None
        words_of.append(words)
        for j, word in enumerate(words if words is not None else [None]):
            tokens.append(word)
            places.append((i, j))
    gone = drop(tokens)
    if not gone:
        return []
    by_element: dict[int, set[int]] = {}
    for index in gone:
        by_element.setdefault(places[index][0], set()).add(places[index][1])
    whole = [i for i, words in by_element.items() if len(words) == len(words_of[i] or ())]
    edits = []
    for i, words in by_element.items():
        if i not in whole:
            node = container.elements[i].value
            made = _without_words(module, node, words_of[i] or [], words) if isinstance(node, cst.SimpleString) else ()
            if not made:
                stuck.append(node)
                return []
            edits += made
    if whole:
        if isinstance(container, cst.Tuple) and not container.lpar:
            stuck.append(container)
            return []
        if isinstance(container, cst.Tuple) and len(container.elements) - len(whole) == 1:
            stuck.append(container)
            return []
        edits += remove_items(module, list(container.elements), whole, inner_span(module, container))
    return [Change(rule, tuple(edits), note=note(tokens, gone))]


def _without_words(module: Module, node: cst.SimpleString, words: list[str], gone: set[int]) -> tuple[Edit, ...]:
    """Edits that take words from inside a string literal."""
    raw = node.value
    edits = []
    position = len(node.prefix) + len(node.quote)
    base = module.span(node)[0]
    end_of_text = len(raw) - len(node.quote)
    for i, word in enumerate(words):
        at = raw.find(word, position, end_of_text)
        if at < 0:
            return ()
        end = at + len(word)
        if i in gone:
            if i + 1 < len(words):
                while end < end_of_text and raw[end] in " \t":
                    end += 1
            else:
                while at > position and raw[at - 1] in " \t":
                    at -= 1
            if edits and edits[-1][1] >= at:
                edits[-1] = (edits[-1][0], end)
            else:
                edits.append((at, end))
        position = max(position, end if i in gone else at + len(word))
    lead = [len(raw[:a].encode("utf-8")) for a, _ in edits]
    trail = [len(raw[:b].encode("utf-8")) for _, b in edits]
    return tuple(Edit(base + a, base + b, b"") for a, b in zip(lead, trail, strict=True))


def _joins_strings(module: Module, literal: cst.CSTNode) -> bool:
    """Whether the literal is a part of a text that may as well be empty: ``'-O2' + ' -std=c++11'``, ``flags += ' -g'``, ``''.split()``."""
    parent = module.parent(literal)
    return isinstance(parent, (cst.BinaryOperation, cst.ConcatenatedString)) or (
        isinstance(parent, cst.Attribute) and parent.attr.value == "split"
    )


def _adding_statement(module: Module, literal: cst.CSTNode):
    """The statement ``flags.append('-x')`` that the literal is all of."""
    arg = module.parent(literal)
    call = module.parent(arg) if isinstance(arg, cst.Arg) else None
    if (
        not isinstance(call, cst.Call)
        or len(call.args) != 1
        or not isinstance(call.func, cst.Attribute)
        or call.func.attr.value != "append"
    ):
        return None
    statement = module.parent(call)
    return statement if isinstance(statement, cst.Expr) else None


def remove_statement(module: Module, statement: cst.BaseSmallStatement) -> Edit:
    """Take a statement away: with its line, or ``pass`` where a block would be empty."""
    line = module.parent(statement)
    start, end = module.span(statement)
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) > 1:
        return Edit(start, end, b"pass")
    block = module.parent(line)
    if isinstance(block, cst.IndentedBlock) and len(block.body) == 1:
        return Edit(start, end, b"pass")
    data = module.data
    line_start = data.rfind(b"\n", 0, start) + 1
    line_end = data.find(b"\n", end)
    return Edit(line_start, len(data) if line_end < 0 else line_end + 1, b"")
