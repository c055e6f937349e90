"""Make autograd functions static, and call them through ``apply``.

Functions whose ``forward`` and ``backward`` are methods of an instance raise since torch 1.5 (``Legacy autograd function with
non-static forward method is deprecated``), and so does calling an instance of a static one. What the constructor took
moves behind the arguments of ``forward``; ``backward`` returns None for it; every call in the project follows. A use that is not
understood is reported; with a ``--min-torch`` below 1.5 it keeps its class as it is, which works there.

Before:
    from torch.autograd import Function
    class Scale(Function):
        def __init__(self, factor):
            super(Scale, self).__init__()
            self.factor = factor

        def forward(self, x):
            return x * self.factor

        def backward(self, grad):
            return grad * self.factor

    def scale(x):
        return Scale(2.0)(x)
After:
    from torch.autograd import Function
    class Scale(Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            return x * ctx.factor

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.factor, None

    def scale(x):
        return Scale.apply(x, 2.0)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from migrator import releases
from migrator.engine import ignored_lines
from migrator.python import cst
from migrator.rewrite import Change, Edit, Finding, Rewrite
from migrator.source import SourceFile
from rewrites.autograd._class_edits import ClassEdits
from rewrites.autograd._classes import FunctionClass, Signature, Stuck, Use, classes, parameters, signature, strays, uses
from rewrites.autograd._use_edits import use_edits

ID = "autograd-instance"
_RAISES = releases.parse("1.5")
_APPLY = "write it with @staticmethod and ctx, and call it through apply"


@dataclass
class _Analysis:
    """All changes of the project, for as long as none of the files changes that they came from: those that were parsed, and those that
    hold one of ``words``."""

    partly: bool
    edits: int  # of scripts, when it was last found to hold
    words: frozenset[bytes] = frozenset()
    parsed: set[Path] = field(default_factory=set)
    files: dict[Path, SourceFile] = field(default_factory=dict)
    results: dict[Path, list] = field(default_factory=dict)


def fix(ctx):
    yield from _analysis(ctx.project, ctx.settings.min_torch >= _RAISES).results.get(ctx.path, ())


def _analysis(project, partly: bool) -> _Analysis:
    """All changes of the project, made once for the present state of its files. ``partly``: a class is ported when some uses cannot be."""
    known: _Analysis | None = project.__dict__.get("_autograd_analysis")
    if known is not None and known.partly == partly:
        if known.edits == project.script_edits:
            return known
        if known.files == _sources(project, known):
            known.edits = project.script_edits
            return known
    made = _Analysis(partly, project.script_edits)
    project.asked.clear()
    signatures: dict[tuple[Path, str], Signature] = project.__dict__.setdefault("_autograd_signatures", {})
    found = list(classes(project, {name for _, name in signatures}))
    for cls in found:
        rivals = [c for c in found if c.name == cls.name and c is not cls]
        _one_class(project, cls, rivals, signatures, made.results, partly)
    made.words = frozenset({b"Function", *(cls.name.encode() for cls in found)})
    made.parsed = set(project.asked)
    made.files = _sources(project, made)
    project.__dict__["_autograd_analysis"] = made
    return made


def _sources(project, analysis: _Analysis) -> dict[Path, SourceFile]:
    """The files that the changes come from, as they are now."""
    files = ((path, project.scripts[path]) for path in project.python_files)
    return {path: file for path, file in files if path in analysis.parsed or not analysis.words.isdisjoint(file.words)}


def _one_class(project, cls: FunctionClass, rivals, signatures, results, partly: bool) -> None:
    key = (cls.path, cls.name)
    left: list[tuple[Path, Finding]] = []
    edits: dict[Path, list[Edit]] = {}
    try:
        if cls.legacy:
            wanted = signature(cls)
            edits[cls.path] = ClassEdits(cls, wanted).edits()
        else:
            wanted = signatures.get(key) or Signature((), (), True)
            if "__init__" in cls.methods and key not in signatures:
                _instances_of_static(project, cls, rivals, results)
                return
        ported = cls.legacy or key in signatures
        seen: set[int] = set()
        first: Stuck | None = None
        understood = False
        for use in uses(project, cls, rivals, instances=not ported):
            if id(use.node) in seen:
                continue
            seen.add(id(use.node))
            try:
                made = use_edits(project, cls, wanted, use, ported)
                edits.setdefault(use.path, []).extend(made)
                understood = understood or bool(made)
            except Stuck as stuck:
                if cls.legacy and not (partly and _stands_alone(cls, use)):
                    raise
                advice = stuck.advice or (_applied(cls, wanted) if ported else "call apply of the class itself")
                first = first or stuck
                left.append((use.path, Finding(ID, stuck.module.start(stuck.node), stuck.message, advice)))
        if cls.legacy and first is not None and not understood:
            raise first  # F(a).forward(x) alone works with the old form: nothing shows that it is broken
    except Stuck as stuck:
        where = next((p for p in project.scripts if project.scripts[p] is stuck.module.file), cls.path)
        results.setdefault(where, []).append(
            Finding(ID, stuck.module.start(stuck.node), f"not ported: {stuck.message}", stuck.advice or _APPLY)
        )
        if cls.legacy and cls.module.enclosing(stuck.node, cst.ClassDef) is not cls.node:
            message = f"{cls.name}: its forward is not static, which raises since torch 1.5; a use of it is not understood"
            results.setdefault(cls.path, []).append(Finding(ID, cls.module.start(cls.node), message, _APPLY))
        return
    for path, made in edits.items():
        file = project.scripts[path]
        ignored = ignored_lines(file)
        if (
            any(file.line_of(e.start) in ignored and (not (rules := ignored[file.line_of(e.start)]) or ID in rules) for e in made)
            and cls.legacy
        ):
            return  # all of it or nothing
    for path, finding in left:
        results.setdefault(path, []).append(finding)
    if cls.legacy:
        signatures[key] = wanted
    for use in strays(project, cls, rivals) if ported else ():
        message = f"this import leads to no file of the project; if it means the {cls.name} of {cls.path.name}, that is static now"
        results.setdefault(use.path, []).append(Finding(ID, use.module.start(use.node), message, _applied(cls, wanted)))
    for path, made in edits.items():
        if made:
            results.setdefault(path, []).append(Change(ID, tuple(dict.fromkeys(sorted(made)))))


def _instances_of_static(project, cls: FunctionClass, rivals, results) -> None:
    """Reports where an instance is made of a class that is static and has a constructor all the same: calling it raises."""
    for use in uses(project, cls, rivals, instances=True):
        made = use.module.parent(use.node)
        if not isinstance(made, cst.Call) or made.func is not use.node:
            continue
        above = use.module.parent(made)
        if isinstance(above, cst.Attribute) and above.attr.value == "apply":
            continue
        forward = cls.methods["forward"]
        star = ["*tensors"] if isinstance(forward.params.star_arg, cst.Param) else []
        arguments = [p.name for p in parameters(cls.module, forward)] + star
        message = f"an instance of {cls.name} is made, and calling it raises since torch 1.5: its forward is static"
        advice = f"{cls.name}.apply({', '.join(arguments)})"
        results.setdefault(use.path, []).append(Finding(ID, use.module.start(made), message, advice))


def _stands_alone(cls: FunctionClass, use: Use) -> bool:
    """Whether a use may stay as it is while its class is ported: it is no part of the class, and no class derives from it there."""
    above = use.module.parent(use.node)
    if isinstance(above, cst.Arg) and isinstance(use.module.parent(above), cst.ClassDef):
        return False
    return cls.node is not use.node and not any(a is cls.node for a in use.module.ancestors(use.node))


def _applied(cls: FunctionClass, wanted: Signature) -> str:
    tensors = ["*tensors"] if wanted.open else [p.name for p in wanted.called]
    return f"{cls.name}.apply({', '.join([*tensors, *(p.name for p in wanted.made)])})"


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"import"}), language="python", removed_in="1.5", cross_file=True)
