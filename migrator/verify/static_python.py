"""Reads what a build script would build without running it.

A small evaluator for the part of Python that setup.py files are written in: strings, lists, dicts, ``glob``,
``os.path``, ``pathlib``, loops and the script's own functions. Everything else is `UNKNOWN` and stays so. Nothing
is imported and nothing of the project is executed; the only effect on the world is looking at which files exist.

Calls that the caller asks for (``CUDAExtension(...)``, ``load(...)``) are recorded with their evaluated arguments,
wherever they stand. A condition that cannot be known is taken to hold when it speaks of CUDA, because the CUDA
build is the one that is verified (``cuda=False`` reads the build without); any other unknown condition runs both arms.
Environment variables are unset. Where that leaves extensions out (``if os.getenv("WITH_OPS", "0") == "0": return``), the
script is read once more with variables that nobody knows, for what was not reached.
"""

from __future__ import annotations

import ast
import fnmatch
import glob
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrator import releases
from migrator.releases import NEWEST

STEP_LIMIT = 200_000
CALL_DEPTH = 12


class Unknown:
    """A value that only running the script could tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Name:
    """A dotted name of something outside the script, such as ``os.path.join``."""

    dotted: str

    @property
    def last(self) -> str:
        return self.dotted.rpartition(".")[2]


@dataclass(frozen=True)
class Call:
    """A recorded call: its name, its evaluated arguments and its line."""

    name: str
    args: tuple
    kwargs: dict
    line: int
    imported_from: str = ""


@dataclass
class _Function:
    node: Any
    scope: _Scope


@dataclass
class _Bound:
    """A method of a value that the evaluator holds, such as ``sources.append``."""

    value: Any
    name: str


class _Scope(dict):
    def __init__(self, outer: _Scope | None = None) -> None:
        super().__init__()
        self.outer = outer

    def find(self, name: str) -> Any:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope:
                return scope[name]
            scope = scope.outer
        raise KeyError(name)


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Stop(Exception):
    """break, continue, raise or the step limit: leave this block."""


class _Exhausted(Exception):
    """The script asked for more steps than any build file needs."""


@dataclass
class Script:
    """What one script was found to call."""

    calls: list[Call] = field(default_factory=list)
    scope: _Scope = field(default_factory=_Scope)


def read_script(
    text: str,
    path: Path,
    wanted: Callable[[str], bool],
    *,
    torch_version: str = f"{NEWEST}.0",
    folder: Path | None = None,
    cuda: bool = True,
    moves: Mapping[Path, Path] | None = None,
    made: Iterable[Path] = (),
) -> Script:
    """Evaluate a script's text and record the calls whose last name is `wanted`.

    `moves` and `made` are files that are about to be renamed and written: `glob` finds them as they will be.

    Raises SyntaxError for a file that is not Python 3; the caller falls back to the folder.
    """
    try:
        tree = ast.parse(text)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or "too deeply nested") from None  # NUL bytes; nesting beyond what Python's own parser takes
    reader = _Reader(path, wanted, torch_version, folder or path.parent, cuda)
    reader.moves = dict(moves or {})
    reader.made = [*reader.moves.values(), *made]
    try:
        reader.run_module(tree)
    except (_Exhausted, RecursionError):
        pass  # what was found until then stands
    return Script(reader.calls, reader.globals)


STRING_METHODS = {
    "replace",
    "split",
    "rsplit",
    "strip",
    "lstrip",
    "rstrip",
    "startswith",
    "endswith",
    "lower",
    "upper",
    "join",
    "format",
    "partition",
    "rpartition",
    "find",
    "title",
    "splitlines",
    "isdigit",
    "count",
}
LIST_METHODS = {"append", "extend", "insert", "remove", "pop", "index", "count", "sort", "reverse", "copy", "clear"}
DICT_METHODS = {"get", "keys", "values", "items", "update", "setdefault", "pop", "copy"}
SET_METHODS = {"add", "update", "union", "difference", "discard", "copy"}
PATH_METHODS = {
    "absolute",
    "as_posix",
    "exists",
    "glob",
    "is_dir",
    "is_file",
    "iterdir",
    "joinpath",
    "relative_to",
    "resolve",
    "rglob",
    "with_suffix",
    "with_name",
}
ENVIRONMENT = ("os.getenv", "os.environ.get", "getenv", "environ.get")
TORCH = "/the torch of the build"  # stands for torch's folder in paths; what is asked of its headers, the index of the API answers
PATH_ATTRIBUTES = {"parent", "name", "stem", "suffix", "parts"}


class _Reader:
    def __init__(self, path: Path, wanted: Callable[[str], bool], torch_version: str, folder: Path, cuda: bool) -> None:
        self.path = path
        self.cuda = cuda
        self.folder = folder.resolve()
        self.wanted = wanted
        self.torch_version = torch_version
        self.calls: list[Call] = []
        self.seen: set[int] = set()
        self.aliases: set[str] = set()  # what wanted names are imported as
        self.evaluated: set[int] = set()  # wanted names that were read, called or not: `extension = CUDAExtension`
        self.open = False  # environment variables are unknown, and nothing that is unknown ends a function
        self.closed: set[int] = set()  # what was seen before that
        self.other_build: set[int] = set()  # calls in the arm for a build without CUDA (or with it, where `cuda` is False)
        self.imports: dict[str, str] = {}
        self.globals = self.fresh_globals()
        self.moves: dict[Path, Path] = {}
        self.made: list[Path] = []
        self.depth = 0
        self.steps = 0

    def fresh_globals(self) -> _Scope:
        scope = _Scope()
        scope["__file__"] = str(self.folder / self.path.name)
        scope["__name__"] = "__main__"
        return scope

    # -- the module ---------------------------------------------------------------------------------------------

    def names_wanted(self, node: ast.AST | None) -> bool:
        """Whether an expression ends in a wanted name, or in one that such a name was imported as."""
        name = _last_name(node)
        return self.wanted(name) or name in self.aliases

    def run_module(self, tree: ast.Module) -> None:
        self.aliases = {
            alias.asname
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname is not None and self.wanted(alias.name)
        }
        self.run_statements(tree)
        if self.holds_unread_name(tree):
            closed, self.globals = self.globals, self.fresh_globals()
            self.open, self.closed = True, set(self.seen)
            self.run_statements(tree)
            self.open, self.globals = False, closed
        skipped = self.other_build if self.calls else set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and id(node) not in self.seen | skipped and self.names_wanted(node.func):
                self.expression(node, self.globals)

    def run_statements(self, tree: ast.Module) -> None:
        self.block(tree.body, self.globals)
        for node in ast.walk(tree):  # functions that nothing at module level called
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and self.holds_unseen_call(node):
                self.call_function(_Function(node, self.globals), [], {})

    def holds_unread_name(self, tree: ast.AST) -> bool:
        return any(
            isinstance(node, (ast.Name, ast.Attribute)) and id(node) not in self.evaluated and self.names_wanted(node)
            for node in ast.walk(tree)
        )

    def holds_unseen_call(self, node: ast.AST) -> bool:
        return any(
            isinstance(inner, ast.Call) and id(inner) not in self.seen and self.names_wanted(inner.func) for inner in ast.walk(node)
        )

    def step(self) -> None:
        self.steps += 1
        if self.steps > STEP_LIMIT:
            raise _Exhausted

    # -- statements ---------------------------------------------------------------------------------------------

    def block(self, body: list[ast.stmt], scope: _Scope) -> None:
        for statement in body:
            self.step()
            try:
                self.statement(statement, scope)
            except (_Return, _Stop):
                if scope is self.globals:
                    continue
                raise
            except _Exhausted:
                raise
            except Exception:  # a surprising script must never stop the reading: this statement stays unknown
                continue

    def statement(self, node: ast.stmt, scope: _Scope) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            scope[node.name] = _Function(node, scope)
        elif isinstance(node, ast.ClassDef):
            scope[node.name] = UNKNOWN
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                scope[name] = Name(alias.name if alias.asname else name)
                self.imports[name] = alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                dotted = f"{node.module or ''}.{alias.name}"
                scope[alias.asname or alias.name] = Name(dotted)
                self.imports[alias.asname or alias.name] = dotted
        elif isinstance(node, ast.Assign):
            value = self.expression(node.value, scope)
            for target in node.targets:
                self.assign(target, value, scope)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self.assign(node.target, self.expression(node.value, scope), scope)
        elif isinstance(node, ast.AugAssign):
            self.augment(node, scope)
        elif isinstance(node, ast.Expr):
            self.expression(node.value, scope)
        elif isinstance(node, ast.If):
            self.branch(node, scope)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self.loop(node, scope)
        elif isinstance(node, ast.While):
            self.quiet_block(node.body, scope)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    self.assign(item.optional_vars, UNKNOWN, scope)
            self.block(node.body, scope)
        elif isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            self.quiet_block(node.body, scope)
            self.block(node.orelse, scope)
            self.block(node.finalbody, scope)
        elif isinstance(node, ast.Return):
            raise _Return(self.expression(node.value, scope) if node.value else None)
        elif isinstance(node, (ast.Break, ast.Continue, ast.Raise)):
            raise _Stop

    def quiet_block(self, body: list[ast.stmt], scope: _Scope) -> None:
        try:
            self.block(body, scope)
        except _Stop:
            pass

    def assign(self, target: ast.expr, value: Any, scope: _Scope) -> None:
        if isinstance(target, ast.Name):
            scope[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            values = list(value) if isinstance(value, (list, tuple)) else []
            for i, inner in enumerate(target.elts):
                self.assign(inner, values[i] if i < len(values) else UNKNOWN, scope)
        elif isinstance(target, ast.Subscript):
            holder = self.expression(target.value, scope)
            key = self.expression(target.slice, scope)
            if isinstance(holder, dict) and isinstance(key, (str, int)):
                holder[key] = value
            elif isinstance(holder, list) and isinstance(key, int):
                holder[key] = value

    def augment(self, node: ast.AugAssign, scope: _Scope) -> None:
        value = self.expression(node.value, scope)
        old = self.expression(node.target, scope)
        if isinstance(node.op, ast.Add) and isinstance(old, list) and isinstance(value, (list, tuple)):
            old.extend(value)  # in place, as Python does: other names may hold the same list
            return
        self.assign(node.target, _binary(node.op, old, value), scope)

    def branch(self, node: ast.If, scope: _Scope) -> None:
        known = self.truth(node.test, scope)
        if known is None:
            flags = {name: value for name, value in scope.items() if isinstance(value, bool)}
            for arm in (node.body, node.orelse):
                try:
                    self.quiet_block(arm, scope)
                except _Return:
                    if not self.open:
                        raise
            scope.update((name, UNKNOWN) for name, value in flags.items() if scope[name] is not value)  # `if "--cpu" in argv: gpu = False`
        else:
            if self.is_of_cuda_alone(node.test, scope):
                self.other_build.update(id(inner) for arm in (node.orelse if known else node.body) for inner in ast.walk(arm))
            self.block(node.body if known else node.orelse, scope)

    def is_of_cuda_alone(self, test: ast.expr, scope: _Scope) -> bool:
        """Whether the build without CUDA takes the other arm."""
        here = self.truth(test, scope)
        self.cuda = not self.cuda
        try:
            there = self.truth(test, scope)
        finally:
            self.cuda = not self.cuda
        return here is not None and there is (not here)

    def loop(self, node: Any, scope: _Scope) -> None:
        items = _sequence(self.expression(node.iter, scope))
        for item in items if items is not None else [UNKNOWN]:
            self.assign(node.target, item, scope)
            try:
                self.block(node.body, scope)
            except _Stop:
                continue

    # -- conditions ---------------------------------------------------------------------------------------------

    def truth(self, node: ast.expr, scope: _Scope) -> bool | None:
        """True, False, or None where only running the script could tell."""
        if isinstance(node, ast.BoolOp):
            parts = [self.truth(value, scope) for value in node.values]
            if isinstance(node.op, ast.And):
                return False if False in parts else (None if None in parts else True)
            return True if True in parts else (None if None in parts else False)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.truth(node.operand, scope)
            return None if inner is None else not inner
        if not self.cuda and isinstance(node, ast.Name) and isinstance(known := self.expression(node, scope), bool):
            return known  # with_cuda = True, whatever the machine has
        of_torch = isinstance(node, ast.Call) and node.args and TORCH in str(self.expression(node.args[0], scope))
        if _speaks_of_cuda(node) and not of_torch:  # ATen/CUDAGenerator.h is torch's
            negated = isinstance(node, ast.Compare) and (
                (isinstance(node.ops[0], (ast.Is, ast.Eq)) and _is_constant(node.comparators[0], (None, False, "0", 0)))
                or (isinstance(node.ops[0], (ast.IsNot, ast.NotEq)) and _is_constant(node.comparators[0], (True, "1", 1)))
            )
            return self.cuda != negated
        value = self.expression(node, scope)
        if isinstance(value, (Unknown, Name, _Bound)):
            return None
        try:
            return bool(value)
        except Exception:
            return None

    # -- expressions --------------------------------------------------------------------------------------------

    def expression(self, node: ast.expr | None, scope: _Scope) -> Any:
        handler = getattr(self, "on_" + type(node).__name__, None)
        self.step()
        if self.names_wanted(node):
            self.evaluated.add(id(node))
        if handler is None:
            return UNKNOWN
        try:
            return handler(node, scope)
        except (_Return, _Stop, _Exhausted):
            raise
        except Exception:
            return UNKNOWN

    def on_Constant(self, node: ast.Constant, scope: _Scope) -> Any:
        return node.value

    def on_Name(self, node: ast.Name, scope: _Scope) -> Any:
        try:
            return scope.find(node.id)
        except KeyError:
            return Name(node.id)

    def on_List(self, node: ast.List, scope: _Scope) -> Any:
        return self.elements(node.elts, scope)

    def on_Tuple(self, node: ast.Tuple, scope: _Scope) -> Any:
        return tuple(self.elements(node.elts, scope))

    def on_Set(self, node: ast.Set, scope: _Scope) -> Any:
        return list(dict.fromkeys(self.elements(node.elts, scope)))

    def elements(self, nodes: list[ast.expr], scope: _Scope) -> list:
        out: list = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                out.extend(_sequence(self.expression(node.value, scope)) or [UNKNOWN])
            else:
                out.append(self.expression(node, scope))
        return out

    def on_Dict(self, node: ast.Dict, scope: _Scope) -> Any:
        out: dict = {}
        for key, value in zip(node.keys, node.values, strict=False):
            evaluated = self.expression(value, scope)
            if key is None:
                if isinstance(evaluated, dict):
                    out.update(evaluated)
                continue
            name = self.expression(key, scope)
            if isinstance(name, (str, int)):
                out[name] = evaluated
        return out

    def on_JoinedStr(self, node: ast.JoinedStr, scope: _Scope) -> Any:
        parts = []
        for value in node.values:
            inner = self.expression(value.value if isinstance(value, ast.FormattedValue) else value, scope)
            if isinstance(inner, (Unknown, Name)):
                return UNKNOWN
            parts.append(str(inner))
        return "".join(parts)

    def on_BinOp(self, node: ast.BinOp, scope: _Scope) -> Any:
        return _binary(node.op, self.expression(node.left, scope), self.expression(node.right, scope))

    def on_UnaryOp(self, node: ast.UnaryOp, scope: _Scope) -> Any:
        if isinstance(node.op, ast.Not):
            known = self.truth(node.operand, scope)
            return UNKNOWN if known is None else not known
        value = self.expression(node.operand, scope)
        return -value if isinstance(node.op, ast.USub) and isinstance(value, (int, float)) else UNKNOWN

    def on_BoolOp(self, node: ast.BoolOp, scope: _Scope) -> Any:
        value: Any = UNKNOWN
        for inner in node.values:
            value = self.expression(inner, scope)
            if isinstance(value, Unknown):
                continue
            if isinstance(node.op, ast.Or) and value:
                return value
            if isinstance(node.op, ast.And) and not value:
                return value
        return value

    def on_Compare(self, node: ast.Compare, scope: _Scope) -> Any:
        left = self.expression(node.left, scope)
        for op, comparator in zip(node.ops, node.comparators, strict=False):
            right = self.expression(comparator, scope)
            if isinstance(left, (Unknown, Name)) or isinstance(right, (Unknown, Name)):
                return UNKNOWN
            if not _COMPARE[type(op)](left, right):
                return False
            left = right
        return True

    def on_IfExp(self, node: ast.IfExp, scope: _Scope) -> Any:
        known = self.truth(node.test, scope)
        if known is None:
            first, second = self.expression(node.body, scope), self.expression(node.orelse, scope)
            return second if isinstance(first, Unknown) else first
        return self.expression(node.body if known else node.orelse, scope)

    def on_Lambda(self, node: ast.Lambda, scope: _Scope) -> Any:
        return _Function(node, scope)

    def on_Starred(self, node: ast.Starred, scope: _Scope) -> Any:
        return self.expression(node.value, scope)

    def on_NamedExpr(self, node: Any, scope: _Scope) -> Any:
        value = self.expression(node.value, scope)
        self.assign(node.target, value, scope)
        return value

    def on_ListComp(self, node: Any, scope: _Scope) -> Any:
        out: list = []
        self.comprehension(node.generators, scope, lambda inner: out.append(self.expression(node.elt, inner)))
        return out

    on_GeneratorExp = on_ListComp
    on_SetComp = on_ListComp

    def on_DictComp(self, node: ast.DictComp, scope: _Scope) -> Any:
        out: dict = {}

        def add(inner: _Scope) -> None:
            out[self.expression(node.key, inner)] = self.expression(node.value, inner)

        self.comprehension(node.generators, scope, add)
        return out

    def comprehension(self, generators: list, scope: _Scope, emit: Callable[[_Scope], Any]) -> None:
        if not generators:
            emit(scope)
            return
        first, rest = generators[0], generators[1:]
        items = _sequence(self.expression(first.iter, scope))
        for item in items if items is not None else [UNKNOWN]:
            inner = _Scope(scope)
            self.assign(first.target, item, inner)
            if all(self.truth(test, inner) is not False for test in first.ifs):
                self.comprehension(rest, inner, emit)

    def on_Subscript(self, node: ast.Subscript, scope: _Scope) -> Any:
        holder = self.expression(node.value, scope)
        if isinstance(holder, Name):
            return UNKNOWN
        if isinstance(node.slice, ast.Slice):
            bounds = [
                self.expression(part, scope) if part is not None else None for part in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            return holder[slice(*bounds)]
        return holder[self.expression(node.slice, scope)]

    def on_Attribute(self, node: ast.Attribute, scope: _Scope) -> Any:
        holder = self.expression(node.value, scope)
        if isinstance(holder, Name):
            dotted = f"{holder.dotted}.{node.attr}"
            return self.constant(dotted) if dotted in _CONSTANTS or dotted.endswith("__version__") else Name(dotted)
        if isinstance(holder, Path) and node.attr in PATH_ATTRIBUTES:
            return getattr(holder, node.attr)
        if isinstance(holder, Path) and node.attr == "parents":
            return list(holder.parents)
        return _Bound(holder, node.attr)

    def constant(self, dotted: str) -> Any:
        if dotted == "torch.__version__":
            return self.torch_version
        if dotted in ("torch.__path__", "torch.__file__"):
            return [TORCH] if dotted.endswith("path__") else f"{TORCH}/__init__.py"
        return _CONSTANTS.get(dotted, UNKNOWN)

    # -- calls --------------------------------------------------------------------------------------------------

    def on_Call(self, node: ast.Call, scope: _Scope) -> Any:
        name = _last_name(node.func)
        callee = self.expression(node.func, scope)
        args = self.elements(node.args, scope)
        kwargs: dict = {}
        for keyword in node.keywords:
            value = self.expression(keyword.value, scope)
            if keyword.arg is None:
                kwargs.update(value if isinstance(value, dict) else {})
            else:
                kwargs[keyword.arg] = value
        if isinstance(callee, Name):
            name = callee.last  # `extension(...)` after `extension = CUDAExtension`
        if self.wanted(name) and not isinstance(callee, _Function):
            if id(node) in self.closed:
                return UNKNOWN
            self.seen.add(id(node))
            origin = callee.dotted if isinstance(callee, Name) else ""
            call = Call(name, tuple(_frozen(args)), {k: _frozen(v) for k, v in kwargs.items()}, node.lineno, origin)
            if call not in self.calls:
                self.calls.append(call)
            return UNKNOWN
        if isinstance(callee, _Function):
            return self.call_function(callee, args, kwargs)
        if isinstance(callee, Name):
            return self.call_outside(callee, args, kwargs)
        if isinstance(callee, _Bound):
            return self.call_method(callee, args, kwargs)
        return UNKNOWN

    def call_function(self, function: _Function, args: list, kwargs: dict) -> Any:
        if self.depth >= CALL_DEPTH:
            return UNKNOWN
        scope = _Scope(function.scope)
        spec = function.node.args
        names = [a.arg for a in list(getattr(spec, "posonlyargs", [])) + spec.args]
        for name in names + [a.arg for a in spec.kwonlyargs]:
            scope[name] = UNKNOWN
        for name, default in zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=False):
            scope[name] = self.expression(default, function.scope)
        for argument, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=False):
            if default is not None:
                scope[argument.arg] = self.expression(default, function.scope)
        scope.update(zip(names, args, strict=False))
        if spec.vararg:
            scope[spec.vararg.arg] = list(args[len(names) :])
        extra = {k: v for k, v in kwargs.items() if k not in scope}
        scope.update({k: v for k, v in kwargs.items() if k in scope})
        if spec.kwarg:
            scope[spec.kwarg.arg] = extra
        self.depth += 1
        try:
            if isinstance(function.node, ast.Lambda):
                return self.expression(function.node.body, scope)
            self.block(function.node.body, scope)
        except _Return as result:
            return result.value
        except _Stop:
            return UNKNOWN
        finally:
            self.depth -= 1
        return None

    def call_outside(self, callee: Name, args: list, kwargs: dict) -> Any:
        handler = _OUTSIDE.get(callee.dotted) or _OUTSIDE.get(callee.last if "." not in callee.dotted else "")
        if callee.dotted in ("map", "filter") and len(args) == 2:
            items = _sequence(args[1])
            if items is None:
                return UNKNOWN
            results = [self.apply(args[0], [item]) for item in items]
            if callee.dotted == "map":
                return results
            return [item for item, keep in zip(items, results, strict=False) if isinstance(keep, Unknown) or keep]
        if handler is None or any(isinstance(a, (Unknown, Name)) for a in args):
            return UNKNOWN
        if self.open and callee.dotted in ENVIRONMENT:
            return UNKNOWN
        return handler(self, *args, **kwargs)

    def apply(self, function: Any, args: list) -> Any:
        if isinstance(function, _Function):
            return self.call_function(function, args, {})
        if isinstance(function, Name):
            return self.call_outside(function, args, {})
        return UNKNOWN

    def call_method(self, bound: _Bound, args: list, kwargs: dict) -> Any:
        value, name = bound.value, bound.name
        if isinstance(value, str) and name in STRING_METHODS:
            if any(isinstance(a, (Unknown, Name)) for a in args):
                return UNKNOWN
            return getattr(value, name)(*args, **kwargs)
        if isinstance(value, list) and name in LIST_METHODS | SET_METHODS:
            return self.call_list_method(value, name, args)
        if isinstance(value, tuple) and name in ("index", "count"):
            return getattr(value, name)(*args)
        if isinstance(value, dict) and name in DICT_METHODS:
            result = getattr(value, name)(*args, **kwargs)
            return list(result) if name in ("keys", "values", "items") else result
        if isinstance(value, Path) and name in PATH_METHODS:
            if name == "resolve":
                return self.path_here(value)
            if name in ("glob", "rglob", "iterdir"):
                return sorted(getattr(self.path_here(value), name)(*args))
            if name in ("exists", "is_dir", "is_file"):
                return self.exists(value, getattr(Path, name))
            return getattr(value, name)(*args)
        return UNKNOWN

    @staticmethod
    def call_list_method(value: list, name: str, args: list) -> Any:
        if name in ("extend", "update"):
            value.extend(_sequence(args[0]) if _sequence(args[0]) is not None else [UNKNOWN])
            return None
        if name == "add":
            value.append(args[0])
            return None
        if name == "discard":
            value[:] = [item for item in value if item != args[0]]
            return None
        if name == "union":
            return value + [item for item in args[0] if item not in value]
        if name == "difference":
            return [item for item in value if item not in args[0]]
        return getattr(value, name)(*args)

    # -- the file system ----------------------------------------------------------------------------------------

    def here(self, path: Any) -> str:
        return os.path.normpath(os.path.join(str(self.folder), str(path)))

    def path_here(self, path: Path) -> Path:
        return Path(self.here(path))

    def glob(self, pattern: str, recursive: bool = False, **_: Any) -> list[str]:
        whole = self.here(pattern)
        found = [f for f in glob.glob(whole, recursive=bool(recursive)) if Path(f) not in self.moves]
        found += [str(p) for p in self.made if _globbed(p, whole, bool(recursive))]
        found = sorted(set(found))
        if os.path.isabs(pattern):
            return found
        return [os.path.relpath(item, self.folder) for item in found]

    def exists(self, path: Any, test: Callable[[Path], bool]) -> Any:
        """What `test` says of a path; of a header of torch, whether the release has it."""
        place = self.path_here(path)
        if not place.is_relative_to(TORCH):
            return test(place)
        try:
            name = place.relative_to(f"{TORCH}/include").as_posix()
        except ValueError:
            return UNKNOWN
        if not place.suffix:
            return UNKNOWN
        from migrator.api.index import Index

        known = Index.load().torch
        return bool(known.headers.get(name.removeprefix("torch/csrc/api/include/"), 0) & known.bit(releases.parse(self.torch_version)))

    def listdir(self, path: str = ".") -> list[str]:
        return sorted(os.listdir(self.here(path)))

    def walk(self, path: str) -> list[tuple]:
        absolute = os.path.isabs(str(path))
        out = []
        for folder, folders, files in os.walk(self.here(path)):
            folders.sort()
            shown = folder if absolute else os.path.relpath(folder, self.folder)
            out.append((shown, list(folders), sorted(files)))
        return out


def _globbed(path: Path, pattern: str, recursive: bool) -> bool:
    """Whether a file that is not there yet would match a pattern."""
    if recursive and "**" in pattern:
        return fnmatch.fnmatch(str(path), pattern.replace("**/", "*"))
    return len(path.parts) == len(Path(pattern).parts) and fnmatch.fnmatch(str(path), pattern)


def _frozen(value: Any) -> Any:
    """A copy, so that later changes to the script's lists do not reach a recorded call."""
    if isinstance(value, list):
        return [_frozen(item) for item in value]
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return UNKNOWN if isinstance(value, (str, Path)) and TORCH in str(value) else value


def _last_name(node: ast.AST | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_constant(node: ast.expr, values: tuple) -> bool:
    return isinstance(node, ast.Constant) and any(node.value is v or (node.value == v and type(node.value) is type(v)) for v in values)


def _speaks_of_cuda(node: ast.expr) -> bool:
    """Whether a condition asks for CUDA: ``torch.cuda.is_available()``, ``CUDA_HOME is not None``, ``with_cuda``."""
    texts = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            texts.append(inner.id)
        elif isinstance(inner, ast.Attribute):
            texts.append(inner.attr)
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            texts.append(inner.value)
        elif isinstance(inner, ast.Compare) and isinstance(inner.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)):
            return False
    joined = " ".join(texts).lower()
    return "cuda" in joined and not any(word in joined for word in ("rocm", "hip", "version", "cpu", "endswith", "startswith"))


def _sequence(value: Any) -> list | None:
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, (str, range, set)):
        return list(value)
    return None


_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Is: lambda a, b: a is b,
    ast.IsNot: lambda a, b: a is not b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


def _binary(op: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(op, ast.Add):
        if isinstance(left, list) or isinstance(right, list):  # keep what is known of a concatenation
            return [item for side in (left, right) for item in (_sequence(side) if isinstance(side, (list, tuple)) else [UNKNOWN])]
    if isinstance(left, (Unknown, Name)) or isinstance(right, (Unknown, Name)):
        return UNKNOWN
    if isinstance(op, ast.Add):
        return left + right
    if isinstance(op, ast.Mod) and isinstance(left, str):
        parts = right if isinstance(right, tuple) else (right,)
        return UNKNOWN if any(isinstance(p, (Unknown, Name)) for p in parts) else left % right
    if isinstance(op, ast.Div) and isinstance(left, Path):
        return left / right
    if isinstance(op, (ast.Sub, ast.Mult, ast.Mod, ast.FloorDiv)) and isinstance(left, (int, float)):
        if isinstance(right, (int, float)):
            return {ast.Sub: left.__sub__, ast.Mult: left.__mul__, ast.Mod: left.__mod__, ast.FloorDiv: left.__floordiv__}[type(op)](right)
    return UNKNOWN


_CONSTANTS: dict[str, Any] = {
    "os.name": "posix",
    "os.sep": "/",
    "os.path.sep": "/",
    "sys.platform": "linux",
    "torch.__version__": None,
    "torch.__path__": None,
    "torch.__file__": None,
    "os.curdir": ".",
    "os.pardir": "..",
    "torch.version.hip": None,
}


def _version_tuple(_: Any, text: Any) -> Any:
    parts = []
    for piece in str(text).split("+")[0].split("."):
        digits = "".join(ch for ch in piece if ch.isdigit())
        parts.append(int(digits or 0))
    return tuple(parts)


def _path(reader: _Reader, *parts: Any) -> Path:
    return Path(*[str(p) for p in parts])


_OUTSIDE: dict[str, Callable[..., Any]] = {
    "os.path.join": lambda r, *p: os.path.join(*[str(x) for x in p]),
    "os.path.abspath": lambda r, p: r.here(p),
    "os.path.realpath": lambda r, p: r.here(p),
    "os.path.dirname": lambda r, p: os.path.dirname(str(p)),
    "os.path.basename": lambda r, p: os.path.basename(str(p)),
    "os.path.normpath": lambda r, p: os.path.normpath(str(p)),
    "os.path.splitext": lambda r, p: os.path.splitext(str(p)),
    "os.path.split": lambda r, p: os.path.split(str(p)),
    "os.path.relpath": lambda r, p, s=".": os.path.relpath(r.here(p), r.here(s)),
    "os.path.exists": lambda r, p: r.exists(p, Path.exists),
    "os.path.isfile": lambda r, p: r.exists(p, Path.is_file),
    "os.path.isdir": lambda r, p: os.path.isdir(r.here(p)),
    "os.path.expanduser": lambda r, p: os.path.expanduser(str(p)),
    "os.getcwd": lambda r: str(r.folder),
    "os.listdir": lambda r, p=".": r.listdir(p),
    "os.walk": lambda r, p, **k: r.walk(p),
    "os.getenv": lambda r, n, d=None: d,
    "os.environ.get": lambda r, n, d=None: d,
    "glob.glob": lambda r, p, **k: r.glob(p, **k),
    "glob.iglob": lambda r, p, **k: r.glob(p, **k),
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "platform.system": lambda r: "Linux",
    "sorted": lambda r, v, **k: sorted(v, key=str, reverse=bool(k.get("reverse", False))),
    "list": lambda r, v=(): list(v),
    "tuple": lambda r, v=(): tuple(v),
    "set": lambda r, v=(): list(dict.fromkeys(v)),
    "dict": lambda r, *a, **k: dict(*a, **k),
    "str": lambda r, v="": str(v),
    "int": lambda r, v=0: int(v),
    "float": lambda r, v=0: float(v),
    "len": lambda r, v: len(v),
    "bool": lambda r, v=False: bool(v),
    "range": lambda r, *a: range(*a)[:10_000],
    "enumerate": lambda r, v: [(i, x) for i, x in enumerate(v)],
    "zip": lambda r, *v: [tuple(x) for x in zip(*v, strict=False)],
    "reversed": lambda r, v: list(reversed(v)),
    "any": lambda r, v: any(v),
    "all": lambda r, v: all(v),
    "max": lambda r, *v: max(*v),
    "min": lambda r, *v: min(*v),
    "itertools.chain": lambda r, *v: [x for part in v for x in part],
    "packaging.version.parse": _version_tuple,
    "packaging.version.Version": _version_tuple,
    "distutils.version.LooseVersion": _version_tuple,
    "distutils.version.StrictVersion": _version_tuple,
    "pkg_resources.parse_version": _version_tuple,
    "copy.copy": lambda r, v: _frozen(v),
    "copy.deepcopy": lambda r, v: _frozen(v),
}
