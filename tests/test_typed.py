"""The Python interface is typed: strictly in itself, and for those who call it."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
USER = """
from migrator import Plan, PlanError, Written, apply, plan

made: Plan = plan(["a.cu"], target="2.15")
lines: list[int] = [item.line for _, item in made.left]
done: Written = apply(made)
reveal_type(made.changed[0].before)
plan(3)
"""


@pytest.mark.skipif(find_spec("mypy") is None, reason="no mypy here (pip install mypy)")
def test_mypy(tmp_path):
    (tmp_path / "user.py").write_text(USER)
    cache = f"--cache-dir={tmp_path / 'cache'}"
    own = subprocess.run([sys.executable, "-m", "mypy", cache], cwd=ROOT, capture_output=True, text=True)
    assert own.returncode == 0, own.stdout
    user = subprocess.run([sys.executable, "-m", "mypy", cache, str(tmp_path / "user.py")], cwd=ROOT, capture_output=True, text=True)
    assert 'Revealed type is "bytes"' in user.stdout.replace("builtins.", "") and "Found 1 error" in user.stdout, user.stdout
    assert 'Argument 1 to "plan" has incompatible type "int"' in user.stdout
