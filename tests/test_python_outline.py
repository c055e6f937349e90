"""What is asked of a Python file before it is parsed: it may say yes in vain, and never no."""

import ast
from pathlib import Path

import libcst
import pytest
from libcst.metadata import ByteSpanPositionProvider

from migrator.python_outline import Derived, called_name, nodes, outline, parsed, text_of
from migrator.python_spans import spans
from migrator.source import SourceFile

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([*ROOT.glob("fixtures/**/*.before.py"), *ROOT.glob("examples/**/*.py")])


def of(text):
    return outline(SourceFile(Path("a.py"), text.encode()))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import torch\ntorch.load(f)\n", "torch.load"),
        ("import torch as t\nt.load(f)\n", "torch.load"),
        ("from torch import load\nload(f)\n", "torch.load"),
        ("from torch import load as read\nread(f)\n", "torch.load"),
        ("def f():\n    from torch import load\n    return load\n", "torch.load"),
        ("try:\n    import torch.nn as nn\nexcept ImportError:\n    nn = None\nnn.functional.relu(x)\n", "torch.nn.functional.relu"),
        ("from torch.nn import functional as F\ny = f'{F.relu(x)}'\n", "torch.nn.functional.relu"),
        ("import torch.nn.functional\n", "torch.nn"),
        ("from torch import *\nload(f)\n", "torch.load"),
        ("from .layers import conv\n", ".layers.conv"),
        ("\ufeffimport torch\n@torch.no_grad()\ndef f(): pass\n", "torch.no_grad"),
    ],
)
def test_a_name_that_may_be_used_is_mentioned(text, name):
    assert of(text).mentions({name})


@pytest.mark.parametrize(
    "text",
    [
        "import pickle\npickle.load(f)\n",
        "import torch\nnet.load(f)\n",
        "# torch.load\ns = 'torch.load'\nimport torch\n",
        "import torch\ntorch.nn.load\n",
        "from torchvision import load\n",
    ],
)
def test_a_name_that_cannot_be_used_is_not(text):
    assert not of(text).mentions({"torch.load"})


def test_what_follows_a_name_is_known():
    found = of("import m\nx.view(1)\nf(y, key=2)\nF.apply(z)\na = m.F\nb = F\n")
    assert found.uses_method("view") and not found.uses_method("f", "key", "F")
    assert found.calls("f") and found.calls("view") and not found.calls("F")
    assert found.follows["F"] == {".apply", ""} and found.follows[".F"] == {""}
    assert found.keywords == {"key"}


def test_classes_say_which_methods_are_static():
    found = of("class A(B):\n    @staticmethod\n    def forward(ctx): pass\n    def backward(self): pass\n")
    assert found.classes == [("A", {"forward": True, "backward": False})]


@pytest.mark.parametrize("text", ["print 1\n", "def f(:\n", "f(async=True)\n"])
def test_a_file_that_python_cannot_read_has_no_outline(text):
    assert of(text) is None


def test_what_is_derived_goes_through_names_and_tuples():
    every = nodes(parsed(SourceFile(Path("a.py"), b"v, i = x.topk(3)\nj = i\nk = [j]\nn = 3\nuse(j / 2, k[0], n)\n")))
    derived = Derived(every, lambda node: called_name(node) == "topk")
    by_name = {n.id: n for n in every if isinstance(n, ast.Name)}
    assert {name for name, node in by_name.items() if node in derived} == {"v", "i", "j", "k"}
    assert next(n for n in every if isinstance(n, ast.BinOp)) in derived


def test_spans_are_those_of_libcst():
    compared = 0
    for path in SOURCES:
        try:
            root = libcst.parse_module(text_of(path.read_bytes()))
        except libcst.ParserSyntaxError:
            continue
        provider = ByteSpanPositionProvider()
        provider._gen_impl(root)
        mine = spans(root)
        for node, span in provider._computed.items():
            assert mine[id(node)] == (span.start, span.start + span.length), (path, node)
            compared += 1
    assert compared > 10_000


def test_a_module_that_somebody_holds_is_the_same_again(tmp_path, monkeypatch):
    from migrator import project as projects

    monkeypatch.setattr(projects, "HELD_PYTHON_BYTES", 10)
    for name in "abc":
        (tmp_path / f"{name}.py").write_text(f"import torch\n{name} = torch.zeros(1)\n")
    project = projects.Project.load([tmp_path])
    first, *others = project.python_files
    held = project.module(first)
    place = held.names.bindings("torch")
    for path in others:
        project.module(path)
    assert len(project._modules) == 1
    assert project.module(first) is held and held.names.bindings("torch").keys() == place.keys()


_FORMS = b"""
@a
async def f[T](x: int = 1, /, y=2, *args, z: str = "s", **kw) -> int:
    async with a as b, c: pass
    async for i in j: pass
    else: pass
    return [u async for u in v if w for q in r]
def g(a, /, b, *, c): return lambda p, *q: p if q else a[1:2:3, ::4, b:]
class C[T](*bases, metaclass=M, **kw): x: int = 3
class D(B, metaclass=M): pass
try: pass
except* E as e: pass
try: pass
except (A, B) as e: pass
else: pass
finally: pass
match x:
    case [1, *rest] if rest: pass
    case {"k": v, **more} | P(q, r=s) as t: pass
type Alias[T] = list[T]
s = f"{x!r:>{width}}" f"{y=}"
from ..a import (b as c, d)
d = {**a, 1: 2}; e = {k: v for k, v in d}; w = (n := 3)
print(*a, key=b, **c)
global h
assert x, y
raise E from e
del a, b
x += 1
if 1 < 2 <= 3 != 4 is not None not in z: pass
elif -x ** 2 @ y: pass
else: pass
while (yield x): pass
"""


def test_nodes_are_in_the_order_of_the_source(tmp_path):
    from migrator.python import Module, NotPython3

    kinds = set()
    for file in [SourceFile(Path("forms.py"), _FORMS), *(SourceFile(path, path.read_bytes()) for path in SOURCES)]:
        try:
            module = Module(file)
        except NotPython3:
            assert file.path.name != "forms.py"
            continue
        for node in module.nodes:
            starts = [module.start(child) for child in module._children(node)]
            assert starts == sorted(starts), (file.path, type(node), starts)
            kinds.add(type(node).__name__)
    assert {"FunctionDef", "ClassDef", "Lambda", "Slice", "MatchCase", "TypeAlias", "Parameters", "ExceptStarHandler", "CompFor"} <= kinds


@pytest.mark.parametrize("value", [" + ".join(["z"] * 900), "z" + ".f()" * 900])
def test_a_file_nested_too_deeply_is_left_as_it_is(tmp_path, value):
    from migrator import plan
    from migrator.config import Config

    (tmp_path / "deep.py").write_text(f"import numpy as np\nx = np.float(1)\ny = {value}\n")
    (tmp_path / "flat.py").write_text("import numpy as np\nx = np.float(1)\n")
    made = plan([tmp_path], config=Config())
    assert [f.path.name for f in made.files if f.applied] == ["flat.py"]
    assert [(p.path.name, "deeply nested" in p.message) for p in made.problems] == [("deep.py", True)]


PYTHON = sorted(path for path in (ROOT / "fixtures").rglob("*.py") if ".after" not in path.name and "after" not in path.parts)


def test_what_is_asked_first_rules_nothing_out(tmp_path, monkeypatch):
    """The plan of every Python fixture is the same when only libcst is asked."""
    import shutil

    from migrator import plan, project
    from migrator.config import Config

    for number, path in enumerate(PYTHON):
        folder = tmp_path / f"f{number}"
        folder.mkdir()
        shutil.copyfile(path, folder / path.name.replace(".before", "").replace(".same", ""))

    (tmp_path / "renamed.py").write_text("from torch import argmax as best, isnan as bad\nrows = best(x) / 80\ny = x[1 - bad(x)]\n")

    def made(unsafe):
        found = plan([tmp_path], config=Config(), unsafe_fixes=unsafe)
        return [(f.path, f.after, f.left, f.applied) for f in found.files]

    asked = [made(False), made(True)]
    monkeypatch.setattr(project, "outline", lambda file: None)
    assert asked == [made(False), made(True)]
    assert len(asked[0]) > 50
    assert {"integer-division", "mask-minus"} <= {each.rule for path, _, left, applied in asked[0] if path.name == "renamed.py" for each in (*left, *applied)}
