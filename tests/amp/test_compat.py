"""``cuport amp-shim`` and ``cuport migrate --amp-compat``."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrator.amp_shim import source
from migrator.cli import main
from rewrites import catalogue

OLD = "from torch.cuda.amp import GradScaler, autocast\n\nscaler = GradScaler(1024.0)\n"
SHIM = source()


def cuport(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [*map(str, arguments), *(["--allow-no-vcs"] if arguments[0] == "migrate" else [])], obj=catalogue)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def project(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def package(*folders: Path) -> None:
    for folder in folders:
        (folder / "__init__.py").touch()


# --- amp-shim


def test_shim_is_written_once(tmp_path):
    result = cuport("amp-shim", tmp_path)
    assert result.exit_code == 0 and "from amp_compat import" in result.stderr
    assert (tmp_path / "amp_compat.py").read_bytes() == SHIM
    assert "is there already" in cuport("amp-shim", tmp_path).stderr
    assert cuport("amp-shim", tmp_path / "mixed.py").exit_code == 0
    assert (tmp_path / "mixed.py").read_bytes() == SHIM


def test_shim_replaces_nothing_by_itself(tmp_path):
    mine = tmp_path / "amp_compat.py"
    mine.write_text("mine = 1\n")
    result = cuport("amp-shim", tmp_path)
    assert result.exit_code == 2 and "--force" in result.stderr
    assert mine.read_text() == "mine = 1\n"
    assert cuport("amp-shim", tmp_path, "--force").exit_code == 0
    assert mine.read_bytes() == SHIM
    result = cuport("amp-shim", tmp_path / "no" / "folder")
    assert result.exit_code == 2 and "is not a folder" in result.stderr


# --- --amp-compat


def check(root: Path, arguments: tuple[str, ...] = ()) -> None:
    """A second run changes nothing."""
    result = cuport("migrate", root, "--amp-compat", "--check", *arguments)
    assert result.exit_code == 0, result.stderr


def test_package(tmp_path):
    loose = "import torch.nn as nn\nimport torch\n\nc = torch.cuda.amp.autocast(True)\nnn.ReLU()\n"
    run = "from pkg.engine import train\nimport torch\n\ns = torch.amp.GradScaler('cuda')\n"
    project(tmp_path, pkg__engine__train=OLD, pkg__loose=loose, tools__run=run, tools__alone=OLD)
    package(tmp_path / "pkg", tmp_path / "pkg" / "engine")
    result = cuport("migrate", tmp_path, "--amp-compat")
    assert result.exit_code == 0
    assert (tmp_path / "pkg" / "amp_compat.py").read_bytes() == SHIM
    assert (tmp_path / "pkg/engine/train.py").read_text() == OLD.replace("torch.cuda.amp", "pkg.amp_compat")
    assert (tmp_path / "pkg/loose.py").read_text() == (
        "import torch.nn as nn\nimport torch\nfrom pkg.amp_compat import autocast\n\nc = autocast(True)\nnn.ReLU()\n"
    )
    assert (tmp_path / "tools/run.py").read_text() == (
        "from pkg.engine import train\nimport torch\nfrom pkg.amp_compat import GradScaler\n\ns = GradScaler('cuda')\n"
    )
    assert (tmp_path / "tools/alone.py").read_text() == OLD  # nothing says that it can import the package
    assert "alone.py:1: [cuda-amp]" in result.stderr and "cuport amp-shim" in result.stderr
    check(tmp_path)


def test_scripts_and_what_they_import(tmp_path):
    alias = "from torch import autocast, nn\nfrom torch.cuda import amp\n\nwith amp.autocast(True), autocast('cuda'):\n    nn.ReLU()\n"
    project(tmp_path, train="from utils.loop import step\nfrom torch.cuda.amp import GradScaler as Scaler\n\nScaler()\n", utils__loop=alias)
    assert cuport("migrate", tmp_path, "--amp-compat").exit_code == 0
    assert (tmp_path / "amp_compat.py").read_bytes() == SHIM
    assert "from amp_compat import GradScaler as Scaler\n" in (tmp_path / "train.py").read_text()
    head = "from amp_compat import autocast\nfrom torch import nn\nimport amp_compat as amp\n"
    assert (tmp_path / "utils/loop.py").read_text() == head + alias.split("amp\n", 1)[1]
    check(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    from torch.amp import autocast\nexcept ImportError:\n    from torch.cuda.amp import autocast\n",
        "import torch\n\nif hasattr(torch.cuda, 'amp'):\n    scaler = torch.cuda.amp.GradScaler()\n",
        "from apex import amp\n\namp.initialize(model)\n",
        "def f(autocast):\n    return autocast(True)\n",
        "import torch\n\nx = torch.zeros(1).half()  # torch.cuda.amp.autocast()\n",
    ],
)
def test_nothing_is_written_where_nothing_needs_it(tmp_path, text):
    project(tmp_path, train=text)
    assert cuport("migrate", tmp_path, "--amp-compat").exit_code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["train.py"]
    assert (tmp_path / "train.py").read_text() == text


@pytest.mark.parametrize(
    "text, reason",
    [
        ("import torch\n\nautocast = None\nc = torch.cuda.amp.autocast()\n", "means something else"),
        ("from torch.cuda import amp\n\namp.common.amp_definitely_not_available()\namp.autocast()\n", "used for more than mixed precision"),
        ("from torch.cuda.amp import autocast\nimport torch\n\nif torch.__version__ > '1.6':\n    c = autocast()\n", "version guard"),
    ],
)
def test_what_is_not_certain_is_reported_and_left(tmp_path, text, reason):
    project(tmp_path, train=text)
    result = cuport("migrate", tmp_path, "--amp-compat")
    assert reason in result.stderr
    assert (tmp_path / "train.py").read_text() == text
    assert not (tmp_path / "amp_compat.py").exists()


def test_a_module_of_the_projects_own_is_kept(tmp_path):
    project(tmp_path, train=OLD, amp_compat="mine = 1\n")
    result = cuport("migrate", tmp_path, "--amp-compat")
    assert "is another module in this project" in result.stderr
    assert (tmp_path / "train.py").read_text() == OLD
    assert (tmp_path / "amp_compat.py").read_text() == "mine = 1\n"


# --- the same losses

TRAIN = '''import warnings

warnings.simplefilter(FILTER)
import torch
from torch.cuda import amp
from torch.cuda.amp import autocast, custom_bwd, custom_fwd, GradScaler


class Double(torch.autograd.Function):
    @staticmethod
    @custom_fwd(cast_inputs=torch.float32)
    def forward(ctx, x):
        return x * 2

    @staticmethod
    @custom_bwd
    def backward(ctx, grad):
        return grad * 2


torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
scaler, other = GradScaler(1024.0, growth_interval=5), amp.GradScaler(enabled=False)
other.load_state_dict(scaler.state_dict())
x, y = torch.randn(32, 8), torch.randn(32, 1)
for step in range(30):
    optimizer.zero_grad()
    with autocast(step % 2 == 0):
        loss = torch.nn.functional.mse_loss(Double.apply(model(x)), y)
    with torch.cuda.amp.autocast(True, torch.float16), amp.autocast(enabled=False):
        loss = loss + 0.01 * model(x).abs().mean()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    print(repr(loss.item()))
'''


RUN = """
import contextlib, io, json, runpy, sys

curves = []
for script in sys.argv[1:]:
    sys.path.insert(0, script.rpartition("/")[0])
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(script)
    curves.append([float(line) for line in printed.getvalue().splitlines()])
print(json.dumps(curves))
"""


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
def test_a_training_loop_gives_the_same_losses(tmp_path):
    """Rewritten for the newest release, for older ones too, and to the module; the old form warns, the module does not."""
    scripts = [project(tmp_path / "before", train=TRAIN.replace("FILTER", "'ignore'")) / "train.py"]
    for arguments in ((), ("--min-torch", "1.13"), ("--min-torch", "1.6"), ("--amp-compat",)):
        text = TRAIN.replace("FILTER", "'error'" if arguments == ("--amp-compat",) else "'ignore'")
        folder = project(tmp_path / "".join(arguments).strip("-"), train=text)
        result = cuport("migrate", folder, *arguments)
        assert "left to do by hand" not in result.stderr
        assert "torch.cuda.amp.autocast" not in (folder / "train.py").read_text()
        scripts.append(folder / "train.py")
    done = subprocess.run([sys.executable, "-c", RUN, *map(str, scripts)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected, *curves = json.loads(done.stdout)
    assert len(expected) == 30 and expected[-1] < expected[0] / 2
    assert curves == [expected] * 4
