"""What a name stands for where it stands."""

from pathlib import Path

import pytest

from migrator.python import Module, cst
from migrator.source import SourceFile


def module(text):
    return Module(SourceFile(Path("a.py"), text.encode()))


def meaning(text):
    """What the argument of ``here(...)`` stands for."""
    tree = module(text)
    call = next(c for c in tree.find(cst.Call) if isinstance(c.func, cst.Name) and c.func.value == "here")
    return tree.qualified(call.args[0].value)


@pytest.mark.parametrize(
    "text",
    [
        "import torch.nn.functional as F\nhere(F.relu)",
        "import torch\nhere(torch.nn.functional.relu)",
        "import torch as th\nhere(th.nn.functional.relu)",
        "import torch.nn\nhere(torch.nn.functional.relu)",
        "from torch import nn\nhere(nn.functional.relu)",
        "from torch.nn import functional as F\nhere(F.relu)",
        "from torch.nn.functional import relu\nhere(relu)",
        "from torch.nn.functional import relu as r\nhere(r)",
        "def f():\n    from torch.nn.functional import relu\n    return here(relu)",
        "from torch.nn.functional import relu\nclass C:\n    relu = relu\n    def f(self):\n        return here(relu)",
        "from torch.nn import functional as F\ndef f(x=here(F.relu), F=None):\n    pass",
        "import torch.nn.functional as F\nx = [F for F in here(F.relu)]",
        "import torch.nn.functional as F\nx = [F for F in y]\nhere(F.relu)",
        "import torch.nn.functional as F\nx = lambda F: F\nhere(F.relu)",
        "import torch\ntry:\n    import apex\nexcept ImportError:\n    apex = None\nhere(torch.nn.functional.relu)",
        "import torch\nimport torch\nhere(torch.nn.functional.relu)",
        "import torch\nfrom x import *\nhere(torch.nn.functional.relu)",
    ],
)
def test_imports_are_followed(text):
    assert meaning(text) == "torch.nn.functional.relu"


@pytest.mark.parametrize(
    "text",
    [
        "here(torch.relu)",
        "from x import *\nhere(torch.relu)",
        "import torch\ntorch = None\nhere(torch.relu)",
        "import torch\ndef f(torch):\n    return here(torch.relu)",
        "import torch\ndef f(*torch):\n    return here(torch.relu)",
        "import torch\ndef f():\n    for torch in x:\n        here(torch.relu)",
        "import torch\ndef f():\n    with x as torch:\n        here(torch.relu)",
        "import torch\ndef f():\n    a, (torch, b) = x\n    here(torch.relu)",
        "import torch\ndef f():\n    if (torch := x):\n        here(torch.relu)",
        "import torch\ndef f():\n    x = [(torch := y) for y in z]\n    here(torch.relu)",
        "import torch\nx = [here(torch.relu) for torch in y]",
        "import torch\nx = lambda torch: here(torch.relu)",
        "import torch\nclass C:\n    torch = 3\n    here(torch.relu)",
        "import torch\ndef f():\n    global torch\n    torch = 1\n    here(torch.relu)",
        "import torch\ntry:\n    pass\nexcept E as torch:\n    here(torch.relu)",
        "try:\n    import torch\nexcept ImportError:\n    import mock as torch\nhere(torch.relu)",
        "try:\n    import torch\nexcept ImportError:\n    torch = None\nhere(torch.relu)",
        "try:\n    import torch\nexcept:\n    torch = None\nhere(torch.relu)",
        "if VERSION > 3:\n    import torch\nelse:\n    import mock as torch\nhere(torch.relu)",
        "import torch\nhere(self.torch.relu)",
        "import torch\nhere(torch().relu)",
        "from .torch import nn as torch\nimport torch\nhere(torch.relu)",
    ],
)
def test_other_bindings_are_respected(text):
    assert meaning(text) is None


def test_a_relative_import_is_not_the_package():
    assert meaning("from .torch import nn\nhere(nn.relu)") == ".torch.nn.relu"


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("import torch\nif torch.__version__ > '1.5':\n    torch.relu(x)", True),
        ("import torch\nif sys.version_info[0] == 2:\n    pass\nelse:\n    torch.relu(x)", True),
        ("import torch\nif hasattr(torch, 'relu'):\n    torch.relu(x)", True),
        ("import torch\ny = torch.relu(x) if TORCH_VERSION else 0", True),
        ("import torch\ntry:\n    torch.relu(x)\nexcept AttributeError:\n    pass", True),
        ("import torch\ntry:\n    pass\nexcept (ValueError, TypeError):\n    torch.relu(x)", True),
        ("import torch\ntry:\n    torch.relu(x)\nexcept RuntimeError:\n    pass", False),
        ("import torch\ntry:\n    pass\nexcept AttributeError:\n    pass\nfinally:\n    torch.relu(x)", False),
        ("import torch\nif torch.relu(x) > version:\n    pass", False),
        ("import torch\nif training:\n    torch.relu(x)", False),
    ],
)
def test_version_guards(text, guarded):
    found = [name for _, name in module(text).names.references({"torch.relu"})]
    assert found == ([] if guarded else ["torch.relu"])


def test_references_follow_every_spelling():
    tree = module("import torch as th\nfrom torch import relu as r, relu\nth.relu(r(relu(x.relu(relu=1))))\nrelu2 = th.relu")
    nodes = [node for node, _ in tree.names.references({"torch.relu"})]
    assert sorted(tree.code(n) for n in nodes) == ["r", "relu", "th.relu", "th.relu"]
