#!/usr/bin/env python3
"""How much of the Python that today's torch and its neighbours reject cuport changes or reports.

    python benchmarks/python_recall.py DIR... [--cuport COMMAND] [--keep FOLDER] [--output FILE]

Runs where torch, torchvision, NumPy, SciPy, Pillow, scikit-image and matplotlib of the releases in question are installed. Every dotted
name that a file imports from them or from the standard library is looked up in the installed packages, and every call of a function
written in Python is held against its signature. What does not resolve is counted before ``cuport migrate`` and after it; left over
without a finding at its line is what cuport missed (or what no release ever had: typing errors are in the list as well). Uses under a
``try`` or a test of a version are the project's own answer to this, and not counted; nor are operators of the project
(``torch.ops``) and cffi modules (``torch.utils.ffi``), which are ported together with their C sources.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import inspect
import io
import json
import shlex
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
PACKAGES = {"torch", "torchvision", "numpy", "scipy", "PIL", "skimage", "matplotlib"} | sys.stdlib_module_names
LATER = {"imp", "distutils", "asyncore", "asynchat", "smtpd", "pipes", "cgi", "crypt", "telnetlib", "imghdr"}  # gone by Python 3.13
RAISE = {f"torch.{name}" for name in ("solve", "matrix_rank", "symeig", "qr", "cholesky", "eig", "lstsq")}  # are there, and only raise
OWN = ("torch.ops.", "torch.utils.ffi", "torch.classes.")
GUARDS = ("version", "hasattr", "getattr", "py2", "py3", "find_spec", "torch_", "six")
UNKNOWN, MISSING = object(), object()


@cache
def module(name: str) -> object:
    """An imported module, MISSING, or UNKNOWN where importing it fails for another reason."""
    quiet = io.StringIO()
    try:
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        return MISSING if error.name and f"{name}.".startswith(f"{error.name}.") else UNKNOWN
    except BaseException:
        return UNKNOWN


@cache
def lookup(home: str, rest: tuple[str, ...]) -> tuple[object, str]:
    """The value of attributes of a module (MISSING, UNKNOWN), and how far the name goes until it is missing."""
    value, name = module(home), home
    for part in rest:
        if value in (MISSING, UNKNOWN):
            break
        name = f"{name}.{part}"
        found = getattr(value, part, MISSING)
        if found is MISSING:
            if inspect.ismodule(value):
                found = module(name)
            elif not (isinstance(value, type) or inspect.isroutine(value)):
                found = UNKNOWN
        value = found
    return value, name


def guarded(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a node stands in a ``try`` with handlers, or under a test that asks for a version."""
    below, above = node, parents.get(node)
    while above is not None:
        if isinstance(above, ast.ExceptHandler) or (isinstance(above, ast.Try) and above.handlers and below in above.body):
            return True
        if isinstance(above, ast.If | ast.IfExp | ast.BoolOp) and below is not getattr(above, "test", None):
            test = ast.dump(above.test if not isinstance(above, ast.BoolOp) else above).lower()
            if any(word in test for word in GUARDS):
                return True
        below, above = above, parents.get(above)
    return False


def rejected(path: Path) -> Iterator[tuple[int, str]]:
    """(line, name) of what a file uses and the installed packages do not have. Nothing for what is not Python 3."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    nodes = list(ast.walk(tree))
    parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    bound |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    known: dict[str, set[tuple[str, tuple[str, ...]]]] = {}
    setuptools = min((n.lineno for n in nodes if _imports(n, "setuptools")), default=10**9)
    for node in nodes:
        for local, home, rest in _bindings(node):
            root = home.split(".")[0]
            if local is not None:
                known.setdefault(local, set()).add((home, rest) if root in PACKAGES else ("", ()))
            gone = root in LATER and not (root == "distutils" and setuptools < node.lineno)
            if root in PACKAGES and not guarded(node, parents) and (gone or lookup(home, rest)[0] is MISSING):
                yield node.lineno, ".".join((home, *rest))
    sure = {local for local, found in known.items() if len(found) == 1 and local not in bound and ("", ()) not in found}
    names = {local: next(iter(known[local])) for local in sure}
    for node in nodes:
        chain = _chain(node) if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load) else None
        if chain is None or chain[0] not in names or isinstance(parents.get(node), ast.Attribute) or guarded(node, parents):
            continue
        home, rest = names[chain[0]]
        value, name = lookup(home, (*rest, *chain[1]))
        if value is MISSING and isinstance(node, ast.Attribute) or name in RAISE:
            yield node.lineno, name
        above = parents.get(node)
        if isinstance(above, ast.Call) and above.func is node and value not in (MISSING, UNKNOWN):
            problem = _refused(value, above)
            if problem:
                yield node.lineno, f"{name}: {problem}"


def _imports(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == name
    return isinstance(node, ast.Import) and any(alias.name.split(".")[0] == name for alias in node.names)


def _bindings(node: ast.AST) -> Iterator[tuple[str | None, str, tuple[str, ...]]]:
    """(local name, module, attributes) of an import statement."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (alias.asname, alias.name, ()) if alias.asname else (alias.name.split(".")[0], alias.name.split(".")[0], ())
            if not alias.asname and "." in alias.name:
                yield None, alias.name, ()
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            home = "." if node.level else node.module or "."
            yield (None, home, ()) if alias.name == "*" else (alias.asname or alias.name, home, (alias.name,))


def _chain(node: ast.AST) -> tuple[str, tuple[str, ...]] | None:
    rest: list[str] = []
    while isinstance(node, ast.Attribute):
        rest.append(node.attr)
        node = node.value
    return (node.id, tuple(reversed(rest))) if isinstance(node, ast.Name) else None


def _refused(value: object, call: ast.Call) -> str:
    """Why a function that is written in Python would not take the arguments of a call."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return ""
    written = value.__init__ if isinstance(value, type) else value
    try:
        if not inspect.isfunction(inspect.unwrap(written)):
            return ""
        inspect.signature(value).bind(*[None] * len(call.args), **{k.arg: None for k in call.keywords})
    except TypeError as error:
        return str(error)
    except ValueError:
        pass
    return ""


def measured(folder: Path, cuport: list[str], scratch: Path) -> dict:
    """What one folder uses before and after ``cuport migrate``."""
    ported = scratch / folder.name
    command = [*cuport, "migrate", str(folder), "--out", str(ported), "--third-party", "--allow-no-vcs", "--format", "json"]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout)
    read = {folder / f["path"] for f in (*report["files"], *report["untouched"])}  # not build folders and the like
    reported = {(folder / f["path"], left["new_line"]) for f in report["files"] for left in f["left"]}
    counts = {"folder": folder.name, "files": 0, "rejected": 0, "reported": 0, "silent": []}
    for path in sorted(read & set(folder.rglob("*.py"))):
        counts["files"] += 1
        counts["rejected"] += len({(line, name) for line, name in rejected(path) if not name.startswith(OWN)})
        new = ported / path.relative_to(folder)
        for line, name in sorted(set(rejected(new))) if new.is_file() else ():
            if name.startswith(OWN):
                continue
            if (path, line) in reported:
                counts["reported"] += 1
            else:
                counts["silent"].append(f"{path.relative_to(folder)}:{line}: {name}")
    return counts


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folders", type=Path, nargs="+")
    arguments.add_argument("--cuport", default=f"{sys.executable} -m rewrites")
    arguments.add_argument("--keep", type=Path, help="put the ported copies here")
    arguments.add_argument("--output", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = []
        for folder in given.folders:
            rows.append(measured(folder.resolve(), shlex.split(given.cuport), (given.keep or Path(scratch)).resolve()))
            print(json.dumps(rows[-1]), flush=True)
    total = {key: sum(row[key] for row in rows) for key in ("files", "rejected", "reported")}
    silent = sum(len(row["silent"]) for row in rows)
    total["changed"] = total["rejected"] - total["reported"] - silent
    versions = {name: module(name).__version__ for name in ("torch", "torchvision", "numpy", "scipy")}
    total |= {"folders": len(rows), "silent": silent, "versions": versions}
    print(json.dumps(total))
    if given.output:
        given.output.write_text(json.dumps({"total": total, "folders": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
