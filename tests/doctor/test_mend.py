"""doctor --fix: what it writes, that a shell can run it and undo it, and what it leaves alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from migrator.doctor.mend import do, notes, steps

MACHINES = Path(__file__).parent.parent.parent / "fixtures" / "machines"


def facts(name: str, prefix: Path, **python):
    value = json.loads((MACHINES / f"{name}.json").read_text(encoding="utf-8"))["facts"]
    value["python"].update(prefix=str(prefix), **python)
    return value


@pytest.mark.parametrize("conda, folder", [(True, "etc/conda"), (False, "etc/cuport")])
def test_a_shell_activates_and_puts_back(tmp_path, conda, folder):
    machine = facts("sm86-old-wheel", tmp_path, conda=conda)
    machine["cudnn"][1]["path"] = "/env/with blank/it's/libcudnn.so.8"
    planned = list(steps(machine))
    assert [each.path for each in planned] == [tmp_path / folder / name / "cuport.sh" for name in ("activate.d", "deactivate.d")]
    for each in planned:
        do(each)
    script = """set -eu
    export CUDA_HOME=/usr/local/cuda/bin; unset LD_LIBRARY_PATH
    . "$1"; . "$1"; echo "$CUDA_HOME|$LD_LIBRARY_PATH"
    . "$2"; echo "$CUDA_HOME|${LD_LIBRARY_PATH-unset}"
    export LD_LIBRARY_PATH=/opt/lib
    . "$1"; echo "$LD_LIBRARY_PATH"
    . "$2"; . "$2"; echo "$LD_LIBRARY_PATH"
    set | grep ^CUPORT_ || echo nothing left
    """
    for shell in ("sh", "bash"):
        done = subprocess.run([shell, "-c", script, shell, *(each.path for each in planned)], capture_output=True, text=True, timeout=30)
        assert done.stdout.splitlines() == [
            "/usr/local/cuda|/env/with blank/it's",
            "/usr/local/cuda/bin|unset",
            "/env/with blank/it's:/opt/lib",
            "/opt/lib",
            "nothing left",
        ], (shell, done.stderr)
    assert any(note.startswith("Only conda") for note in notes(machine)) is not conda
    assert list(steps(machine)) == []


def test_only_stale_locks_go(tmp_path):
    machine = facts("kaggle-stale", tmp_path)
    assert list(steps(machine)) == [] and [note.split()[0] for note in notes(machine)] == ["/c/c/lock"]
    (only,) = steps(facts("stale", tmp_path))
    assert str(only.path) == "/root/.cache/torch_extensions/py311_cu132/op/lock" and only.text is None


@pytest.mark.parametrize("name", ["healthy", "healthy-built", "broken-torch", "windows-localised"])
def test_nothing_to_mend(tmp_path, name):
    assert list(steps(facts(name, tmp_path))) == []


def test_a_toolkit_of_torchs_release_is_taken_and_one_only_for_compiling_is_not(tmp_path):
    assert "CUDA_HOME=/opt/conda" in next(steps(facts("wsl-old-driver", tmp_path))).text
    assert list(steps(facts("no-math-headers", tmp_path))) == []


def test_a_script_of_somebody_else_stays(tmp_path):
    machine = facts("sm86-old-wheel", tmp_path)
    path = tmp_path / "etc/cuport/activate.d/cuport.sh"
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    assert path not in [each.path for each in steps(machine)]
    assert any("stays as it is" in note for note in notes(machine)) and path.read_text() == "mine"
